"""lack: the line is crossed where a row that ought to exist does not."""

from __future__ import annotations

from dataclasses import replace

from plumbline.engine.line.expression import Compiler, parse, references
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import (
    Base,
    date_in_force,
    day_at,
    filtered,
    flagging,
    guessed,
    maybe_true,
    mentioned,
    plain_scope,
)
from plumbline.engine.line.shapes.ties import doubts, joined, tied, worst
from plumbline.errors import DeclarationError, Text


def base(model: SupervisionModel, *, detail: bool = False) -> Base:
    assert model.declared.lack is not None  # the model was checked when it was loaded
    lack = model.declared.lack
    scope = plain_scope(model)
    facts = [alias for alias in model.facts if alias != lack.fact]
    joins = joined(model, facts, scope.locate)
    decides = date_in_force(model)
    if decides and decides.partition(".")[0] == lack.fact:
        raise model.error(
            ("supervises",),
            f"“{lack.fact}”缺了就没有日期可定规定是否施行；写明 in_force_on",
            f"where '{lack.fact}' is lacking it has no date to tell what was in force; name in_force_on",
        )
    in_force = day_at(model, decides, scope)

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("lack", "when"), problem, hint)

    tree = parse(lack.when, error)
    anchor = _anchor(model, lack.fact, facts, [fact for fact, _ in references(tree)])
    when = Compiler(replace(scope, error=error, numbers=numbers(model, in_force))).boolean(tree)
    conditions, found_tiers = tied(model, lack.fact, [anchor], scope.locate)
    unsure = doubts(model, lack.fact, [anchor], scope.locate)
    found_tiers += unsure.values()
    # A row whose name contradicts its number, or that may be about somebody else, neither shows nor
    # excludes that what is due exists.
    if found_tiers:
        when = f"CASE WHEN {worst(found_tiers)} NOT IN ('B', 'E') THEN {when} END"
    # What is filtered away for want of a value may be what is due.
    where = model.declared.facts[lack.fact].where
    if where is not None:
        when = f"({filtered(model, lack.fact, scope)}) AND ({when})"
    # Where the row alone makes clear that nothing is flagged, nothing need be found for it.
    within = replace(scope, numbers=numbers(model, in_force))
    clear = [
        each
        for each in flagging(model, within)
        if {fact for fact, _ in mentioned(each)} == {anchor}
    ]
    clear = [] if detail else clear
    found = (
        f"SELECT {anchor}._row AS row_{anchor}, "
        f"MAX(CASE WHEN {when} THEN 2 ELSE 1 END) AS surely "
        f"FROM {anchor} JOIN {lack.fact} ON {' AND '.join(conditions)}{''.join(unsure)} "
        f"WHERE {' AND '.join(map(maybe_true, [when, *clear]))} GROUP BY {anchor}._row"
    )
    rows = {alias: f"{alias}._row" for alias in facts}
    # Without its key, nothing can be said to be lacking.
    known = " AND ".join(f"{condition.partition(' = ')[0]} IS NOT NULL" for condition in conditions)
    return Base(
        facts=list(model.facts),
        scope=replace(scope, facts={alias: model.facts[alias] for alias in facts}),
        in_force=in_force,
        source=f"{joins.source} LEFT JOIN found ON found.row_{anchor} = {anchor}._row",
        rows=rows,
        tier=worst(joins.tiers),
        lead=rows[facts[0]],
        evidence=facts,
        ctes=[("found", found)],
        guesses=guessed(model, list(model.facts)),
        doubts={**joins.doubts, **unsure},
        conditions=[
            f"CASE WHEN found.surely IS NULL AND {known} THEN TRUE WHEN found.surely = 2 THEN FALSE END"
        ],
    )


def _anchor(model: SupervisionModel, lacked: str, facts: list[str], mentioned: list[str]) -> str:
    """The one fact that what is lacking belongs to."""
    candidates = [
        alias for alias in facts
        if tied(model, lacked, [alias], lambda fact, column: f"{fact}.{column}")[0]
    ]  # fmt: skip
    if not candidates:
        raise model.error(
            ("lack", "fact"),
            f"“{lacked}”没有通过 same 与其他事实相连",
            f"'{lacked}' is not tied to another fact by same",
        )
    anchor = next((fact for fact in mentioned if fact in candidates), candidates[0])
    if len(candidates) > 1 and any(
        lacked in mine and len(mine & set(candidates)) == 1 and anchor not in mine
        for mine in (
            {reference.partition(".")[0] for reference in references}
            for references in model.declared.same.values()
        )
    ):
        raise model.error(
            ("same",),
            f"“{lacked}”只能与一个事实相连（如“{anchor}”），多出的相连不会用到",
            f"'{lacked}' can be tied to one fact only, such as '{anchor}'; the other tie would not be used",
        )
    if others := [fact for fact in mentioned if fact not in (lacked, anchor)]:
        raise model.error(
            ("lack", "when"),
            f"lack.when 只能说到 {lacked} 和 {anchor}，不能说到 {others[0]}",
            f"lack.when may speak of {lacked} and {anchor} only, not of {others[0]}",
        )
    return anchor
