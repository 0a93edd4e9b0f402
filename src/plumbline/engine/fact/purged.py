"""The record of what was removed at the end of its retention; it outlives what it tells of.

One file for each proposal, `purges/<number>.json` in the store. It names batches, files, digests, rules and the
two people, and no value of any row. A proposal changes nothing. Once a second person has approved it, the record
says so before the first file goes, and that it is finished after the last.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from plumbline.engine.fact.durable import write_whole
from plumbline.errors import PurgedError, Text

FOLDER = "purges"
State = Literal["proposed", "withdrawn", "begun", "done"]


class _Record(BaseModel):
    """What a later version of Plumbline has added is skipped by an earlier one."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Act(_Record):
    """Who did their part, when, and from which account of the machine."""

    at: datetime
    by: str
    account: str = ""


class PurgeRule(_Record):
    """The retention of a dataset, as it was declared when the purge was proposed."""

    dataset: str
    retention: str
    declaration: str  # sha256 of its text


class PurgedBatch(_Record):
    """A delivery whose retention has ended.

    Attributes:
        number: of the dataset; 0 if it never got beyond being held back.
        until: the last day on which it was kept.
        rows: of the present state that it delivered.
        quarantined: its rows in quarantine.
        sha256: of the file as it was received.
    """

    id: str
    dataset: str
    number: int
    as_of: date
    until: date
    rows: int
    quarantined: int
    sha256: str


class PurgedFile(_Record):
    """A file that goes: path in the store, digest, size; rows, where it holds facts."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


class KeptBack(_Record):
    """A batch that has fallen due and is kept all the same, since standing warnings rest on it."""

    batch: str
    warnings: list[str]


class Purge(_Record):
    """A proposal to remove what has fallen due, and what became of it.

    Attributes:
        on: the day by which retention was judged.
        unproven: keys of standing warnings that rest on what goes: they cannot be computed again.
        stale: how many more standing warnings can be computed again only after the next run.
        lacking: models that look for what is missing in these datasets, and would miss what goes.
        more: files that were found when it was carried out: of the identity map, which named whom no
            remaining row bears, and versions written since it was proposed.
    """

    number: int
    on: date
    reason: str
    proposed: Act
    rules: list[PurgeRule]
    batches: list[PurgedBatch]
    files: list[PurgedFile]
    kept_back: list[KeptBack] = []
    also_pinned: bool = False
    unproven: list[str] = []
    stale: int = 0
    lacking: list[str] = []
    more: list[PurgedFile] = []
    approved: Act | None = None
    withdrawn: Act | None = None
    finished_at: datetime | None = None

    @property
    def state(self) -> State:
        if self.withdrawn:
            return "withdrawn"
        if self.approved is None:
            return "proposed"
        return "done" if self.finished_at else "begun"

    @property
    def rows(self) -> int:
        """Rows of the present state that go."""
        return sum(batch.rows for batch in self.batches)

    @property
    def digest(self) -> str:
        """SHA-256 of what was proposed and by whom it was approved, for the trail."""
        said = self.model_dump(mode="json", exclude={"more", "finished_at", "files"})
        said["files"] = sorted(file.sha256 for file in self.files)
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def numbers(self, dataset: str) -> set[int]:
        """The batches of a dataset that go, by number."""
        return {b.number for b in self.batches if b.dataset == dataset and b.number}

    def rule(self, dataset: str) -> PurgeRule | None:
        return next((rule for rule in self.rules if rule.dataset == dataset), None)


def purges(root: Path) -> list[Purge]:
    """Every proposal, in order."""
    found = sorted((root / FOLDER).glob("[0-9]*.json"))
    return [Purge.model_validate_json(path.read_bytes()) for path in found]


def keep(root: Path, purge: Purge) -> Purge:
    """Write a record down; it is on the disk afterwards."""
    path = root / FOLDER / f"{purge.number:06d}.json"
    write_whole(path, purge.model_dump_json(indent=1).encode())
    return purge


def purged_batches(root: Path) -> dict[str, Purge]:
    """Batches that were removed, or are being removed, by id."""
    return {batch.id: p for p in purges(root) if p.approved for batch in p.batches}


def purge_of(root: Path, path: str) -> Purge | None:
    """The purge that removed a file of the store, if one did."""
    for purge in purges(root):
        if purge.approved and any(file.path == path for file in (*purge.files, *purge.more)):
            return purge
    return None


def told(purge: Purge, where: str, dataset: str = "") -> PurgedError:
    """What was purged, when, under which rule."""
    assert purge.approved is not None
    rules = [each for each in [purge.rule(dataset)] if each] or purge.rules
    said = [f"{r.dataset}: {r.retention} ({r.declaration[:8]})" for r in rules]
    on = purge.approved.at.date()
    return PurgedError(
        Text(
            f"已于 {on} 按保存期限销毁（第 {purge.number} 号销毁；规定：{'、'.join(said)}；"
            f"提出 {purge.proposed.by}，批准 {purge.approved.by}；理由：{purge.reason}）",
            f"purged on {on} at the end of its retention (purge {purge.number}; rule: {', '.join(said)}; "
            f"proposed by {purge.proposed.by}, approved by {purge.approved.by}; reason: {purge.reason})",
        ),
        where=where,
        hint=Text(
            f"销毁的批次、摘要和行数见 plumbline purge show {purge.number}；仍在的预警下次碰撞后又能重算",
            f"its batches, digests and row counts: plumbline purge show {purge.number}; a warning that still "
            "holds can be computed again after the next run",
        ),
    )


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, however they were typed."""
    return _name(one) == _name(other)


def _name(said: str) -> str:
    return "".join(unicodedata.normalize("NFKC", said).casefold().split())
