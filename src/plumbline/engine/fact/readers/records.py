"""The careful way through delimited text: record by record, with the line each one starts on.

Used for the top of a file and for every block that the fast way (delimited.py) cannot prove
simple. What cannot be read costs its own lines and no others.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from plumbline.engine.fact.readers.base import Misfit, Row
from plumbline.engine.fact.readers.blocks import HEAD_BYTES, LINE_BYTES, Block, Blocks
from plumbline.engine.fact.readers.encoding import Encoding, looks_mixed, misfit_reason
from plumbline.errors import Text

# Process-wide and only ever widened: a cell may be as long as the longest line.
csv.field_size_limit(max(csv.field_size_limit(), 4 * LINE_BYTES))

_UNCLOSED = Text(
    "本行有一个引号没有配对，之后各行已重新逐行读取",
    "a quote opened on this line is never closed; reading went on from the next line",
)
_MARK = "\x02\n"


class _UnclosedError(Exception):
    """A quoted field has run on for longer than any line may be."""


def too_long(limit: int) -> Text:
    size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return Text(
        f"本行超过 {size}，不是表格的一行；这里只显示开头",
        f"the line is longer than {size}, so it is no row of a table; only its beginning is shown",
    )


def records(
    blocks: Blocks, encoding: Encoding, delimiter: str, limit: int, width: int | None
) -> Iterator[Row | Misfit]:
    """All records of `blocks`; a record that `width` refuses is still returned as a Row."""
    for block in blocks:
        yield from records_of(block, blocks, encoding, delimiter, limit, width)


def records_of(
    block: Block, blocks: Blocks, encoding: Encoding, delimiter: str, limit: int, width: int | None
) -> Iterator[Row | Misfit]:
    """The records of one block, and of as much of the following as its last record needs."""
    if block.overlong:
        yield Misfit(block.line, _shown(block.data, encoding), too_long(limit))
        return
    lines = _Lines(block, blocks, encoding, limit)
    at, end = 0, lines.known  # records that start in a block fetched on the way are read as well
    while at < end:
        reader = csv.reader(lines.read_from(at), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                upto = lines.index
                swallows = (
                    width is not None
                    and upto > at + 1
                    and len(cells) != width
                    and _stands_alone(lines.text(at + 1), delimiter, width)
                )
                if swallows:
                    break  # the quote was never closed, and a good row has gone in
                reason = lines.bad
                if reason is None:
                    yield Row(block.line + at, cells)
                else:
                    yield Misfit(block.line + at, lines.raw(at, upto), reason)
                at = upto
                lines.read_on(at)
            else:
                end = lines.known
                continue
        except (csv.Error, _UnclosedError):
            lenient = _leniently(lines.text(at), delimiter)
            if lenient is not None and lines.reason(at) is None:
                yield Row(block.line + at, lenient)
                at, end = at + 1, lines.known
                continue
        reason = lines.reason(at) or _UNCLOSED
        yield Misfit(block.line + at, lines.raw(at, at + 1), reason)
        at, end = at + 1, lines.known


class _Lines:
    """The lines of a block, decoded one by one; an iterator for csv.reader that can be rewound."""

    def __init__(self, block: Block, blocks: Blocks, encoding: Encoding, limit: int) -> None:
        self._blocks, self._encoding, self._limit = blocks, encoding, limit
        self._texts: list[str] = []
        self._reasons: dict[int, Text] = {}
        self._add(block.data)
        self._start = self.index = self._pending = 0
        self.bad: Text | None = None  # why the record being read cannot be used

    @property
    def known(self) -> int:
        return len(self._texts)

    def read_from(self, at: int) -> Iterator[str]:
        self.index = at
        self.read_on(at)
        return self

    def read_on(self, at: int) -> None:
        """A record ended; the next one starts at `at`."""
        self._start, self._pending, self.bad = at, 0, None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.index >= len(self._texts) and (self.index == self._start or not self._fetch()):
            raise StopIteration
        if self.index > self._start:
            self._pending += len(self._texts[self.index])
            if self._pending > self._limit:
                raise _UnclosedError
        if self._reasons and self.bad is None:
            self.bad = self._reasons.get(self.index)
        self.index += 1
        return self._texts[self.index - 1]

    def text(self, at: int) -> str:
        return self._texts[at]

    def reason(self, at: int) -> Text | None:
        return self._reasons.get(at)

    def raw(self, start: int, end: int) -> str:
        return "".join(self._texts[start:end]).rstrip("\r\n")

    def _fetch(self) -> bool:
        """Takes the next block for a record that is still open."""
        block = self._blocks.next()
        if block is None:
            return False
        if block.overlong:
            self._blocks.put_back(block)
            return False
        self._add(block.data)
        return True

    def _add(self, data: bytes) -> None:
        raw = data.splitlines(keepends=True)
        if len(max(raw, key=len, default=b"")) <= self._limit and _clean(data, self._encoding):
            codec = self._encoding.codec
            codec = "utf-8" if codec.startswith("utf-16") else codec
            self._texts += [line.decode(codec) for line in raw]
            return
        for line in raw:
            if len(line) > self._limit:
                self._reasons[len(self._texts)] = too_long(self._limit)
                # without quotes, so that it ends where it ends
                self._texts.append(_shown(line, self._encoding).replace('"', "") + "\n")
                continue
            if reason := misfit_reason(line, _stored(self._encoding)):
                self._reasons[len(self._texts)] = reason
            self._texts.append(line.decode(_stored(self._encoding).codec, "replace"))


def _stored(encoding: Encoding) -> Encoding:
    """The encoding of the blocks: UTF-16 has become UTF-8 on the way."""
    if encoding.codec.startswith("utf-16"):
        return Encoding("utf-8", encoding.label)
    return encoding


def _clean(data: bytes, encoding: Encoding) -> bool:
    if b"\0" in data or looks_mixed(data, encoding):
        return False
    try:
        data.decode(_stored(encoding).codec)
    except UnicodeDecodeError:
        return False
    return True


def _shown(data: bytes, encoding: Encoding) -> str:
    text = data[:HEAD_BYTES].decode(_stored(encoding).codec, "replace")
    return text.rstrip("\ufffd\r\n") + "…"


def _leniently(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with a stray quote, or None where the quote is still open at its end."""
    reader = csv.reader(iter([line, _MARK]), delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def _stands_alone(line: str, delimiter: str, width: int) -> bool:
    cells = _leniently(line, delimiter)
    return cells is not None and len(cells) == width
