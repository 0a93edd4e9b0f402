"""Runs: what the models found, what is held, how the registers changed."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tests.cli.small import Run

MODEL = "honour-despite-offence"
LET_IN = (MODEL, "--accept", f"{MODEL}=小样")


@pytest.fixture
def loaded(plumb: Run) -> Run:
    plumb("load", "--accept", "小样")
    return plumb


def test_a_result_outside_its_band_is_held_and_then_let_in(loaded: Run) -> None:
    held = loaded("collide", MODEL, code=1).stdout
    assert f"{MODEL}\t1\t1\t0\t0\t0\t暂扣" in held
    assert f"暂扣 {MODEL}: 命中率 66.67%（2/3）不在预期 0%..5% 之内" in held
    assert loaded("warnings").stdout == "没有符合条件的预警\n"
    said = loaded("collide", *LET_IN).stdout.splitlines()
    assert said[0].startswith("截止日 2025-12-31  (各批次中最晚的)")
    assert said[1] == "模型\t红色\t黄色\t蓝色\t无法判断\t例外\t结果"
    assert said[2] == f"{MODEL}\t1\t1\t0\t0\t0\t已入库"
    assert "预警: 新增 2，有变 0，撤回 0，未变 0" in said


def test_a_second_run_raises_nothing_twice(after: tuple[Path, Run]) -> None:
    _, run = after
    said = run("collide", *LET_IN, lang="en").stdout
    assert "warnings: new 0, changed 0, withdrawn 0, unchanged 2" in said
    assert len(run("warnings", "--json").stdout.splitlines()) == 2


def test_a_run_whose_results_are_all_held_leaves_the_warnings(after: tuple[Path, Run]) -> None:
    _, run = after
    run("collide", code=1)
    assert len(run("warnings", "--json").stdout.splitlines()) == 2


def test_models_without_facts_are_skipped_and_say_so(loaded: Run) -> None:
    said = loaded("collide", "benefit-after-death", *LET_IN, lang="en").stdout
    assert "skipped benefit-after-death: nothing is loaded for: benefit_payments, deaths" in said


def test_trial_results_stand_apart(office: Path, loaded: Run) -> None:
    loaded("new", "model", "in-the-future", "--dataset", "honours")
    file = office / "catalog/models/own/in-the-future/model.yml"
    file.write_text(
        file.read_text()
        .replace("status: draft", "status: trial")
        .replace("0%..5%", "0%..100%")
        .replace("from: 2020", "from: 2000")
    )
    said = loaded(
        "collide", "in-the-future", MODEL, "--as-of", "2015-01-01", "--accept", f"{MODEL}=小样"
    )
    assert "截止日 2015-01-01  (指定的)" in said.stdout
    assert "试运行（结果单独存放，不告知任何人）" in said.stdout
    assert "试运行结果: 新增 1" in said.stdout
    trial = json.loads(loaded("warnings", "--register", "trials", "--json").stdout)
    assert trial["model"] == "in-the-future"
    assert loaded("warnings", "--model", "in-the-future").stdout == "没有符合条件的预警\n"


def test_json_is_one_line_and_stable(loaded: Run) -> None:
    said = loaded("collide", *LET_IN, "--json", lang="en")
    assert said.stderr == ""
    run = json.loads(said.stdout)
    assert run["as_of"] == "2025-12-31"
    assert run["backdated"] is None
    assert run["models"] == [
        {
            "model": MODEL, "status": "live", "rows": 3, "flagged_rows": 2, "held": None, "skipped": None,
            "way": {"how": "full", "why": "there is no earlier result", "changed": {}},
            "spilled_bytes": 0,
            "flag": {"red": 1, "yellow": 1, "blue": 0}, "cannot_tell": 0, "left_out": 0, "reasons": [],
        }
    ]  # fmt: skip
    assert run["registers"]["warnings"] == {"raised": 2}


def test_a_terminal_shows_progress_and_a_pipe_does_not(loaded: Run) -> None:
    assert loaded("collide", *LET_IN).stderr == ""
    said = loaded("collide", *LET_IN, terminal=True)
    assert "1/1" in click.unstyle(said.stderr)
    assert "1/1" not in click.unstyle(said.stdout)


def test_a_run_that_looks_back_changes_nothing_and_says_so(after: tuple[Path, Run]) -> None:
    _, run = after
    said = run("collide", *LET_IN, "--as-of", "2025-06-30", lang="en").stdout
    assert "not entered a run as of 2025-12-31 went before" in said
    assert "no run up to that day is recorded" in said
    assert "\tseen only\n" in said, "nothing was entered"
    assert "run 2" not in said, "such a run has no number"
    again = json.loads(run("collide", *LET_IN, "--as-of", "2025-06-30", "--json").stdout)
    assert (again["backdated"], again["saw"], again["registers"]) == ("2025-12-31", None, {})


@pytest.mark.parametrize("wrong", ["no-equals-sign", f"{MODEL}=  "])
def test_a_reason_must_be_given(loaded: Run, wrong: str) -> None:
    assert "须写成 模型=理由" in loaded("collide", "--accept", wrong, code=2).stderr


def test_nothing_loaded(plumb: Run) -> None:
    assert "run plumbline load first" in plumb("collide", lang="en", code=2).stderr


def test_the_runs_are_listed(after: tuple[Path, Run]) -> None:
    _, run = after
    heads, row = run("runs", lang="en").stdout.splitlines()
    assert heads == "run\tat\tas of\tmodels\theld\tengine"
    cells = row.split("\t")
    assert (cells[0], cells[2], cells[3], cells[4]) == ("1", "2025-12-31", "1", "0")
    assert "duckdb" in cells[5]
