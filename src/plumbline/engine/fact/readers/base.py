"""What every reader yields: sheets of text cells with the line each row stands on.

Readers never interpret. A number cell becomes the text a person would see, with one exception:
a number of 16 digits or more is written in scientific notation (3.3038119800101e+17), because a
spreadsheet has already lost its last digits and nobody may take it for an identifier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import pyarrow as pa

from plumbline.errors import Text


class Row(NamedTuple):
    """One row as it stands in the file: `line` counts from 1, as an editor or Excel shows it."""

    line: int
    cells: list[str]


class Misfit(NamedTuple):
    """A row that cannot be laid under the header: undecodable, too long, too many cells."""

    line: int
    text: str
    reason: Text


@dataclass
class Batch:
    """Rows below the header, column by column; what could not be laid under it stands apart."""

    lines: pa.Array  # int32, the line of each row
    columns: list[pa.Array]  # string arrays, one per header cell, "" where the cell is empty
    misfits: list[Misfit] = field(default_factory=list)


class Merge(NamedTuple):
    """A merged range: lines count from 1, columns from 0, all four ends are inside."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(Protocol):
    """One table-like part of a file: a CSV is one sheet, a workbook has several.

    Where the file has no header row of its own (JSON, Parquet, OCDS, a database table), the names
    of the fields stand as the header on line 0 and the records count from 1.
    """

    file: str  # name within the delivery, "名单.zip/一季度.xlsx" inside an archive
    name: str  # sheet or table name, "" where the file has only one
    remarks: Sequence[Text]  # what a person should know: wrong extension, members set aside
    merges: Sequence[Merge]  # merged ranges, where the format has them

    def rows(self) -> Iterator[Row]:
        """All rows from the top, lazily; callable again from the start."""

    def batches(self, after: int, width: int) -> Iterator[Batch]:
        """The rows below line `after`, `width` cells wide, in batches of at most about 50,000."""
