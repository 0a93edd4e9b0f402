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
