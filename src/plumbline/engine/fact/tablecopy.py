"""A copy of a database table, so that what was delivered can be read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import header_key
from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.rows import folded

_ROWS = 50_000


class Copied(NamedTuple):
    """A digest of the header and the rows, and how many sealed rows were left behind."""

    digest: str
    refused: int


def copy_table(sheet: Sheet, path: Path, dataset: Dataset) -> Copied:
    """Write the rows of `sheet` to the Parquet file `path`, all as text, but for sealed rows.

    The digest does not depend on the order in which the server sent the rows.
    """
    rows = sheet.rows()
    header = next(rows).cells
    digest, refused = _Digest(header), 0
    sealed = _sealed(dataset, header)
    schema = pa.schema([(name, pa.string()) for name in header])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while chunk := [row.cells for row in islice(rows, _ROWS)]:
            kept = [cells for cells in chunk if not any(folded(cells[i]) in s for i, s in sealed)]
            refused += len(chunk) - len(kept)
            for cells in kept:
                digest.add(cells)
            columns = list(zip(*kept, strict=True)) or [()] * len(header)
            arrays = [pa.array(column, pa.string()) for column in columns]
            writer.write_table(pa.table(arrays, schema=schema))
    return Copied(digest.hex(), refused)


def _sealed(dataset: Dataset, header: Sequence[str]) -> list[tuple[int, set[str]]]:
    """Where the columns stand that seal a row, and with which values."""
    keys = [header_key(name) for name in header]
    found = []
    for refuse in dataset.declared.refuse:
        own = {header_key(name) for name in dataset.columns[refuse.column].headers}
        at = [i for i, key in enumerate(keys) if key in own]
        found += [(i, {folded(value) for value in refuse.values}) for i in at]
    return found


class _Digest:
    """The sum of the rows' SHA-256 numbers: the same whatever their order, and for every repeat."""

    def __init__(self, header: Sequence[str]) -> None:
        self._header, self._sum, self._count = header, 0, 0

    def add(self, cells: Sequence[str]) -> None:
        said = json.dumps(cells, ensure_ascii=False).encode()
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(said).digest())) % 2**256
        self._count += 1

    def hex(self) -> str:
        said = json.dumps([*self._header, self._count, f"{self._sum:x}"], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()
