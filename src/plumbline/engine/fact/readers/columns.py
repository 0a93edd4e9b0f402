"""Rows turned into columns: the part of the Sheet contract that every reader shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from plumbline.engine.fact.readers.base import Batch, Misfit, Row
from plumbline.errors import Text

#: Rows of one batch, at most.
BATCH_ROWS = 50_000


def fit(row: Row, width: int, *, pad: bool) -> Row | Misfit | None:
    """`row` laid under a header of `width` cells; None where it is blank.

    Empty cells beyond the header are cut. A text file's short row is a misfit, since a delimiter
    may have been lost anywhere in it; a spreadsheet's (`pad`) merely has no cells further right.
    """
    line, cells = row
    if not any(cells) or (len(cells) == 1 < width and not cells[0].strip(" \t\x1a\u3000")):
        return None
    count = len(cells)
    if count == width:
        return row
    if count > width:
        if any(cells[width:]):
            return Misfit(line, as_text(cells), too_many(_filled(cells), width))
        return Row(line, cells[:width])
    if pad:
        return Row(line, cells + [""] * (width - count))
    return Misfit(line, as_text(cells), too_few(count, width))


def gather(rows: Iterable[Row | Misfit | None], width: int) -> Iterator[Batch]:
    """Fitted rows, column by column, in batches of at most BATCH_ROWS."""
    lines: list[int] = []
    table: list[list[str]] = []
    misfits: list[Misfit] = []
    for row in rows:
        if isinstance(row, Misfit):
            misfits.append(row)
            if len(misfits) < BATCH_ROWS:
                continue
        elif row is not None:
            lines.append(row.line)
            table.append(row.cells)
            if len(lines) < BATCH_ROWS:
                continue
        else:
            continue
        yield _batch(lines, table, misfits, width)
        lines, table, misfits = [], [], []
    if lines or misfits:
        yield _batch(lines, table, misfits, width)


def slices(lines: pa.Array, columns: list[pa.Array], misfits: list[Misfit]) -> Iterator[Batch]:
    """Whole columns in batches of at most BATCH_ROWS, without the rows that are blank."""
    empty = pc.equal(columns[0], "")
    for column in columns[1:]:
        if not pc.any(empty).as_py():
            break
        empty = pc.and_(empty, pc.equal(column, ""))
    if pc.any(empty).as_py():
        keep = pc.invert(empty)
        lines, columns = lines.filter(keep), [column.filter(keep) for column in columns]
    parts = max(1, -(-len(lines) // BATCH_ROWS))
    size = max(1, -(-len(lines) // parts))
    for part in range(parts):
        at = part * size
        yield Batch(
            lines.slice(at, size),
            [column.slice(at, size) for column in columns],
            misfits if part == 0 else [],
        )


def merged(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same rows in the same order, small batches put together."""
    waiting: list[Batch] = []
    held = 0
    for batch in batches:
        size = len(batch.lines) + len(batch.misfits)
        if waiting and held + size > BATCH_ROWS:
            yield _together(waiting)
            waiting, held = [], 0
        waiting.append(batch)
        held += size
    if waiting:
        yield _together(waiting)


def _together(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return Batch(
        pa.concat_arrays([batch.lines for batch in batches]),
        [pa.concat_arrays(parts) for parts in zip(*(b.columns for b in batches), strict=True)],
        [misfit for batch in batches for misfit in batch.misfits],
    )


def too_many(count: int, width: int) -> Text:
    return Text(
        f"本行有 {count} 格，表头只有 {width} 格：可能多了分隔符，或表头右边还有内容",
        f"the row has {count} cells, the header only {width}: an extra delimiter, "
        f"or content to the right of the header",
    )


def too_few(count: int, width: int) -> Text:
    return Text(
        f"本行只有 {count} 格，表头有 {width} 格：可能少了分隔符，或一行断成了两行",
        f"the row has only {count} cells, the header {width}: a missing delimiter, "
        f"or one row broken into two",
    )


def as_text(cells: list[str]) -> str:
    """Cells as one line of text, for a person to read."""
    return ",".join(cells)


def _filled(cells: list[str]) -> int:
    return max((i for i, cell in enumerate(cells, 1) if cell), default=0)


def _batch(lines: list[int], table: list[list[str]], misfits: list[Misfit], width: int) -> Batch:
    columns = [pa.array(column, pa.string()) for column in zip(*table, strict=True)] or [
        pa.array([], pa.string()) for _ in range(width)
    ]
    return Batch(pa.array(lines, pa.int32()), columns, misfits)
