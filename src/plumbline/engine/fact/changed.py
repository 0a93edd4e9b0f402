"""What became of a dataset between two of its states: which rows came, and which are gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.engine.fact.batch import row_number
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.table import parquet_of


@dataclass(frozen=True)
class Changed:
    """The rows by which two states of a dataset differ. A row that is corrected goes, and another comes.

    Attributes:
        first: the least number (`_row`) of a row that came.
        brought: the files in which these rows are, perhaps among others.
        left: the earlier files in which the rows are that went.
        gone: files that list the numbers of those rows (`_row`).
        came, went: how many rows; one that came and went in between counts on both sides.
    """

    first: int
    brought: Snapshot
    left: Snapshot
    gone: tuple[Path, ...]
    came: int
    went: int

    def gone_rows(self) -> str:
        """SQL of the numbers (`row`) of the rows that went."""
        if not self.gone:
            return "SELECT CAST(NULL AS BIGINT) AS row WHERE false"
        return f"SELECT _row AS row FROM {parquet_of(self.gone)}"


def changed(store: Store, before: Snapshot, now: Snapshot) -> Changed | None:
    """How `now` differs from the earlier `before`; None where any row may have changed.

    That is after a complete list, and where rows were removed at the end of their retention.
    """
    commits = store.facts(now.dataset).commits(now.version)[before.version + 1 :]
    if any(commit.info.get("replaces_all") or "purge" in commit.info for commit in commits):
        return None
    batches = [commit.info["batch"] for commit in commits if "batch" in commit.info]
    gone = [commit.info["gone"] for commit in commits if "gone" in commit.info]
    came, went = sum(b["loaded"] for b in batches), sum(each["rows"] for each in gone)
    if now.rows - before.rows != came - went:
        return None  # another program wrote, or an earlier version that did not list what went
    known, still = {*before.files}, {*now.files}
    return Changed(
        first=row_number(min((b["number"] for b in batches), default=0), 0),
        brought=replace(now, files=tuple(file for file in now.files if file not in known)),
        left=replace(before, files=tuple(file for file in before.files if file not in still)),
        gone=tuple(store.root / each["path"] for each in gone),
        came=came,
        went=went,
    )
