"""Files are kept by the hash of their content, and taken only if the content is what an office works with."""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from plumbline.errors import Text
from plumbline.loop.disposal.actions.holding import hold, refuse
from plumbline.loop.disposal.models import Disposal, Document, Request
from plumbline.loop.disposal.policy import must_answer
from plumbline.org.models import User
from plumbline.trail.actions import record

#: Largest file, in bytes.
MOST_BYTES = 50 * 1024 * 1024
_HEAD = 4096


def _office(marker: str) -> Callable[[BinaryIO], bool]:
    """Is it a package (OOXML, OFD) that holds this part?"""

    def is_package(file: BinaryIO) -> bool:
        try:
            with zipfile.ZipFile(file) as package:
                return any(name.startswith(marker) for name in package.namelist())
        except (zipfile.BadZipFile, OSError, ValueError):
            return False

    return is_package


def _is_text(file: BinaryIO) -> bool:
    """Plain text as offices write it: no control characters but tabs and line ends."""
    head = file.read(_HEAD)
    return bool(head) and not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)


def _begins(*marks: bytes) -> Callable[[BinaryIO], bool]:
    return lambda file: file.read(_HEAD).startswith(marks)


#: (MIME type, endings, is its content so?); the ending must fit the content, for whoever opens it trusts it.
KINDS: tuple[tuple[str, tuple[str, ...], Callable[[BinaryIO], bool]], ...] = (
    ("application/pdf", (".pdf",), _begins(b"%PDF-")),
    ("image/png", (".png",), _begins(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8\xff")),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",), _office("word/")),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",), _office("xl/")),
    ("application/ofd", (".ofd",), _office("OFD.xml")),
    ("application/vnd.ms-office", (".doc", ".xls", ".wps", ".et"), _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    ("text/plain", (".txt", ".csv"), _is_text),
)  # fmt: skip


@transaction.atomic
def attach(disposal: Disposal, name: str, file: BinaryIO, *, by: User, at: datetime) -> Document:
    """Put a file to a disposal.

    Raises:
        DisposalError: it is too large, empty, of a kind that is not taken, or there already.
    """
    hold(disposal, "attach", by=by, at=at)
    made = keep(disposal, name, file, by=by, at=at)
    record("disposal.attached", subject=f"disposal:{disposal.pk}", by=by, at=at, document=made.pk,
           sha256=made.sha256)  # fmt: skip
    return made


@transaction.atomic
def hand_in(request: Request, name: str, file: BinaryIO, *, by: User, at: datetime) -> Document:
    """Put a file to what is asked of one's unit, before it is answered."""
    held = must_answer(request, by=by, at=at)
    if request.answered_at is not None:
        raise refuse(request.disposal, "已经答复，不能再附文件", "it is answered; no more files")
    made = keep(request.disposal, name, file, by=by, at=at, request=request)
    record("request.attached", subject=f"request:{request.pk}", by=by, on_behalf=held.on_behalf, at=at,
           document=made.pk, sha256=made.sha256)  # fmt: skip
    return made


def keep(
    disposal: Disposal,
    name: str,
    file: BinaryIO,
    *,
    by: User,
    at: datetime,
    request: Request | None = None,
) -> Document:
    """Check, hash and store a file, as part of the act that the trail tells of.

    It lies under a name that says nothing; one whose row was refused is removed again.
    """
    plain = PurePath(name.replace("\\", "/")).name[-200:]
    kind = _kind(disposal, plain, file)
    size, digest = _read(disposal, file)
    if Document.objects.filter(disposal=disposal, sha256=digest).exists():
        raise refuse(disposal, "这份文件已经附过", "this file is there already")
    file.seek(0)
    ending = PurePath(plain).suffix.lower()
    stored = default_storage.save(
        f"disposal/{at:%Y/%m}/{secrets.token_hex(16)}{ending}", File(file, name=plain)
    )
    try:
        with transaction.atomic():
            return Document.objects.create(
                disposal=disposal, request=request, by=by, at=at, name=plain, kind=kind, size=size,
                file=stored, sha256=digest,
            )  # fmt: skip
    except BaseException:
        default_storage.delete(stored)
        raise


def _kind(disposal: Disposal, name: str, file: BinaryIO) -> str:
    ending = PurePath(name).suffix.lower()
    for kind, endings, is_so in KINDS:
        if ending in endings:
            file.seek(0)
            if is_so(file):
                return kind
    taken = "、".join(sorted(ending for _, endings, _ in KINDS for ending in endings))
    raise refuse(
        disposal, "这类文件不能附，或内容与扩展名不符", "files of this kind are not taken, or the content is another one",
        Text(f"可附：{taken}", f"taken are: {taken}"),
    )  # fmt: skip


def _read(disposal: Disposal, file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256, read in pieces."""
    file.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := file.read(1 << 20):
        size += len(piece)
        if size > MOST_BYTES:
            raise refuse(disposal, "文件超过 50 MB", "the file is larger than 50 MB")
        digest.update(piece)
    if not size:
        raise refuse(disposal, "文件是空的", "the file is empty")
    return size, digest.hexdigest()
