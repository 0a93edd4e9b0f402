"""Readers of every kind of file that departments send; `open_sheets` is the way in.

What a file is, is decided by its content. Its extension is only compared, and remarked upon.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from plumbline.engine.fact.dataset import Source
from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.archive import DEPTH, DOCUMENTS, open_archive
from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.readers.database import open_database
from plumbline.engine.fact.readers.delimited import open_delimited
from plumbline.engine.fact.readers.encoding import is_utf_16
from plumbline.engine.fact.readers.ftm import is_ftm, open_ftm
from plumbline.engine.fact.readers.jsons import open_json
from plumbline.engine.fact.readers.markup import open_html, open_spreadsheet_xml
from plumbline.engine.fact.readers.ocds import is_ocds, open_ocds
from plumbline.engine.fact.readers.parquet import open_parquet
from plumbline.engine.fact.readers.workbook import open_old_workbook, open_workbook
from plumbline.errors import Text

__all__ = ["READERS", "Found", "Reader", "open_database", "open_sheets"]

_HEAD_BYTES = 65_536
_UNREADABLE = (
    *DOCUMENTS,
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"{\\rtf", "RTF"),
)
_JSON = re.compile(rb'[\s\xef\xbb\xbf]*(?:\{\s*["}]|\[\s*[\[{\]])')
_TEXT_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x19\x1b-\x1f]")


class Found(NamedTuple):
    """A file to be read: where it is, what it is called, and its first bytes."""

    path: Path
    file: str  # name within the delivery
    head: bytes
    source: Source
    depth: int  # how many archives it lies in

    @property
    def start(self) -> bytes:
        """The first characters, lower case, UTF-16 or not."""
        return self.head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()


class Reader(NamedTuple):
    """One kind of file: how it is recognised and how its sheets are opened."""

    kind: str
    suffixes: tuple[str, ...]  # extensions that a file of this kind rightly has
    recognises: Callable[[Found], bool]
    open: Callable[[Found], Iterator[Sheet]]


def _is_old_workbook(found: Found) -> bool:
    # Excel 2 to 4 wrote BIFF without the OLE file around it
    return found.head.startswith(
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
    )


def _is_workbook(found: Found) -> bool:
    names = _members(found)
    return any(name.startswith("xl/") for name in names) or (
        "content.xml" in names and b"opendocument.spreadsheet" in found.head
    )


def _is_archive(found: Found) -> bool:
    return bool(_members(found))


def _members(found: Found) -> list[str]:
    if not found.head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return []
    try:
        with zipfile.ZipFile(found.path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise refusal.damaged(found.file, error) from error
    if not names:
        raise refusal.empty(found.file)
    return names


def _open_archive(found: Found) -> Iterator[Sheet]:
    names = _members(found)
    for part, zh, en in (
        ("word/document.xml", "Word 文档", "a Word document"),
        ("ppt/presentation.xml", "PowerPoint 演示文稿", "a PowerPoint presentation"),
    ):
        if part in names:
            raise refusal.refusal(
                found.file, f"这是{zh}，不是表格", f"this is {en}, not a table", _AS_TABLE
            )
    if found.depth >= DEPTH:
        raise refusal.refusal(
            found.file,
            "压缩包套得太深",
            "archives are nested too deeply",
            Text("请报送单位直接压缩表格文件", "ask for the tables in one plain archive"),
        )
    member = partial(_open, source=found.source, depth=found.depth + 1)
    return open_archive(found.path, found.file, member)


def _is_spreadsheet_xml(found: Found) -> bool:
    start = found.start
    return start.startswith((b"<?xml", b"<workbook")) and (
        b"urn:schemas-microsoft-com:office:spreadsheet" in start
    )


def _is_html(found: Found) -> bool:
    start = found.start
    return (
        start.startswith(b"<")
        and re.search(rb"<(?:!doctype html|html|table|body|meta)", start) is not None
    )


def _is_json(found: Found) -> bool:
    return _JSON.match(found.head.replace(b"\0", b"").removeprefix(b"\xff\xfe")) is not None


_AS_TABLE = Text(
    "请报送单位改用 Excel 或 CSV 文件发送", "ask the department for a spreadsheet or CSV"
)


def _is_unreadable(found: Found) -> bool:
    if any(found.head.startswith(magic) for magic, _ in _UNREADABLE):
        return True
    controls = len(_TEXT_CONTROLS.findall(found.head))
    return controls > len(found.head) // 20 and not is_utf_16(found.head)


def _refuse(found: Found) -> Iterator[Sheet]:
    kind = next((kind for magic, kind in _UNREADABLE if found.head.startswith(magic)), "?")
    raise refusal.refusal(
        found.file,
        f"这种文件（{kind}）不能作为表格读取",
        f"this kind of file ({kind}) cannot be read as a table",
        Text(
            "请报送单位改用 Excel、CSV、JSON 或 Parquet 文件，可以放在 ZIP 压缩包里",
            "ask the department for Excel, CSV, JSON or Parquet, in a ZIP archive if need be",
        ),
    )


READERS: tuple[Reader, ...] = (
    Reader(
        "xls",
        (".xls", ".et", ".xlt", ".ett"),
        _is_old_workbook,
        lambda f: open_old_workbook(f.path, f.file),
    ),
    Reader(
        "xlsx",
        (".xlsx", ".xlsm", ".xltx", ".xlsb", ".ods"),
        _is_workbook,
        lambda f: open_workbook(f.path, f.file),
    ),
    Reader("zip", (".zip",), _is_archive, _open_archive),
    Reader(
        "parquet",
        (".parquet", ".pq"),
        lambda f: f.head.startswith(b"PAR1"),
        lambda f: open_parquet(f.path, f.file),
    ),
    Reader(
        "xml",
        (".xml",),
        _is_spreadsheet_xml,
        lambda f: open_spreadsheet_xml(f.path, f.file),
    ),
    Reader("html", (".html", ".htm"), _is_html, lambda f: open_html(f.path, f.file)),
    Reader(
        "ocds",
        (".json", ".jsonl", ".ndjson"),
        lambda f: _is_json(f) and is_ocds(f.path),
        lambda f: open_ocds(f.path, f.file, f.source.table),
    ),
    Reader(
        "ftm",
        (".json", ".jsonl", ".ndjson", ".ijson"),
        lambda f: _is_json(f) and is_ftm(f.path),
        lambda f: open_ftm(f.path, f.file, f.source.table),
    ),
    Reader(
        "json",
        (".json", ".jsonl", ".ndjson", ".geojson"),
        _is_json,
        lambda f: open_json(f.path, f.file),
    ),
    Reader("", (), _is_unreadable, _refuse),
    Reader(
        "csv",
        (".csv", ".tsv", ".txt", ".tab", ".dat", ".asc"),
        lambda f: True,
        lambda f: open_delimited(f.path, f.file, f.source.delimiter),
    ),
)


def open_sheets(path: Path, source: Source | None = None) -> Iterator[Sheet]:
    """The sheets of the file at `path`, or only those that `source` names.

    A sheet may be read for as long as it is held, also after the iterator has moved on.

    Raises:
        DeliveryError: the file, or a member of an archive, cannot be read at all.
    """
    return _open(path, path.name, source=source or Source(), depth=0)


def _open(path: Path, file: str, *, source: Source, depth: int) -> Iterator[Sheet]:
    with path.open("rb") as opened:
        found = Found(path, file, opened.read(_HEAD_BYTES), source, depth)
    if not found.head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise refusal.empty(file)
    reader = next(reader for reader in READERS if reader.recognises(found))
    remark = _misnamed(found, reader)
    for sheet in reader.open(found):
        if source.sheets is not None and sheet.name not in source.sheets:
            continue
        if remark:
            sheet.remarks = (remark, *sheet.remarks)
        yield sheet


def _misnamed(found: Found, reader: Reader) -> Text | None:
    suffix = Path(found.file).suffix.lower()
    known = {known for reader in READERS for known in reader.suffixes}
    if suffix in reader.suffixes or suffix not in known:
        return None
    kind = reader.kind.upper()
    return Text(
        f"扩展名是 {suffix}，内容却是 {kind}，已按内容读取",
        f"the extension says {suffix} but the content is {kind}; it was read by its content",
    )
