"""Which files are kept: by ending and by content, and only what an office works with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO

from plumbline.errors import Text

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
    marked_up = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")  # what a browser might run
    odd = any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
    return bool(head) and not marked_up and not odd


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

ENDINGS = tuple(sorted(ending for _, endings, _ in KINDS for ending in endings))
TAKEN = Text(f"可附：{'、'.join(ENDINGS)}", f"taken are: {', '.join(ENDINGS)}")


def kind_of(name: str, file: BinaryIO) -> str | None:
    """MIME type of a file whose content is what its ending says; None where it is not taken."""
    ending = PurePath(name).suffix.lower()
    for kind, endings, is_so in KINDS:
        if ending in endings:
            file.seek(0)
            if is_so(file):
                return kind
    return None
