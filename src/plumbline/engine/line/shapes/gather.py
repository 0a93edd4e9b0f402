"""sum and duplicate: rows are gathered into groups (perhaps sliding windows), then judged."""

from __future__ import annotations

from dataclasses import replace

from plumbline.engine.line.model import Sum, SupervisionModel
from plumbline.engine.line.shapes.base import Base
from plumbline.engine.line.shapes.groups import Groups
from plumbline.engine.line.shapes.windows import Windows


def base_of_sum(model: SupervisionModel, *, detail: bool = False) -> Base:
    assert model.declared.sum is not None  # the model was checked when it was loaded
    what = model.declared.sum
    if (what.within is None) != (what.by is None):
        raise model.error(("sum",), "within 和 by 须一起写", "within and by belong together")
    shape = Windows if what.by else Groups
    return shape(model, what, "sum", detail=detail).base()


def base_of_duplicate(model: SupervisionModel) -> Base:
    assert model.declared.duplicate is not None
    duplicate = model.declared.duplicate
    as_sum = Sum(
        over=[duplicate.of],
        per=duplicate.on,
        rows_when=duplicate.rows_when,
        what={"rows": f"rows({duplicate.of})", **duplicate.what},
    )
    base = Groups(model, as_sum, "duplicate").base()
    return base if model.declared.flag_when else replace(base, conditions=["gathered.rows >= 2"])
