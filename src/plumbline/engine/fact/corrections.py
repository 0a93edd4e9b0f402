"""Quarantined rows, out to the department as a workbook and back again as a batch.

A department corrects the original columns and leaves the first one, which says which row it is,
alone. What comes back is loaded like any delivery of changes; the rows that load, and those that
the department declares void, no longer wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

import xlsxwriter

from plumbline.engine.fact.batch import Batch, Place
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.durable import copy_in, disk_in_words, sha256_of
from plumbline.engine.fact.formula import is_formula
from plumbline.engine.fact.layout import clean_header, header_key
from plumbline.engine.fact.loading import AlreadyLoaded, Arrival, Settles, Spot, Terms, take_in
from plumbline.engine.fact.quarantine import Quarantined, batches_waiting, settled, waiting_rows
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Row, Sheet
from plumbline.engine.fact.readers.named import Named
from plumbline.engine.fact.store import Store
from plumbline.errors import DeliveryError, Text

_CODE, _VOID = "编号（勿改）", "作废（填“是”）"
_OURS = (_CODE, "文件", "工作表", "行号", "问题", "原文（无法分列）", _VOID)
_HOW = Text(
    "怎样更正：在右边的原始各列里直接改正（黄色为有问题的单元格），不要改动“编号”一列；"
    "不再需要的行在“作废”一列填“是”；改好后保存本文件，用 plumbline quarantine take-back 装回。"
    "没有改的行继续留在隔离区。",
    "How to correct: change the original columns on the right (faulty cells are yellow) and leave "
    "the first column alone; write 是 under 作废 to give a row up; save this file and take it back "
    "with plumbline quarantine take-back. Rows left as they are go on waiting.",
)
_ROWS_PER_SHEET = 1_000_000
_LONGEST_CELL = 32_767
_YES = {"是", "y", "yes", "作废"}


class Exported(NamedTuple):
    """Rows written, and rows whose text is too long for a spreadsheet and that were left out."""

    rows: int
    left_out: int


def export(store: Store, dataset: Dataset, path: Path, batch: str | None = None) -> Exported:
    """Write the waiting rows of a dataset, or of one batch, to the workbook `path`.

    All cells are text. What a spreadsheet could take for a formula carries its mark for text (the
    apostrophe), so that it stays text also when the file is saved in another format.
    """
    written = left_out = 0
    rows = waiting_rows(store, dataset.name, batch)
    with disk_in_words(), _Book(path) as book:
        for header, group in groupby(rows, key=lambda row: tuple(row.part.headers)):
            for row in group:
                if max(map(len, (*row.cells, _text(row)))) > _LONGEST_CELL:
                    left_out += 1
                    continue
                book.add(header, row)
                written += 1
    return Exported(written, left_out)


def take_back(  # noqa: PLR0913 -- as load_delivery
    store: Store,
    datasets: Mapping[str, Dataset],
    path: Path,
    *,
    received_at: datetime,
    accept: str | None = None,
    by: str = "",
    wait: float = 5.0,
) -> Batch | AlreadyLoaded:
    """Load the corrected rows of a workbook that `export` wrote.

    Rows that are settled already are passed over, so taking back the same corrections twice
    changes nothing.

    Raises:
        DeliveryError: it is no such workbook, its rows no longer wait, or none is correct yet.
    """
    with store.writing(wait) as scratch:
        copy = copy_in(path, scratch)
        returned = _Returned.read(copy)
        name = _dataset_of(store, datasets, returned, path)
        open_rows = _still_waiting(store, name, returned, path)
        if not open_rows:
            correcting = [b for b in store.batches(name) if b.kind == "corrections"]
            return AlreadyLoaded(correcting[-1], redeclared=False)
        named = {batch for batch, _ in open_rows.values()}
        arrival = Arrival(
            path=copy,
            name=path.name,
            sha256=sha256_of(copy),
            size=copy.stat().st_size,
            as_of=max(b.as_of for b in store.batches(name) if b.id in named),
            kind="corrections",
            sheets=returned.sheets(open_rows),
            settles=Settles(open_rows, frozenset(returned.void & open_rows.keys())),
        )
        terms = Terms(received_at, accept, by)
        return take_in(store, datasets[name], arrival, terms, scratch)


def code_of(row: Quarantined) -> str:
    """What the first column says: batch, part and line."""
    return f"{row.batch}#{row.place.part}:{row.place.line}"


def _text(row: Quarantined) -> str:
    return "" if row.cells else "\n".join(fault.value for fault in row.faults)


class _Book:
    """A workbook with one sheet for each header, written row by row."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(
            path,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        text = {"num_format": "@"}
        self._plain = self._book.add_format(text)
        self._quoted = self._book.add_format({**text, "quote_prefix": True})
        self._faulty = self._book.add_format({**text, "bg_color": "#FFF2CC"})
        self._faulty_quoted = self._book.add_format(
            {**text, "bg_color": "#FFF2CC", "quote_prefix": True}
        )
        self._ours = self._book.add_format({**text, "font_color": "#7F7F7F"})
        self._bold = self._book.add_format({**text, "bold": True, "bottom": 1})
        self._wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._header: tuple[str, ...] | None = None
        self._sheet = None
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sheet is None:
            self._book.add_worksheet("没有待更正的行")
        self._book.close()

    def add(self, header: tuple[str, ...], row: Quarantined) -> None:
        if header != self._header or self._at >= _ROWS_PER_SHEET:
            self._begin(header)
        faulty = {fault.header for fault in row.faults} - {""}
        ours = (
            code_of(row), row.part.file, row.part.sheet, str(row.place.line),
            "；".join(f"{f.header}：{f.reason.zh}" if f.header else f.reason.zh for f in row.faults),
            _text(row), "",
        )  # fmt: skip
        for column, value in enumerate(ours):
            self._write(column, value, self._quoted if is_formula(value) else self._ours)
        for at, cell in enumerate(row.cells):
            marked = at < len(header) and any(header[at] in f.split("、") for f in faulty)
            plain, quoted = (
                (self._faulty, self._faulty_quoted) if marked else (self._plain, self._quoted)
            )
            self._write(len(_OURS) + at, cell, quoted if is_formula(cell) else plain)
        self._at += 1

    def _begin(self, header: tuple[str, ...]) -> None:
        self._header = header
        self._sheet = sheet = self._book.add_worksheet()
        last = len(_OURS) + max(len(header), 1) - 1
        sheet.set_column(0, last, 14, self._plain)  # what is typed later is text, too
        sheet.set_column(4, 4, 40, self._plain)
        for line, how in enumerate(_HOW):
            sheet.set_row(line, 32)
            sheet.merge_range(line, 0, line, max(last, 7), how, self._wrapped)
        self._at = len(_HOW)
        for column, name in enumerate((*_OURS, *header)):
            self._write(column, name, self._bold)
        self._at += 1
        sheet.freeze_panes(self._at, 1)

    def _write(self, column: int, text: str, style: object) -> None:
        assert self._sheet is not None
        if text:
            self._sheet.write_string(self._at, column, text, style)
        else:
            self._sheet.write_blank(self._at, column, None, style)


