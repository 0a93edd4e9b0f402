"""The store: every dataset's facts in every state they ever had.

root/facts/<dataset>/            a Delta table
root/batches/<dataset>/<batch>/  the batch's quarantine; its manifest, while it is held back
root/received/<sha256>/          the file as it was delivered
root/purges/<number>.json        what was removed at the end of its retention, by whom
root/scratch/                    what is being written; nobody reads it
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Limits
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Batch, batch_of
from plumbline.engine.fact.durable import disk_in_words, exclusive, make_folder, sha256_of
from plumbline.engine.fact.purged import purge_of, told
from plumbline.engine.fact.table import Commit, DataFile, Table, parquet_of
from plumbline.engine.fact.types import Field
from plumbline.errors import StoreError, Text


@dataclass(frozen=True)
class Snapshot:
    """One state of a dataset. It stays readable as long as its files are kept."""

    dataset: str
    version: int
    as_of: date | None  # the latest as-of date among its batches
    batches: tuple[str, ...]  # ids, in the order they were loaded
    files: tuple[DataFile, ...]
    schema: tuple[Field, ...]  # the columns that are in the files
    root: Path = field(repr=False, compare=False)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def paths(self) -> tuple[Path, ...]:
        return tuple(self.root / file.path for file in self.files)

    def relation(self, fields: Sequence[Field] | None = None) -> str:
        """SQL for the rows, to stand after FROM.

        With `fields` (names and types, such as `Dataset.fields`) it has exactly these columns in
        this order; what was not yet declared when a row was delivered is null. Without, it has the
        columns that are in the files.
        """
        wanted = self.schema if fields is None else tuple(fields)
        known = {column.suffix: column.sql for column in self.schema}
        shown = []
        for column in wanted:
            if known.get(column.suffix, column.sql) != column.sql:
                raise self._retyped(column, known[column.suffix])
            shown.append(sql.name(column.suffix) if column.suffix in known else _null(column))
        if not self.files:
            return f"(SELECT {', '.join(_null(column) for column in wanted)} WHERE false)"
        if fields is None:
            return parquet_of(self.paths())
        return f"(SELECT {', '.join(shown)} FROM {parquet_of(self.paths())})"

    def _retyped(self, column: Field, stored: str) -> StoreError:
        return StoreError(
            Text(
                f"列 {column.suffix} 存为 {stored}，现在声明为 {column.sql}",
                f"column {column.suffix} is stored as {stored} and now declared as {column.sql}",
            ),
            where=self.dataset,
            hint=Text(
                "给列改个名字，或重新装入一份全量交付",
                "give the column another name, or load a new full delivery",
            ),
        )


@dataclass(frozen=True)
class Held:
    """The store, held for writing: a scratch folder, and the open lock for helpers to inherit."""

    scratch: Path
    lock: int


class Store:
    """The facts under `root`. Any number of processes read; one writes (`writing`).

    Attributes:
        limits: memory and threads that loading may use.
    """

    def __init__(
        self, root: Path, limits: Limits | None = None, *, within: Path | None = None
    ) -> None:
        """Open the store; `within` is a helper's part of the scratch folder of who holds it."""
        self.root = root.absolute()
        self.limits = limits or Limits()
        self._within = within
        self._tables: dict[str, Table] = {}
        self._manifests: dict[tuple[str, int], Batch] = {}

    def table(self, name: str) -> Table:
        """The Delta table in the folder `name` of the store, such as `warnings` or `facts/tax`."""
        return self._tables.setdefault(name, Table(self.root, name))

    def facts(self, dataset: str) -> Table:
        return self.table(f"facts/{dataset}")

    def datasets(self) -> list[str]:
        """Names of the datasets of which something was ever loaded."""
        return sorted(log.parent.name for log in self.root.glob("facts/*/_delta_log"))

    @contextmanager
    def writing(self, wait: float = 5.0) -> Iterator[Path]:
        """Hold the store for writing; gives a scratch folder that is emptied afterwards.

        A second process waits `wait` seconds, then gets a StoreError that names the first.
        Readers are never kept waiting.
        """
        if self._within is None:
            with self.held(wait) as held:
                yield held.scratch
            return
        with disk_in_words():
            make_folder(self._within)
            try:
                yield self._within
            finally:
                shutil.rmtree(self._within, ignore_errors=True)

    @contextmanager
    def held(self, wait: float = 5.0) -> Iterator[Held]:
        """As `writing`, for a process that has helpers: they inherit the lock."""
        scratch = self.root / "scratch"
        with disk_in_words(), exclusive(self.root / "lock", wait) as lock:
            shutil.rmtree(scratch, ignore_errors=True)
            for log in (*self.root.glob("*/_delta_log"), *self.root.glob("*/*/_delta_log")):
                self.table(log.parent.relative_to(self.root).as_posix()).clear_leftovers()
            make_folder(scratch)
            try:
                yield Held(scratch, lock)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def version(self, dataset: str) -> int | None:
        """The newest version of a dataset's facts, or None if nothing was ever loaded."""
        return self.facts(dataset).version

    def snapshot(self, dataset: str, version: int | None = None) -> Snapshot:
        """The facts of a dataset as they are, or as they were at `version`."""
        table = self.facts(dataset)
        newest = table.version
        if newest is None:
            raise StoreError(
                Text(
                    f"数据集 {dataset} 还没有装入任何数据", f"nothing is loaded yet for {dataset}"
                ),
                hint=Text(
                    f"把文件放进 inbox/{dataset}/ 后执行 plumbline load",
                    f"put a file into inbox/{dataset}/ and run plumbline load",
                ),
            )
        if version is None:
            version = newest
        elif not 0 <= version <= newest:
            raise StoreError(
                Text(
                    f"数据集 {dataset} 没有第 {version} 版，最新是第 {newest} 版",
                    f"{dataset} has no version {version}; the newest is {newest}",
                )
            )
        live = self._live(dataset, version)
        files = table.files(version)
        return Snapshot(
            dataset=dataset,
            version=version,
            as_of=max((batch.as_of for batch in live), default=None),
            batches=tuple(batch.id for batch in live),
            files=files,
            schema=table.columns(files),
            root=self.root,
        )

    def pin(self, snapshot: Snapshot) -> dict[str, Any]:
        """What must be kept to read exactly these rows again, fit for JSON."""
        return {
            "dataset": snapshot.dataset,
            "version": snapshot.version,
            "as_of": snapshot.as_of.isoformat() if snapshot.as_of else None,
            "batches": list(snapshot.batches),
            "files": [
                {"path": f.path, "sha256": f.sha256, "rows": f.rows, "bytes": f.bytes}
                for f in snapshot.files
            ],
            "schema": [list(column) for column in snapshot.schema],
        }

    def pinned(self, pin: Mapping[str, Any], *, verify: bool = False) -> Snapshot:
        """The snapshot that `pin` names.

        Raises StoreError if a file is gone or its size differs; with `verify`, also if any byte does.
        """
        snapshot = Snapshot(
            dataset=pin["dataset"],
            version=pin["version"],
            as_of=date.fromisoformat(pin["as_of"]) if pin["as_of"] else None,
            batches=tuple(pin["batches"]),
            files=tuple(DataFile(**file) for file in pin["files"]),
            schema=tuple(Field(*column) for column in pin["schema"]),
            root=self.root,
        )
        self.check(snapshot.files, verify=verify)
        return snapshot

    def check(self, files: Sequence[DataFile], *, verify: bool = False) -> None:
        """Raise StoreError if a file is gone or its size differs; with `verify`, if any byte does.

        Raises PurgedError if it was removed at the end of its retention.
        """
        for file in files:
            path = self.root / file.path
            if not path.is_file():
                if purge := purge_of(self.root, file.path):
                    raise told(purge, file.path, Path(file.path).parent.name)
                raise self._changed(file, Text("文件已不在库中", "the file is gone from the store"))
            if path.stat().st_size != file.bytes or (verify and sha256_of(path) != file.sha256):
                raise self._changed(file, Text("文件内容已改变", "the file's content has changed"))

    def batches(self, dataset: str) -> list[Batch]:
        """Every batch that is loaded, in order, then those held back."""
        loaded = self._loaded(dataset, None)
        known = {batch.sha256 for batch in loaded}
        held = [
            Batch.model_validate_json(path.read_bytes())
            for path in sorted(self.root.glob(f"batches/{dataset}/*/held.json"))
        ]
        return loaded + [batch for batch in held if batch.sha256 not in known]

    def batch(self, dataset: str, which: str | int) -> Batch:
        """The batch with this id or number."""
        for batch in self.batches(dataset):
            if which == batch.id or (which == batch.number and not batch.is_held):
                return batch
        raise StoreError(
            Text(f"数据集 {dataset} 没有批次 {which}", f"{dataset} has no batch {which}")
        )

    def delivered(self, dataset: str, row: int) -> Batch:
        """The batch that delivered the fact with this `_row`."""
        return self.batch(dataset, batch_of(row))

    def _loaded(self, dataset: str, version: int | None) -> list[Batch]:
        commits = self.facts(dataset).commits(version)
        return [self._manifest(dataset, commit) for commit in commits if "batch" in commit.info]

    def _live(self, dataset: str, version: int) -> list[Batch]:
        """The batches whose rows may be in this version: since the last complete list."""
        live: list[Batch] = []
        for commit in self.facts(dataset).commits(version):
            if "purge" in commit.info:
                live = [b for b in live if b.id not in commit.info["purge"]["batches"]]
            if "batch" in commit.info:
                if commit.info.get("replaces_all"):
                    live = []
                live.append(self._manifest(dataset, commit))
        return live

    def _manifest(self, dataset: str, commit: Commit) -> Batch:
        place = (dataset, commit.version)
        if place not in self._manifests:
            self._manifests[place] = Batch.model_validate(commit.info["batch"])
        return self._manifests[place]

    def _changed(self, file: DataFile, what: Text) -> StoreError:
        return StoreError(
            what,
            where=file.path,
            hint=Text(
                "从备份恢复这个文件",
                "restore this file from a backup",
            ),
        )


def _null(column: Field) -> str:
    return f"CAST(NULL AS {column.sql}) AS {sql.name(column.suffix)}"
