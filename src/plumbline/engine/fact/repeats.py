"""Rows of one delivery that share a key: said twice word for word, or contradicting each other."""

from __future__ import annotations

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.cells import fault
from plumbline.engine.fact.dataset import Dataset
from plumbline.errors import Text

#: Followed by the places of the other rows.
CONTRADICTED = Text("主键与别的行相同而内容不同", "same key as other rows, but different content")
_OTHERS_NAMED = 3


def key_of(dataset: Dataset) -> list[str]:
    """The physical columns of the row key."""
    return [column for name in dataset.declared.key for column in dataset.physical(name)]


def set_aside_repeats(duck: Duck, dataset: Dataset) -> int:
    """Drop repeats from the relation `read`, move contradictions to the table `faulty`.

    Returns how many rows only repeat another. Rows without a key are never repeats.
    """
    key = key_of(dataset)
    if not key:
        return 0
    duck.run(
        f"CREATE TEMP TABLE twice AS SELECT h FROM (SELECT hash({sql.names(key)}) AS h FROM read "
        "WHERE _faults IS NULL) GROUP BY h HAVING count(*) > 1"
    )
    [(count,)] = duck.run("SELECT count(*) FROM twice")
    if not count:
        return 0
    said = ", ".join(
        f"{sql.name(field.suffix)} := {sql.name(field.suffix)}"
        for field in dataset.fields
        if not field.suffix.startswith("_")
    )
    duck.run(
        f"CREATE TEMP TABLE alike AS SELECT _ordinal, _part, _line, {sql.names(key)}, "
        f"struct_pack({said}, _withdrawn := _withdrawn) AS said FROM read "
        f"WHERE _faults IS NULL AND hash({sql.names(key)}) IN (SELECT h FROM twice)"
    )
    duck.run(
        f"CREATE TEMP TABLE groups AS SELECT {sql.names(key)}, min(_ordinal) AS first, "
        "count(DISTINCT said) AS kinds, "
        f"list({{'o': _ordinal, 'p': _part, 'l': _line}} ORDER BY _ordinal)[:{_OTHERS_NAMED + 1}] "
        f"AS places FROM alike GROUP BY {sql.names(key)} HAVING count(*) > 1"
    )
    same_key = " AND ".join(
        f"a.{sql.name(column)} IS NOT DISTINCT FROM g.{sql.name(column)}" for column in key
    )
    duck.run(
        "CREATE TEMP TABLE repeated AS SELECT a._ordinal FROM alike a "
        f"JOIN groups g ON {same_key} WHERE g.kinds = 1 AND a._ordinal <> g.first"
    )
    contradicted = [
        f"{sql.literal(said + mark)} || string_agg(other, {sql.literal(comma)} ORDER BY o)"
        for said, mark, comma in zip(CONTRADICTED, ("：", ": "), ("、", ", "), strict=True)
    ]
    duck.run(
        f"""INSERT INTO faulty
        SELECT _ordinal, any_value(_part), any_value(_line), [{key_fault(dataset, *contradicted)}]
        FROM (
          SELECT c._ordinal, c._part, c._line, c.spot.o AS o,
                 p.place || ':' || c.spot.l AS other
          FROM (SELECT a._ordinal, a._part, a._line, unnest(g.places) AS spot
                FROM alike a JOIN groups g ON {same_key} WHERE g.kinds > 1) c
          JOIN parts p ON p._part = c.spot.p
          WHERE c.spot.o <> c._ordinal
        ) GROUP BY _ordinal"""
    )
    duck.run("INSERT INTO dropped SELECT _ordinal FROM repeated")
    duck.run(
        f"INSERT INTO dropped SELECT a._ordinal FROM alike a JOIN groups g ON {same_key} "
        "WHERE g.kinds > 1"
    )
    [(repeated,)] = duck.run("SELECT count(*) FROM repeated")
    return int(repeated)


def key_fault(dataset: Dataset, zh: str, en: str) -> str:
    """SQL for a fault about a row's key."""
    slots = [list(dataset.columns).index(name) for name in dataset.declared.key]
    return fault(str(slots), zh, en)
