"""What a delivery does to the state before it: replace all, replace a part, or change single rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import SYSTEM_FIELDS, Dataset
from plumbline.engine.fact.repeats import key_fault, key_of
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.table import DataFile, parquet_of
from plumbline.engine.fact.types import Field
from plumbline.errors import StoreError, Text

_SMALL = 100_000  # rows; so many small files are put together when one is rewritten
_MANY = 32

GOOD = (
    "(SELECT * FROM read WHERE _faults IS NULL AND _ordinal NOT IN (SELECT _ordinal FROM dropped))"
)


@dataclass(frozen=True)
class Merge:
    """The new state, ready to be written.

    Attributes:
        select: SQL for the rows that the delivery brings.
        left: SQL for the remaining rows of the files to remove, if there are any.
        gone: SQL for the numbers (`_row`) of the rows that the delivery replaces or withdraws.
        columns: the columns of the files to add.
        remove: files that are written anew without the rows that are gone.
        replace: nothing of the old state remains.
        held: why a person should look before this happens.
    """

    select: str
    left: str | None
    gone: str | None
    columns: tuple[Field, ...]
    remove: tuple[DataFile, ...]
    replace: bool
    loaded: int
    withdrawn: int
    held: tuple[Text, ...]


def merge(duck: Duck, store: Store, dataset: Dataset, batch: Batch) -> Merge:
    """Work out what becomes of the relation `read`; withdrawals of unknown rows go to `faulty`.

    Leaves the relation `good`: the rows that load.
    """
    old = store.snapshot(dataset.name) if store.version(dataset.name) is not None else None
    per = dataset.declared.delivery.per
    full, key = batch.kind == "full", key_of(dataset)
    replace_all = full and per is None
    match = [key] if key else []
    if full and per is not None:  # and by its key, a row that has moved to another county
        match.append(list(dataset.physical(per)))
    if old is not None and not replace_all:
        _refuse_other_columns(dataset, old, match)
    if not full:
        _set_aside_unknown(duck, dataset, "" if old is None else old.relation(dataset.fields), key)
    duck.run(f"CREATE TEMP VIEW good AS SELECT * FROM {GOOD} WHERE NOT _withdrawn")
    [(loaded,)] = duck.run("SELECT count(*) FROM good")
    [(withdrawn,)] = duck.run(f"SELECT count(*) FROM {GOOD} WHERE _withdrawn")
    select = _numbered(dataset.fields, batch.number)
    if old is None or replace_all:
        later = _later(batch, store, None if old is None else old.batches)
        return Merge(select, None, None, dataset.fields, (), replace_all, loaded, withdrawn, later)
    rewritten, replaced = _rewritten(duck, old, match)
    later = _later(batch, store, replaced)
    columns = {field.suffix: field for field in dataset.fields}
    left = gone = None
    if rewritten:
        columns |= {f.suffix: f for f in store.facts(dataset.name).columns(rewritten)}
        left = _remaining(old, rewritten, match)
        gone = _gone(old, rewritten, match) if replaced else None
    return Merge(
        select,
        left,
        gone,
        tuple(columns.values()),
        rewritten,
        replace_all,
        loaded,
        withdrawn,
        later,
    )


def _refuse_other_columns(dataset: Dataset, old: Snapshot, match: list[list[str]]) -> None:
    """What is loaded must have the columns by which rows are found again, and of the same types."""
    old.relation(dataset.fields)
    known = {field.suffix for field in old.schema}
    absent = [column for columns in match for column in columns if column not in known]
    if absent and old.files:
        raise StoreError(
            Text(
                f"已装入的数据没有列 {absent[0]}，无法按现在声明的主键找到要更正的行",
                f"what is loaded has no column {absent[0]}, so its rows cannot be found by the key "
                "as it is declared now",
            ),
            where=dataset.name,
            hint=Text("重新装入一份全量交付", "load a new full delivery"),
        )


def _set_aside_unknown(duck: Duck, dataset: Dataset, known: str, key: list[str]) -> None:
    """A row can only be withdrawn if it is there."""
    [(any_withdrawn,)] = duck.run(f"SELECT count(*) FROM {GOOD} WHERE _withdrawn")
    if not any_withdrawn:
        return
    there = f"AND NOT EXISTS (SELECT 1 FROM {known} k WHERE {_same(key, 'g', 'k')})"
    fault = key_fault(dataset, "'要撤回的行不在库中'", "'withdraws a row that is not in the store'")
    duck.run(
        f"CREATE TEMP TABLE unknown AS SELECT _ordinal, _part, _line FROM {GOOD} g "
        f"WHERE _withdrawn {there if known and key else ''}"
    )
    duck.run(f"INSERT INTO faulty SELECT _ordinal, _part, _line, [{fault}] FROM unknown")
    duck.run("INSERT INTO dropped SELECT _ordinal FROM unknown")


def _numbered(fields: Sequence[Field], number: int) -> str:
    """The good rows with their row numbers."""
    system = {field.suffix for field in SYSTEM_FIELDS}
    own = [field.suffix for field in fields if field.suffix not in system]
    return (
        f"SELECT {sql.names(own)}, ({number}::BIGINT << 32) | _ordinal AS _row, "
        "_part, _line FROM good"
    )


def _rewritten(
    duck: Duck, old: Snapshot, match: list[list[str]]
) -> tuple[tuple[DataFile, ...], set[int]]:
    """The files that hold rows the delivery speaks of, and the batches of those rows.

    Once there are many small files they are put together along the way.
    """
    by_path = {str(path): file for path, file in zip(old.paths(), old.files, strict=True)}
    touched: set[DataFile] = set()
    batches: set[int] = set()
    if match and by_path:
        listed = ", ".join(map(sql.literal, by_path))
        found = duck.run(
            "SELECT filename, list(DISTINCT _row >> 32) "
            f"FROM read_parquet([{listed}], union_by_name=true, filename=true) k "
            f"WHERE {_spoken_of(match)} GROUP BY filename"
        )
        touched = {by_path[path] for path, _ in found}
        batches = {number for _, numbers in found for number in numbers}
    small = [file for file in old.files if file.rows < _SMALL]
    if len(small) >= _MANY:
        touched.update(small)
    return tuple(file for file in old.files if file in touched), batches


def _remaining(old: Snapshot, files: Sequence[DataFile], match: list[list[str]]) -> str:
    """The rows of `files` that the delivery does not speak of."""
    paths = [old.root / file.path for file in files]
    left = f"WHERE NOT ({_spoken_of(match)})" if match else ""
    return f"SELECT * FROM {parquet_of(paths)} k {left}"


def _gone(old: Snapshot, files: Sequence[DataFile], match: list[list[str]]) -> str:
    """The numbers of the rows of `files` that the delivery speaks of."""
    paths = [old.root / file.path for file in files]
    return f"SELECT _row FROM {parquet_of(paths)} k WHERE {_spoken_of(match)}"


def _spoken_of(match: list[list[str]]) -> str:
    """SQL for whether the delivery speaks of the row `k`: by its county, say, or by its key."""
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM (SELECT DISTINCT {sql.names(columns)} FROM {GOOD}) g "
        f"WHERE {_same(columns, 'g', 'k')})"
        for columns in match
    )


def _same(match: list[str], one: str, other: str) -> str:
    return " AND ".join(
        f"{one}.{sql.name(column)} IS NOT DISTINCT FROM {other}.{sql.name(column)}"
        for column in match
    )


def _later(
    batch: Batch, store: Store, replaced: Collection[int] | Collection[str] | None
) -> tuple[Text, ...]:
    """Why it should not silently replace rows of a delivery that speaks of a later day."""
    days = [
        other.as_of
        for other in store.batches(batch.dataset)
        if replaced and not other.is_held and (other.number in replaced or other.id in replaced)
    ]
    latest = max(days, default=batch.as_of)
    if latest <= batch.as_of:
        return ()
    return (
        Text(
            f"截止日期 {batch.as_of} 早于将被替换的数据（{latest}）",
            f"its as-of date {batch.as_of} is earlier than that of rows it would replace ({latest})",
        ),
    )
