"""meet, overlap, path: every combination of rows that `same` ties together."""

from __future__ import annotations

from itertools import pairwise

from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import Base, date_in_force, day_at, guessed, plain_scope
from plumbline.engine.line.shapes.ties import joined, tied, worst


def base(model: SupervisionModel) -> Base:
    scope = plain_scope(model)
    order = list(model.declared.path or model.facts)
    _check_path(model, order)
    joins = joined(model, order, scope.locate)
    rows = {alias: f"{alias}._row" for alias in order}
    return Base(
        facts=order,
        scope=scope,
        in_force=day_at(model, date_in_force(model), scope),
        source=joins.source,
        rows=rows,
        tier=worst(joins.tiers),
        lead=rows[order[0]],
        evidence=order,
        guesses=guessed(model, order),
        doubts=joins.doubts,
    )


def _check_path(model: SupervisionModel, order: list[str]) -> None:
    if model.declared.path is None:
        return
    for i, (one, next_) in enumerate(pairwise(order), 1):
        if not tied(model, next_, [one], lambda fact, column: f"{fact}.{column}")[0]:
            raise model.error(
                ("path", i),
                f"“{next_}”与前一步“{one}”没有在 same 里相连",
                f"'{next_}' is not tied to the step before, '{one}', under same",
            )
    if missing := [alias for alias in model.facts if alias not in order]:
        raise model.error(
            ("path",),
            f"path 没有走到事实“{missing[0]}”",
            f"path does not reach the fact '{missing[0]}'",
        )