@dataclass
class _Returned:
    """A workbook that came back: which quarantined row stands on which of its lines."""

    tables: dict[str, tuple[list[str], list[Row]]] = field(default_factory=dict)
    codes: dict[Spot, tuple[str, Place]] = field(default_factory=dict)
    void: set[Spot] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> _Returned:
        found = cls()
        for sheet in open_sheets(path):
            found._read_sheet(sheet)
        if not found.codes:
            raise DeliveryError(
                Text(
                    f"里面没有“{_CODE}”一列，不是从隔离区导出的表",
                    "it has no column 编号（勿改）, so it was not exported from the quarantine",
                ),
                where=path.name,
                hint=Text(
                    "先用 plumbline quarantine export 导出，改好后交回",
                    "export the rows with plumbline quarantine export and correct that file",
                ),
            )
        return found

    def _read_sheet(self, sheet: Sheet) -> None:
        header: list[str] = []
        ours: dict[str, int] = {}
        rows: list[Row] = []
        for row in sheet.rows():
            if not ours:
                keys = [header_key(cell) for cell in row.cells]
                if header_key(_CODE) in keys:
                    ours = {
                        name: keys.index(header_key(name))
                        for name in _OURS
                        if header_key(name) in keys
                    }
                    header = [clean_header(cell) for cell in row.cells]
                continue
            cells = [*row.cells, *[""] * (len(header) - len(row.cells))]
            spot = (sheet.name, row.line)
            if code := _read_code(cells[ours[_CODE]]):
                self.codes[spot] = code
                if _VOID in ours and cells[ours[_VOID]].strip().lower() in _YES:
                    self.void.add(spot)
                rows.append(
                    Row(row.line, [c for i, c in enumerate(cells) if i not in ours.values()])
                )
        if ours:
            own = [name for i, name in enumerate(header) if i not in ours.values()]
            self.tables[sheet.name] = (own, rows)

    def sheets(self, spots: Iterable[Spot]) -> list[Sheet]:
        """The corrected rows on these spots, as sheets to be loaded; void ones are left out."""
        wanted = set(spots) - self.void
        return [
            Named(name, name, header, _Only([row for row in rows if (name, row.line) in wanted]))
            for name, (header, rows) in self.tables.items()
        ]


