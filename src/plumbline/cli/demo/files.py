"""The shapes in which departments send their tables, written byte for byte the same each time."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import xlsxwriter
import xlwt

#: A table as delivered: text under each header, in the order of the headers.
Columns: TypeAlias = Mapping[str, pa.Array]

_CHUNK = 200_000
_XLS_ROWS = 65_000  # a sheet of a .xls ends at 65,536 lines
_WRITTEN = (2026, 1, 4, 9, 0, 0)


def table(columns: Columns | pa.Table) -> pa.Table:
    return columns if isinstance(columns, pa.Table) else pa.table(dict(columns))


def _delimited(rows: pa.Table, delimiter: str, *, header: bool, quoted: bool) -> bytes:
    buffer = io.BytesIO()
    style = "needed" if quoted else "none"
    options = pacsv.WriteOptions(include_header=header, delimiter=delimiter, quoting_style=style)
    pacsv.write_csv(rows, buffer, options)
    return buffer.getvalue()


def write_csv(  # noqa: PLR0913 -- delimited text differs in that many ways
    path: Path,
    columns: Columns | pa.Table,
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    newline: str = "\n",
    quoted: bool = False,
    page: int | None = None,
) -> None:
    """Write delimited text, a piece at a time.

    Args:
        path: the file; its folders are made.
        columns: the table.
        encoding: any of Python's; "utf-8-sig" and "utf-16" carry a byte order mark.
        delimiter: one character.
        newline: how lines end; a carriage return alone is how old Macintosh programs do it.
        quoted: quote every cell, which cells with line breaks or delimiters need.
        page: rows after which the header is said again, as where a printout was saved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = table(columns)
    plain = encoding == "utf-8" and newline == "\n"
    with path.open("wb") as file, io.TextIOWrapper(file, encoding, newline="") as text:
        step = page or _CHUNK
        for start in range(0, max(len(rows), 1), step):
            part, header = rows.slice(start, step), start == 0 or page is not None
            raw = _delimited(part, delimiter, header=header, quoted=quoted)
            if plain:
                file.write(raw)
            else:
                text.write(raw.decode().replace("\n", newline))


def csv_bytes(columns: Columns, *, encoding: str, newline: str) -> bytes:
    """A small table as delimited text, to be put into an archive."""
    raw = _delimited(table(columns), ",", header=True, quoted=True)
    return raw.decode().replace("\n", newline).encode(encoding)


def write_parquet(path: Path, columns: Columns) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(columns), path, compression="zstd")


@dataclass(frozen=True)
class Sheet:
    """A worksheet as a clerk lays it out.

    Attributes:
        name: on the tab.
        columns: the table.
        above: title rows over the header, merged across the table.
        groups: a row over the header: (words, how many columns they span), merged.
        below: notes under the table.
        numbers: headers whose cells are stored as numbers where they look like one.
        dates: headers whose cells are stored as a spreadsheet's dates where they look like one.
    """

    name: str
    columns: Columns
    above: Sequence[str] = ()
    groups: Sequence[tuple[str, int]] = ()
    below: Sequence[str] = ()
    numbers: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()


