"""Pairs that a person's judgement would settle, the most useful first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Store
from plumbline.engine.linkage.identity import identity
from plumbline.engine.linkage.judgement import judgements
from plumbline.engine.linkage.who import RowName


@dataclass(frozen=True)
class Pair:
    """A row, and somebody it may be about.

    Attributes:
        rests: candidates for warnings that rest on the row: what a judgement would bring to light.
        several: how many people the row may be about.
    """

    name: RowName
    who: str
    why: Mapping[str, Any]
    rests: int
    several: int


def to_judge(
    store: Store,
    limit: int = 20,
    places: Iterable[tuple[str, str, str]] = (),
    *,
    again: bool = False,
) -> list[Pair]:
    """The pairs to judge first.

    Those that a candidate for a warning rests on stand first, then those where a word settles most: few
    others come into question, and the odds are neither clear nor hopeless.

    A pair about which somebody is unsure is not asked again until the judgement is withdrawn.

    Args:
        places: (model, fact, dataset): where the rows of evidence of a model's candidates lie.
        again: ask again what somebody was unsure about.
    """
    now = identity(store)
    if not now.files:
        return []
    asked = {
        (j.dataset, j.slot, j.row, j.who)
        for j in judgements(store)
        if j.in_force and j.dataset and not (again and j.verdict == "unsure")
    }
    with open_duckdb(store.limits) as duck:
        candidates = store.table("candidates")
        version = candidates.version
        files = candidates.files(version) if version is not None else ()
        resting = (
            "SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS BIGINT) AS row, "
            "CAST(NULL AS VARCHAR) AS subject WHERE false"
        )
        # The number of a row says which one it is in its own dataset alone.
        lie = ", ".join(f"({', '.join(map(sql.literal, place))})" for place in places)
        if files and lie:
            listed = ", ".join(f"'{store.root / f.path}'" for f in files)
            resting = (
                "SELECT p.dataset, e.row AS row, subject FROM (SELECT model, subject, UNNEST(FROM_JSON(evidence, "
                """'[{"fact": "VARCHAR", "row": "BIGINT", "digest": "VARCHAR"}]')) AS e """
                f"FROM read_parquet([{listed}], union_by_name=true) WHERE state = 'open') AS c "
                f"JOIN (VALUES {lie}) AS p(model, fact, dataset) ON p.model = c.model AND p.fact = e.fact"
            )
        rows = duck.run(
            f"WITH resting AS ({resting}), counted AS (SELECT dataset, row, subject, COUNT(*) AS n FROM resting GROUP BY ALL), "
            "guesses AS (SELECT dataset, slot, row, who, why, COUNT(*) OVER (PARTITION BY dataset, slot, row) AS several, "
            "COALESCE(CAST(JSON_EXTRACT(why, '$.probability') AS DOUBLE), 0.5) AS odds "
            f"FROM {now.relation()} WHERE kind = 'tie' AND tier = 'E') "
            "SELECT g.dataset, g.slot, g.row, g.who, g.why, COALESCE(c.n, 0) AS rests, g.several FROM guesses AS g "
            "LEFT JOIN counted AS c ON c.dataset = g.dataset AND c.row = g.row AND c.subject = g.who "
            "ORDER BY rests DESC, g.several, ABS(g.odds - 0.5), g.dataset, g.row, g.who "
            f"LIMIT {limit + len(asked)}"
        )
    found = [
        Pair(RowName(dataset, row, slot), who, json.loads(why or "{}"), int(rests), int(several))
        for dataset, slot, row, who, why, rests, several in rows
        if (dataset, slot, row, who) not in asked
    ]
    return found[:limit]
