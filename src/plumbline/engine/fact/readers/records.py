"""The careful way through delimited text: record by record, with the line each one starts on.

Used for the top of a file and for every block that the fast way (delimited.py) cannot prove
simple. What cannot be read costs its own lines and no others.
"""

from __future__ import annotations

import csv
import itertools
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
    texts, at = lines.texts, 0
    while at < len(texts):  # which grows where a record runs on into the next block
        base = at
        reader = csv.reader(lines.read_from(at), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                upto = base + reader.line_num
                if upto > at + 1 and lines.is_overrun(at, upto, cells, delimiter, width):
                    break
                reason = lines.reason(at, upto) if lines.reasons else None
                if reason is None:
                    yield Row(block.line + at, cells)
                else:
                    yield Misfit(block.line + at, lines.raw(at, upto), reason)
                at = lines.start = upto
            else:
                continue
        except (csv.Error, _UnclosedError):
            lenient = _leniently(texts[at], delimiter)
            if lenient is not None and at not in lines.reasons:
                yield Row(block.line + at, lenient)
                at += 1
                continue
        yield Misfit(block.line + at, lines.raw(at, at + 1), lines.reason(at, at + 1) or _UNCLOSED)
        at += 1


class _Lines:
    """The lines of a block, decoded one by one, for csv.reader; reading can begin at any of them.

    Attributes:
        reasons: by index, why a line cannot be used.
        start: where the record being read began; kept up to date by the reader of records.
    """

    def __init__(self, block: Block, blocks: Blocks, encoding: Encoding, limit: int) -> None:
        self._blocks, self._encoding, self._limit = blocks, encoding, limit
        self.texts: list[str] = []
        self.reasons: dict[int, Text] = {}
        self.start = 0
        self._add(block.data)

    def read_from(self, at: int) -> Iterator[str]:
        self.start = at
        return itertools.chain(itertools.islice(self.texts, at, None), self._beyond())

    def _beyond(self) -> Iterator[str]:
        """Further lines, for as long as a record is open."""
        index = len(self.texts)
        held = sum(map(len, self.texts[self.start : index]))
        while index > self.start:
            if index == len(self.texts) and not self._fetch():
                return
            held += len(self.texts[index])
            if held > self._limit:
                raise _UnclosedError
            index += 1
            yield self.texts[index - 1]

    def is_overrun(
        self, at: int, upto: int, cells: list[str], delimiter: str, width: int | None
    ) -> bool:
        """Whether a record of several lines is one only because its quote was never closed."""
        if sum(map(len, self.texts[at:upto])) > self._limit:
            return True
        if width is None or len(cells) == width:
            return False
        alone = _leniently(self.texts[at + 1], delimiter)  # a good row has gone in
        return alone is not None and len(alone) == width

    def reason(self, at: int, upto: int) -> Text | None:
        return next((self.reasons[i] for i in range(at, upto) if i in self.reasons), None)

    def raw(self, start: int, end: int) -> str:
        return "".join(self.texts[start:end]).rstrip("\r\n")

    def _fetch(self) -> bool:
        """Takes the next piece of the file for a record that is still open."""
        block = self._blocks.next()
        if block is None:
            return False
        if block.overlong:
            self._blocks.put_back(block)
            return False
        if self._blocks.cut(block):
            return self._fetch()
        self._add(block.data)
        return True

    def _add(self, data: bytes) -> None:
        raw = data.splitlines(keepends=True)
        if len(max(raw, key=len, default=b"")) <= self._limit and _clean(data, self._encoding):
            codec = self._encoding.codec
            codec = "utf-8" if codec.startswith("utf-16") else codec
            self.texts += [line.decode(codec) for line in raw]
            return
        for line in raw:
            if len(line) > self._limit:
                self.reasons[len(self.texts)] = too_long(self._limit)
                # without quotes, so that it ends where it ends
                self.texts.append(_shown(line, self._encoding).replace('"', "") + "\n")
                continue
            if reason := misfit_reason(line, _stored(self._encoding)):
                self.reasons[len(self.texts)] = reason
            self.texts.append(line.decode(_stored(self._encoding).codec, "replace"))


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
