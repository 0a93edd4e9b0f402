"""What is kept as a file, and what is not, whatever it is called."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from plumbline.kit.filekind import kind_of


def package(part: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(part, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("一.PDF", b"%PDF-1.4", "application/pdf"),
        ("二.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("三.docx", package("word/document.xml"),
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("四.txt", "情况说明".encode("gb18030"), "text/plain"),
    ],
    ids=["pdf", "picture", "office", "text"],
)  # fmt: skip
def test_the_ending_and_the_content_say_the_same(name: str, content: bytes, kind: str) -> None:
    assert kind_of(name, BytesIO(content)) == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("一.pdf", b"<script>"), ("二.docx", package("xl/workbook.xml")), ("三.zip", package("a")),
        ("四.html", b"%PDF-1.4"), ("五.txt", b"\xef\xbb\xbf <svg onload=x>"), ("六.txt", b"MZ\x90\x00"),
        ("七.txt", b""), ("八", b"%PDF-1.4"),
    ],
    ids=["page", "another package", "archive", "ending of a page", "picture with script", "program", "empty", "no ending"],
)  # fmt: skip
def test_nothing_else_is_taken(name: str, content: bytes) -> None:
    assert kind_of(name, BytesIO(content)) is None
