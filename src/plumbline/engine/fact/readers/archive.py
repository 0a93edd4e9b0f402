"""ZIP archives: every member is read by the reader of its kind, through a temporary file.

Names are labels only and never become paths. A member with a password, a member that unpacks to
absurd size, or a damaged one stops the whole archive, since half a delivery is none.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.base import Sheet
from plumbline.errors import Text

MEMBERS = 10_000
TOTAL_BYTES = 64 << 30
RATIO = 250  # of a member larger than SMALL_BYTES
SMALL_BYTES = 256 << 20
DEPTH = 3  # archives within archives

_JUNK = {".ds_store", "thumbs.db", "desktop.ini"}
#: What is sent along with tables and is none; by its first bytes.
DOCUMENTS = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)

_OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_OFFICE_SUFFIXES = (".doc", ".docx", ".wps", ".ppt", ".pptx", ".dps", ".ofd")

OpenMember = Callable[[Path, str], Iterator[Sheet]]


def open_archive(path: Path, file: str, open_member: OpenMember) -> Iterator[Sheet]:
    """The sheets of all members, named "archive.zip/folder/member.csv"."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not _is_junk(m)]
            refuse_absurd(file, members)
            tables: list[tuple[zipfile.ZipInfo, str]] = []
            documents: list[tuple[zipfile.ZipInfo, str]] = []
            for member in members:
                label = f"{file}/{member_name(member)}"
                (documents if _is_document(archive, member, label) else tables).append(
                    (member, label)
                )
            if not tables:
                raise refusal.refusal(file, "压缩包里没有表格文件", "the archive holds no table")
            remarks = tuple(_set_aside(label) for _, label in documents)
            for member, label in tables:
                unpacked = _Unpacked(archive, member, label)
                for sheet in open_member(unpacked.path, label):
                    sheet.remarks = (*sheet.remarks, *remarks)
                    unpacked.keep_for(sheet)
                    yield sheet
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise refusal.damaged(file, type(error).__name__) from error


def member_name(member: zipfile.ZipInfo) -> str:
    """The member's name; older Windows tools write it in GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return member.filename


def refuse_absurd(file: str, members: list[zipfile.ZipInfo]) -> None:
    """Raises where unpacking would fill the disk."""
    absurd = next(
        (
            m
            for m in members
            if m.file_size > SMALL_BYTES and m.file_size > RATIO * max(m.compress_size, 1)
        ),
        None,
    )
    total = sum(m.file_size for m in members)
    if absurd or total > TOTAL_BYTES or len(members) > MEMBERS:
        raise refusal.refusal(
            file,
            f"压缩包解开后大得不合常理（{len(members)} 个文件，共 {total >> 20} MiB），已拒绝",
            f"the archive would unpack to an absurd size "
            f"({len(members)} files, {total >> 20} MiB) and was refused",
            Text(
                "核对来源；确有这么大的，请拆成几份发送",
                "check where it comes from; if it is genuine, ask for it in parts",
            ),
        )


class _Unpacked:
    """One member in a temporary folder, which goes when the last sheet read from it goes."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str) -> None:
        folder = tempfile.mkdtemp(prefix="plumbline-")
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder, "member")
        try:
            with _opened(archive, member, label) as source, self.path.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise refusal.damaged(label, type(error).__name__) from error

    def keep_for(self, sheet: Sheet) -> None:
        vars(sheet)["_unpacked"] = self


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str) -> IO[bytes]:
    if member.flag_bits & 0x1:
        raise refusal.encrypted(label)
    try:
        opened = archive.open(member)
    except NotImplementedError as error:
        raise refusal.refusal(
            label,
            "压缩方式不受支持",
            "the compression method is not supported",
            Text("请报送单位改用普通 ZIP 压缩", "ask the department for an ordinary ZIP file"),
        ) from error
    return opened


def _is_junk(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename)
    return (
        member.is_dir()
        or "__MACOSX" in name.parts
        or name.name.lower() in _JUNK
        or name.name.startswith("~$")
    )


def _is_document(archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str) -> bool:
    if member.file_size == 0:
        return False
    with _opened(archive, member, label) as opened:
        head = opened.read(8)
    if any(head.startswith(magic) for magic, _ in DOCUMENTS):
        return True
    return head.startswith(_OFFICE) and label.lower().endswith(_OFFICE_SUFFIXES)


def _set_aside(label: str) -> Text:
    return Text(f"附件不是表格，未读取：{label}", f"not a table, not read: {label}")
