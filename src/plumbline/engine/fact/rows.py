"""The rows of a delivery, as a stream of Arrow batches: what is no row is set aside on the way."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from plumbline.engine.fact.batch import Note
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import Layout, header_key, is_note
from plumbline.engine.fact.mapping import Mapping
from plumbline.engine.fact.readers.base import Batch as Cells
from plumbline.engine.fact.readers.base import Misfit, Sheet
from plumbline.errors import DeliveryError, Text

_BATCHES_PER_READER = 40
_ROWS_PER_BATCH = 2**32  # what fits beside the batch's number in `_row`


@dataclass(frozen=True)
class Found:
    """A table found on one sheet; `part` counts the delivery's tables from 0."""

    part: int
    sheet: Sheet
    layout: Layout
    mapping: Mapping

    @property
    def last_header_line(self) -> int:
        return self.layout.header_lines[1]

    @property
    def name(self) -> str:
        return f"{self.sheet.file} [{self.sheet.name}]" if self.sheet.name else self.sheet.file

    def cells(self) -> Iterator[Cells]:
        return self.sheet.batches(self.last_header_line, self.layout.width)

    def slots(self, columns: Iterable[str]) -> list[int | None]:
        """The position of each declared column, None where it is not there, then the nameless."""
        return [*map(self.mapping.used.get, columns), *self.mapping.nameless]


@dataclass
class Tally:
    """What was met while the rows streamed by."""

    rows: int = 0  # below the headers: loaded, quarantined, repeated, withdrawn or refused
    refused: int = 0
    per_part: dict[int, int] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)  # each part's first ordinal
    notes: list[Note] = field(default_factory=list)


MISFITS = pa.schema(
    [
        ("part", pa.int16()),
        ("line", pa.int32()),
        ("value", pa.string()),
        ("zh", pa.string()),
        ("en", pa.string()),
    ]
)


def schema_of(mapping: Mapping) -> pa.Schema:
    """`_ordinal`, `_part`, `_line`, and the text of each column that is read: `c<position>`."""
    return pa.schema(
        [
            ("_ordinal", pa.int64()),
            ("_part", pa.int16()),
            ("_line", pa.int32()),
            *((f"c{position}", pa.string()) for position in mapping.positions),
        ]
    )


