"""Reads the beginning of a file and puts the proposal together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from plumbline.engine.fact.layout import Layout, column_letter, find_header, is_note
from plumbline.engine.fact.profile.draft import Profile
from plumbline.engine.fact.profile.guess import guess, likely_key, with_bearers
from plumbline.engine.fact.profile.words import COUNTER, Names, slug
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Misfit, Sheet
from plumbline.engine.fact.readers.delimited import Delimited
from plumbline.engine.fact.readers.refusal import refusal
from plumbline.engine.fact.types import Country, country_pack
from plumbline.errors import Text

SAMPLE_ROWS = 20_000


def profile(path: Path, country: Country | None = None, *, name: str | None = None) -> Profile:
    """Reads the beginning of the file at `path` and proposes its declaration.

    Raises:
        DeliveryError: the file cannot be read, or holds no table.
    """
    country = country or country_pack()
    sheet, layout, others = _best_sheet(path)
    columns, rows, misfits = _sample(sheet, layout)
    ignore = tuple(dict.fromkeys([*layout.duplicates, *_counters(layout, columns)]))
    names = Names()
    guesses = tuple(
        guess(header, position, columns[position], rows, names, country)
        for position, header in enumerate(layout.header)
        if header and header not in ignore
    )
    guesses = with_bearers(guesses)
    key, key_sure = likely_key(guesses, rows)
    encoding = sheet.encoding if isinstance(sheet, Delimited) else None
    return Profile(
        name=name or slug(path.stem) or "new_dataset",
        title=path.stem,
        file=sheet.file,
        sheet=sheet.name,
        layout=layout,
        encoding=encoding.label if encoding else "",
        encoding_sure=encoding.sure if encoding else 1.0,
        delimiter=sheet.delimiter if isinstance(sheet, Delimited) else "",
        columns=guesses,
        key=key,
        key_sure=key_sure,
        ignore=ignore,
        rows_seen=rows,
        source=_source(sheet, others),
        remarks=(*sheet.remarks, *_remarks(layout, misfits)),
    )


def _best_sheet(path: Path) -> tuple[Sheet, Layout, list[Sheet]]:
    """The sheet that most looks like a table, and the others."""
    found: list[tuple[float, int, Sheet, Layout]] = []
    sheets = list(open_sheets(path))
    for at, sheet in enumerate(sheets):
        layout = find_header(sheet, None)
        if layout is not None:
            weight = layout.confidence * min(layout.width, 5)
            found.append((weight, -at, sheet, layout))
    if not found:
        raise refusal(path.name, "文件里没有表格", "the file holds no table")
    _, _, best, layout = max(found, key=lambda entry: entry[:2])
    return best, layout, [sheet for sheet in sheets if sheet is not best]


def _source(sheet: Sheet, others: Sequence[Sheet]) -> dict[str, Any]:
    """What the declaration must say so that this sheet is read and no other kind."""
    if not others or not sheet.name:
        return {}
    if {"tenders", "awards", "parties"} <= {sheet.name, *(other.name for other in others)}:
        return {"table": sheet.name}
    return {"sheets": [sheet.name]}


def _sample(sheet: Sheet, layout: Layout) -> tuple[list[list[str]], int, list[Misfit]]:
    """The first rows column by column, their number, and the misfits among them."""
    columns: list[list[str]] = [[] for _ in range(layout.width)]
    misfits: list[Misfit] = []
    rows = 0
    for batch in sheet.batches(layout.header_lines[1], layout.width):
        taken = min(len(batch.lines), SAMPLE_ROWS - rows)
        part = pa.table(batch.columns, names=[str(i) for i in range(layout.width)]).slice(0, taken)
        values = [column.to_pylist() for column in part.columns]
        for cells in zip(*values, strict=True):
            if not is_note(cells, layout.width):
                rows += 1
                for column, cell in zip(columns, cells, strict=True):
                    column.append(cell)
        misfits += batch.misfits[: 1000 - len(misfits)]
        if rows >= SAMPLE_ROWS:
            break
    return columns, rows, misfits


def _counters(layout: Layout, columns: list[list[str]]) -> Iterator[str]:
    """Headers of columns that only count the rows."""
    for header, values in zip(layout.header, columns, strict=True):
        if header and COUNTER.fullmatch(header) and all(v.isdigit() for v in values if v):
            numbers = [int(v) for v in values if v]
            if numbers == sorted(numbers) and (not numbers or numbers[-1] <= 2 * len(values)):
                yield header


def _remarks(layout: Layout, misfits: Sequence[Misfit]) -> Iterator[Text]:
    if layout.unnamed:
        letters = [column_letter(i) for i in layout.unnamed]
        yield Text(
            f"第 {'、'.join(letters)} 列有内容却没有表头，补上表头之前无法接收",
            f"columns {', '.join(letters)} hold data without a header and cannot load until named",
        )
    if layout.duplicates:
        named = "、".join(layout.duplicates)
        yield Text(
            f"表头重复，暂列为忽略：{named}", f"headers that stand twice, so far ignored: {named}"
        )
    if misfits:
        first = misfits[0]
        yield Text(
            f"有 {len(misfits)} 行放不进表头之下，例如第 {first.line} 行：{first.reason.zh}",
            f"{len(misfits)} rows do not fit under the header, such as line {first.line}: "
            f"{first.reason.en}",
        )
