"""Models: listed, written, checked, and shown as SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small import Run

MODEL = "honour-despite-offence"


def test_a_model_that_passes(plumb: Run) -> None:
    said = plumb("check", MODEL, lang="en").stdout.splitlines()
    assert said[0].startswith(f"✓ {MODEL}  ")
    assert said[0].endswith(" cases")
    assert said[1].startswith("1 of 1 models pass; ")


def test_a_failing_case_says_what_was_wanted_and_what_was_found(office: Path, plumb: Run) -> None:
    plumb("new", "model", "later-than-today", "--dataset", "honours")
    folder = office / "catalog/models/own/later-than-today"
    cases = (folder / "cases.yml").read_text()
    (folder / "cases.yml").write_text(cases.replace("level: yellow", "level: red"))
    said = plumb("check", "later-than-today", MODEL, code=1).stdout
    assert f"✓ {MODEL}" in said
    assert "✗ later-than-today" in said
    assert "日期在核查日之后 (flagged)" in said
    assert "应为 预警, 红色；实为 预警, 黄色" in said
    assert "2 个模型，1 个通过" in said


def test_a_wrong_word_is_named_with_its_place(office: Path, plumb: Run) -> None:
    plumb("new", "model", "later-than-today", "--dataset", "honours")
    file = office / "catalog/models/own/later-than-today/model.yml"
    file.write_text(file.read_text().replace("after(row.granted_on", "after(row.granted_un"))
    said = plumb("check", "later-than-today", lang="en", code=1).stdout
    assert "✗ later-than-today" in said
    assert "model.yml:" in said
    assert "hint: did you mean 'granted_on'?" in said


def test_missing_kinds_of_cases_are_named(office: Path, plumb: Run) -> None:
    plumb("new", "model", "later-than-today", "--dataset", "honours")
    file = office / "catalog/models/own/later-than-today/cases.yml"
    file.write_text(file.read_text().replace("kind: old_rule", "kind: trap"))
    assert "缺少必须有的用例：old_rule" in plumb("check", "later-than-today", code=1).stdout


def test_a_new_model_passes_at_once(office: Path, plumb: Run) -> None:
    said = plumb("new", "model", "later-than-today", "--dataset", "honours", lang="en").stdout
    assert f"wrote {office / 'catalog/models/own/later-than-today'}" in said
    assert "then: plumbline check later-than-today" in said
    plumb("check", "later-than-today")
    assert "已有模型“later-than-today”" in plumb("new", "model", "later-than-today", code=2).stderr


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_the_statement_can_be_read(plumb: Run, engine: str) -> None:
    said = plumb("sql", MODEL, "--engine", engine).stdout
    assert said.startswith("WITH ")
    assert "AS verdict" in said


def test_the_lists(plumb: Run) -> None:
    models = plumb("models", lang="en").stdout.splitlines()
    assert models[0] == "model\tstatus\tversion\texpires on\ttitle"
    assert any(line.startswith(f"{MODEL}\tlive\t") for line in models)
    datasets = plumb("datasets").stdout.splitlines()
    assert "honours\t荣誉称号名单\t经济和信息化局\t—\t0" in datasets
    plumb("load", "--accept", "小样")
    assert "honours\t荣誉称号名单\t经济和信息化局\t2025-12-31\t1" in plumb("datasets").stdout


def test_a_table_on_a_terminal_has_rules_and_no_tabs(plumb: Run) -> None:
    said = plumb("models", terminal=True).stdout
    assert "\t" not in said
    assert "───" in said
    assert "\x1b[" in said