class Rows:
    """Streams the rows of tables that share one header, and tallies them.

    Attributes:
        misfits: a Parquet file (`MISFITS`) of what could not be laid under a header.
        failure: what went wrong in a reader, which SQL would only report as its own error.
    """

    def __init__(self, dataset: Dataset, misfits: Path) -> None:
        self._dataset, self.tally = dataset, Tally()
        self.misfits = misfits
        self.failure: Exception | None = None
        self._writer: pq.ParquetWriter | None = None
        self._ordinal = 0
        self._sealed = [
            (refuse.column, pa.array([folded(value) for value in refuse.values]))
            for refuse in dataset.declared.refuse
        ]

    def stream(self, tables: Sequence[Found]) -> Iterator[pa.RecordBatch]:
        schema = schema_of(tables[0].mapping)
        try:
            for table in tables:
                self.tally.starts[table.part] = self._ordinal
                for cells in table.cells():
                    self._keep_misfits(table.part, cells.misfits)
                    if len(cells.lines):
                        yield self._batch(table, cells, schema)
        except Exception as error:
            self.failure = error
            raise

    def readers(self, tables: Sequence[Found]) -> Iterator[pa.RecordBatchReader]:
        """The stream, cut: SQL may hold on to the batches of a reader until it has read the last.

        There is at least one reader, if only of no rows.
        """
        schema, batches = schema_of(tables[0].mapping), self.stream(tables)
        first = next(batches, pa.RecordBatch.from_pylist([], schema))
        while first is not None:
            some = itertools.chain([first], itertools.islice(batches, _BATCHES_PER_READER - 1))
            yield pa.RecordBatchReader.from_batches(schema, some)
            first = next(batches, None)

    def close(self) -> None:
        """Finish the file of misfits."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.misfits, MISFITS)
        self._writer.close()

    def _keep_misfits(self, part: int, misfits: list[Misfit]) -> None:
        if not misfits:
            return
        self.tally.rows += len(misfits)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.misfits, MISFITS)
        rows = [
            {
                "part": part,
                "line": misfit.line,
                "value": "" if self._sealed else misfit.text,  # it may be a row not to be held
                "zh": misfit.reason.zh,
                "en": misfit.reason.en,
            }
            for misfit in misfits
        ]
        self._writer.write_table(pa.Table.from_pylist(rows, MISFITS))

    def _batch(self, table: Found, cells: Cells, schema: pa.Schema) -> pa.RecordBatch:
        count = len(cells.lines)
        ordinals = pa.array(np.arange(self._ordinal, self._ordinal + count, dtype=np.int64))
        self._ordinal += count
        if self._ordinal >= _ROWS_PER_BATCH:
            raise DeliveryError(
                Text("一次交付超过 42 亿行", "more than 4.2 billion rows in one delivery"),
                hint=Text("分成几个文件报送", "deliver it in several files"),
            )
        batch = pa.record_batch(
            [
                ordinals,
                pa.array(np.full(count, table.part, dtype=np.int16)),
                cells.lines.cast(pa.int32()),
                *(cells.columns[i].cast(pa.string()) for i in table.mapping.positions),
            ],
            schema=schema,
        )
        aside = self._aside(table, cells)
        if aside:
            keep = np.ones(count, dtype=bool)
            keep[aside] = False
            batch = batch.filter(pa.array(keep))
        batch = self._without_sealed(table.mapping, batch)
        self.tally.per_part[table.part] = self.tally.per_part.get(table.part, 0) + batch.num_rows
        return batch

    def _aside(self, table: Found, cells: Cells) -> list[int]:
        """Positions of what is no row: blank lines, notes, the header said again."""
        aside = []
        header = [header_key(name) for name in table.layout.header]
        for i in self._suspects(table, cells):
            row = [column[i].as_py() or "" for column in cells.columns]
            line = cells.lines[i].as_py()
            if not any(cell.strip() for cell in row):
                aside.append(i)
            elif is_note(row, table.layout.width) or [header_key(cell) for cell in row] == header:
                text = " ".join(cell.strip() for cell in row if cell.strip())
                self.tally.notes.append(Note(part=table.part, line=line, text=text))
                aside.append(i)
        self.tally.rows += len(cells.lines) - len(aside)
        return aside

    def _suspects(self, table: Found, cells: Cells) -> list[int]:
        """Rows that are sparse and begin with words, or begin like the header: the few to look at."""
        width = table.layout.width
        filled = reduce(
            pc.add, (pc.not_equal(column, "").cast(pa.int16()) for column in cells.columns)
        )
        sparse = pc.less_equal(filled, max(2, width * 2 // 3))
        first = min(table.mapping.used.values())
        again = pc.equal(cells.columns[first], table.layout.header[first])
        found = set(np.flatnonzero(again.to_numpy(zero_copy_only=False)))
        at = pa.array(np.flatnonzero(sparse.to_numpy(zero_copy_only=False)))
        if len(at):
            taken = [column.take(at) for column in cells.columns]
            said = [pc.if_else(pc.match_substring_regex(c, r"^\s*$"), None, c) for c in taken]
            begins = pc.fill_null(pc.coalesce(*said), "")
            wordy = pc.invert(pc.match_substring_regex(begins, r"^\s*[0-9]"))
            texts = zip(at.filter(wordy).to_pylist(), begins.filter(wordy).to_pylist(), strict=True)
            found.update(i for i, text in texts if not text or is_note([text], 2))
        return sorted(map(int, found))

    def _without_sealed(self, mapping: Mapping, batch: pa.RecordBatch) -> pa.RecordBatch:
        before = batch.num_rows
        for column, values in self._sealed:
            cells = batch[f"c{mapping.used[column]}"]
            folded = pc.utf8_trim_whitespace(pc.utf8_normalize(cells, form="NFKC"))
            batch = batch.filter(pc.invert(pc.is_in(folded, values)))
        self.tally.refused += before - batch.num_rows
        return batch


CELLS = pa.schema([("_ordinal", pa.int64()), ("cells", pa.list_(pa.string()))])


def read_again(
    tables: Sequence[Found], starts: Mapping_[int, int], wanted: np.ndarray[Any, Any]
) -> Iterator[pa.RecordBatch]:
    """The complete cells of the rows whose ordinals are `wanted` (sorted), as delivered.

    A table is read again up to the last of them, and not at all where it has none.
    """
    for table in tables:
        if table.part not in starts:
            continue
        start = starts[table.part]
        following = [begin for begin in starts.values() if begin > start]
        end = min(following, default=_ROWS_PER_BATCH)
        here = wanted[(wanted >= start) & (wanted < end)]
        if not len(here):
            continue
        for cells in table.cells():
            count = len(cells.lines)
            within = wanted[(wanted >= start) & (wanted < start + count)]
            if len(within):
                yield _listed(cells, within, within - start)
            start += count
            if start > here[-1]:
                break


def _listed(
    cells: Cells, ordinals: np.ndarray[Any, Any], at: np.ndarray[Any, Any]
) -> pa.RecordBatch:
    width, count = len(cells.columns), len(at)
    taken = pa.concat_arrays([c.cast(pa.string()).take(pa.array(at)) for c in cells.columns])
    by_row = np.arange(width * count).reshape(width, count).T.ravel()
    offsets = np.arange(0, width * count + 1, width, dtype=np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), taken.take(pa.array(by_row)))
    return pa.record_batch([pa.array(ordinals), lists], schema=CELLS)


def folded(value: str) -> str:
    """A word as the sealing of a row compares it: width and outer space make no difference."""
    return unicodedata.normalize("NFKC", value).strip()
