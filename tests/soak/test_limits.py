"""Loads at the limits of a small machine: many rows in little memory, a disk that is really full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from plumbline.errors import StoreError
from tests.engine.fact.delivering import RECEIVED, csv, fees
from tests.engine.fact.killing import HEADER, begin, leftovers, loading, look, rows

pytestmark = pytest.mark.soak

ROWS = int(os.environ.get("PLUMBLINE_SOAK_ROWS", "20000000"))
TWO_GIBIBYTES = 2 * 2**20  # in KiB, as getrusage counts

MEASURED = """
import resource, sys
from pathlib import Path
from tests.engine.fact.delivering import COUNTRY, RECEIVED
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
store, declared, file = map(Path, sys.argv[1:])
batch = load_delivery(Store(store), Dataset(declared, COUNTRY), file, received_at=RECEIVED)
print(batch.rows, batch.loaded, batch.quarantined)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(code: str, *arguments: object) -> list[str]:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'src'}", "PATH": "/usr/bin:/bin"},
    )
    return done.stdout.splitlines()


def test_many_rows_load_in_under_two_gibibytes(tmp_path: Path) -> None:
    """One in a hundred is faulty, and two columns are in spellings that SQL does not read."""
    dataset = fees(tmp_path)
    file = tmp_path / "费2024-06-30.csv"
    with open_duckdb() as duck:
        duck.run(
            "COPY (SELECT i AS 编号, '王' || chr(19968 + CAST(hash(i) % 2000 AS INTEGER)) AS 姓名, "
            "CASE WHEN i % 100 = 7 THEN '2024-02-30' "
            "ELSE (2000 + i % 20) || '年' || (1 + i % 12) || '月' END AS 缴费日期, "
            "(hash(i) % 1000000) / 100 AS 金额, CASE WHEN i % 2 = 0 THEN '甲' ELSE '乙' END AS 类别, "
            f"'区县' || (i % 90) AS 区县 FROM range({ROWS}) r(i)) TO '{file}' (FORMAT csv, HEADER)"
        )
    said = run(MEASURED, tmp_path / "store", dataset.document.path, file)
    assert len(said) == 2, said
    counts, peak = said
    faulty = len(range(7, ROWS, 100))
    assert counts == f"{ROWS} {ROWS - faulty} {faulty}"
    print(f"\n{ROWS:,} rows, {int(peak) // 1024} MiB")  # noqa: T201 -- a soak says what it saw
    assert int(peak) < TWO_GIBIBYTES


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip("no right to mount a small disk; the fast tests limit the size of files")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full(small_disk: Path, tmp_path: Path) -> None:
    dataset = fees(tmp_path)
    store = Store(small_disk / "store")
    first = csv(tmp_path / "费2024-06-30.csv", *rows(1_000, 1), header=HEADER)
    second = csv(tmp_path / "费2024-07-31.csv", *rows(60_000, 2), header=HEADER)
    load_delivery(store, dataset, first, received_at=RECEIVED)
    before = look(store, dataset)
    full, refused = small_disk / "full", []
    for spare in range(0, 6_000_000, 150_000):  # stops the copy, the sorted file, the log
        free = os.statvfs(small_disk)
        full.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - spare))
        try:
            load_delivery(store, dataset, second, received_at=RECEIVED)
        except StoreError as error:
            refused.append(error.in_("zh"))
        else:
            break
        assert look(store, dataset) == before
        full.unlink()
    assert len(refused) > 10
    assert all("磁盘已满，库里的数据仍是原来的样子" in message for message in refused)
    assert look(store, dataset).rows == 58_800
    assert len(store.batches("fees")) == 2
    full.unlink()
    with store.writing():
        pass
    assert leftovers(store) == set()


def test_many_processes_that_load_at_once_take_turns(tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery="{kind: changes}")
    files = [
        csv(tmp_path / f"费2024-{n:02}-28.csv", *rows(20_000, n, first=n * 20_000), header=HEADER)
        for n in range(1, 9)
    ]
    at_once = [loading(tmp_path / "store", dataset, file) for file in files]
    for process in at_once:
        begin(process)
    said = [process.communicate()[0].split() for process in at_once]
    done = sum(words[-1:] == ["done"] for words in said)
    store = Store(tmp_path / "store")
    assert done >= 1
    assert (
        len(store.batches("fees")) == done
    )  # who waited too long was told so, and changed nothing
    for file in files:
        load_delivery(store, dataset, file, received_at=RECEIVED)
    assert look(store, dataset).rows == 8 * 19_600
    assert leftovers(store) == set()
