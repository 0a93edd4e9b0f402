"""Killed at any moment, a run leaves each register as it was or as it will be; the next one completes it.

It is killed on the first run of all, which is in full, and on the runs after deliveries, which judge again what these
can have changed.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import Workspace
from tests.engine.collision.town import Town, honour, offence
from tests.engine.line.small import number
from tests.warm import Warm

KILLS = int(
    os.environ.get("PLUMBLINE_SOAK_COLLIDE_KILLS", "120")
)  # in all, and of each run a third
MODEL = "honour-despite-offence"
AT = datetime(2025, 9, 1, tzinfo=UTC)
COLLIDE = """
import sys
from tests.soak.test_collide import run
begin = run(sys.argv[1])
print("ready", flush=True)
print(begin(), flush=True)
"""

pytestmark = pytest.mark.soak

Registers = dict[str, list[tuple[Any, ...]]]


def people() -> list[str]:
    return [number(n, f"19{60 + n % 40}0101") for n in range(900)]


def fined(numbers: range, **more: str) -> list[dict[str, str | None]]:
    known = people()
    return [{**offence(str(n), known[n], "王五" if n % 9 else "李六"), **more} for n in numbers]


def begun(folder: Path) -> Town:
    """Registers that were delivered and never collided."""
    town = Town(folder)
    town.deliver("honours", [honour(str(n), who, "王五") for n, who in enumerate(people())])
    town.deliver("offences", fined(range(600)))
    town.model("second", status="trial", one_warning_per=["honour.no"])
    return town


def much_later(town: Town) -> None:
    """A delivery that adds, changes and withdraws."""
    later = [*fined(range(100), change="删除"), *fined(range(100, 200), kind="行政")]
    town.deliver("offences", [*later, *fined(range(600, 890))], "2025-08-31")


def little_later(town: Town) -> None:
    """The same of few rows, as from one day to the next."""
    later = [*fined(range(200, 204), change="删除"), *fined(range(204, 208), kind="行政")]
    town.deliver("offences", [*later, *fined(range(890, 898))], "2025-09-30")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A register of one run, and a delivery since."""
    town = begun(tmp_path / "town")
    collide(town.folder)
    much_later(town)
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


def digest(found: Registers) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()


def run(folder: str) -> Callable[[], int]:
    """A run of both models, for which all files of models have been read."""
    workspace = Workspace(Path(folder))
    workspace.models  # noqa: B018 -- read for its effect
    return lambda: workspace.collide([MODEL, "second"], at=AT).number


def collide(folder: Path) -> int:
    return run(str(folder))()


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", COLLIDE, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
    return process


def kill_at_random_moments(folder: Path, kills: int, seed: int) -> dict[str, set[str]]:
    """Kill the run that is due in a workspace so often, each time on a copy; what each kill left of a register.

    The run that follows must leave what an undisturbed one does, by a digest over all registers, and so must
    one more. Then the workspace itself is run, undisturbed.
    """
    old, tried = registers(folder), folder.with_name("tried")
    chance = random.Random(seed)  # noqa: S311 -- moments, not secrets
    seen: dict[str, set[str]] = {name: set() for name in old}
    with Warm() as warm:
        for _ in range(2):  # the second time files are where they are read fast, as later
            shutil.rmtree(tried, ignore_errors=True)
            shutil.copytree(folder, tried)
            took = warm.run("tests.soak.test_collide:run", tried)
        new = registers(tried)
        undisturbed = digest(new)
        assert old != new
        for kill in range(kills):
            shutil.rmtree(tried)
            shutil.copytree(folder, tried)
            # every other one late, where what was found is written
            moment = chance.uniform(took * 0.6 if kill % 2 else 0, took * 1.15)
            warm.run("tests.soak.test_collide:run", tried, kill_after=moment)
            for name, rows in registers(tried).items():
                assert rows in (old[name], new[name]), (
                    f"{name} is neither the old nor the new register"
                )
                seen[name].add("new" if rows == new[name] else "old")
            number_ = collide(tried)
            assert digest(registers(tried)) == undisturbed
            runs = list(Workspace(tried).runs())
            assert runs == sorted(set(runs))
            assert runs[-1] == number_
            assert not list((tried / "store" / "scratch").glob("*"))
            if kill % 10 == 0:
                collide(tried)
                assert digest(registers(tried)) == undisturbed
    collide(folder)
    assert digest(registers(folder)) == undisturbed
    return seen


def test_killed_at_random_moments(tmp_path: Path) -> None:
    town = begun(tmp_path / "town")
    seen = []
    for number_, deliver in enumerate((lambda _: None, much_later, little_later)):
        deliver(town)
        seen.append(kill_at_random_moments(town.folder, KILLS // 3, 20250901 + number_))
    print(f"\n{KILLS} kills left {seen}")  # noqa: T201 -- a soak says what it saw
    left = set().union(*(each["warnings"] for each in seen))
    assert left == {"old", "new"}, "the moments were all early, or all late"
    assert {w[2] for w in registers(town.folder)["warnings"]} == {"open", "withdrawn"}


def test_two_runs_at_once_take_turns(town: Town) -> None:
    both = [start(town.folder), start(town.folder)]
    numbers = set()
    for process in both:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        numbers.add(int(out))
    assert numbers == {2, 3}  # one waited for the other, and both completed
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
