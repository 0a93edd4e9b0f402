"""Tables in HTML and in XML Spreadsheet 2003, which office systems like to save as ".xls"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.base import Merge, Sheet
from plumbline.engine.fact.readers.encoding import Encoding, detect
from plumbline.engine.fact.readers.grid import Grid
from plumbline.engine.fact.readers.values import number_text
from plumbline.errors import Text

LARGEST_BYTES = 512 << 20  # read whole
WIDEST = 16_384
_MOST_CELLS = 50_000_000

_SPREADSHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
_XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass
class _Table:
    """A grid being filled: cells by line and column, from 1 and 0."""

    name: str = ""
    lines: list[list[str]] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    taken: dict[tuple[int, int], None] = field(default_factory=dict)  # by a cell from above

    def put(self, line: int, column: int, text: str, across: int = 1, down: int = 1) -> int:
        """Puts a cell at the first free column from `column` on; returns the column after it."""
        while (line, column) in self.taken:
            column += 1
        across, down = min(across, WIDEST), min(down, 1 << 20)
        while len(self.lines) < line:
            self.lines.append([])
        cells = self.lines[line - 1]
        cells += [""] * (column + across - len(cells))
        cells[column] = text
        if across > 1 or down > 1:
            self.merges.append(Merge(line, column, line + down - 1, column + across - 1))
        for below in range(line + 1, min(line + down, line + 10_000)):
            self.taken.update(((below, column + i), None) for i in range(across))
        return column + across

    def sheet(self, file: str, remarks: tuple[Text, ...]) -> Grid:
        return Grid(file, self.name, lambda: self.lines, self.merges, remarks)


def open_html(path: Path, file: str) -> Iterator[Sheet]:
    """Each outermost table of the page that has more than one cell."""
    text, encoding = _text(path, file)
    page = _Page()
    page.feed(text)
    page.close()
    tables = [t for t in page.tables if sum(map(len, t.lines)) > 1]
    if not tables:
        raise refusal.refusal(
            file,
            "这是网页，里面没有表格；可能是登录页或出错页面",
            "this is a web page without a table, perhaps a log-in or error page",
        )
    for number, table in enumerate(tables, 1):
        table.name = "" if len(tables) == 1 else str(number)
        yield table.sheet(file, encoding.remarks)


def _text(path: Path, file: str) -> tuple[str, Encoding]:
    if path.stat().st_size > LARGEST_BYTES:
        raise refusal.refusal(
            file,
            "网页表格过大",
            "the table saved as a web page is too large",
            Text("请另存为 CSV 或 XLSX", "save it as CSV or XLSX"),
        )
    encoding = detect(path)
    data = path.read_bytes()[encoding.skip :]
    try:
        return data.decode(encoding.codec), encoding
    except UnicodeDecodeError as error:
        raise refusal.damaged(file, f"{encoding.label}: {error.reason}") from error


class _Page(HTMLParser):
    """Collects the outermost tables; what a table within a cell says is part of the cell."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[_Table] = []
        self._depth = self._line = self._column = 0
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(_Table())
                self._line = 0
        elif self._depth == 1 and tag == "tr":
            self._finish()
            self._line, self._column = self._line + 1, 0
        elif self._depth == 1 and tag in ("td", "th"):
            self._finish()
            self._line = max(self._line, 1)
            given = dict(attrs)
            self._cell = []
            self._span = (_count(given.get("colspan")), _count(given.get("rowspan")))
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            if self._depth == 1:
                self._finish()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._finish()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.append(re.sub(r"\s+", " ", data))

    def _finish(self) -> None:
        if self._cell is not None:
            text = "".join(self._cell).replace("\xa0", " ").strip()
            self._column = self.tables[-1].put(self._line, self._column, text, *self._span)
            self._cell = None


def _count(text: str | None) -> int:
    return max(1, int(text)) if text and text.strip().isdigit() and len(text) < 8 else 1


def open_spreadsheet_xml(path: Path, file: str) -> Iterator[Sheet]:
    """The worksheets of an XML Spreadsheet 2003."""
    text, encoding = _text(path, file)
    try:
        # decoded here, since expat knows no GB18030; and it refuses entities that grow
        book = ET.fromstring(_XML_HEAD.sub("", text))  # noqa: S314 -- as above
    except ET.ParseError as error:
        raise refusal.damaged(file, error) from error
    sheets = book.findall(f"{_SPREADSHEET}Worksheet")
    if not sheets:
        raise refusal.refusal(file, "工作簿里没有工作表", "the workbook has no worksheet")
    for worksheet in sheets:
        table = _Table(worksheet.get(f"{_SPREADSHEET}Name", ""))
        _fill(table, worksheet, file)
        yield table.sheet(file, encoding.remarks)


def _fill(table: _Table, worksheet: ET.Element, file: str) -> None:
    line = area = 0
    for row in worksheet.iterfind(f"{_SPREADSHEET}Table/{_SPREADSHEET}Row"):
        line = _index(row, line + 1)
        column = 0
        for cell in row.iterfind(f"{_SPREADSHEET}Cell"):
            column = _index(cell, column + 1) - 1
            across = 1 + _count0(cell.get(f"{_SPREADSHEET}MergeAcross"))
            down = 1 + _count0(cell.get(f"{_SPREADSHEET}MergeDown"))
            area = max(area, line * (column + across))
            if area > _MOST_CELLS or column + across > WIDEST:
                raise refusal.damaged(file, f"{line} x {column + across}")
            data = cell.find(f"{_SPREADSHEET}Data")
            column = table.put(line, column, _value(data), across, down)


def _index(node: ET.Element, otherwise: int) -> int:
    given = node.get(f"{_SPREADSHEET}Index", "")
    return int(given) if given.isdigit() else otherwise


def _count0(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _value(data: ET.Element | None) -> str:
    if data is None:
        return ""
    text = "".join(data.itertext())
    kind = data.get(f"{_SPREADSHEET}Type")
    if kind == "Number":
        try:
            return number_text(float(text))
        except ValueError:
            return text
    if kind == "DateTime":
        return re.sub(r"\.000$", "", text).replace("T", " ").removesuffix(" 00:00:00")
    if kind == "Boolean":
        return "TRUE" if text.strip() == "1" else "FALSE"
    return text
