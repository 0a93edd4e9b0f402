"""An old ledger of leads, read from XLSX, XLS or CSV: every row fits, or is reported with its place and the reason."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from plumbline.errors import DeliveryError, PlumblineError, Text
from plumbline.loop.disposal.models import Lead
from plumbline.org.models import Unit
from plumbline.org.policy import citizen_number, person_digest
from plumbline.org.queries import normal_name, units_by_name

#: What a column may hold -> headers under which old ledgers have it.
COLUMNS: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "title": (Text("标题", "title"), ("标题", "线索标题", "问题摘要", "案由", "反映的主要问题")),
    "text": (
        Text("内容", "text"),
        ("内容", "线索内容", "问题描述", "反映问题", "主要内容", "简要情况"),
    ),
    "old_number": (Text("原编号", "old number"), ("原编号", "线索编号", "编号", "序号编号")),
    "received": (Text("收到日期", "received on"), ("收到日期", "受理日期", "登记日期", "来信日期")),
    "origin": (Text("来源", "origin"), ("来源", "线索来源")),
    "unit": (Text("单位", "unit"), ("单位", "被反映人单位", "涉及单位", "所在单位")),
    "person": (
        Text("身份证号", "citizen number"),
        ("身份证号", "公民身份号码", "被反映人身份证号"),
    ),
    "informant": (Text("举报人", "informant"), ("举报人", "反映人", "来信人")),
    "way": (Text("处置方式", "way of disposal"), ("处置方式", "办理方式")),
}
_NEEDED = ("title", "text")
_SEARCHED = 20  # lines in which the header is looked for
_MOST_ROWS = 50_000
_MOST_UNPACKED = 256 << 20  # bytes
_MOST_CELLS = 10_000_000
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ORIGINS = {
    "信访": Lead.Origin.LETTER, "来信": Lead.Origin.LETTER, "举报": Lead.Origin.LETTER,
    "来访": Lead.Origin.LETTER, "其他": Lead.Origin.OTHER,
}  # fmt: skip
_WAYS = {
    "谈话函询": Lead.Way.INQUIRY, "初步核实": Lead.Way.PRELIMINARY, "初核": Lead.Way.PRELIMINARY,
    "暂存待查": Lead.Way.PENDING, "予以了结": Lead.Way.CONCLUDED,
}  # fmt: skip


class Rejected(NamedTuple):
    """A row that was not taken, and why; the value itself is not repeated."""

    file: str
    sheet: str
    line: int
    column: str
    reason: Text


@dataclass(frozen=True)
class Row:
    """A row that fits."""

    file: str
    sheet: str
    line: int
    title: str
    text: str
    old_number: str = ""
    received: str = ""  # ISO date
    origin: Lead.Origin = Lead.Origin.LEDGER
    unit: Unit | None = None
    person: str = ""
    informant: str = ""
    way: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """By what the same row is known again: its number, or all it says."""
        if self.old_number:
            return ("number", self.old_number)
        unit = str(self.unit.pk) if self.unit else ""
        return ("row", self.title, self.text, self.received, unit, self.person)


@dataclass
class Ledger:
    """A whole file."""

    file: str
    sha256: str
    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class _Refused(Exception):  # noqa: N818 -- it ends one cell and no more
    def __init__(self, column: str, reason: Text) -> None:
        super().__init__(column)
        self.column, self.reason = column, reason


def read_ledger(name: str, content: bytes, headers: Mapping[str, str] | None = None) -> Ledger:
    """Read an old ledger.

    Args:
        headers: what a column holds (`COLUMNS`) -> the header it has in this file, where it is an unusual one.

    Raises:
        DeliveryError: it cannot be read, or has no column for title or text.
    """
    ledger = Ledger(name, hashlib.sha256(content).hexdigest())
    known = units_by_name()
    units = {unit.pk: unit for unit in Unit.objects.all()}
    found = False
    for sheet, lines in _sheets(name, content):
        places: dict[str, int] = {}
        for line, cells in lines:
            if not places:
                if line <= _SEARCHED:
                    places = _header(cells, headers or {})
                continue
            if not any(_text(cell) for cell in cells):
                continue
            found = True
            if len(ledger.rows) + len(ledger.rejected) >= _MOST_ROWS:
                raise DeliveryError(
                    Text(f"一次最多 {_MOST_ROWS} 行", f"at most {_MOST_ROWS} rows at a time"),
                    where=name,
                )
            reader = _Reader(name, sheet, line, cells, places)
            try:
                ledger.rows.append(reader.row(known, units))
            except _Refused as refused:
                ledger.rejected.append(
                    Rejected(name, sheet, line, reader.header(refused.column), refused.reason)
                )
        if places:
            found = True
    if not found:
        _no_header(name, headers or {})
    return ledger


def _no_header(name: str, headers: Mapping[str, str]) -> None:
    wanted = {column: headers.get(column) or COLUMNS[column][1][0] for column in _NEEDED}
    raise DeliveryError(
        Text(
            f"前 {_SEARCHED} 行里没有同时含“{wanted['title']}”和“{wanted['text']}”的表头",
            f"no header with '{wanted['title']}' and '{wanted['text']}' in the first {_SEARCHED} lines",
        ),
        where=name,
        hint=Text("在下面写明这两列在本表中的名称", "say below what these columns are called in this file"),
    )  # fmt: skip


def _header(cells: list[object], headers: Mapping[str, str]) -> dict[str, int]:
    names = [normal_name(_text(cell)) for cell in cells]
    places: dict[str, int] = {}
    for column, (_, usual) in COLUMNS.items():
        wanted = [headers[column]] if headers.get(column) else usual
        for each in wanted:
            if normal_name(each) in names and names.index(normal_name(each)) not in places.values():
                places[column] = names.index(normal_name(each))
                break
    return places if all(column in places for column in _NEEDED) else {}


@dataclass(frozen=True)
class _Reader:
    """One line on its way to a `Row`."""

    file: str
    sheet: str
    line: int
    cells: list[object]
    places: Mapping[str, int]

    def header(self, column: str) -> str:
        return COLUMNS[column][0].zh if column else ""

    def value(self, column: str) -> object:
        place = self.places.get(column)
        return self.cells[place] if place is not None and place < len(self.cells) else None

    def said(self, column: str) -> str:
        return _text(self.value(column))

    def row(self, known: Mapping[str, int], units: Mapping[int, Unit]) -> Row:
        title, text = self.said("title"), self.said("text")
        for column, said in (("title", title), ("text", text)):
            if not said:
                raise _Refused(column, Text("是空的", "it is empty"))
        if len(title) > 200:
            raise _Refused("title", Text("超过 200 字", "longer than 200 characters"))
        return Row(
            file=self.file, sheet=self.sheet, line=self.line, title=title, text=text,
            old_number=self.said("old_number"), received=self._day(), origin=self._origin(),
            unit=self._unit(known, units), person=self._person(), informant=self.said("informant"),
            way=self._way(),
        )  # fmt: skip

    def _day(self) -> str:
        value = self.value("received")
        if isinstance(value, datetime):
            return value.date().isoformat()
        if isinstance(value, date):
            return value.isoformat()
        said = _text(value)
        if not said:
            return ""
        plain = said.replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").replace(".", "-")  # fmt: skip
        try:
            year, month, day = (int(part) for part in plain.split("-"))
            return date(year, month, day).isoformat()
        except ValueError:
            raise _Refused(
                "received", Text("不是日期，应如 2024-06-30", "no date such as 2024-06-30")
            ) from None

    def _origin(self) -> Lead.Origin:
        said = self.said("origin")
        for word, origin in _ORIGINS.items():
            if word in said:
                return origin
        return Lead.Origin.LEDGER

    def _way(self) -> str:
        said = self.said("way")
        if not said:
            return ""
        if said not in _WAYS:
            raise _Refused(
                "way",
                Text(
                    f"不是四类处置方式之一：{'、'.join(_WAYS)}", "none of the four ways of disposal"
                ),
            )
        return str(_WAYS[said].value)

    def _unit(self, known: Mapping[str, int], units: Mapping[int, Unit]) -> Unit | None:
        said = self.said("unit")
        if not said:
            return None
        found = known.get(normal_name(said))
        if found is None:
            near = difflib.get_close_matches(normal_name(said), list(known), 1)
            like = units[known[near[0]]].name if near else ""
            raise _Refused(
                "unit",
                Text(f"没有单位“{said}”" + (f"，是不是“{like}”？" if like else ""),
                     f"no unit '{said}'" + (f", did you mean '{like}'?" if like else "")),
            )  # fmt: skip
        return units[found]

    def _person(self) -> str:
        value = self.value("person")
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise _Refused(
                "person",
                Text("号码被表格存成了数字，末几位已经失真，请改为文本",
                     "the spreadsheet holds it as a number, so its last digits are lost; make it text"),
            )  # fmt: skip
        said = _text(value)
        if not said:
            return ""
        try:
            return person_digest(citizen_number(said))
        except PlumblineError as error:
            raise _Refused("person", error.problem) from None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        value = value.date()
    return str(value).strip()


def _sheets(name: str, content: bytes) -> Iterator[tuple[str, Iterable[tuple[int, list[object]]]]]:
    if not content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        lines = csv.reader(io.StringIO(_decoded(name, content), newline=""))
        yield "", ((lines.line_num, list[object](row)) for row in lines)
        return
    if content.startswith(b"PK"):
        _must_unpack(name, content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for sheet in book.sheet_names:
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            yield sheet, enumerate((list[object](row) for row in rows), 1)
    except CalamineError as error:
        raise _unreadable(name) from error


def _must_unpack(name: str, content: bytes) -> None:
    """Refuse what unpacks to more than any ledger holds, before it fills the memory.

    Every part is unpacked and counted: what a package says of its own sizes may be a lie.

    Raises:
        DeliveryError: it is too large, or damaged.
    """
    left = _MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for part in package.infolist():
                before, row, column = b"", 0, 0
                with package.open(part) as opened:
                    while piece := opened.read(1 << 20):
                        left -= len(piece)
                        for cell in _CELL.finditer(before + piece):
                            row, column = max(row, int(cell[2])), max(column, _number_of(cell[1]))
                        # The reader lays out a sheet whole, with all that is empty before its last cell.
                        if left < 0 or row * column > _MOST_CELLS:
                            raise _too_large(name)
                        before = piece[-64:]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(name) from error


def _number_of(letters: bytes) -> int:
    """Of a column: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large(name: str) -> DeliveryError:
    return DeliveryError(
        Text("解开后大得不合常理，已拒绝", "it unpacks to an absurd size and was refused"), where=name,
        hint=Text("另存为 CSV 再导入", "save it as CSV and import that"),
    )  # fmt: skip


def _decoded(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable(name)


def _unreadable(name: str) -> DeliveryError:
    return DeliveryError(
        Text("不是可读的 XLSX、XLS 或 CSV", "no readable XLSX, XLS or CSV"),
        where=name,
        hint=Text("另存为 XLSX 再导入", "save it as XLSX and import that"),
    )
