"""One person, two numbers: a register says which number was borne before, or somebody judged so.

A former number counts only if a register knows somebody of the same name under it: a slip of the pen in that
column must not make two people one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.linkage.claim import Slot
from plumbline.engine.linkage.judgement import Judgement

_SCHEMA = pa.schema(
    [("old", pa.int64()), ("key", pa.int64()), ("number", pa.string()), ("tier", pa.string()),
     ("via", pa.string()), ("why", pa.string())]
)  # fmt: skip


def find(duck: Duck, said: str, decided: Sequence[Judgement]) -> list[list[str]]:
    """Make the table `merged` (old, key, number, tier, by, why): numbers, and those they stand for now.

    Args:
        said: relation of statements with full numbers.

    Returns:
        [old number, number] of each, to tell whether anything changed.
    """
    told = duck.run(
        "SELECT DISTINCT f.former, s.number FROM (SELECT *, UNNEST(formers) AS former FROM "
        f"{said}) AS f JOIN {said} AS s USING (key) "
        f"JOIN {said} AS o ON o.key = TRY_CAST(SUBSTR(f.former, 1, 17) AS BIGINT) AND LIST_HAS_ANY(o.names, f.names) "
        "WHERE LENGTH(f.former) = 18 AND NOT CONTAINS(f.former, '*') AND o.key <> f.key ORDER BY ALL"
    )
    of_numbers = [each for each in decided if each.number_a]
    apart = {frozenset((j.number_a, j.who)) for j in of_numbers if j.verdict == "different"}
    edges = [(old, new, "register") for old, new in told if frozenset((old, new)) not in apart]
    edges += [
        (j.number_a, j.who, f"judgement:{j.number}") for j in of_numbers if j.verdict == "same"
    ]
    rows = sorted(_stood_for(edges))
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)]
    duck.register("merged_given", pa.Table.from_arrays(arrays, schema=_SCHEMA))
    duck.run("CREATE OR REPLACE TEMP TABLE merged AS SELECT * FROM merged_given")
    duck.unregister("merged_given")
    return [[str(old), number] for old, _, number, *_ in rows]


def _stood_for(edges: Iterable[tuple[str, str, str]]) -> list[tuple[int, int, str, str, str, str]]:
    """Each number that is no longer borne, and the one that stands for the person now."""
    leader: dict[str, str] = {}
    by: dict[str, str] = {}
    former: set[str] = set()

    def lead(number: str) -> str:
        while leader.get(number, number) != number:
            number = leader[number]
        return number

    for old, new, source in edges:
        former.add(old)
        for number in (old, new):
            by.setdefault(number, source)
        one, other = sorted((lead(old), lead(new)))
        leader[other] = one
    groups: dict[str, list[str]] = {}
    for number in by:
        groups.setdefault(lead(number), []).append(number)
    found = []
    for members in groups.values():
        current = min([n for n in members if n not in former] or members)
        for number in members:
            if number != current:
                source, _, judgement = by[number].partition(":")
                why = (
                    f'{{"judgement":{judgement}}}'
                    if judgement
                    else '{"agrees":["former_number","name"]}'
                )
                tier = "C" if judgement else "A"
                found.append((int(number[:17]), int(current[:17]), current, tier, source, why))
    return found


def current(said: str) -> str:
    """SQL of the statements under the number that each person bears now."""
    return (
        f"SELECT s.* REPLACE (COALESCE(m.key, s.key) AS key, COALESCE(m.number, s.number) AS number) "
        f"FROM {said} AS s LEFT JOIN merged AS m ON m.old = s.key"
    )


def enter(duck: Duck, described: Sequence[Slot]) -> None:
    """Tie every row with a number that is no longer borne to the one that is."""
    ((any_,),) = duck.run("SELECT COUNT(*) FROM merged")
    for slot in described if any_ else ():
        key = sql.name(slot.column + "__key")
        duck.run(
            f"INSERT INTO ties SELECT 'tie', {sql.literal(slot.dataset.name)}, {sql.literal(slot.column)}, f._row, "
            f"NULL, m.key, m.number, m.tier, m.via, m.why FROM {sql.name('facts_' + slot.dataset.name)} AS f "
            f"JOIN merged AS m ON m.old = f.{key}"
        )
