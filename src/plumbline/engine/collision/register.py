"""The register of warnings over the runs: nothing is raised twice, nothing disappears unsaid."""

from __future__ import annotations

from collections.abc import Sequence

from plumbline.engine.collision.warning import FIELDS
from plumbline.engine.fact import sql

_OWN = ("key", "model", "version", "fingerprint", "level", "tier", "subject", "per", "figures", "evidence")


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
