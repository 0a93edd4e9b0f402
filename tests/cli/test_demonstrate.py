"""The demo: the whole job on an invented city, and what it says of it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from plumbline.cli.demonstrate import _period
from plumbline.engine import Workspace
from plumbline.verify_proof import verify


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def demo(folder: Path, *more: str, lang: str = "zh") -> Result:
    """In a process of its own, since it sets Django up for the city's own workbench."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PLUMBLINE", "DJANGO"))}
    said = subprocess.run(
        [sys.executable, "-m", "plumbline.cli", "--lang", lang, "demo", "--dir", str(folder), *more],
        capture_output=True, text=True, check=False, env=env,
    )  # fmt: skip
    return Result(said.returncode, said.stdout, said.stderr)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("demo") / "city"
    return folder, demo(folder, "--people", "20000", lang="en")


def test_every_warning_is_true_and_every_true_one_is_found(told: tuple[Path, Result]) -> None:
    _, said = told
    assert said.exit_code == 0, said.output
    header = next(line for line in said.stdout.splitlines() if line.startswith("model\t"))
    assert header.endswith("\tprecision\trecall\tquestions' precision\tquestions' recall")
    rows = re.findall(
        r"^([a-z-]+)\t.*\t([\d.]+)\t([\d.]+)\t([\d.]+)\t([\d.]+)$", said.stdout, re.MULTILINE
    )
    assert len(rows) == 15
    assert {figure for row in rows for figure in row[1:]} == {"1.000"}


def test_the_rows_add_up(told: tuple[Path, Result]) -> None:
    line = next(line for line in told[1].stdout.splitlines() if " rows in: " in line)
    whole, *parts = (int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", line))
    assert sum(parts) == whole


def test_three_warnings_are_told_and_nobody_is_named(told: tuple[Path, Result]) -> None:
    folder, said = told
    keys = re.findall(r"^(?:red|yellow|blue)  ([0-9a-f]{16})$", said.stdout, re.MULTILINE)
    city = Workspace(folder)
    shown = [city.find(key)[0] for key in keys]
    assert len({warning.model for warning in shown[:3]}) == 3
    # And what came to light only through rows without a full number, with the reason.
    assert {warning.tier for warning in shown[3:]} <= {"C", "D"}
    assert {"C", "D"} <= {warning.tier for warning in shown}
    assert "    tier C: the masked number fits, same name" in said.stdout
    people = {w["subject"] for w in json.loads((folder / "truth.json").read_text())["warnings"]}
    assert [number for number in people if len(number) == 18 and number in said.output] == []


def test_it_says_how_long_it_took_and_what_to_do_next(told: tuple[Path, Result]) -> None:
    folder, said = told
    assert re.search(r"^[\d.]+ seconds: invent the city [\d.]+, load ", said.stdout, re.MULTILINE)
    assert f"plumbline --workspace {folder} explain KEY" in said.stdout


def test_it_ends_with_a_workbench_that_officers_have_begun_to_use(
    told: tuple[Path, Result],
) -> None:
    folder, said = told
    line = next(line for line in said.stdout.splitlines() if line.startswith("the workbench"))
    warnings, worked, sealed = (int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", line))
    with closing(sqlite3.connect(folder / "workbench.db")) as database:
        states = dict(
            database.execute("SELECT state, count(*) FROM disposal_disposal GROUP BY state")
        )
        ((entries,),) = database.execute("SELECT count(*) FROM trail_entry")
    assert set(states) == {"dispatched", "signed", "verifying", "reported", "closed"}
    assert sum(states.values()) == warnings
    assert 15 <= worked < warnings
    assert sealed == entries


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    said = demo(tmp_path, "--people", "20000")
    assert said.exit_code == 2
    assert "未改动" in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("lang", "words"), [("zh", "城市太小"), ("en", "too small")])
def test_a_village_is_no_city(tmp_path: Path, lang: str, words: str) -> None:
    said = demo(tmp_path / "village", "--people", "300", lang=lang)
    assert said.exit_code == 2
    assert words in said.stderr


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2021-03-01..2021-03-31", "2021-03"),
        ("2024-02-01..2024-02-29", "2024-02"),
        ("2021-01-01..2021-12-31", "2021"),
        ("2021-03-01", "2021-03-01"),
        ("2021-03-01..2021-04-30", "2021-03-01..2021-04-30"),
        ("劳动模范", "劳动模范"),
    ],
)
def test_a_period_is_written_as_the_truth_has_it(given: str, written: str) -> None:
    assert _period(given) == written


def test_warnings_of_every_shape_are_proven(told: tuple[Path, Result]) -> None:
    """Two of each model, those on trial too; `Workspace.proof` itself refuses what would not hold."""
    folder, _ = told
    city = Workspace(folder)
    found = [*city.warnings(), *city.warnings(register="trials")]
    of_model = {w.model: [v for v in found if v.model == w.model][:2] for w in found}
    assert len(of_model) == 15
    for warning in (each for listed in of_model.values() for each in listed):
        proven = list(verify(city.proof(warning).written(), without_trail=True))
        assert all(holds is not False for holds, _ in proven), (warning.key, proven)
