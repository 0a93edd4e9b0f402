"""What has been kept as long as it may be: batches, and the files that hold their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.durable import sha256_of
from plumbline.engine.fact.purged import PurgedFile, purged_batches
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import parquet_of


@dataclass(frozen=True)
class Due:
    """A batch whose retention has ended.

    Attributes:
        until: the last day on which it may be kept.
        rows: of the present state that it delivered.
        files: everything that holds rows of it, relative to the store: facts files of any version,
            its quarantine, the file as it was received.
    """

    batch: Batch
    until: date
    rows: int
    files: tuple[str, ...]


def due(store: Store, dataset: Dataset, on: date) -> list[Due]:
    """The batches of a dataset that have fallen due by the day `on`, oldest first."""
    gone = purged_batches(store.root)
    known = {b.id: b for b in (*set_aside(store, dataset.name), *store.batches(dataset.name))}
    over = [
        batch for batch in known.values()
        if batch.id not in gone and dataset.retention.is_over(batch.as_of, on)
    ]  # fmt: skip
    if not over:
        return []
    names = {batch.id for batch in over}
    needed = {
        batch.received for name in _datasets(store)
        for batch in (*set_aside(store, name), *store.batches(name))
        if batch.id not in names and batch.id not in gone
    }  # fmt: skip
    holding = rows_in_files(store, dataset.name, {b.number for b in over if b.number})
    version = store.version(dataset.name)
    live = set() if version is None else {f.path for f in store.facts(dataset.name).files(version)}
    found = []
    for batch in sorted(over, key=lambda each: (each.as_of, each.number, each.id)):
        until = dataset.retention.until(batch.as_of)
        assert until is not None
        facts = {p: rows[batch.number] for p, rows in holding.items() if batch.number in rows}
        others = [p for p in _of_batch(store, batch) if p not in needed]
        rows = sum(n for path, n in facts.items() if path in live)
        found.append(Due(batch, until, rows, (*sorted(facts), *others)))
    return found


def set_aside(store: Store, dataset: str) -> list[Batch]:
    """Batches that were held back and then replaced: nobody reads them, and their files are there."""
    paths = sorted(store.root.glob(f"batches/{dataset}/*/replaced.json"))
    return [Batch.model_validate_json(path.read_bytes()) for path in paths]


def rows_in_files(store: Store, dataset: str, numbers: set[int]) -> dict[str, dict[int, int]]:
    """Facts files of whatever version that hold rows of these batches: path -> batch -> rows."""
    found: dict[str, dict[int, int]] = {}
    if not numbers:
        return found
    with open_duckdb(store.limits) as duck:
        for path in facts_files(store, dataset):
            rows = {n: rows for n, rows in _batches_in(duck, path) if n in numbers}
            if rows:
                found[path.relative_to(store.root).as_posix()] = rows
    return found


def facts_files(store: Store, dataset: str) -> list[Path]:
    """Every facts file of a dataset on the disk, of whatever version."""
    return sorted((store.root / "facts" / dataset).glob("*.parquet"))


def listed(store: Store, dues: Sequence[Due]) -> list[PurgedFile]:
    """The files of these batches with what they are now, each once."""
    found = []
    for name in sorted({name for each in dues for name in each.files}):
        path = store.root / name
        rows = None
        if name.startswith("facts/"):
            with open_duckdb(store.limits) as duck:
                rows = sum(n for _, n in _batches_in(duck, path))
        found.append(
            PurgedFile(path=name, sha256=sha256_of(path), bytes=path.stat().st_size, rows=rows)
        )
    return found


def _batches_in(duck: Duck, path: Path) -> list[tuple[int, int]]:
    found = duck.run(f"SELECT _row >> 32, count(*) FROM {parquet_of([path])} GROUP BY 1 ORDER BY 1")
    return [(int(number), int(rows)) for number, rows in found]


def _of_batch(store: Store, batch: Batch) -> Iterator[str]:
    """What is kept of a batch beside its facts."""
    folder = store.root / batch.folder
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        yield path.relative_to(store.root).as_posix()
    if batch.received and (store.root / batch.received).is_file():
        yield batch.received


def _datasets(store: Store) -> set[str]:
    """Everything that a file was ever received for."""
    return {*store.datasets(), *(p.name for p in store.root.glob("batches/*") if p.is_dir())}
