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
    "sum": gather.base_of_sum,
    "duplicate": gather.base_of_duplicate,
    "outlier": outlier.base,
    "sql": listed.base,
}


def base_of(model: SupervisionModel) -> Base:
    """The relation of candidates that a model's shape describes."""
    return _SHAPES[model.declared.shape](model)


__all__ = ["Base", "base_of", "digest"]
