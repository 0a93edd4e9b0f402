"""How facts come together before they are judged: one module a shape."""

from __future__ import annotations

from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes import gather, lack, listed, meet, outlier
from plumbline.engine.line.shapes.base import Base, digest

_SHAPES = {
    "meet": meet.base,
    "overlap": meet.base,
    "path": meet.base,
    "lack": lack.base,
    "duplicate": gather.base_of_duplicate,
    "outlier": outlier.base,
    "sql": listed.base,
}


def base_of(model: SupervisionModel, *, detail: bool = False) -> Base:
    """The relation of candidates that a model's shape describes; in detail, of clear ones too."""
    if model.declared.shape == "sum":
        return gather.base_of_sum(model, detail=detail)
    return _SHAPES[model.declared.shape](model)


__all__ = ["Base", "base_of", "digest"]
