"""The register of warnings over the runs: nothing is raised twice, nothing disappears unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Duck
from plumbline.engine.collision.gather import union
from plumbline.engine.collision.warning import FIELDS
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.types import Field

#: Where results are kept: what is told to people, what is only tried, questions to departments,
#: and pairs that share nothing but a name.
TABLES = ("warnings", "trials", "questions", "candidates")

_OWN = (
    "key",
    "model",
    "version",
    "fingerprint",
    "level",
    "tier",
    "subject",
    "per",
    "figures",
    "evidence",
)


def merged(before: str | None, found: str, run: int, models: Sequence[str]) -> str:
    """SQL for the register after a run.

    Args:
        before: relation of the register so far; None at the first run.
        found: relation of what this run found (the first ten columns).
        models: models that ran; what others found stays as it is.

    A warning found again keeps its key and the run that raised it; where its evidence or level differs,
    `change` says how. One that is not found again is withdrawn, and says so.
    """
    if before is None:
        return _fresh(found, run)
    ran = ", ".join(sql.literal(name) for name in models) or "''"  # NOT IN (NULL) would lose all
    # Rows are compared by what they say, not by the delivery that said it last.
    digests = "LIST_SORT(CAST(JSON_EXTRACT_STRING({0}, '$[*].digest') AS VARCHAR[]))"
    now, then = digests.format("n.evidence"), digests.format("o.evidence")
    added = f"LEN(LIST_FILTER({now}, lambda d: NOT LIST_CONTAINS({then}, d)))"
    gone = f"LEN(LIST_FILTER({then}, lambda d: NOT LIST_CONTAINS({now}, d)))"
    differs = (
        f"({now} IS DISTINCT FROM {then} OR n.level IS DISTINCT FROM o.level "
        "OR n.fingerprint <> o.fingerprint OR o.state = 'withdrawn')"
    )
    change = (
        f"CAST(TO_JSON({{'added': {added}, 'gone': {gone}, 'level_before': o.level, "
        "'version_before': o.version, 'state_before': o.state}) AS VARCHAR)"
    )
    withdrawn = "CAST(TO_JSON({'added': 0, 'gone': JSON_ARRAY_LENGTH(o.evidence)}) AS VARCHAR)"
    again = ", ".join(f"n.{column}" for column in _OWN)
    old = ", ".join(f"o.{field.suffix}" for field in FIELDS)
    own = ", ".join(f"o.{column}" for column in _OWN)
    still = f"o.model NOT IN ({ran}) OR o.state = 'withdrawn'"
    return (
        f"SELECT {again}, 'open' AS state, o.raised_in, "
        f"CASE WHEN {differs} THEN {run} ELSE o.changed_in END AS changed_in, {run} AS seen_in, "
        f"CASE WHEN {differs} THEN {change} ELSE o.change END AS change "
        f"FROM {found} AS n JOIN {before} AS o ON n.key = o.key"
        f" UNION ALL SELECT * FROM ({_fresh(f'(SELECT * FROM {found} AS n WHERE NOT EXISTS (SELECT 1 FROM {before} AS o WHERE o.key = n.key))', run)})"
        f" UNION ALL SELECT {old} FROM {before} AS o WHERE ({still}) "
        f"AND NOT EXISTS (SELECT 1 FROM {found} AS n WHERE n.key = o.key)"
        f" UNION ALL SELECT {own}, 'withdrawn', o.raised_in, {run}, o.seen_in, {withdrawn} "
        f"FROM {before} AS o WHERE NOT ({still}) "
        f"AND NOT EXISTS (SELECT 1 FROM {found} AS n WHERE n.key = o.key)"
    )


def _fresh(found: str, run: int) -> str:
    own = ", ".join(f"n.{column}" for column in _OWN)
    return (
        f"SELECT {own}, 'open' AS state, {run} AS raised_in, {run} AS changed_in, "
        f"{run} AS seen_in, '{{}}' AS change FROM {found} AS n"
    )


@dataclass(frozen=True)
class Entry:
    """What every register writes down about the run that changed it."""

    run: int
    manifest: Mapping[str, Any]
    scratch: Path
    ripples: str = (
        ""  # relation (dataset, row, before, after, because) of rows tied otherwise since
    )


def enter(
    store: Store, duck: Duck, table: str, selects: Sequence[str], ran: Sequence[str], entry: Entry
) -> dict[str, int]:
    """Enter what models found into a register, in one commit; gives how its warnings changed.

    The register of warnings records every run, also one that found nothing.

    Args:
        selects: SQL of what was found, the first ten columns.
        ran: the models that ran.
    """
    register = store.table(table)
    if register.version is None and not selects and table != "warnings":
        return {}
    before = None
    if register.version is not None:
        duck.run(f"CREATE OR REPLACE TEMP VIEW before AS SELECT * FROM {relation(store, table)}")
        before = "before"
    source = union(selects) if selects else f"SELECT {_nulls(FIELDS[:10])} WHERE false"
    duck.run(f"CREATE OR REPLACE TEMP TABLE entering AS {source}")
    listed = ", ".join(f"CAST({f.suffix} AS {f.sql}) AS {f.suffix}" for f in FIELDS)
    duck.run(
        "CREATE OR REPLACE TEMP TABLE entered AS "
        f"SELECT {listed} FROM ({merged(before, 'entering', entry.run, ran)})"
    )
    if entry.ripples:
        _tell_ripples(duck, entry)
    staged = register.stage(duck, "SELECT * FROM entered", entry.scratch, ["key"])
    register.commit(staged, FIELDS, {"run": dict(entry.manifest)}, replace=True)
    counts = duck.run(
        "SELECT CASE WHEN state = 'open' AND raised_in = $1 THEN 'raised' "
        "WHEN changed_in = $1 AND state = 'withdrawn' THEN 'withdrawn' "
        "WHEN changed_in = $1 THEN 'changed' WHEN state = 'open' THEN 'unchanged' ELSE 'gone' END "
        "AS what, COUNT(*) FROM entered GROUP BY what ORDER BY what",
        [entry.run],
    )
    return {str(what): int(n) for what, n in counts}


def _tell_ripples(duck: Duck, entry: Entry) -> None:
    """Add to each warning that changed how the rows it rests on are tied otherwise, and why.

    `places` (model, fact, dataset) says where the rows of evidence lie.
    """
    duck.run(
        "CREATE OR REPLACE TEMP TABLE rippled AS WITH resting AS (SELECT key, model, UNNEST(FROM_JSON(evidence, "
        """'[{"fact": "VARCHAR", "row": "BIGINT", "digest": "VARCHAR"}]')) AS e FROM entered """
        f"WHERE changed_in = {entry.run}) "
        "SELECT r.key, LIST(DISTINCT {'dataset': c.dataset, 'row': c.row, 'before': c.before, "
        "'after': c.after, 'because': c.because}) AS who FROM resting AS r "
        "JOIN places AS p ON p.model = r.model AND p.fact = r.e.fact "
        f"JOIN {entry.ripples} AS c ON c.dataset = p.dataset AND c.row = r.e.row GROUP BY r.key"
    )
    duck.run(
        "UPDATE entered SET change = CAST(JSON_MERGE_PATCH(change, TO_JSON({'who': "
        "LIST_SORT(r.who)})) AS VARCHAR) FROM rippled AS r WHERE r.key = entered.key"
    )


def relation(store: Store, table: str) -> str:
    """SQL for a register's rows, to stand after FROM."""
    register = store.table(table)
    if register.version is None:
        return f"(SELECT {_nulls(FIELDS)} WHERE false)"
    return Snapshot(
        dataset=table, version=register.version, as_of=None, batches=(),
        files=register.files(register.version), schema=tuple(FIELDS), root=store.root,
    ).relation(FIELDS)  # fmt: skip


def _nulls(fields: Sequence[Field]) -> str:
    return ", ".join(f"CAST(NULL AS {field.sql}) AS {field.suffix}" for field in fields)


def runs(store: Store) -> dict[int, dict[str, Any]]:
    """Every run's manifest by number."""
    found: dict[int, dict[str, Any]] = {}
    for table in TABLES:
        for commit in store.table(table).commits():
            if "run" in commit.info:
                found[commit.info["run"]["number"]] = commit.info["run"]
    return dict(sorted(found.items()))
