"""XLSX, XLSB and ODS through python-calamine; XLS and WPS .et (XLS inside) through xlrd.

Calamine would read XLS faster but turns its error cells (#N/A) into empty ones without a word,
and an XLS sheet has at most 65,536 rows.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree as ET

import python_calamine as calamine
import xlrd  # type: ignore[import-untyped]

from plumbline.engine.fact.readers import ooxml, refusal
from plumbline.engine.fact.readers.archive import refuse_absurd
from plumbline.engine.fact.readers.base import Merge, Sheet
from plumbline.engine.fact.readers.grid import Grid
from plumbline.engine.fact.readers.values import cell_text, number_text
from plumbline.errors import DeliveryError, Text

#: A sheet with more cells, filled or not, is streamed by openpyxl: slower, in little memory.
DENSE_CELLS = 20_000_000

_OLE_STREAMS = {  # names in the directory of an OLE file, and what the file then is
    "EncryptedPackage": None,
    "WordDocument": Text("Word 文档", "a Word document"),
    "PowerPoint Document": Text("PowerPoint 演示文稿", "a PowerPoint presentation"),
}


def open_workbook(path: Path, file: str) -> Iterator[Sheet]:
    """The sheets of an XLSX, XLSB or ODS workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_absurd(file, archive.infolist())
            parts = _parts(archive)
        with path.open("rb") as opened:  # from_path would go by the extension
            book = calamine.CalamineWorkbook.from_filelike(opened)
    except calamine.PasswordError as error:
        raise refusal.encrypted(file) from error
    except (zipfile.BadZipFile, KeyError, ET.ParseError, OSError, EOFError) as error:
        raise refusal.damaged(file, type(error).__name__) from error
    except calamine.CalamineError as error:
        raise refusal.damaged(file, error) from error
    except BaseException as error:  # a panic inside calamine is no Exception
        if _is_panic(error):
            raise refusal.damaged(file, "unexpected content") from error
        raise
    sheets = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    if not sheets:
        raise no_sheets(file)
    for meta in sheets:
        yield _sheet(path, file, book, meta, parts.get(meta.name))


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    names = set(archive.namelist())
    return ooxml.sheet_parts(archive) if "xl/workbook.xml" in names else {}


def _sheet(
    path: Path,
    file: str,
    book: calamine.CalamineWorkbook,
    meta: calamine.SheetMetadata,
    part: str | None,
) -> Grid:
    cells = _Cells(path, file, book, meta.name, part)
    remarks = []
    if meta.visible != calamine.SheetVisibleEnum.Visible:
        remarks.append(_hidden(meta.name))
    if Path(file).suffix.lower() == ".xlsb":
        remarks.append(
            Text(
                "XLSB 工作簿中的错误值（如 #N/A）读作空格；请另存为 XLSX 以保留",
                "error cells (such as #N/A) of an XLSB workbook are read as empty; "
                "save it as XLSX to keep them",
            )
        )
    return Grid(file, meta.name, cells.load, cells.merges, remarks)