def write_xlsx(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write a workbook. Text stays text unless its column is named in `numbers`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy/m/d",
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": datetime(*_WRITTEN)})  # noqa: DTZ001 -- a clerk's clock
        centred = book.add_format({"align": "center"})
        for sheet in sheets:
            _lay_out(book.add_worksheet(sheet.name), sheet, centred)


def _lay_out(page: Any, sheet: Sheet, centred: Any) -> None:
    width, line = len(sheet.columns), 0
    for title in sheet.above:
        page.merge_range(line, 0, line, width - 1, title, centred)
        line += 1
    if sheet.groups:
        at = 0
        for words, span in sheet.groups:
            if span > 1:
                page.merge_range(line, at, line, at + span - 1, words, centred)
            else:
                page.write_string(line, at, words)
            at += span
        line += 1
    page.write_row(line, 0, list(sheet.columns))
    for at, cells in enumerate(_stored(sheet)):
        page.write_column(line + 1, at, cells)
    last = line + 1 + max((len(values) for values in sheet.columns.values()), default=0)
    for n, note in enumerate(sheet.below):
        page.merge_range(last + n, 0, last + n, width - 1, note)


def _stored(sheet: Sheet) -> Iterator[list[Any]]:
    """The cells of each column, as the workbook holds them."""
    for header, values in sheet.columns.items():
        stored = _number if header in sheet.numbers else _date if header in sheet.dates else str
        yield [stored(cell) for cell in values.to_pylist()]


def _number(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell


def _date(cell: str) -> str | date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return cell


def write_xls(path: Path, sheet: Sheet) -> None:
    """Write a workbook of Excel 97 to 2003: titles, header, rows; a long table goes on on the next sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlwt.Workbook()
    centred = xlwt.easyxf("alignment: horizontal center")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    columns = list(_stored(sheet))
    for number, start in enumerate(range(0, max(len(columns[0]), 1), _XLS_ROWS), 1):
        page = book.add_sheet(sheet.name if number == 1 else f"{sheet.name}（{number}）")
        for line, title in enumerate(sheet.above):
            page.write_merge(line, line, 0, len(columns) - 1, title, centred)
        for at, (header, cells) in enumerate(zip(sheet.columns, columns, strict=True)):
            page.write(len(sheet.above), at, header)
            for n, cell in enumerate(cells[start : start + _XLS_ROWS], len(sheet.above) + 1):
                if isinstance(cell, date):
                    page.write(n, at, cell, day)
                else:
                    page.write(n, at, cell)
    book.save(str(path))


def _lines(sheet: Sheet) -> Iterator[Sequence[str]]:
    yield list(sheet.columns)
    yield from zip(*(cells.to_pylist() for cells in sheet.columns.values()), strict=True)


def write_html(path: Path, sheet: Sheet) -> None:
    """Write the web page that many office systems call an Excel file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="gb18030", newline="\r\n") as file:
        file.write('<html><head><meta charset="gb2312"></head><body><table border="1">\n')
        for title in sheet.above:
            file.write(f'<tr><th colspan="{len(sheet.columns)}">{escape(title)}</th></tr>\n')
        for cells in _lines(sheet):
            file.write(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n")
        file.write("</table></body></html>\n")


def write_spreadsheet_xml(path: Path, sheet: Sheet) -> None:
    """Write an XML Spreadsheet 2003, all of it text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    across = len(sheet.columns) - 1
    with path.open("w", encoding="utf-8", newline="\r\n") as file:
        file.write(f'<?xml version="1.0"?>\n<Workbook xmlns="{space}" xmlns:ss="{space}">\n')
        file.write(f'<Worksheet ss:Name="{escape(sheet.name)}"><Table>\n')
        for title in sheet.above:
            file.write(f'<Row><Cell ss:MergeAcross="{across}">{_data(title)}</Cell></Row>\n')
        for cells in _lines(sheet):
            file.write(f"<Row>{''.join(f'<Cell>{_data(cell)}</Cell>' for cell in cells)}</Row>\n")
        file.write("</Table></Worksheet></Workbook>\n")


def _data(text: str) -> str:
    return f'<Data ss:Type="String">{escape(text)}</Data>'


def write_json(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def write_json_lines(path: Path, columns: Columns) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for part in table(columns).to_batches(_CHUNK):
            lines = (json.dumps(row, ensure_ascii=False) for row in part.to_pylist())
            file.writelines(line + "\n" for line in lines)


def write_sqlite(path: Path, name: str, columns: Columns) -> None:
    """Write a table of text columns into a new SQLite database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    declared = ", ".join(f'"{header}" TEXT' for header in columns)
    slots = ", ".join("?" * len(columns))
    database = sqlite3.connect(path)
    with database:
        database.execute(f'CREATE TABLE "{name}" ({declared})')
        cells = (values.to_pylist() for values in columns.values())
        database.executemany(
            f'INSERT INTO "{name}" VALUES ({slots})',  # noqa: S608 -- our own names
            zip(*cells, strict=True),
        )
    database.close()


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive whose member names are GBK without saying so, as Chinese Windows does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    stand_in: dict[bytes, bytes] = {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, (name, content) in enumerate(members.items()):
            wanted = name.encode("gbk")
            ascii_name = f"~{n:02}".ljust(len(wanted), "~")
            stand_in[ascii_name.encode()] = wanted
            archive.writestr(zipfile.ZipInfo(ascii_name, _WRITTEN), content, zipfile.ZIP_DEFLATED)
    raw = buffer.getvalue()
    for ascii_bytes, wanted in stand_in.items():
        raw = raw.replace(ascii_bytes, wanted)
    path.write_bytes(raw)
