"""Killing a load at a random moment, and looking at what it left behind."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from tests.engine.fact.delivering import COUNTRY, RECEIVED, csv, fees
from tests.warm import Warm

HEADER = "编号,姓名,缴费日期,金额,区县"
CHANGES = "{kind: changes, change: {from: 变更, withdrawn: [删除]}}"
LOADING = """
import sys
from pathlib import Path
from tests.engine.fact.delivering import COUNTRY, RECEIVED
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
store, declared, file = map(Path, sys.argv[1:])
dataset = Dataset(declared, COUNTRY)
print("ready", flush=True)
sys.stdin.readline()
load_delivery(Store(store), dataset, file, received_at=RECEIVED, wait=300)
print("done", flush=True)
"""


def rows(count: int, amount: int, first: int = 0) -> list[str]:
    """Good rows, with one in fifty faulty."""
    return [
        f"{n},王伟,{'2024-02-30' if n % 50 == 7 else '2024-02-29'},{amount},甲县"
        for n in range(first, first + count)
    ]


def loading(store: Path, dataset: Dataset, file: Path) -> subprocess.Popen[str]:
    """A process that loads `file` as soon as it reads a line."""
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", LOADING, store, dataset.document.path, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'src'}", "PATH": "/usr/bin:/bin"},
    )


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


@dataclass(frozen=True)
class Seen:
    """What a reader sees: rows and a digest over them, whatever their order."""

    rows: int
    digest: int
    batches: tuple[str, ...]


def look(store: Store, dataset: Dataset) -> Seen:
    snapshot = store.snapshot(dataset.name)
    relation = snapshot.relation(dataset.fields)
    with open_duckdb() as duck:
        [(count, digest)] = duck.run(
            f"SELECT count(*), bit_xor(hash(no, name, paid_on__from, amount, _row)) FROM {relation}"
        )
    store.pinned(store.pin(snapshot), verify=True)
    return Seen(count, digest, tuple(batch.id for batch in store.batches(dataset.name)))


def leftovers(store: Store) -> set[str]:
    """Data files that no version names, and scratch."""
    named = set()
    for name in store.datasets():
        table = store.facts(name)
        for version in range((table.version or 0) + 1):
            named |= {file.path for file in table.files(version)}
    there = {p.relative_to(store.root).as_posix() for p in store.root.glob("facts/*/*.parquet")}
    return (there - named) | {p.name for p in store.root.glob("scratch/*")}


def load(store: str, declared: str, file: str) -> Callable[[], object]:
    """What `Warm` forks for."""
    dataset = Dataset(Path(declared), COUNTRY)
    return lambda: load_delivery(
        Store(Path(store)), dataset, Path(file), received_at=RECEIVED, wait=300
    )


def kill_at_random_moments(folder: Path, *, kills: int, size: int, seed: int) -> list[str]:
    """Kill loads of full lists and of changes; returns what each kill left: "old" or "new".

    Every kill is followed by a look, a retry that must complete, and a second retry that must not
    change anything; both must leave what an undisturbed load does, by a digest over all rows.
    """
    dice = random.Random(seed)  # noqa: S311 -- moments, not secrets
    found = []
    for kind in ("{kind: full}", CHANGES):
        home = folder / ("full" if "full" in kind else "changes")
        dataset = fees(home, delivery=kind)
        before, after, tried = home / "before", home / "after", home / "tried"
        first = csv(home / "费2024-06-30.csv", *rows(size, 1), header=HEADER)
        second = csv(home / "费2024-07-31.csv", *rows(size, 2, first=size // 2), header=HEADER)
        load_delivery(Store(before), dataset, first, received_at=RECEIVED)
        with Warm() as warm:
            call = "tests.engine.fact.killing:load"
            for _ in range(2):  # the second time files are where they are read fast, as later
                shutil.rmtree(after, ignore_errors=True)
                shutil.copytree(before, after)
                lasts = warm.run(call, after, dataset.document.path, second)
            old, new = look(Store(before), dataset), look(Store(after), dataset)
            assert old != new
            for kill in range(kills // 2):
                shutil.rmtree(tried, ignore_errors=True)
                shutil.copytree(before, tried)
                # every other one late, where the commit is
                moment = dice.uniform(lasts * 0.7 if kill % 2 else 0, lasts * 1.1)
                warm.run(call, tried, dataset.document.path, second, kill_after=moment)
                seen = look(Store(tried), dataset)
                assert seen in {old, new}, "neither the old state nor the new one"
                found.append("old" if seen == old else "new")
                for _ in range(2):
                    load_delivery(Store(tried), dataset, second, received_at=RECEIVED)
                    assert look(Store(tried), dataset) == new
                assert leftovers(Store(tried)) == set()
    return found
