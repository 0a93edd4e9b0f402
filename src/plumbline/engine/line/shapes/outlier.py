"""outlier: each row is held against its peers by quartile fences, exact and without floats."""

from __future__ import annotations

from decimal import Decimal

from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import Base, date_in_force, day_at, plain_scope
from plumbline.engine.line.shapes.ties import identifier_key, joined, worst


def base(model: SupervisionModel) -> Base:
    """Quartiles are the values at ranks ceil(n/4) and ceil(3n/4) among the peers (Tukey's fences)."""
    assert model.declared.outlier is not None  # the model was checked when it was loaded
    what = model.declared.outlier
    scope = plain_scope(model)
    fact, column = model.resolve(what.of, ("outlier", "of"))
    if model.facts[fact].columns[column].type not in ("integer", "decimal", "money"):
        raise model.error(("outlier", "of"), f"{what.of} 不是数", f"{what.of} is not a number")
    among = [model.resolve(ref, ("outlier", "among", i)) for i, ref in enumerate(what.among)]
    if strangers := [f for f, _ in among if f != fact]:
        raise model.error(
            ("outlier", "among"),
            f"among 只能用 {fact} 的列，不能用 {strangers[0]} 的",
            f"among may use columns of {fact} only, not of {strangers[0]}",
        )
    group = [f"{c}{suffix}" for _, c in among for suffix in identifier_key(model.facts[fact], c)]
    own = [f"{fact}.{name}" for name in group]
    known = " AND ".join(f"{name} IS NOT NULL" for name in [*own, f"{fact}.{column}"])
    # QUANTILE_DISC(x, q) is the value at rank ceil(n x q); both quarters are exact in binary.
    quartiles = (
        f"SELECT {', '.join(own)}, COUNT(*) AS peers, "
        f"QUANTILE_DISC({fact}.{column}, 0.25) AS q1, QUANTILE_DISC({fact}.{column}, 0.75) AS q3 "
        f"FROM {fact} WHERE {known} GROUP BY {', '.join(own)}"
    )
    others = [alias for alias in model.facts if alias != fact]
    ties = " AND ".join(f"quartiles.{name} = {fact}.{name}" for name in group)
    joins = joined(
        model, others, scope.locate, already=[fact], source=f"{fact} LEFT JOIN quartiles ON {ties}"
    )
    fence = Decimal(str(what.fence))
    spread = f"{fence} * (quartiles.q3 - quartiles.q1)"
    enough = f"quartiles.peers >= {what.at_least}"
    figures = {
        "outlier.peers": "quartiles.peers",
        "outlier.q1": "quartiles.q1",
        "outlier.q3": "quartiles.q3",
        "outlier.lower": f"(quartiles.q1 - {spread})",
        "outlier.upper": f"(quartiles.q3 + {spread})",
    }
    rows = {fact: f"{fact}._row", **{alias: f"{alias}._row" for alias in others}}
    beyond = "TRUE"
    if model.declared.flag_when is None:
        beyond = f"{fact}.{column} > {figures['outlier.upper']}"
    return Base(
        facts=list(model.facts),
        scope=scope,
        in_force=day_at(model, date_in_force(model), scope),
        source=joins.source,
        rows=rows,
        tier=worst(joins.tiers),
        lead=f"{fact}._row",
        evidence=list(rows),
        ctes=[("quartiles", quartiles)],
        figures=figures,
        conditions=[f"CASE WHEN {enough} THEN {beyond} END"],
        doubts=joins.doubts,
    )
