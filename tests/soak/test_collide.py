"""Killed at any moment, a run leaves each register as it was or as it will be; the next one completes it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import Workspace
from tests.engine.collision.town import Town, honour, offence
from tests.engine.line.small import number

KILLS = 50
MODEL = "honour-despite-offence"
COLLIDE = """
import sys
from datetime import UTC, datetime
from plumbline.engine import Workspace

workspace = Workspace(sys.argv[1])
workspace.models
print("ready", flush=True)
run = workspace.collide(sys.argv[2:], at=datetime(2025, 9, 1, tzinfo=UTC))
print(run.number, flush=True)
"""

pytestmark = pytest.mark.soak

Registers = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A register of one run, and deliveries since that add, change and withdraw."""
    town = Town(tmp_path / "town")
    people = [number(n, f"19{60 + n % 40}0101") for n in range(900)]
    town.deliver("honours", [honour(str(n), person, "王五") for n, person in enumerate(people)])
    town.deliver(
        "offences",
        [
            offence(str(n), person, "王五" if n % 9 else "李六")
            for n, person in enumerate(people[:600])
        ],
    )
    town.model("second", status="trial", one_warning_per=["honour.no"])
    town.collide(MODEL, "second")
    later = [{**offence(str(n), people[n], "王五"), "change": "删除"} for n in range(100)]
    later += [offence(str(n), people[n], "王五", kind="行政") for n in range(100, 200)]
    later += [offence(str(n), people[n], "王五" if n % 9 else "李六") for n in range(600, 900)]
    town.deliver("offences", later, "2025-08-31")
    return town


def registers(folder: Path) -> Registers:
    """What the registers say, but for the numbers of runs, which count killed ones too."""
    workspace = Workspace(folder)
    return {
        register: [
            (w.key, w.model, w.state, w.level, w.tier, w.per, w.evidence, dict(w.figures))
            for w in workspace.warnings(register=register, withdrawn=True)  # type: ignore[arg-type]
        ]
        for register in ("warnings", "trials", "questions", "candidates")
    }  # fmt: skip


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", COLLIDE, str(folder), MODEL, "second"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
    return process


def collide(folder: Path) -> int:
    return Workspace(folder).collide([MODEL, "second"], at=datetime(2025, 9, 1, tzinfo=UTC)).number


def test_killed_at_random_moments(town: Town, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(town.folder, before)
    old = registers(town.folder)
    began = time.monotonic()
    process = start(town.folder)
    process.communicate(timeout=120)
    took = time.monotonic() - began
    new = registers(town.folder)
    assert old != new
    assert {w[2] for w in new["warnings"]} == {"open", "withdrawn"}
    chance = random.Random(20250901)  # noqa: S311 -- moments, not secrets
    seen: dict[str, set[str]] = {name: set() for name in old}
    for _ in range(KILLS):
        shutil.rmtree(town.folder)
        shutil.copytree(before, town.folder)
        process = start(town.folder)
        time.sleep(chance.random() * took)
        process.kill()
        process.communicate()
        after = registers(town.folder)
        for name, rows in after.items():
            assert rows in (old[name], new[name]), f"{name} is neither the old nor the new register"
            seen[name].add("new" if rows == new[name] else "old")
        number_ = collide(town.folder)
        assert registers(town.folder) == new
        runs = list(Workspace(town.folder).runs())
        assert runs == sorted(set(runs))
        assert runs[-1] == number_
        assert not list((town.folder / "store" / "scratch").glob("*"))
    assert seen["warnings"] == {"old", "new"}, "the moments were all early, or all late"


def test_two_runs_at_once_take_turns(town: Town) -> None:
    both = [start(town.folder), start(town.folder)]
    numbers = set()
    for process in both:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        numbers.add(int(out))
    assert numbers == {2, 3}
    found = registers(town.folder)
    keys = [warning[0] for warning in found["warnings"]]
    assert len(keys) == len(set(keys))
    assert collide(town.folder) == 4
    assert registers(town.folder) == found


def test_readers_see_one_state_or_the_other(town: Town) -> None:
    old = registers(town.folder)
    process = start(town.folder)
    states = []
    while process.poll() is None:
        states.append(registers(town.folder)["warnings"])
    process.communicate()
    assert process.returncode == 0
    new = registers(town.folder)["warnings"]
    assert all(state in (old["warnings"], new) for state in states)
