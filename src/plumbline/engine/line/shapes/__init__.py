"""How facts come together before they are judged: one module a shape."""

from __future__ import annotations

from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes import gather, lack, listed, meet, outlier
from plumbline.engine.line.shapes.base import Base, digest

_SHAPES = {
    "meet": meet.base,
    "overlap": meet.base,
    "path": meet.base,
    "duplicate": gather.base_of_duplicate,
    "outlier": outlier.base,
    "sql": listed.base,
}
#: Shapes that leave out early what is clear, unless it is asked for.
_SPARING = {"sum": gather.base_of_sum, "lack": lack.base}


def base_of(model: SupervisionModel, *, detail: bool = False) -> Base:
    """The relation of candidates that a model's shape describes; in detail, of clear ones too."""
    shape = model.declared.shape
    return _SPARING[shape](model, detail=detail) if shape in _SPARING else _SHAPES[shape](model)


__all__ = ["Base", "base_of", "digest"]
