"""Parquet, streamed by row groups; nested columns become dotted names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.base import Batch, Merge, Row, Sheet
from plumbline.engine.fact.readers.columns import BATCH_ROWS, slices, too_many
from plumbline.engine.fact.readers.jsons import flat
from plumbline.engine.fact.readers.values import plain_text
from plumbline.errors import Text


def open_parquet(path: Path, file: str) -> Iterator[Sheet]:
    try:
        with parquet.ParquetFile(path) as opened:
            header = _flattened(opened.schema_arrow.empty_table()).column_names
    except (pa.ArrowException, OSError) as error:
        raise refusal.damaged(file, str(error).splitlines()[0]) from error
    yield ParquetSheet(path, file, tuple(header))


class ParquetSheet:
    """One Parquet file; the names of its columns stand on line 0."""

    name = ""
    merges: Sequence[Merge] = ()

    def __init__(self, path: Path, file: str, header: tuple[str, ...]) -> None:
        self.path, self.file, self.header = path, file, header
        self.remarks: Sequence[Text] = ()

    def rows(self) -> Iterator[Row]:
        yield Row(0, list(self.header))
        for batch in self.batches(0, len(self.header)):
            values = [column.to_pylist() for column in batch.columns]
            for line, *cells in zip(batch.lines.to_pylist(), *values, strict=True):
                yield Row(line, cells)

    def batches(self, after: int, width: int) -> Iterator[Batch]:
        line = 1
        for table in self._tables():
            columns = [_text(column) for column in table.columns]
            if any(pc.any(pc.not_equal(c, "")).as_py() for c in columns[width:]):
                raise refusal.refusal(self.file, *too_many(len(columns), width))
            columns = columns[:width]
            columns += [pa.array([""] * len(table), pa.string())] * (width - len(columns))
            skip = max(0, after + 1 - line)
            lines = pa.array(np.arange(line, line + len(table), dtype=np.int32))
            yield from slices(lines.slice(skip), [c.slice(skip) for c in columns], [])
            line += len(table)

    def _tables(self) -> Iterator[pa.Table]:
        try:
            with parquet.ParquetFile(self.path) as opened:
                for batch in opened.iter_batches(batch_size=BATCH_ROWS):
                    yield _flattened(pa.Table.from_batches([batch]))
        except (pa.ArrowException, OSError) as error:
            raise refusal.damaged(self.file, str(error).splitlines()[0]) from error


def _flattened(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(column.type) for column in table.schema):
        table = table.flatten()
    return table


def _text(column: pa.ChunkedArray) -> pa.Array:
    """A column's values as text; exact types are cast, the rest go through Python."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if (
        pa.types.is_integer(kind)
        or pa.types.is_date(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
    ):
        found = column.cast(pa.string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:  # text that was written without saying so
            found = column.cast(pa.string())
        except pa.ArrowInvalid:
            found = pa.chunked_array([[_cell(value) for value in column.to_pylist()]], pa.string())
    else:
        found = pa.chunked_array([[_cell(value) for value in column.to_pylist()]], pa.string())
    combined = found.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays(combined.chunks) if combined.num_chunks else pa.array([], "str")
    return pc.fill_null(combined, "")


def _cell(value: object) -> str:
    return flat({"": value}).get("", "") if isinstance(value, list) else plain_text(value)
