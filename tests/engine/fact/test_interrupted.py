"""A load that is killed, raced or starved of disk: few of each here, many under `tests/soak`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from tests.engine.fact.delivering import RECEIVED, csv, fees
from tests.engine.fact.killing import (
    HEADER,
    begin,
    kill_at_random_moments,
    leftovers,
    loading,
    look,
    rows,
)


def test_a_killed_load_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    left = kill_at_random_moments(tmp_path, kills=6, size=2_000, seed=20240630)
    assert len(left) == 6


def test_two_processes_that_load_at_once_take_turns(tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery="{kind: changes}")
    files = [
        csv(tmp_path / f"费2024-0{n}-28.csv", *rows(500, n, first=n * 500), header=HEADER)
        for n in (1, 2, 3)
    ]
    at_once = [loading(tmp_path / "store", dataset, file) for file in files]
    for process in at_once:
        begin(process)
    assert [process.communicate()[0].split()[-1] for process in at_once] == ["done"] * 3
    store = Store(tmp_path / "store")
    assert sorted(batch.number for batch in store.batches("fees")) == [1, 2, 3]
    assert look(store, dataset).rows == 3 * 490
    assert leftovers(store) == set()


FULL = """
import resource, sys
from pathlib import Path
from tests.engine.fact.delivering import COUNTRY, RECEIVED
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from plumbline.errors import StoreError
store, declared, file = map(Path, sys.argv[1:4])
limit = int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    load_delivery(Store(store), Dataset(declared, COUNTRY), file, received_at=RECEIVED)
except StoreError as error:
    print(error.in_("zh"))
"""


def test_a_full_disk_is_said_in_words_and_changes_nothing(tmp_path: Path) -> None:
    dataset = fees(tmp_path)
    store = Store(tmp_path / "store")
    load_delivery(
        store, dataset, csv(tmp_path / "费2024-06-30.csv", *rows(50, 1), header=HEADER),
        received_at=RECEIVED,
    )  # fmt: skip
    before = look(store, dataset)
    file = csv(tmp_path / "费2024-07-31.csv", *rows(20_000, 2), header=HEADER)
    root = Path(__file__).parents[3]
    for limit in (100_000, 20_000, 4_096):  # stops the copy, the sorted file, the log
        told = subprocess.run(
            [sys.executable, "-c", FULL, store.root, dataset.document.path, file, str(limit)],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={"PYTHONPATH": f"{root}:{root / 'src'}", "PATH": "/usr/bin:/bin"},
        )
        assert "磁盘已满，库里的数据仍是原来的样子" in told.stdout, told.stderr
        assert look(store, dataset) == before
    with store.writing():
        pass
    assert leftovers(store) == set()
    load_delivery(store, dataset, file, received_at=RECEIVED)
    assert look(store, dataset).rows == 19_600