class _Only:
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self) -> Iterator[Row]:
        return iter(self._rows)


def _read_code(text: str) -> tuple[str, Place] | None:
    batch, _, place = text.strip().partition("#")
    part, _, line = place.partition(":")
    if batch and part.isdigit() and line.isdigit():
        return batch, Place(int(part), int(line))
    return None


def _dataset_of(
    store: Store, datasets: Mapping[str, Dataset], returned: _Returned, path: Path
) -> str:
    batches = {batch for batch, _ in returned.codes.values()}
    found = {name for name in datasets if batches & {batch.id for batch in store.batches(name)}}
    if len(found) != 1:
        raise DeliveryError(
            Text("里面的行不属于同一个数据集", "its rows do not belong to one dataset")
            if found
            else Text("里面的批次不在库中", "its batches are not in this store"),
            where=path.name,
            hint=Text(
                "一次交回一个数据集的导出表，交回到导出它的工作区",
                "take back one dataset's export at a time, into the workspace it came from",
            ),
        )
    return found.pop()


def _still_waiting(
    store: Store, dataset: str, returned: _Returned, path: Path
) -> dict[Spot, tuple[str, Place]]:
    waiting = {batch.id: batch for batch in batches_waiting(store, dataset)}
    held = [batch.id for batch in waiting.values() if batch.is_held]
    done = settled(store, dataset)
    gone = {batch for batch, _ in returned.codes.values() if batch not in waiting}
    for batch, _ in returned.codes.values():
        if batch in held:
            raise DeliveryError(
                Text(f"批次 {batch} 还被整批扣留", f"batch {batch} is still held back whole"),
                where=path.name,
                hint=Text(
                    "先用 plumbline load --accept 放行这一批，再交回更正",
                    "let it in with plumbline load --accept first, then take the corrections back",
                ),
            )
    if len(gone) == len({batch for batch, _ in returned.codes.values()}):
        raise DeliveryError(
            Text(
                f"批次 {'、'.join(sorted(gone))} 已被后来的全量名单取代，不再需要更正",
                f"a later complete list has replaced {', '.join(sorted(gone))}",
            ),
            where=path.name,
            hint=Text("更正最新一批里的行", "correct the rows of the newest batch"),
        )
    return {
        spot: (batch, place)
        for spot, (batch, place) in returned.codes.items()
        if batch in waiting and place not in done.get(batch, set())
    }