class _Cells:
    """The cells of one sheet; read from the file when first asked for, then kept."""

    def __init__(
        self,
        path: Path,
        file: str,
        book: calamine.CalamineWorkbook,
        name: str,
        part: str | None,
    ) -> None:
        self._path, self._file, self._book, self._name = path, file, book, name
        self._inside = ooxml.Inside()
        if part:
            try:
                with zipfile.ZipFile(path) as archive, archive.open(part) as xml:
                    self._inside = ooxml.look_inside(xml)
            except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
                raise refusal.damaged(file, type(error).__name__) from error
        self._streamed = self._inside.lines * self._inside.width > DENSE_CELLS

    @cached_property
    def _sheet(self) -> calamine.CalamineSheet:
        try:
            return self._book.get_sheet_by_name(self._name)
        except calamine.CalamineError as error:
            raise refusal.damaged(self._file, error) from error
        except BaseException as error:
            if _is_panic(error):
                raise refusal.damaged(self._file, "unexpected content") from error
            raise

    @property
    def merges(self) -> list[Merge]:
        if self._inside.lines:
            return self._inside.merges
        ranges = self._sheet.merged_cell_ranges or []
        return [Merge(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges]

    def load(self) -> Iterable[list[str]]:
        if self._streamed:
            return self._stream()
        rows = ([v if type(v) is str else cell_text(v) for v in r] for r in self._sheet.iter_rows())
        return self._with_errors(rows) if self._inside.errors else rows

    def _with_errors(self, rows: Iterable[list[str]]) -> Iterator[list[str]]:
        errors: dict[int, list[tuple[int, str]]] = {}
        for (line, column), text in self._inside.errors.items():
            errors.setdefault(line, []).append((column, text))
        line = 0
        for line, cells in enumerate(rows, 1):
            yield _overlaid(cells, errors.pop(line, ()))
        for beyond in range(line + 1, max(errors, default=0) + 1):
            yield _overlaid([], errors.pop(beyond, ()))

    def _stream(self) -> Iterator[list[str]]:
        import openpyxl  # type: ignore[import-untyped]  # noqa: PLC0415 -- few sheets are so large

        book = openpyxl.load_workbook(self._path, read_only=True, data_only=True)
        try:
            sheet = book[self._name]
            sheet.reset_dimensions()  # rows end at their own last cell
            for row in sheet.iter_rows(values_only=True):
                yield [cell_text(value) for value in row]
        finally:
            book.close()


def _overlaid(cells: list[str], errors: Iterable[tuple[int, str]]) -> list[str]:
    for column, text in errors:
        cells += [""] * (column + 1 - len(cells))
        cells[column] = text
    return cells


def open_old_workbook(path: Path, file: str) -> Iterator[Sheet]:
    """The sheets of an XLS workbook (BIFF), which is also what a WPS .et file is."""
    refuse_other_ole(path, file)
    book, remarks = _open_biff(path, file)
    if not book.nsheets:
        raise no_sheets(file)
    for sheet in book.sheets():
        merges = [
            Merge(top + 1, left, bottom, right - 1)
            for top, bottom, left, right in sheet.merged_cells
        ]
        hidden = [_hidden(sheet.name)] if sheet.visibility else []
        yield Grid(file, sheet.name, _BiffCells(sheet, book.datemode), merges, remarks + hidden)


def _open_biff(path: Path, file: str) -> tuple[xlrd.Book, list[Text]]:
    def load(*, lenient: bool) -> xlrd.Book:
        return xlrd.open_workbook(
            path, logfile=io.StringIO(), formatting_info=True, ignore_workbook_corruption=lenient
        )

    try:
        try:
            return load(lenient=False), []
        except xlrd.compdoc.CompDocError:
            remark = Text(
                "工作簿内部结构不规范，已尽量读取，请核对行数",
                "the workbook's inner structure is irregular; it was read as far as possible, "
                "so check the number of rows",
            )
            return load(lenient=True), [remark]
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise refusal.encrypted(file) from error
        raise refusal.damaged(file, error) from error
    except Exception as error:  # xlrd meets garbage with whatever Python raises there
        raise refusal.damaged(file, type(error).__name__) from error


class _BiffCells:
    def __init__(self, sheet: xlrd.sheet.Sheet, datemode: int) -> None:
        self._sheet, self._datemode = sheet, datemode

    def __call__(self) -> Iterator[list[str]]:
        for row in range(self._sheet.nrows):
            kinds, values = self._sheet.row_types(row), self._sheet.row_values(row)
            yield [
                value if kind == xlrd.XL_CELL_TEXT else self._text(kind, value)
                for kind, value in zip(kinds, values, strict=True)
            ]

    def _text(self, kind: int, value: float) -> str:
        if kind == xlrd.XL_CELL_NUMBER:
            return number_text(value)
        if kind == xlrd.XL_CELL_DATE:
            try:
                moment = xlrd.xldate.xldate_as_datetime(value, self._datemode)
            except (ValueError, OverflowError):
                return number_text(value)
            return cell_text(moment.time() if 0 <= value < 1 else moment)
        if kind == xlrd.XL_CELL_BOOLEAN:
            return cell_text(bool(value))
        if kind == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(int(value), f"#ERR{value}"))
        return ""


def refuse_other_ole(path: Path, file: str) -> None:
    """Raises where an OLE file is not a readable workbook, saying what it is."""
    data = path.read_bytes()
    for stream, what in _OLE_STREAMS.items():
        if stream.encode("utf-16-le") + b"\0\0" in data:
            if what is None:
                raise refusal.encrypted(file)
            raise refusal.refusal(
                file,
                f"这是{what.zh}，不是表格",
                f"this is {what.en}, not a table",
                Text("请报送单位改用表格文件发送", "ask the department for a spreadsheet or CSV"),
            )


def no_sheets(file: str) -> DeliveryError:
    return refusal.refusal(file, "工作簿里没有工作表", "the workbook has no worksheet")


def _hidden(name: str) -> Text:
    return Text(f"工作表“{name}”是隐藏的", f"the sheet '{name}' is hidden")


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"
