"""A batch: one delivery, and everything that is known about how it arrived.

The manifest of a batch that is loaded stands in the Delta commit that added its rows; that of a batch
that is held back stands in a file beside its quarantine.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from plumbline.errors import Text

Kind = Literal["full", "changes", "corrections"]


class _Manifest(BaseModel):
    """What a later version of Plumbline has added is skipped by an earlier one."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Manifest):
    """One sheet of the delivery, as `_part` counts them from 0."""

    file: str
    sheet: str
    headers: list[str]  # as they stand, joined where a header has two rows
    header_line: int  # the last line of the header
    rows: int = 0


class Note(_Manifest):
    """Words that stand beside the table: titles above it, remarks below it."""

    part: int
    line: int
    text: str


class Reason(_Manifest):
    """Why rows were quarantined, and how many."""

    column: str  # "" where the whole row is meant
    reason: Text
    rows: int


class Accepted(_Manifest):
    """A person let in a delivery that was held back."""

    reason: str
    by: str


class Place(NamedTuple):
    """Where a row stands in its delivery."""

    part: int
    line: int


class Batch(_Manifest):
    """The manifest of one delivery. Counts are rows of the delivery."""

    id: str  # <dataset>-<as of>-<first 8 of the hash>
    dataset: str
    number: int  # 1, 2, 3, ... of the dataset; 0 while it is held
    kind: Kind
    status: Literal["loaded", "held"]
    source: str  # file name, or the database table
    sha256: str
    size: int
    as_of: date
    received_at: datetime
    declared: str  # sha256 of the declaration it was read by
    parts: list[Part] = []
    rows: int = 0  # rows below the headers
    loaded: int = 0
    repeated: int = 0  # said more than once in the delivery, word for word
    withdrawn: int = 0  # rows that withdraw an earlier row
    refused: int = 0  # sealed: not kept anywhere
    quarantined: int = 0
    reasons: list[Reason] = []
    notes: list[Note] = []
    remarks: list[Text] = []  # what the reader noticed: a wrong extension, a member set aside
    ignored: list[str] = []  # source columns left out by declaration
    missing: list[str] = []  # declared, not required, not delivered
    unmatched: list[str] = []  # sheets without the header
    held: list[Text] = []  # the expectations it breaks
    accepted: Accepted | None = None
    quarantine: str | None = None  # its rows: file, relative to the store
    received: str | None = None  # the kept copy, relative to the store; None where rows are sealed
    corrects: dict[str, list[Place]] = {}  # batch -> its quarantined rows that this one settles

    @property
    def is_held(self) -> bool:
        return self.status == "held"

    @property
    def folder(self) -> str:
        """Where its quarantine lies, relative to the store."""
        return f"batches/{self.dataset}/{self.id}"

    def place_of(self, part: int, line: int) -> str:
        """Where a row stands, for people: file, sheet, line."""
        found = self.parts[part]
        sheet = f" [{found.sheet}]" if found.sheet else ""
        return f"{found.file}{sheet}:{line}"


def row_number(batch: int, ordinal: int) -> int:
    """The number of a row that is never given to another: `_row`."""
    return (batch << 32) | ordinal


def batch_of(row: int) -> int:
    """The number of the batch that delivered the row `_row`."""
    return row >> 32
