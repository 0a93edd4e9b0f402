"""Readers of every kind of file that departments send; `open_sheets` is the way in.

What a file is, is decided by its content. Its extension is only compared, and remarked upon.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.readers.delimited import open_delimited
from plumbline.engine.fact.readers.workbook import open_old_workbook, open_workbook
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.engine.fact.dataset import Source

__all__ = ["READERS", "Found", "Reader", "open_sheets"]

_HEAD_BYTES = 65_536


class Found(NamedTuple):
    """A file to be read: where it is, what it is called, and its first bytes."""

    path: Path
    file: str  # name within the delivery
    head: bytes


class Reader(NamedTuple):
    """One kind of file: how it is recognised and how its sheets are opened."""

    kind: str
    suffixes: tuple[str, ...]  # extensions that a file of this kind rightly has
    recognises: Callable[[Found], bool]
    open: Callable[[Found, Source | None], Iterator[Sheet]]


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


def _members(found: Found) -> list[str]:
    if not found.head.startswith(b"PK\x03\x04"):
        return []
    try:
        with zipfile.ZipFile(found.path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise refusal.damaged(found.file, error) from error


READERS: tuple[Reader, ...] = (
    Reader(
        "xls",
        (".xls", ".et", ".xlt", ".ett"),
        _is_old_workbook,
        lambda found, _: open_old_workbook(found.path, found.file),
    ),
    Reader(
        "xlsx",
        (".xlsx", ".xlsm", ".xltx", ".xlsb", ".ods"),
        _is_workbook,
        lambda found, _: open_workbook(found.path, found.file),
    ),
    Reader(
        "csv",
        (".csv", ".tsv", ".txt", ".tab", ".dat", ".asc"),
        lambda found: True,
        lambda found, source: open_delimited(
            found.path, found.file, source.delimiter if source else None
        ),
    ),
)


def open_sheets(
    path: Path, source: Source | None = None, *, file: str | None = None
) -> Iterator[Sheet]:
    """The sheets of the file at `path`, which is called `file` in the delivery.

    Only the sheets that `source` names, where it names any. A sheet may be read for as long as it
    is held, also after the iterator has moved on.

    Raises:
        DeliveryError: the file cannot be read at all.
    """
    with path.open("rb") as opened:
        found = Found(path, file or path.name, opened.read(_HEAD_BYTES))
    if not found.head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise refusal.empty(found.file)
    reader = next(reader for reader in READERS if reader.recognises(found))
    remark = _misnamed(found, reader)
    for sheet in reader.open(found, source):
        if source and source.sheets is not None and sheet.name not in source.sheets:
            continue
        if remark:
            sheet.remarks = (remark, *sheet.remarks)
        yield sheet


def _misnamed(found: Found, reader: Reader) -> Text | None:
    suffix = Path(found.file).suffix.lower()
    known = {known for reader in READERS for known in reader.suffixes}
    if suffix in reader.suffixes or suffix not in known:
        return None
    return Text(
        f"扩展名是 {suffix}，内容却是 {reader.kind.upper()}，已按内容读取",
        f"the extension says {suffix} but the content is {reader.kind.upper()}; read by content",
    )
