"""What a run would do is told beforehand, and done."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.small import Run

MODEL = "honour-despite-offence"


def test_before_the_first_run_everything_is_judged(plumb: Run) -> None:
    plumb("load", "--accept", "小样")
    said = plumb("plan", MODEL).stdout.splitlines()
    assert said == ["模型\t怎样运行\t变动\t为什么", f"{MODEL}\t全算\t\t没有上次的结果"]


def test_after_a_run_there_is_nothing_to_do_and_the_run_says_so(after: tuple[Path, Run]) -> None:
    _, run = after
    run("collide", MODEL, "--accept", f"{MODEL}=小样")
    planned = json.loads(run("plan", MODEL, "--json", lang="en").stdout)
    assert planned == {MODEL: {"how": "kept", "why": "nothing has changed", "changed": {}}}
    said = run("collide", MODEL, "--accept", f"{MODEL}=小样", lang="en").stdout
    assert "0 models ran in full, 0 on what changed, 1 had nothing new" in said
    (result,) = json.loads(
        run("collide", MODEL, "--full", "--accept", f"{MODEL}=小样", "--json").stdout
    )["models"]
    assert result["way"] == {"how": "full", "why": "按要求全算", "changed": {}}


def test_a_day_that_the_model_speaks_of_has_it_judged_again(after: tuple[Path, Run]) -> None:
    _, run = after
    run("collide", MODEL, "--accept", f"{MODEL}=小样")
    told = json.loads(run("plan", MODEL, "--as-of", "2026-03-01", "--json").stdout)
    assert told[MODEL]["how"] == "kept"  # it speaks of the days of its facts alone


def test_a_model_without_facts_says_what_is_missing(plumb: Run) -> None:
    plumb("load", "--accept", "小样")
    said = plumb("plan", "barred-supplier", lang="en").stdout
    assert (
        "barred-supplier\tnot at all\t\tnothing is loaded for: barred_suppliers, contracts" in said
    )


def test_with_nothing_loaded_there_is_nothing_to_plan(plumb: Run) -> None:
    assert "plumbline load" in plumb("plan", code=2).stderr
