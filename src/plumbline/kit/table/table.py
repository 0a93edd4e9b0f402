"""What a list consists of, before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        width: in characters of a workbook; on paper its share of the line.
        right: figures, which stand at the right.
    """

    title: str
    width: int
    right: bool = False


@dataclass(frozen=True)
class Table:
    """A list and what stands around it.

    Attributes:
        notice: what the list is not, above it.
        origin: who took it, when, what for and under which number: above the list and at the foot of each page.
        watermark: the same in short, across each page of paper.
    """

    title: str
    notice: str
    origin: str
    watermark: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
