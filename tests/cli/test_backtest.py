"""`plumbline backtest`: months, known outcomes, another setting, and the forms it is told in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.small import NUMBERS, Run

MODEL = "honour-despite-offence"
MONTHS = ("--from", "2025-11", "--to", "2025-12")


@pytest.fixture
def plumb(after: tuple[Path, Run]) -> Run:
    return after[1]


def keys(plumb: Run) -> dict[str, str]:
    """Level -> key of the one warning that has it."""
    listed = [json.loads(line) for line in plumb("warnings", "--json").output.splitlines()]
    return {each["level"]: each["key"] for each in listed}


def test_months_in_both_languages(plumb: Run) -> None:
    told = plumb("backtest", MODEL, *MONTHS, lang="en").stdout.splitlines()
    assert told[1].split("\t")[:3] == ["month", "data", "flagged"]
    assert [line.split("\t")[:3] for line in told[2:4]] == [
        ["2025-11", "today's", "2"],
        ["2025-12", "as run 1 saw it", "2"],
    ]
    assert told[4] == "as it is: 2 warnings"
    said = plumb("backtest", MODEL, *MONTHS)
    assert "第 1 次运行所见" in said.stdout
    assert "迟报和后来更正的也算在内" in said.stderr
    assert not any(number in said.output for number in NUMBERS.values())


def test_outcomes_from_a_file(plumb: Run, tmp_path: Path) -> None:
    known = keys(plumb)
    file = tmp_path / "outcomes.csv"
    file.write_text(
        f"编号,对象,结果\n{known['red']},,属实\n,{NUMBERS['he']},不属实\nffff,,confirmed\n,x,无法查实\n", encoding="utf-8-sig"
    )  # fmt: skip
    told = plumb("backtest", MODEL, *MONTHS, "--outcomes", str(file), lang="en").stdout
    assert "outcomes known of 2, 1 confirmed: precision 50.0% (95% interval 9.5% to 90.5%)" in told
    assert "confirmed elsewhere and not flagged: 1" in told
    said = json.loads(plumb("backtest", MODEL, *MONTHS, "--outcomes", str(file), "--json").stdout)
    assert said["all"]["precision"] == 0.5
    assert [each["run"] for each in said["months"]] == [None, 1]
    assert said["months"][0]["new"]["confirmed"] == 1
    assert said["months"][1]["new"]["flagged"] == 0
    assert set(said["months"][1]["keys"]) == set(known.values())


def test_another_setting(plumb: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "months.csv"
    told = plumb("backtest", MODEL, *MONTHS, "--set", "look_back_years=1", "--csv", str(sheet), lang="en").stdout  # fmt: skip
    assert "look_back_years=1: 0 warnings" in told
    assert "no longer with look_back_years=1: 2 warnings" in told
    rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines()))
    assert [(row["flagged"], row["flagged, changed"], row["only as it is"]) for row in rows] == [("2", "0", "2")] * 2  # fmt: skip


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--set", "look_back=5"], "look_back_years"),
        (["--set", "look_back_years"], "NAME=NUMBER"),
        (["--from", "2026-01"], "comes after the last"),
    ],
)
def test_what_is_refused(plumb: Run, more: list[str], words: str) -> None:
    assert words in plumb("backtest", MODEL, *MONTHS, *more, lang="en", code=2).output


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n1,2\n", "the header needs"), ("key,outcome\nffff,maybe\n", "outcomes.csv:2")],
)
def test_outcomes_that_cannot_be_read(plumb: Run, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    said = plumb("backtest", MODEL, *MONTHS, "--outcomes", str(file), lang="en", code=2).output
    assert words in said
