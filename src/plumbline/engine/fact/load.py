"""Loading deliveries: from a file as a department sends it to a batch in the store.

The file is copied and hashed, its table found and read; rows that break the declaration go to
quarantine; the rest is committed at once, or held back whole where the delivery as such is not as
expected. Until the commit, nothing that anybody reads has changed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from plumbline.engine.fact.asof import as_of_from_name
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.durable import copy_in, sha256_of
from plumbline.engine.fact.hands import share_out
from plumbline.engine.fact.loading import (
    MEGABYTES,
    AlreadyLoaded,
    Arrival,
    Terms,
    stamp_of,
    take_in,
)
from plumbline.engine.fact.readers import open_database
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.tablecopy import copy_table
from plumbline.errors import DeliveryError, PlumblineError, Text

__all__ = ["AlreadyLoaded", "Refused", "Stray", "load_delivery", "load_inbox", "load_table"]

_TEMPORARY = ("~$", ".", "Thumbs.db", "desktop.ini")
_UNFINISHED = (".tmp", ".part", ".crdownload", ".download")
_PER_FILE = 500_000  # bytes that load in the time which a file takes whatever its size
_WORTH_A_HAND = 8_000_000  # bytes to load beside the largest dataset, to be worth a second process


@dataclass(frozen=True)
class Refused:
    """A file that could not be loaded as a whole; the others were."""

    dataset: str
    file: str
    error: PlumblineError


@dataclass(frozen=True)
class Stray:
    """A file or folder in the inbox that belongs to no dataset; it was left alone."""

    path: Path


Result = Batch | AlreadyLoaded | Refused | Stray


def load_delivery(  # noqa: PLR0913 -- a delivery has that many circumstances
    store: Store,
    dataset: Dataset,
    path: Path,
    *,
    received_at: datetime,
    as_of: date | None = None,
    accept: str | None = None,
    by: str = "",
    again: bool = False,
    wait: float = 5.0,
) -> Batch | AlreadyLoaded:
    """Load the file at `path` as one batch of `dataset`.

    Args:
        as_of: the day the data speaks of; None takes it from the file's name.
        accept: why a delivery that breaks its expectations is let in all the same, and `by` whom.
        again: load it anew though the same content was loaded before.
        wait: seconds to wait for another process that is writing.

    Returns:
        The batch, whose status is "held" if it was held back, or AlreadyLoaded.

    Raises:
        DeliveryError: the file as a whole cannot be read or laid under the declaration.
        StoreError: another process is writing, or the disk is full.
    """
    if not path.is_file():
        raise DeliveryError(
            Text("没有这个文件", "there is no such file"),
            where=str(path),
            hint=Text("检查路径和文件名", "check the path and the name"),
        )
    day = as_of or as_of_from_name(path.name)
    terms = Terms(received_at, accept, by, again=again)
    with store.writing(wait) as scratch:
        # Sealed rows are not copied, so such a file is read where it lies.
        sealed = bool(dataset.declared.refuse)
        stamp = stamp_of(path) if sealed else None
        read = path if sealed else copy_in(path, scratch)
        arrival = Arrival(
            path=read,
            name=path.name,
            sha256=sha256_of(read),
            size=read.stat().st_size,
            as_of=day,
            stamp=stamp,
        )
        return take_in(store, dataset, arrival, terms, scratch)


def let_in(
    store: Store,
    dataset: Dataset,
    batch: str,
    *,
    received_at: datetime,
    reason: str,
    by: str,
) -> Batch | AlreadyLoaded:
    """Load a delivery that was held back whole, from the copy that was kept when it was received.

    Raises:
        DeliveryError: there is no such delivery, it is not held, or no copy of it was kept.
    """
    held = next((each for each in store.batches(dataset.name) if each.id == batch), None)
    if held is None or not held.is_held:
        raise DeliveryError(
            Text(f"{batch} 没有被整批暂扣", f"{batch} is not held back"), where=dataset.name
        )
    kept = store.root / held.received if held.received else None
    if kept is None or not kept.is_file():
        raise DeliveryError(
            Text("没有保存这次报送的原件", "no copy of this delivery was kept"),
            where=batch,
            hint=Text("用 plumbline load --accept 放行", "let it in by plumbline load --accept"),
        )
    return load_delivery(
        store, dataset, kept, received_at=received_at, as_of=held.as_of, accept=reason, by=by
    )


def load_table(  # noqa: PLR0913 -- as load_delivery
    store: Store,
    dataset: Dataset,
    *,
    received_at: datetime,
    as_of: date | None,
    accept: str | None = None,
    by: str = "",
    again: bool = False,
    wait: float = 5.0,
) -> Batch | AlreadyLoaded:
    """Load the database table that the dataset's `source` names, as it is now.

    The rows are copied first, so that they can be read again; their order makes no difference to
    whether they count as loaded before. See `load_delivery` for the rest.
    """
    variable, table = dataset.declared.source.database, dataset.declared.source.table
    if variable is None or table is None:
        raise dataset.document.error(
            ("source",),
            Text(
                "读数据库要写明 database（存放连接串的环境变量名）和 table",
                "to read a database, name its `database` (an environment variable) and its `table`",
            ),
        )
    if as_of is None:
        raise DeliveryError(
            Text("数据库表没有截止日期", "a database table has no as-of date of its own"),
            where=dataset.name,
            hint=Text("用 --as-of 2024-06-30 指定", "pass --as-of 2024-06-30"),
        )
    url = os.environ.get(variable)
    if not url:
        raise DeliveryError(
            Text(f"环境变量 {variable} 未设置", f"the environment variable {variable} is not set"),
            where=dataset.name,
            hint=Text(
                "把数据库连接串放进这个环境变量", "put the database's connection string into it"
            ),
        )
    terms = Terms(received_at, accept, by, again=again)
    with store.writing(wait) as scratch:
        copy = scratch / "delivered" / f"{table}.parquet"
        copy.parent.mkdir()
        copied = copy_table(open_database(url, table), copy, dataset)
        arrival = Arrival(
            path=copy,
            name=copy.name,
            sha256=copied.digest,
            size=copy.stat().st_size,
            as_of=as_of,
            refused=copied.refused,
        )
        return take_in(store, dataset, arrival, terms, scratch)


def load_inbox(  # noqa: PLR0913 -- as load_delivery
    store: Store,
    datasets: Mapping[str, Dataset],
    inbox: Path,
    *,
    received_at: datetime,
    as_of: date | None = None,
    accept: str | None = None,
    by: str = "",
    again: bool = False,
    wait: float = 5.0,
    hands: int | None = None,
) -> list[Result]:
    """Load every new file of the inbox, each dataset's earliest as-of date first.

    A file that cannot be loaded does not stop the others. Only a store that cannot be written to
    ends it. Where there is much to load, datasets are loaded side by side, in processes of their
    own; what comes back is the same, in the same order.

    Args:
        hands: how many processes; None lets what there is to load decide, within the limits of
            the store.
    """
    folders = {dataset.declared.source.inbox or name: name for name, dataset in datasets.items()}
    terms = {
        "received_at": received_at, "as_of": as_of, "accept": accept, "by": by, "again": again,
        "wait": wait,
    }  # fmt: skip
    jobs = []
    for name, dataset in datasets.items():
        files: list[Path | None] = [*_files(inbox / (dataset.declared.source.inbox or name))]
        if dataset.declared.source.database:
            files = [None]
        if files:
            jobs.append((dataset, _in_order(files, as_of)))
    if hands is None:
        hands = _hands(store, jobs, again=again)
    if hands > 1:
        loaded = _side_by_side(store, jobs, terms, hands)
    else:
        loaded = [load_files(store, dataset, paths, terms) for dataset, paths in jobs]
    strays = [Stray(path) for path in _entries(inbox) if path.name not in folders]
    return [*itertools.chain(*loaded), *strays]


def load_files(
    store: Store, dataset: Dataset, paths: Sequence[Path | None], terms: Mapping[str, Any]
) -> list[Result]:
    """Load these files of one dataset one after the other; None is its database table.

    Args:
        terms: as `load_delivery` takes them.
    """
    results: list[Result] = []
    for path in paths:
        try:
            if path is None:
                results.append(load_table(store, dataset, **terms))
            else:
                results.append(load_delivery(store, dataset, path, **terms))
        except DeliveryError as error:
            results.append(Refused(dataset.name, path.name if path else dataset.name, error))
    return results


Job = tuple[Dataset, list[Path | None]]


def _side_by_side(
    store: Store, jobs: Sequence[Job], terms: Mapping[str, Any], hands: int
) -> list[list[Result]]:
    """Load each dataset in one of several processes; what takes longest begins first."""
    limits = store.limits.shared_by(hands)
    order = sorted(range(len(jobs)), key=lambda at: -_work(store, jobs[at], again=terms["again"]))
    with store.held(terms["wait"]) as held:
        handed = [
            (Store(store.root, limits, within=held.scratch / jobs[at][0].name), *jobs[at], terms)
            for at in order
        ]
        found = share_out(load_files, handed, hands=hands, lock=held.lock)
    by_place = dict(zip(order, found, strict=True))
    return [by_place[at] for at in range(len(jobs))]


def _hands(store: Store, jobs: Sequence[Job], *, again: bool) -> int:
    """How many processes are worth their start, and fit the limits together."""
    sizes = [size for job in jobs if (size := _work(store, job, again=again))]
    memory = store.limits.megabytes
    if memory is None or sum(sizes) - max(sizes, default=0) < _WORTH_A_HAND:
        return 1
    return max(1, min(store.limits.cores, int(memory / MEGABYTES), len(sizes)))


def _work(store: Store, job: Job, *, again: bool) -> int:
    """How much there is to load of a dataset, in bytes; a small file takes its time as well."""
    dataset, paths = job
    batches = () if again else store.batches(dataset.name)
    known = {(batch.source, batch.size) for batch in batches}
    sizes = [
        _WORTH_A_HAND if path is None else path.stat().st_size
        for path in paths
        if path is None or (path.name, path.stat().st_size) not in known
    ]
    return sum(size + _PER_FILE for size in sizes)


def _entries(folder: Path) -> Iterator[Path]:
    """What people put into a folder: not what programs and systems leave beside it."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(_TEMPORARY) and path.suffix.lower() not in _UNFINISHED:
                yield path


def _files(folder: Path) -> Iterator[Path]:
    for path in _entries(folder):
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _in_order(files: list[Path | None], as_of: date | None) -> list[Path | None]:
    def day(path: Path | None) -> tuple[date, str]:
        if path is None or as_of is not None:
            return date.min, path.name if path else ""
        try:
            return as_of_from_name(path.name), path.name
        except DeliveryError:
            return date.min, path.name

    return sorted(files, key=day)
