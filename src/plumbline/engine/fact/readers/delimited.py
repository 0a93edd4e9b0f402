"""CSV and its kin: found out by content, read block by block at the speed of pyarrow.

A block is read fast only where that is proven to give the same as reading it carefully: every
physical line is one record, the last quote is closed, no byte is out of place.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from plumbline.engine.fact.readers.base import Batch, Merge, Misfit, Row, Sheet
from plumbline.engine.fact.readers.blocks import LINE_BYTES, LINE_END, Block, Blocks, count_lines
from plumbline.engine.fact.readers.columns import fit, gather, merged, slices, too_few, too_many
from plumbline.engine.fact.readers.encoding import Encoding, detect, looks_mixed
from plumbline.engine.fact.readers.records import records, records_of
from plumbline.errors import DeclarationError, Text

DELIMITERS = (",", "\t", ";", "|")
_NAMED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}

_SNIFF_ROWS = 200
_MISFITS_PER_BLOCK = 1_000  # more, and the careful way is as fast
_MARK = "\x02"  # the first cell of a line put behind a block, to see the last quote closed


def open_delimited(path: Path, file: str, declared: str | None) -> Iterator[Sheet]:
    """The one sheet of a text file, cut at the declared delimiter or at the one it seems to use."""
    encoding = detect(path)
    delimiter = _declared(declared) if declared else _sniff(path, encoding)
    yield Delimited(path, file, encoding, delimiter)


class Delimited:
    """One delimited text file."""

    name = ""
    merges: Sequence[Merge] = ()

    def __init__(
        self,
        path: Path,
        file: str,
        encoding: Encoding,
        delimiter: str,
        *,
        line_limit: int = LINE_BYTES,
    ) -> None:
        self.path, self.file = path, file
        self.encoding, self.delimiter = encoding, delimiter
        self.line_limit = line_limit
        self.remarks: Sequence[Text] = encoding.remarks

    def rows(self) -> Iterator[Row]:
        """All rows; a line that cannot be read is a row of one cell."""
        for record in self._records(1, None):
            if isinstance(record, Misfit):
                yield Row(record.line, [record.text])
            elif any(record.cells):
                yield record

    def batches(self, after: int, width: int) -> Iterator[Batch]:
        start, physical = self._below(after, width)
        if start is None:
            return iter(())
        return merged(self._pieces(start, width, physical))

    def _pieces(self, start: int, width: int, physical: int) -> Iterator[Batch]:
        """Whole blocks, as far as they are simple; the others in pieces, each as it can be read."""
        blocks = self._blocks(start)
        fast = _Fast(self.encoding, self.delimiter, width, physical, self.line_limit)
        for block in blocks:
            read = fast.read(block)
            if read is None:
                if blocks.cut(block):
                    continue
                found = records_of(
                    block, blocks, self.encoding, self.delimiter, self.line_limit, width
                )
                read = gather((_fit(record, width) for record in found), width)
            yield from read

    def _below(self, after: int, width: int) -> tuple[int | None, int]:
        """The line of the first record below `after`, and how many cells its rows really have."""
        below = (r for r in self._records(1, width) if r.line > after)
        sample = list(itertools.islice(below, 50))
        if not sample:
            return None, width
        counts = Counter(len(r.cells) for r in sample if isinstance(r, Row) and r.cells)
        usual = counts.most_common(1)[0][0] if counts else width
        return sample[0].line, max(usual, width)

    def _blocks(self, start: int) -> Blocks:
        return Blocks(self.path, self.encoding, start=start, limit=self.line_limit)

    def _records(self, start: int, width: int | None) -> Iterator[Row | Misfit]:
        blocks = self._blocks(start)
        return records(blocks, self.encoding, self.delimiter, self.line_limit, width)


def _fit(record: Row | Misfit, width: int) -> Row | Misfit | None:
    return record if isinstance(record, Misfit) else fit(record, width, pad=False)


class _NotSimpleError(Exception):
    """The block has to be read carefully."""


class _Fast:
    """Reads blocks that are provably simple; `read` returns None for any other."""

    def __init__(
        self, encoding: Encoding, delimiter: str, width: int, physical: int, limit: int
    ) -> None:
        self._encoding, self._limit = encoding, limit
        self._transcode = encoding.codec not in ("utf-8", "utf-16-le", "utf-16-be")
        self._delimiter, self._width, self._physical = delimiter, width, physical
        names = [str(i) for i in range(physical)]
        self._names = names
        self._convert = arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,  # done for the block as a whole
        )
        self._mark = (_MARK + delimiter * (physical - 1) + "\n").encode()

    def read(self, block: Block) -> Iterator[Batch] | None:
        data = self._plain(block)
        if data is None:
            return None
        if data[-1] not in b"\r\n":
            data += b"\n"
        quoted = b'"' in data
        lines = count_lines(data)
        if quoted:
            data, lines = data + self._mark, lines + 1
        misfits: list[Misfit] = []
        skipped: list[int] = []
        try:
            table = self._parse(data, block.line, misfits, skipped, quoted=quoted)
        except (pa.ArrowInvalid, _NotSimpleError):
            return None
        if table.num_rows + len(skipped) != lines:
            return None  # a quoted field runs over several lines, or past the end of the block
        columns = [c.chunk(0) if c.num_chunks == 1 else c.combine_chunks() for c in table.columns]
        if quoted:
            columns = [c.slice(0, len(c) - 1) for c in columns]
            lines -= 1
        for beyond in columns[self._width :]:
            if pc.any(pc.not_equal(beyond, "")).as_py():
                return None
        numbers = np.arange(block.line, block.line + lines, dtype=np.int32)
        if skipped:
            numbers = np.delete(numbers, skipped)
        return slices(pa.array(numbers), columns[: self._width], misfits)

    def _plain(self, block: Block) -> bytes | None:
        """The block in UTF-8, or None where a byte of it is out of place."""
        data = block.data
        if block.overlong or b"\0" in data or self._has_long_line(data):
            return None
        if data.isascii():
            return data
        if not self._transcode:
            return data if _is_utf_8(data) else None
        if looks_mixed(data, self._encoding):
            return None
        try:
            return data.decode(self._encoding.codec).encode()
        except UnicodeDecodeError:
            return None

    def _has_long_line(self, data: bytes) -> bool:
        """Whether any line may be over the limit: it would fill one half-limit window whole."""
        half = max(self._limit // 2, 1)
        return len(data) > half and any(
            LINE_END.search(data, at, at + half) is None for at in range(0, len(data) - half, half)
        )

    def _parse(
        self, data: bytes, line: int, misfits: list[Misfit], skipped: list[int], *, quoted: bool
    ) -> pa.Table:
        failure: list[Exception] = []

        def refuse(row: arrow_csv.InvalidRow) -> str:
            try:
                reason = self._reason(row)
            except _NotSimpleError as error:
                failure.append(error)
                return "error"
            skipped.append(row.number - 1)
            if reason is not None:
                misfits.append(Misfit(line + row.number - 1, row.text, reason))
            if len(skipped) > _MISFITS_PER_BLOCK:
                return "error"
            return "skip"

        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=self._names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter,
                quote_char='"' if quoted else False,
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=self._convert,
        )

    def _reason(self, row: arrow_csv.InvalidRow) -> Text | None:
        """Why a row does not fit; None where it is blank."""
        count = row.actual_columns
        if count == 1 and not row.text.strip(" \t\x1a\u3000"):
            return None
        if count < self._width:
            return too_few(count, self._width)
        if count == self._width or row.text.endswith((self._delimiter, '"')):
            raise _NotSimpleError  # the cells beyond the header may all be empty
        return too_many(count, self._width)


def _is_utf_8(data: bytes) -> bool:
    """Whether `data` is valid UTF-8, without the cost of making a str of it."""
    try:
        pa.array([data], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _declared(delimiter: str) -> str:
    delimiter = _NAMED.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise DeclarationError(
            Text(
                f"分隔符“{delimiter}”应为一个半角字符",
                f"the delimiter '{delimiter}' should be a single ASCII character",
            ),
            hint=Text(
                '例如 delimiter: ","，制表符写作 tab；不写则自动识别',
                'such as delimiter: ","; write tab for a tab, or leave it out to have it found',
            ),
        )
    return delimiter


def _sniff(path: Path, encoding: Encoding) -> str:
    """The delimiter that cuts most of the first rows into equally many cells."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        blocks = Blocks(path, encoding, size=1 << 16)
        found = records(blocks, encoding, delimiter, LINE_BYTES, None)
        sample = itertools.islice(found, _SNIFF_ROWS)
        rows = [r.cells for r in sample if isinstance(r, Row) and any(r.cells)]
        counts = Counter(len(cells) for cells in rows if len(cells) > 1)
        if not counts:
            continue
        width, agreeing = max(counts.items(), key=lambda c: (c[1] * (c[0] - 1), c[0]))
        score = (agreeing / len(rows), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best
