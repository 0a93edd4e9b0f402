"""Removing the rows of batches that were kept as long as they may be.

The present state loses them by a commit like any other; the files of whatever version that hold one of them are
deleted. What the log of a table says of those files loses their first and last key, and what it says of a purged
delivery loses the words that stood beside its table. Every step can be taken again, so that whoever died on the
way is followed by somebody who completes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.due import facts_files, rows_in_files
from plumbline.engine.fact.durable import make_folder, sha256_of, sync, write_whole
from plumbline.engine.fact.purged import FOLDER, Purge, PurgedFile, keep
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import ENCODING, parquet_of

_PACKED = 10  # text is so much larger than Parquet, at most
_SORTED = 288 << 20  # bytes of text that are sorted at a time


def numbers_file(store: Store, purge: Purge) -> Path:
    """Where the numbers are kept that no remaining row bears, until the purge is finished."""
    return store.root / FOLDER / f"{purge.number:06d}.numbers.parquet"


def note_numbers(
    store: Store, datasets: Mapping[str, Dataset], purge: Purge, spare: Iterable[str]
) -> None:
    """Find out which numbers and codes only rows that go bear; it must be done before they go.

    Args:
        spare: numbers that stay all the same, since people judged about them.
    """
    path = numbers_file(store, purge)
    if path.exists():
        return
    with open_duckdb(store.limits) as duck:
        duck.run("CREATE TEMP TABLE gone (number VARCHAR)")
        for name in sorted({batch.dataset for batch in purge.batches} & datasets.keys()):
            goes = _in(purge.numbers(name))
            for said in _borne(store, datasets[name], goes):
                duck.run(f"INSERT INTO gone {said}")
        duck.run("CREATE TEMP TABLE unborne AS SELECT DISTINCT number FROM gone")
        for name, dataset in datasets.items():
            for said in _borne(store, dataset, f"NOT ({_in(purge.numbers(name))})"):
                duck.run(f"DELETE FROM unborne WHERE number IN ({said})")
        for number in spare:
            duck.run("DELETE FROM unborne WHERE number = ?", [number])
        make_folder(path.parent)
        draft = path.with_suffix(".draft")
        duck.run(
            f"COPY (SELECT number FROM unborne ORDER BY number) TO {sql.literal(str(draft))} "
            f"(FORMAT parquet, {ENCODING})"
        )
        sync(draft)
        draft.replace(path)
        sync(path.parent)


def _borne(store: Store, dataset: Dataset, which: str) -> Iterator[str]:
    """SQL of the numbers that rows of each file bear."""
    for path in facts_files(store, dataset.name):
        columns = set(pq.read_schema(path).names)
        for name in dataset.bearers:
            if name in columns:
                at = sql.name(name)
                yield (
                    f"SELECT CAST({at} AS VARCHAR) AS number FROM {parquet_of([path])} "
                    f"WHERE {at} IS NOT NULL AND {which}"
                )


def _in(numbers: set[int]) -> str:
    """SQL for whether a row was delivered by one of these batches."""
    return f"(_row >> 32) IN ({', '.join(map(str, sorted(numbers)))})" if numbers else "false"


def remove(store: Store, datasets: Mapping[str, Dataset], purge: Purge, scratch: Path) -> Purge:
    """Take the rows out of the present state and every file that holds one off the disk.

    The caller holds the store for writing, and has approved.
    """
    for name in sorted({batch.dataset for batch in purge.batches}):
        if store.version(name) is not None:
            _commit(store, name, datasets.get(name), purge, scratch)
    known = {file.path for file in (*purge.files, *purge.more)}
    late = [
        path for rule in purge.rules
        for path in rows_in_files(store, rule.dataset, purge.numbers(rule.dataset))
        if path not in known
    ]  # fmt: skip
    if late:
        purge = keep(store.root, with_more(store, purge, late))
    delete(store, (file.path for file in (*purge.files, *purge.more)))
    names = {Path(file.path).name for file in (*purge.files, *purge.more)}
    ids = {batch.id for batch in purge.batches}
    for rule in purge.rules:
        _clean_log(store, rule.dataset, names, ids)
    return purge


def with_more(store: Store, purge: Purge, paths: Iterable[str]) -> Purge:
    """The record with more files that go."""
    more = [
        PurgedFile(
            path=path, sha256=sha256_of(store.root / path),
            bytes=(store.root / path).stat().st_size,
            rows=pq.read_metadata(store.root / path).num_rows,
        )
        for path in paths
    ]  # fmt: skip
    return purge.model_copy(update={"more": [*purge.more, *more]})


def _commit(store: Store, name: str, dataset: Dataset | None, purge: Purge, scratch: Path) -> None:
    """Make a version of the present state without the rows, unless that is done already."""
    ids = [batch.id for batch in purge.batches if batch.dataset == name]
    snapshot, numbers = store.snapshot(name), purge.numbers(name)
    holding = rows_in_files(store, name, numbers)
    touched = [file for file in snapshot.files if file.path in holding]
    if not touched and not set(ids) & set(snapshot.batches):
        return
    table = store.facts(name)
    columns = table.columns(touched)
    info = {"purge": {"number": purge.number, "batches": ids}}
    if not touched:
        table.commit([], columns, info)
        return
    order = [c for c in (dataset.sorted_by if dataset else None, "_row") if c]
    paths = [store.root / file.path for file in touched]
    pieces = max(1, sum(file.bytes for file in touched) * _PACKED // _SORTED)
    with open_duckdb(store.limits) as duck:
        select = f"SELECT * FROM {parquet_of(paths)} WHERE NOT ({_in(numbers)})"
        staged = table.stage(duck, select, scratch, _known(duck, select, order), pieces=pieces)
    table.commit(staged, columns, info, remove=touched)


def _known(duck: Duck, select: str, order: list[str]) -> list[str]:
    """Those columns of an order that the files have."""
    columns = {name for name, _ in duck.columns(select)}
    return [name for name in order if name in columns]


def delete(store: Store, paths: Iterable[str]) -> None:
    """Remove files of the store, and folders of one batch or file that are empty then."""
    folders = set()
    for name in paths:
        path = store.root / name
        if path.exists():
            path.unlink()
            folders.add(path.parent)
    for folder in folders:
        sync(folder)
        own = folder.relative_to(store.root).parts[0] in {"received", "batches"}
        if own and not any(folder.iterdir()):
            folder.rmdir()
            sync(folder.parent)


def _clean_log(store: Store, name: str, files: set[str], ids: set[str]) -> None:
    """Let the log forget the first and last key of files that are gone, and what stood beside a table."""

    def clean(action: dict[str, object]) -> bool:
        changed = False
        add, info = action.get("add"), action.get("commitInfo")
        if isinstance(add, dict) and add["path"] in files and "minValues" in add.get("stats", ""):
            stats = json.loads(add["stats"])
            add["stats"] = json.dumps({"numRecords": stats["numRecords"]})
            changed = True
        said = info.get("plumbline", {}).get("batch") if isinstance(info, dict) else None
        if said and said["id"] in ids and said["notes"]:
            said["notes"] = []
            changed = True
        return changed

    rewrite_log(store.root / "facts" / name, clean)


def rewrite_log(folder: Path, clean: Callable[[dict[str, object]], bool]) -> None:
    """Change what a table's log says, line by line; its checkpoints are made anew.

    Args:
        clean: changes one action, and says whether it did.
    """
    log, any_changed = folder / "_delta_log", False
    for path in sorted(log.glob("*.json")):
        if not path.stem.isdigit():
            continue
        actions = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        if sum(map(clean, actions)):
            lines = (json.dumps(a, ensure_ascii=False, separators=(",", ":")) for a in actions)
            write_whole(path, ("\n".join(lines) + "\n").encode())
            any_changed = True
    checkpoints = sorted(log.glob("*.checkpoint*.parquet"))
    if any_changed and checkpoints:
        (log / "_last_checkpoint").unlink(missing_ok=True)
        for path in checkpoints:
            path.unlink()
        sync(log)
        DeltaTable(str(folder)).create_checkpoint()
