"""Rows that wait: listed with their reason, handed out, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.small import Run


def test_each_fault_has_its_cell_and_its_reason(after: tuple[Path, Run]) -> None:
    _, run = after
    assert run("quarantine", "list").stdout.splitlines() == [
        "数据集\t位置\t单元格\t表头\t原值\t原因",
        "honours\t荣誉2025-12-31.csv:5\tB5\t身份证号\t3801**********0016\t校验码不符",
    ]
    assert "the check character is wrong" in run("quarantine", "list", "honours", lang="en").stdout


def test_the_list_can_be_narrowed(after: tuple[Path, Run]) -> None:
    _, run = after
    assert run("quarantine", "list", "offences").stdout == "隔离区里没有这样的行\n"
    assert run("quarantine", "list", "--reason", "校验码").stdout.count("\n") == 2
    assert (
        run("quarantine", "list", "--reason", "缺", lang="en").stdout
        == "no such rows in quarantine\n"
    )
    assert "没有数据集" in run("quarantine", "list", "nobody", code=2).stderr
    count = run("quarantine", "list", "--count").stdout.splitlines()[1].split("\t")
    assert (count[0], *count[2:]) == ("honours", "person", "校验码不符", "1")


def test_out_to_the_department_and_back(after: tuple[Path, Run], tmp_path: Path) -> None:
    folder, run = after
    path = tmp_path / "待更正.xlsx"
    said = run("quarantine", "export", "honours", "--out", str(path)).stdout
    assert f"已写出 {path}：1 行" in said
    assert json.loads((folder / "access.log").read_text())["what"] == "quarantine export honours"

    unchanged = run("quarantine", "take-back", str(path), code=2).stderr
    assert "校验码不符" in unchanged

    book = openpyxl.load_workbook(path)
    wrong = next(
        cell
        for row in book.active.iter_rows()
        for cell in row
        if cell.value == "380101199001010016"
    )
    wrong.value = "380101199001010031"
    book.save(path)
    taken = run("quarantine", "take-back", str(path), "--accept", "已核对").stdout
    assert "已装入" in taken
    assert run("quarantine", "list").stdout == "隔离区里没有这样的行\n"
    assert "此前已装入" in run("quarantine", "take-back", str(path)).stdout
    known = run(
        "explain", "--model", "honour-despite-offence", "--subject", "380101199001010031"
    ).stdout
    assert "honour  荣誉称号名单  有 1 行" in known


def test_the_export_has_a_name_of_its_own(
    after: tuple[Path, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, run = after
    monkeypatch.chdir(folder)
    run("quarantine", "export", "honours", lang="en")
    assert (folder / "honours-待更正.xlsx").is_file()
