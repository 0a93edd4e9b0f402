"""What the tests of the readers share: files made and read in a line."""

from __future__ import annotations

from pathlib import Path

from plumbline.engine.fact.dataset import Source
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Misfit, Sheet


def sheets(path: Path, **source: object) -> list[Sheet]:
    return list(open_sheets(path, Source.model_validate(source)))


def only(path: Path, **source: object) -> Sheet:
    """The single sheet of the file."""
    (sheet,) = sheets(path, **source)
    return sheet


def rows(sheet: Sheet) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in sheet.rows()]


def table(sheet: Sheet, after: int, width: int) -> tuple[list[tuple[int, list[str]]], list[Misfit]]:
    """The rows below line `after` as (line, cells), and the misfits."""
    found: list[tuple[int, list[str]]] = []
    misfits: list[Misfit] = []
    for batch in sheet.batches(after, width):
        assert len(batch.columns) == width
        columns = [column.to_pylist() for column in batch.columns]
        assert all(len(column) == len(batch.lines) for column in columns)
        found += zip(batch.lines.to_pylist(), map(list, zip(*columns, strict=True)), strict=True)
        misfits += batch.misfits
    return found, misfits


def lines_of(misfits: list[Misfit]) -> list[int]:
    return [misfit.line for misfit in misfits]
