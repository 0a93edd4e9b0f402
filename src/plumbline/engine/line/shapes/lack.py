"""lack: the line is crossed where a row that ought to exist does not."""

from __future__ import annotations

from dataclasses import replace

from plumbline.engine.line.expression import Compiler, parse, references
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import Base, date_in_force, day_at, plain_scope
from plumbline.engine.line.shapes.ties import joined, tied, worst
from plumbline.errors import DeclarationError, Text


def base(model: SupervisionModel) -> Base:
    assert model.declared.lack is not None  # the model was checked when it was loaded
    lack = model.declared.lack
    scope = plain_scope(model)
    facts = [alias for alias in model.facts if alias != lack.fact]
    source, tiers = joined(model, facts, scope.locate)
    in_force = day_at(model, date_in_force(model), scope)

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("lack", "when"), problem, hint)

    tree = parse(lack.when, error)
    anchor = _anchor(model, lack.fact, facts, [fact for fact, _ in references(tree)])
    when = Compiler(
        replace(scope, error=error, numbers=numbers(model, in_force))
    ).boolean(tree)
    conditions, found_tiers = tied(model, lack.fact, [anchor], scope.locate)
    # A row whose name contradicts its number neither shows nor excludes that what is due exists.
    if found_tiers:
        when = f"CASE WHEN {worst(found_tiers)} = 'A' THEN {when} END"
    found = (
        f"SELECT {anchor}._row AS row_{anchor}, "
        f"MAX(CASE WHEN {when} THEN 2 ELSE 1 END) AS surely "
        f"FROM {anchor} JOIN {lack.fact} ON {' AND '.join(conditions)} "
        f"WHERE ({when}) IS DISTINCT FROM FALSE GROUP BY {anchor}._row"
    )
    rows = {alias: f"{alias}._row" for alias in facts}
    return Base(
        facts=list(model.facts),
        scope=scope,
        in_force=in_force,
        source=f"{source} LEFT JOIN found ON found.row_{anchor} = {anchor}._row",
        rows=rows,
        tier=worst(tiers),
        lead=rows[facts[0]],
        evidence=facts,
        ctes=[("found", found)],
        conditions=["CASE WHEN found.surely IS NULL THEN TRUE WHEN found.surely = 2 THEN FALSE END"],
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
    if others := [fact for fact in mentioned if fact not in (lacked, anchor)]:
        raise model.error(
            ("lack", "when"),
            f"lack.when 只能说到 {lacked} 和 {anchor}，不能说到 {others[0]}",
            f"lack.when may speak of {lacked} and {anchor} only, not of {others[0]}",
        )
    return anchor
