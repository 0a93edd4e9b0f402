"""The store: states, pins, and what is left when a write does not finish."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact.batch import Batch, batch_of, row_number
from plumbline.engine.fact.durable import move_in
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.table import DataFile
from plumbline.engine.fact.types import Field
from plumbline.errors import StoreError

COLUMNS = (
    Field("id", "BIGINT"),
    Field("name", "VARCHAR"),
    Field("paid", "DECIMAL(18,2)"),
    Field("at", "TIMESTAMP"),
    Field("on", "DATE"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "库 one")


def batch(number: int, as_of: str = "2024-06-30") -> dict[str, object]:
    manifest = Batch(
        id=f"tax-{as_of}-{number:08}",
        dataset="tax",
        number=number,
        kind="full",
        status="loaded",
        source="税.csv",
        sha256=str(number),
        size=1,
        as_of=date.fromisoformat(as_of),
        received_at=datetime(2024, 7, 1, tzinfo=UTC),
        declared="",
    )
    return manifest.model_dump(mode="json")


def put(
    store: Store,
    number: int,
    ids: range,
    *,
    columns: tuple[Field, ...] = COLUMNS,
    replace: bool = False,
    as_of: str = "2024-06-30",
) -> int:
    values = {
        "id": "i",
        "name": "'某' || i",
        "paid": "1.25",
        "at": "TIMESTAMP '2024-01-01 10:00:00'",
        "on": "DATE '2024-01-01'",
    }
    select = ", ".join(
        f'CAST({values.get(c.suffix, "i")} AS {c.sql}) AS "{c.suffix}"' for c in columns
    )
    source = f"SELECT {select} FROM range({ids.start}, {ids.stop}) r(i)"
    with store.writing() as scratch, open_duckdb() as duck:
        table = store.facts("tax")
        staged = table.stage(duck, source, scratch, ["id"])
        info = {"batch": batch(number, as_of), "replaces_all": replace}
        return table.commit(staged, columns, info, replace=replace)


def ids(snapshot: Snapshot) -> list[int]:
    with open_duckdb() as duck:
        return [row[0] for row in duck.run(f"SELECT id FROM {snapshot.relation()} ORDER BY id")]


def leftovers(store: Store) -> set[str]:
    """Data files that no version names, and scratch."""
    named = {file.path for version in range(99) for file in _files(store, version)}
    there = {p.relative_to(store.root).as_posix() for p in store.root.glob("facts/*/*.parquet")}
    scratch = {p.relative_to(store.root).as_posix() for p in store.root.glob("scratch/*")}
    return (there - named) | scratch


def _files(store: Store, version: int) -> tuple[DataFile, ...]:
    newest = store.version("tax")
    return store.facts("tax").files(version) if newest is not None and version <= newest else ()


def test_every_version_stays_as_it_was(store: Store) -> None:
    first = put(store, 1, range(3))
    second = put(store, 2, range(3, 5), as_of="2024-03-31")
    third = put(store, 3, range(7, 8), replace=True)
    assert ids(store.snapshot("tax", first)) == [0, 1, 2]
    assert ids(store.snapshot("tax", second)) == [0, 1, 2, 3, 4]
    assert ids(store.snapshot("tax")) == ids(store.snapshot("tax", third)) == [7]


def test_a_snapshot_knows_its_batches_and_the_latest_as_of(store: Store) -> None:
    put(store, 1, range(3))
    put(store, 2, range(3, 5), as_of="2024-03-31")
    snapshot = store.snapshot("tax")
    assert snapshot.batches == ("tax-2024-06-30-00000001", "tax-2024-03-31-00000002")
    assert snapshot.as_of == date(2024, 6, 30)
    assert snapshot.rows == 5
    put(store, 3, range(1), replace=True, as_of="2024-07-31")
    assert store.snapshot("tax").batches == ("tax-2024-07-31-00000003",)
    assert [b.number for b in store.batches("tax")] == [1, 2, 3]
    assert store.delivered("tax", row_number(2, 17)).number == batch_of(row_number(2, 17)) == 2


def test_a_column_declared_later_is_null_in_earlier_rows(store: Store) -> None:
    put(store, 1, range(2))
    wider = (*COLUMNS, Field("unit", "VARCHAR"))
    put(store, 2, range(2, 3), columns=wider)
    asked = [Field("unit", "VARCHAR"), Field("id", "BIGINT"), Field("later", "DATE")]
    with open_duckdb() as duck:
        rows = duck.run(f"SELECT * FROM {store.snapshot('tax').relation(asked)} ORDER BY id")
        assert rows == [(None, 0, None), (None, 1, None), ("2", 2, None)]
        assert duck.columns(f"SELECT * FROM {store.snapshot('tax', 0).relation(asked)}") == [
            ("unit", "VARCHAR"),
            ("id", "BIGINT"),
            ("later", "DATE"),
        ]


def test_a_column_keeps_its_type_until_a_complete_list_replaces_all(store: Store) -> None:
    put(store, 1, range(2))
    other = (Field("id", "VARCHAR"),)
    with pytest.raises(StoreError, match="stored as BIGINT and now declared as VARCHAR"):
        put(store, 2, range(2), columns=other)
    assert store.version("tax") == 0
    put(store, 2, range(2), columns=other, replace=True)
    assert store.snapshot("tax").schema == other
    with pytest.raises(StoreError, match="id is stored as VARCHAR"):
        store.snapshot("tax").relation(COLUMNS)
    assert ids(store.snapshot("tax", 0)) == [0, 1]


def test_an_empty_state_still_has_its_columns(store: Store) -> None:
    put(store, 1, range(2))
    put(store, 2, range(0), replace=True)
    with open_duckdb() as duck:
        assert duck.run(f"SELECT * FROM {store.snapshot('tax').relation(COLUMNS)}") == []


def test_a_first_commit_may_have_no_rows(store: Store) -> None:
    assert put(store, 1, range(0)) == 0
    assert store.snapshot("tax").files == ()


def test_many_versions_pass_a_checkpoint(store: Store) -> None:
    with store.writing() as scratch, open_duckdb() as duck:
        table = store.facts("tax")
        for number in range(1, 104):
            source = f"SELECT {number}::BIGINT AS id"
            staged = table.stage(duck, source, scratch, ["id"])
            table.commit(staged, COLUMNS[:1], {"batch": batch(number)})
    assert list(store.root.glob("facts/tax/_delta_log/*.checkpoint.parquet"))
    assert ids(store.snapshot("tax")) == list(range(1, 104))
    assert len(store.snapshot("tax").batches) == 103
    assert ids(store.snapshot("tax", 1)) == [1, 2]


def test_nothing_loaded_says_what_to_do(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        store.snapshot("tax")
    assert "inbox/tax/" in caught.value.in_("zh")
    put(store, 1, range(1))
    with pytest.raises(StoreError, match="no version 7; the newest is 0"):
        store.snapshot("tax", 7)
    with pytest.raises(StoreError, match="no batch 9"):
        store.batch("tax", 9)
    assert store.datasets() == ["tax"]


def test_a_pin_reads_the_same_rows_after_the_state_has_moved_on(store: Store) -> None:
    put(store, 1, range(3))
    pin = json.loads(json.dumps(store.pin(store.snapshot("tax"))))
    put(store, 2, range(9), replace=True)
    pinned = Store(store.root).pinned(pin, verify=True)
    assert pinned == store.snapshot("tax", 0)
    assert ids(pinned) == [0, 1, 2]


def test_a_pin_notices_what_was_changed_or_removed(store: Store) -> None:
    put(store, 1, range(3))
    pin = store.pin(store.snapshot("tax"))
    path = store.snapshot("tax").paths()[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    store.pinned(pin)
    with pytest.raises(StoreError, match="content has changed"):
        store.pinned(pin, verify=True)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="content has changed"):
        store.pinned(pin)
    path.unlink()
    with pytest.raises(StoreError, match="gone from the store"):
        store.pinned(pin)


def test_a_second_writer_is_told_who_writes(store: Store) -> None:
    waiting = (
        "import sys; from pathlib import Path\n"
        "from plumbline.engine.fact.store import Store\n"
        "from plumbline.errors import StoreError\n"
        "try:\n"
        "    with Store(Path(sys.argv[1])).writing(wait=0.1): pass\n"
        "except StoreError as error: print(error.in_('en'))\n"
    )
    with store.writing():
        told = subprocess.run(
            [sys.executable, "-c", waiting, store.root], capture_output=True, text=True, check=True
        )
    assert "is writing; nothing was changed" in told.stdout
    holder = (store.root / "lock").read_text().strip()
    assert f"number {holder}, since 2" in told.stdout
    with store.writing(wait=0):
        pass


def test_what_a_killed_process_left_is_cleared(store: Store) -> None:
    put(store, 1, range(3))
    table = store.facts("tax")
    kept = store.snapshot("tax").paths()[0]
    left = table.folder / f"00000001-001-{'0' * 64}.parquet"
    left.write_bytes(b"half")
    (store.root / "scratch").mkdir(exist_ok=True)
    (store.root / "scratch" / "half").write_bytes(b"half")
    torn = table.folder / "_delta_log" / f"{1:020d}.json"
    torn.write_bytes(b"")
    with store.writing():
        pass
    assert not left.exists()
    assert not torn.exists()
    assert kept.exists()
    assert leftovers(store) == set()
    put(store, 2, range(3, 4))
    assert ids(store.snapshot("tax")) == [0, 1, 2, 3]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyError()])
def test_a_commit_that_fails_leaves_no_files(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    put(store, 1, range(3))

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(DeltaTable, "create_write_transaction", fail)
        with pytest.raises(StoreError if isinstance(error, OSError) else KeyError):
            put(store, 2, range(3, 5))
    assert leftovers(store) == set()
    assert ids(store.snapshot("tax")) == [0, 1, 2]


def test_what_fails_after_the_commit_does_not_undo_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 1, range(3))
    commit = DeltaTable.create_write_transaction

    def commit_and_fail(*arguments: Any, **named: Any) -> None:
        commit(*arguments, **named)
        raise OSError(errno.ENOSPC, "no room for the checkpoint")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", commit_and_fail)
    assert put(store, 2, range(3, 5)) == 1
    assert ids(store.snapshot("tax")) == [0, 1, 2, 3, 4]


def test_a_version_that_cannot_be_read_says_so(store: Store) -> None:
    put(store, 1, range(3))
    (store.facts("tax").folder / "_delta_log" / f"{0:020d}.json").write_text("{}")
    with pytest.raises(StoreError, match="version 0 cannot be read"):
        store.snapshot("tax")


def test_a_scratch_folder_on_another_disk_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = tmp_path / "draft"
    draft.write_text("facts")

    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "replace", elsewhere)
    move_in(draft, tmp_path / "new" / "kept")
    assert (tmp_path / "new" / "kept").read_text() == "facts"


def test_a_table_that_another_program_changed_is_refused(store: Store) -> None:
    put(store, 1, range(3))
    log = store.facts("tax").folder / "_delta_log" / f"{0:020d}.json"
    lines = log.read_text().splitlines()
    log.write_text(
        "\n".join(
            line.replace('"readerFeatures":[', '"readerFeatures":["deletionVectors",').replace(
                '"writerFeatures":[', '"writerFeatures":["deletionVectors",'
            )
            if line.startswith('{"protocol"')
            else line
            for line in lines
        )
    )
    with pytest.raises(StoreError, match="deletion vectors"):
        store.snapshot("tax")


def test_a_file_of_another_program_is_refused(store: Store) -> None:
    put(store, 1, range(3))
    table = store.facts("tax")
    own = Path(store.snapshot("tax").files[0].path).name
    log = table.folder / "_delta_log" / f"{0:020d}.json"
    log.write_text(log.read_text().replace(own, "part-0.parquet"))
    with pytest.raises(StoreError, match="not written by Plumbline"):
        store.snapshot("tax")


def test_the_change_feed_can_be_read_by_other_programs(store: Store) -> None:
    put(store, 1, range(3))
    put(store, 2, range(5), replace=True)
    feed = DeltaTable(str(store.facts("tax").folder)).load_cdf(starting_version=0).read_all()
    kinds = [kind.as_py() for kind in feed["_change_type"]]
    assert sorted(kinds) == ["delete"] * 3 + ["insert"] * 8


def test_large_tables_are_sorted_in_pieces(store: Store) -> None:
    columns = [Field("id", "BIGINT"), Field("name", "VARCHAR")]
    with store.writing() as scratch, open_duckdb() as duck:
        source = (  # nearly half are nobody's, and as many one person's
            "SELECT CAST(CASE WHEN i < 9000 THEN NULL WHEN i < 18000 THEN 7 ELSE i * 7919 % 20000 "
            "END AS BIGINT) AS id, 'x' || (i * 31 % 20000) AS name FROM range(20000) r(i)"
        )
        table = store.facts("tax")
        staged = table.stage(duck, source, scratch, ["id", "name"], pieces=5)
        table.commit(staged, columns, {"batch": batch(1)})
        expected = duck.run(f"{source} ORDER BY id, name")
    snapshot = store.snapshot("tax")
    assert len(snapshot.files) == 5
    assert all(3000 < file.rows < 5000 for file in snapshot.files)
    with open_duckdb() as duck:
        found = [row for path in snapshot.paths() for row in rows_in_order(duck, path)]
    assert found == expected


def rows_in_order(duck: Duck, path: Path) -> list[tuple[Any, ...]]:
    numbered = f"read_parquet('{path}', file_row_number=true)"
    return duck.run(f"SELECT id, name FROM {numbered} ORDER BY file_row_number")


def test_texts_can_be_cut_into_pieces_too(store: Store) -> None:
    with store.writing() as scratch, open_duckdb() as duck:
        source = "SELECT '某' || chr(39) || i AS name FROM range(1000) r(i)"
        staged = store.facts("tax").stage(duck, source, scratch, ["name"], pieces=3)
        assert [piece.rows > 100 for piece in staged] == [True] * 3
        assert sum(piece.rows for piece in staged) == 1000
        assert (
            store.facts("tax").stage(duck, f"{source} WHERE i < 0", scratch, ["name"], pieces=3)
            == []
        )
