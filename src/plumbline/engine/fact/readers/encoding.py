"""In which encoding a text file is written, and words for a line that is not.

A file is in one encoding, found from its byte order mark or from the lines that are not plain
ASCII. A single line that does not fit is reported, never read in another encoding by guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plumbline.errors import Text

_SAMPLE_BYTES = 1 << 19  # non-ASCII bytes looked at before deciding
_CHUNK_BYTES = 1 << 20

#: Two bytes of GB 2312, where nearly all characters of a Chinese text are found.
_GB_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_GB_FOUR = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_HIGH_BYTES = bytes(range(0x80, 0x100))
_LINE_ENDS = re.compile(rb"[\r\n]+")
#: Each byte as its part in UTF-8: "," ASCII, "3" begins a Chinese character, "8" goes on.
_PARTS = bytes(
    ord("," if b < 0x80 else "3" if 0xE3 <= b <= 0xE9 else "8" if b < 0xC0 else "~")
    for b in range(256)
)
_UTF_8_FIELD = re.compile(rb",(?:388)+,")


@dataclass(frozen=True)
class Encoding:
    """How to decode a file; `label` is what a person calls it, `sure` between 0 and 1."""

    codec: str
    label: str
    skip: int = 0  # bytes of the byte order mark
    sure: float = 1.0

    @property
    def remarks(self) -> tuple[Text, ...]:
        return (_WESTERN,) if self.codec == "cp1252" else ()


_WESTERN = Text(
    "文件既不是 UTF-8 也不像 GB18030，按 Windows-1252（西欧）读取，请核对带重音的字母",
    "the file is neither UTF-8 nor likely GB18030; it was read as Windows-1252 (Western European), "
    "so check the accented letters",
)

UTF_8 = Encoding("utf-8", "UTF-8")
GB18030 = Encoding("gb18030", "GB18030")
WINDOWS_1252 = Encoding("cp1252", "Windows-1252", sure=0.6)

_MARKS = (
    (b"\xef\xbb\xbf", Encoding("utf-8", "UTF-8", 3)),
    (b"\xff\xfe", Encoding("utf-16-le", "UTF-16 LE", 2)),
    (b"\xfe\xff", Encoding("utf-16-be", "UTF-16 BE", 2)),
)


def detect(path: Path) -> Encoding:
    """The encoding of the text file at `path`."""
    with path.open("rb") as file:
        head = file.read(_CHUNK_BYTES)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return _utf_16_without_mark(head[:65536]) or _by_lines(path)


def is_utf_16(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or _utf_16_without_mark(head) is not None


def _utf_16_without_mark(head: bytes) -> Encoding | None:
    """UTF-16 shows in zero bytes that all stand at even, or all at odd, places."""
    zeros = head.count(0)
    if zeros < max(2, len(head) // 50):
        return None
    even = head[::2].count(0)
    if even >= 0.95 * zeros:
        return Encoding("utf-16-be", "UTF-16 BE", sure=0.9)
    if even <= 0.05 * zeros:
        return Encoding("utf-16-le", "UTF-16 LE", sure=0.9)
    return None


def _by_lines(path: Path) -> Encoding:
    utf_8 = gb = other = 0
    high = paired = 0
    for line in _lines_beyond_ascii(path):
        if _decodes(line, "utf-8"):
            utf_8 += 1
            continue
        runs = _HIGH.findall(line)
        high += sum(map(len, runs))
        paired += sum(2 * len(_GB_PAIR.findall(run)) for run in runs)
        paired += 2 * len(_GB_FOUR.findall(line))
        if _decodes(line, "gb18030"):
            gb += 1
        else:
            other += 1
    total = utf_8 + gb + other
    if not total:
        return UTF_8
    if utf_8 >= gb + other:
        return Encoding("utf-8", "UTF-8", sure=utf_8 / total)
    if paired < high / 2:  # lone accented letters among ASCII, not pairs
        return WINDOWS_1252
    return Encoding("gb18030", "GB18030", sure=gb / total)


def _lines_beyond_ascii(path: Path) -> Iterator[bytes]:
    """The lines that hold more than ASCII, from the whole file until there are enough."""
    seen, carry = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if not carry and chunk.isascii():
                # a character cannot be cut: ASCII bytes at the end of a line or not
                continue
            *lines, carry = _LINE_ENDS.split(carry + chunk)
            for line in lines:
                if not line.isascii():
                    seen += len(line)
                    yield line
            if seen > _SAMPLE_BYTES:
                return
            if len(carry) > _CHUNK_BYTES:  # one endless line: judge by its parts
                whole = carry.rstrip(_HIGH_BYTES)
                if not whole.isascii():
                    seen += len(whole)
                    yield whole
                carry = carry[len(whole) :]
    if carry:
        yield carry


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def looks_mixed(data: bytes, encoding: Encoding) -> bool:
    """Whether a GB18030 text holds a line that is far likelier UTF-8.

    That is a line which is valid UTF-8 as a whole and has a field that is nothing but Chinese in
    it; in GB18030 this hardly ever happens by chance.
    """
    if encoding.codec != "gb18030":
        return False
    parts = b"," + data.translate(_PARTS) + b","
    at = -1
    while (at := parts.find(b",388", at + 1)) >= 0:
        if _UTF_8_FIELD.match(parts, at) and _decodes(_line_around(data, at), "utf-8"):
            return True
    return False


def _line_around(data: bytes, at: int) -> bytes:
    start = data.rfind(b"\n", 0, at) + 1
    start = max(start, data.rfind(b"\r", start, at) + 1)
    end = _LINE_ENDS.search(data, at)
    return data[start : end.start() if end else len(data)]


def misfit_reason(line: bytes, encoding: Encoding) -> Text | None:
    """Why `line` cannot be read in the file's encoding, or None where it can."""
    if b"\0" in line:
        return Text(
            "本行含有空字节（NUL），文件可能在传输或导出时损坏",
            "the line holds a NUL byte; the file may have been damaged in transfer or export",
        )
    if line.isascii():
        return None
    fits = _decodes(line, encoding.codec)
    if looks_mixed(line, encoding) or (not fits and _decodes(line, "utf-8")):
        return _in_another(encoding, "UTF-8")
    if not fits and encoding.codec == "utf-8" and _decodes(line, "gb18030"):
        return _in_another(encoding, "GB18030 (GBK)")
    if not fits:
        return Text(
            f"本行不是有效的 {encoding.label} 编码", f"the line is not valid {encoding.label}"
        )
    return None


def _in_another(encoding: Encoding, other: str) -> Text:
    return Text(
        f"文件是 {encoding.label} 编码，本行却不是，像是 {other} 编码",
        f"the file is {encoding.label} but this line is not; it looks like {other}",
    )
