"""Files that go with what comes after a warning: evidence, letters as they were sent, texts of rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from plumbline.errors import PlumblineError, Text
from plumbline.loop.closure.models import Attachment
from plumbline.org.models import User

#: No single file is larger: it is read into memory once, to be hashed.
LARGEST = 50 * 1024 * 1024

#: First bytes -> what such a file is. What a browser would run is not taken, whatever it is called.
_KINDS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),  # DOCX, XLSX, OFD and plain archives
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),  # DOC, XLS, WPS
)


class FileRefusedError(PlumblineError):
    """Not a file that is kept here."""


@dataclass(frozen=True)
class File:
    """A file as it was handed in."""

    name: str
    content: bytes


def kind_of(file: File) -> str:
    """MIME type by content; plain text where it is readable as that.

    Raises:
        FileRefusedError: empty, too large, or of a kind that is not kept.
    """
    if not file.content or len(file.content) > LARGEST:
        raise FileRefusedError(
            Text("文件是空的，或超过 50 MB", "the file is empty, or larger than 50 MB"),
            where=file.name,
        )
    for begins, kind in _KINDS:
        if file.content.startswith(begins):
            return kind
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or text.lstrip().startswith("<"):
        raise FileRefusedError(
            Text("不收这种文件", "files of this kind are not kept"),
            where=file.name,
            hint=Text(
                "可以交 PDF、Word、Excel、图片、压缩包、纯文本",
                "PDF, Word, Excel, pictures, archives and plain text are taken",
            ),
        )
    return "text/plain"


def keep(files: Iterable[File], *, by: User, at: datetime, **of: Any) -> list[str]:
    """Keep files with what they belong to, as part of the act that the trail tells of.

    Args:
        of: the one thing they belong to: `item`, `recommendation`, `rectification` or `mechanism`.

    Returns:
        Their digests, for the trail.
    """
    digests = []
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        Attachment.objects.create(
            by=by, at=at, name=file.name[-200:], kind=kind_of(file), size=len(file.content),
            file=ContentFile(file.content, name=f"{digest[:32]}"), sha256=digest, **of,
        )  # fmt: skip
        digests.append(digest)
    return digests
