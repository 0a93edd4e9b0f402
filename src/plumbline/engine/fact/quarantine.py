"""The rows that wait: each with its place, its faults, and what it said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact.batch import Batch, Part, Place
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import header_key
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import parquet_of
from plumbline.errors import StoreError, Text

_FETCHED = 10_000
_PLACES = pa.schema([("part", pa.int16()), ("line", pa.int32())])
_SETTLED = pa.schema([("nth", pa.int32()), *((field.name, field.type) for field in _PLACES)])


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: the column's name ("" for the whole row), where, and why."""

    column: str
    header: str
    letter: str
    value: str  # as it was delivered
    reason: Text


@dataclass(frozen=True)
class Quarantined:
    """One waiting row. `cells` stand under `part.headers`; empty where it could not be cut up."""

    batch: str
    place: Place
    part: Part
    faults: tuple[Fault, ...]
    cells: tuple[str, ...]

    @property
    def where(self) -> str:
        """File, sheet and line, for people."""
        sheet = f" [{self.part.sheet}]" if self.part.sheet else ""
        return f"{self.part.file}{sheet}:{self.place.line}"

    def masked(self, dataset: Dataset) -> Quarantined:
        """The same row with the middle of everything that may identify a person hidden."""
        public = {
            header_key(header)
            for name, column in dataset.columns.items()
            if not dataset.is_personal(name)
            for header in column.headers
        }
        return Quarantined(
            self.batch,
            self.place,
            self.part,
            tuple(
                Fault(f.column, f.header, f.letter, _hidden(f.value, f.header, public), f.reason)
                for f in self.faults
            ),
            tuple(
                _hidden(cell, header, public)
                for cell, header in zip(self.cells, self.part.headers, strict=False)
            ),
        )


@dataclass(frozen=True)
class Count:
    """How many rows of a batch wait for one reason."""

    dataset: str
    batch: str
    column: str
    reason: Text
    rows: int


def batches_waiting(store: Store, dataset: str, batch: str | None = None) -> list[Batch]:
    """The batches whose quarantine still matters.

    Not those that a later complete list has replaced, nor those of corrections: a row that was
    corrected wrongly still waits in its own batch.
    """
    batches = store.batches(dataset)
    if batch is not None and batch not in {known.id for known in batches}:
        raise StoreError(
            Text(f"数据集 {dataset} 没有批次 {batch}", f"{dataset} has no batch {batch}"),
            hint=Text(
                f"可用的批次：{'、'.join(known.id for known in batches)}",
                f"its batches: {', '.join(known.id for known in batches)}",
            ),
        )
    live = set(store.snapshot(dataset).batches) if store.version(dataset) is not None else set()
    return [
        known
        for known in batches
        if known.quarantine
        and known.kind != "corrections"
        and (known.id in live or known.is_held)
        and batch in {None, known.id}
    ]


def settled(store: Store, dataset: str) -> dict[str, set[Place]]:
    """By batch, the quarantined rows that corrections have settled."""
    found: dict[str, set[Place]] = {}
    for batch in store.batches(dataset):
        if not batch.is_held:
            for corrected, places in batch.corrects.items():
                found.setdefault(corrected, set()).update(places)
    return found


def counts(store: Store, datasets: Iterable[str], batch: str | None = None) -> list[Count]:
    """Waiting rows by batch and reason, most frequent first. A row with two faults counts twice."""
    places: list[dict[str, Any]] = []
    parts: list[str] = []
    named: list[tuple[str, str]] = []
    for dataset in datasets:
        done = settled(store, dataset)
        for waiting in batches_waiting(store, dataset, batch):
            nth = len(named)
            named.append((dataset, waiting.id))
            places += [
                {"nth": nth, "part": place.part, "line": place.line}
                for place in sorted(done.get(waiting.id, ()))
            ]
            file = parquet_of([store.root / (waiting.quarantine or "")])
            parts.append(f"SELECT {nth} AS nth, part, line, faults FROM {file}")
    if not parts:
        return []
    with open_duckdb(store.limits) as duck:
        duck.register("settled", pa.Table.from_pylist(places, _SETTLED))
        rows = duck.run(
            'SELECT nth, f."column", f.zh, f.en, count(*) FROM (SELECT nth, unnest(faults) AS f FROM '
            f"({' UNION ALL '.join(parts)}) AS q ANTI JOIN settled USING (nth, part, line)) "
            "GROUP BY ALL ORDER BY 1, 5 DESC, 2, 3"
        )
    return [
        Count(named[nth][0], named[nth][1], column, Text(zh, en), n)
        for nth, column, zh, en, n in rows
    ]


def waiting_rows(
    store: Store, dataset: str, batch: str | None = None, *, reason: str | None = None
) -> Iterator[Quarantined]:
    """Waiting rows in the order of their files, as delivered: mask them before they are shown.

    Args:
        reason: only rows one of whose reasons, in either language, contains this.
    """
    done = settled(store, dataset)
    for waiting in batches_waiting(store, dataset, batch):
        with open_duckdb(store.limits) as duck:
            relation = _waiting(duck, store, waiting, done)
            [(total,)] = duck.run(f"SELECT count(*) FROM {relation}")
            duck.run(
                f"CREATE TEMP TABLE listed AS SELECT *, row_number() OVER (ORDER BY part, line) AS n "
                f"FROM {relation}"
            )
            for start in range(0, total, _FETCHED):
                rows = duck.run(
                    "SELECT part, line, faults, cells FROM listed WHERE n > ? AND n <= ? ORDER BY n",
                    [start, start + _FETCHED],
                )
                for part, line, faults, cells in rows:
                    row = Quarantined(
                        waiting.id,
                        Place(part, line),
                        waiting.parts[part],
                        tuple(map(_fault, faults)),
                        tuple(cells),
                    )
                    if reason is None or any(
                        reason in f.reason.zh or reason in f.reason.en for f in row.faults
                    ):
                        yield row


def _waiting(duck: Duck, store: Store, batch: Batch, done: dict[str, set[Place]]) -> str:
    places = sorted(done.get(batch.id, ()))
    rows = [{"part": place.part, "line": place.line} for place in places]
    duck.register("settled", pa.Table.from_pylist(rows, _PLACES))
    file = parquet_of([store.root / (batch.quarantine or "")])
    return f"(SELECT * FROM {file} q ANTI JOIN settled USING (part, line))"


def _fault(said: dict[str, Any]) -> Fault:
    return Fault(
        said["column"], said["header"], said["letter"], said["value"], Text(said["zh"], said["en"])
    )


def _hidden(value: str, header: str, public: set[str]) -> str:
    return value if header_key(header) in public else hide_middle(value)


def hide_middle(value: str) -> str:
    """A value that no type understands, with its middle hidden: 3303**********0017, 王**."""
    if len(value) <= 4:  # a name
        return value[:1] + "*" * (len(value) - 1)
    shown = min(4, len(value) // 4)
    return value[:shown] + "*" * (len(value) - 2 * shown) + value[-shown:]
