"""Names and texts as SQL writes them."""

from __future__ import annotations


def name(text: str) -> str:
    """An identifier, quoted."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text value, quoted."""
    return "'" + text.replace("'", "''") + "'"


def names(texts: tuple[str, ...] | list[str], prefix: str = "") -> str:
    """Identifiers separated by commas."""
    return ", ".join(prefix + name(text) for text in texts)


#: No column can be called so. Other words of SQL can stand after a fact (`claim.order`); these cannot,
#: or are taken for something else without a word (`null = 'a'` is true of no row).
RESERVED = frozenset({"false", "not", "null", "select", "true"})
