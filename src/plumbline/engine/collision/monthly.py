"""Flag rates over time: how many facts of each supervised unit and month there are, and how many are flagged.

A fact counts in the month of its own date, not in that of its delivery or of a run: one version of a model
judges all months over one state of the registers, so that neither a changed model nor a late delivery
looks like a change in what the units do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from plumbline.engine.backend import Duck
from plumbline.engine.collision.gather import find
from plumbline.engine.fact import sql
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import date_in_force, day_at, filtered, plain_scope
from plumbline.errors import RunError, Text


@dataclass(frozen=True)
class MonthCount:
    """Facts of one supervised unit in one month.

    Attributes:
        supervised: as the register names it; empty where it names nobody.
        month: its first day; None for facts whose date does not say the month.
        facts: rows that the model looks at.
        flagged: rows among them that a warning rests on.
    """

    supervised: str
    month: date | None
    facts: int
    flagged: int


def monthly(duck: Duck, model: SupervisionModel, as_of: date) -> list[MonthCount]:
    """Count over the datasets that `duck` has views of.

    Raises:
        RunError: the fact that the model supervises has no date of its own, or is not what rates are per.
    """
    fact, supervised = model.resolve(model.declared.supervises, ("supervises",))
    named = date_in_force(model)
    on = model.facts[fact].declared.on
    own = named if named and named.startswith(f"{fact}.") else f"{fact}.{on}" if on else None
    compiled = compile_model(model)
    if own is None or fact != model.declared.expect.per or fact not in compiled.evidence:
        raise RunError(
            Text(
                f"“{fact}”的行没有自己的日期，或命中率不以它计，不能按月比较",
                f"rows of '{fact}' bear no date of their own, or rates are not per '{fact}', "
                "so months cannot be compared",
            ),
            where=model.name,
            hint=Text(
                "换一个按有日期的事实计命中率的模型来衡量成效",
                "measure the effect by a model whose rates are per a dated fact",
            ),
        )
    find(duck, compiled.on(as_of), "monthly")
    dataset = sql.name(model.facts[fact].name)

    def locate(_: str, column: str) -> str:
        return f"{dataset}.{column}"

    scope = replace(plain_scope(model), locate=locate)
    takes_part = filtered(model, fact, scope, locate)
    day = day_at(model, own, scope)
    month = f"DATE_TRUNC('month', {day.first})"
    known = f"{month} = DATE_TRUNC('month', {day.last})"
    rows = duck.run(
        f"SELECT COALESCE(CAST({dataset}.{sql.name(supervised)} AS VARCHAR), '') AS supervised, "
        f"CAST(CASE WHEN {known} THEN {month} END AS DATE) AS month, COUNT(*), "
        f"COUNT(*) FILTER ({dataset}._row IN (SELECT row_{fact} FROM monthly WHERE verdict = 'flag')) "
        f"FROM {dataset} WHERE {takes_part} GROUP BY ALL ORDER BY supervised, month NULLS FIRST"
    )
    return [MonthCount(*row) for row in rows]
