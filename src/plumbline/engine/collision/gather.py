"""From candidates to warnings: what shares `one_warning_per` becomes one, with its evidence in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.line.compile import Compiled

#: What candidates become: warnings; questions to departments (equal number, different name); and
#: pairs that share nothing but a name, for a person to look at.
KINDS = {
    "warning": "verdict = 'flag'",
    "question": "verdict = 'cannot_tell' AND decided_by = 'identity' AND tier = 'B'",
    "candidate": "verdict = 'cannot_tell' AND decided_by = 'identity' AND tier = 'E'",
}


@dataclass(frozen=True)
class Tally:
    """How many groups (of `one_warning_per`) got each verdict, as the strongest of their candidates."""

    flag: int
    cannot_tell: int
    left_out: int
    by_reason: tuple[tuple[str, str, int], ...]  # (verdict, decided_by, groups)
    by_level: tuple[tuple[str, int], ...]  # (level, flagged groups)


#: Runs a statement and leaves its rows in a table of this name.
Find = Callable[[Duck, str, str], None]


def find(duck: Duck, statement: str, name: str) -> None:
    """Run a model's statement once; the rest works on its result."""
    duck.run(f"CREATE OR REPLACE TEMP TABLE {sql.name(name)} AS {statement}")


def tally(duck: Duck, found: str, compiled: Compiled) -> Tally:
    per = ", ".join(compiled.per)
    rank = "CASE verdict WHEN 'flag' THEN 0 WHEN 'cannot_tell' THEN 1 ELSE 2 END"
    rows = duck.run(
        f"SELECT rank, decided_by, COUNT(*) FROM (SELECT {per}, MIN({rank}) AS rank, "
        f"MIN_BY(decided_by, {rank} || decided_by) AS decided_by FROM {sql.name(found)} GROUP BY {per}) "
        "GROUP BY rank, decided_by ORDER BY rank, decided_by"
    )
    names = ("flag", "cannot_tell", "left_out")
    count = {verdict: sum(n for r, _, n in rows if names[r] == verdict) for verdict in names}
    reasons = tuple((names[r], by, n) for r, by, n in rows if r != 0)
    levels = duck.run(
        f"SELECT level, COUNT(*) FROM (SELECT DISTINCT {per}, level FROM {sql.name(found)} "
        "WHERE verdict = 'flag') GROUP BY level ORDER BY level"
    )
    return Tally(count["flag"], count["cannot_tell"], count["left_out"], reasons, tuple(levels))


def gathered(found: str, compiled: Compiled, kind: str) -> str:
    """SQL for the warnings (or questions) of one model: key, level, tier, per, figures, evidence.

    Evidence is a JSON list; its first row of each fact belongs to the leading candidate.
    """
    model, per = compiled.model, compiled.per
    chosen = f"SELECT * FROM {sql.name(found)} WHERE {KINDS[kind]}"
    order = ", ".join(["tier", "lead", *(f"row_{fact}" for fact in compiled.evidence)])
    keys = ", ".join(per)
    numbered = f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {order}) AS place FROM ({chosen})"
    rows = " UNION ALL ".join(
        f"SELECT {keys}, {i} AS nth, '{fact}' AS fact, row_{fact} AS row, digest_{fact} AS digest, "
        f"MIN(place) AS place FROM chosen WHERE row_{fact} IS NOT NULL GROUP BY ALL"
        for i, fact in enumerate(compiled.evidence)
    )
    name = sql.literal(model.name)
    key = f"SUBSTR(SHA256(CONCAT_WS('␟', {name}, {keys})), 1, 16)"
    first = (
        "MAX(CASE WHEN place = 1 THEN figure_{0} END)"  # unknown ones too; MIN_BY would skip them
    )
    figures = "{" + ", ".join(f"'{n}': {first.format(n)}" for n in compiled.figures) + "}"
    as_json = f"CAST(TO_JSON({figures}) AS VARCHAR)" if compiled.figures else "'{}'"
    level = "MIN(level)" if kind == "warning" else "NULL"
    same = " AND ".join(f"e.{column} = w.{column}" for column in per)
    return (
        f"WITH chosen AS MATERIALIZED ({numbered}), each_row AS ({rows}), "
        f"evidence AS (SELECT {keys}, CAST(TO_JSON(LIST({{'fact': fact, 'row': row, 'digest': digest}} "
        f"ORDER BY place, nth, row)) AS VARCHAR) AS evidence FROM each_row GROUP BY {keys}), "
        f"w AS (SELECT {keys}, {level} AS level, MIN(tier) AS tier, {as_json} AS figures "
        f"FROM chosen GROUP BY {keys}) "
        f"SELECT {key.replace('per_', 'w.per_')} AS key, {name} AS model, {model.declared.version} AS version, "
        f"'{model.fingerprint}' AS fingerprint, w.level, w.tier, w.per_1 AS subject, "
        f"CAST(TO_JSON([{', '.join(f'w.{column}' for column in per)}]) AS VARCHAR) AS per, "
        f"w.figures, e.evidence FROM w JOIN evidence e ON {same}"
    )


def union(selects: Sequence[str]) -> str:
    return " UNION ALL ".join(f"({select})" for select in selects)
