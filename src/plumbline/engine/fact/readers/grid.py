"""A sheet of a spreadsheet: a grid of cells with merged ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from plumbline.engine.fact.readers.base import Batch, Merge, Row
from plumbline.engine.fact.readers.columns import fit, gather
from plumbline.errors import Text


@dataclass
class Grid:
    """Cells come from `load`, called anew for every reading, as lists of text from line 1 on."""

    file: str
    name: str
    load: Callable[[], Iterable[list[str]]]
    merges: Sequence[Merge] = ()
    remarks: Sequence[Text] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        for line, cells in enumerate(self.load(), 1):
            if any(cells):
                yield Row(line, cells)

    def batches(self, after: int, width: int) -> Iterator[Batch]:
        below: Iterable[Row] = (row for row in self.rows() if row.line > after)
        tall = [m for m in self.merges if m.top > after and m.bottom > m.top]
        if tall:
            below = _repeat_down(below, tall)
        return gather((fit(row, width, pad=True) for row in below), width)


def _repeat_down(rows: Iterable[Row], merges: Iterable[Merge]) -> Iterator[Row]:
    """Repeats what stands in a tall merged range on each of its lines.

    Only lines that have something of their own are filled (`rows` leaves blank ones out), so that
    a note merged over a block of cells stays one note.
    """
    waiting = sorted(merges, reverse=True)
    open_: list[tuple[Merge, str]] = []
    for row in rows:
        open_ = [(merge, value) for merge, value in open_ if merge.bottom >= row.line]
        while waiting and waiting[-1].top <= row.line:
            merge = waiting.pop()
            if merge.top == row.line and merge.left < len(row.cells):
                open_.append((merge, row.cells[merge.left]))
        cells = list(row.cells) if open_ else row.cells
        for merge, value in open_:
            if merge.left < len(cells) and not cells[merge.left]:
                cells[merge.left] = value
        yield Row(row.line, cells)
