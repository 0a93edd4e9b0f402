"""A text file in blocks of whole lines, whatever its size and however long a line is.

A line ends with LF, CR or CR LF, as editors and spreadsheets count. UTF-16 is turned into UTF-8
on the way, since its bytes cannot be cut at line ends; all other encodings stay as they are: in
GB18030 the bytes of LF, CR, quote and comma never occur inside a character.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from plumbline.engine.fact.readers.encoding import Encoding

BLOCK_BYTES = 4 << 20
PIECE_BYTES = 1 << 18  # what is read carefully at a time
LINE_BYTES = 1 << 20  # a longer line is no row of any table
HEAD_BYTES = 2_000  # of an overlong line, kept to show

LINE_END = re.compile(rb"\r\n|\n|\r")


class Block(NamedTuple):
    """Whole lines from `line` on; or the beginning of one overlong line."""

    line: int
    data: bytes
    overlong: bool = False


class Blocks:
    """The blocks of a file in order, from the one that holds `start` on.

    A block can be put back, which is how a quoted field that runs across blocks is read.
    """

    def __init__(
        self,
        path: Path,
        encoding: Encoding,
        *,
        start: int = 1,
        limit: int = LINE_BYTES,
        size: int = BLOCK_BYTES,
    ) -> None:
        self._blocks = _from(start, _cut(_chunks(path, encoding, size), limit))
        self._back: list[Block] = []

    def __iter__(self) -> Iterator[Block]:
        while block := self.next():
            yield block

    def next(self) -> Block | None:
        return self._back.pop() if self._back else next(self._blocks, None)

    def put_back(self, block: Block) -> None:
        self._back.append(block)

    def cut(self, block: Block) -> bool:
        """Puts a block back in small pieces; False where it is one already."""
        if block.overlong or len(block.data) <= PIECE_BYTES:
            return False
        pieces, line, at = [], block.line, 0
        while at < len(block.data):
            end = _line_end(block.data, at + PIECE_BYTES)
            pieces.append(Block(line, block.data[at:end]))
            line, at = line + count_lines(pieces[-1].data), end
        if len(pieces) == 1:
            return False
        self._back += reversed(pieces)
        return True


def _line_end(data: bytes, beyond: int) -> int:
    """The end of the line that `beyond` falls in."""
    found = LINE_END.search(data, beyond - 1)
    return found.end() if found else len(data)


def count_lines(data: bytes) -> int:
    """How many lines `data` has; the last need not be ended."""
    count = data.count(b"\n")
    if b"\r" in data:
        count += data.count(b"\r") - data.count(b"\r\n")
    return count + (bool(data) and data[-1] not in b"\r\n")


def _chunks(path: Path, encoding: Encoding, size: int) -> Iterator[bytes]:
    """The bytes of the file after its mark; no chunk ends between CR and LF."""
    decoder = None
    if encoding.codec.startswith("utf-16"):
        # a lone surrogate passes through and is refused later, with its line
        decoder = codecs.getincrementaldecoder(encoding.codec)("surrogatepass")
    held = b""
    with path.open("rb") as file:
        file.seek(encoding.skip)
        while chunk := file.read(size):
            if decoder:
                chunk = decoder.decode(chunk).encode("utf-8", "surrogatepass")
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            yield chunk[: len(chunk) - len(held)]
    if decoder and decoder.getstate()[0]:
        held += b"\xff"  # half a character at the very end: its line is refused
    if held:
        yield held


def _cut(chunks: Iterator[bytes], limit: int) -> Iterator[Block]:
    line, carry, head = 1, b"", b""
    for chunk in chunks:
        if head:  # inside an overlong line: look for its end only
            end = LINE_END.search(chunk)
            if end is None:
                continue
            yield Block(line, head, overlong=True)
            line, head, data = line + 1, b"", chunk[end.end() :]
        else:
            data = carry + chunk
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        carry = data[cut:]
        if cut:
            whole = data[:cut]
            yield Block(line, whole)
            line += count_lines(whole)
        if len(carry) > limit:
            head, carry = carry[:HEAD_BYTES], b""
    if head:
        yield Block(line, head, overlong=True)
    elif carry:
        yield Block(line, carry)


def _from(start: int, blocks: Iterator[Block]) -> Iterator[Block]:
    """`blocks` without the lines above `start`."""
    for block in blocks:
        above = start - block.line
        if above <= 0:
            yield block
            continue
        if block.overlong:
            continue
        ends = (end.end() for i, end in enumerate(LINE_END.finditer(block.data), 1) if i == above)
        if (at := next(ends, None)) and at < len(block.data):
            yield Block(start, block.data[at:])
