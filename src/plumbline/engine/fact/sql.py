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


#: Words that SQL keeps for itself: as the name of a column they would have to be quoted by whoever
#: writes a model, and some are taken for something else without a word (`user`, `current_date`).
RESERVED = frozenset(
    """
    all alter analyse analyze and anti any array as asc asof asymmetric at attach
    authorization begin between binary both by cache call case cast check collate collation
    column columns comment commit concurrently connect connect_by_root constraint copy create
    cross current_catalog current_date current_role current_time current_timestamp
    current_user declare default deferrable delete desc describe detach disconnect distinct do
    drop else end except execute explain false fetch for force foreign freeze from full
    generated glob grant group having if ilike in initially inner insert install intersect
    interval into is isnull join kill lambda lateral leading left like limit load localtime
    localtimestamp map merge minus natural not notnull null offset on only optimize or order
    outer overlaps partitioned_by pivot pivot_longer pivot_wider placing positional pragma
    prepare primary qualify references refresh regexp rename reset returning revoke right
    rlike rollback select semi serdeproperties session_user set show similar some struct
    summarize symmetric table tablesample then to trailing true truncate try_cast tuple
    uncache union unique unpack unpivot update use user using vacuum values variadic verbose
    when where window with xor
    """.split()
)
