"""The list of warnings, in a pipe, on a terminal, as JSON, as a workbook."""

from __future__ import annotations

import json
from pathlib import Path

import click
import openpyxl
import pytest
from syrupy.assertion import SnapshotAssertion

from plumbline.cli.office import neutral
from tests.cli.small import Run

MODEL = "honour-despite-offence"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_in_a_pipe(after: tuple[Path, Run], snapshot: SnapshotAssertion, lang: str) -> None:
    assert after[1]("warnings", lang=lang).stdout == snapshot


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_a_terminal(after: tuple[Path, Run], snapshot: SnapshotAssertion, lang: str) -> None:
    assert click.unstyle(after[1]("warnings", lang=lang, terminal=True).stdout) == snapshot


def test_as_json(after: tuple[Path, Run], snapshot: SnapshotAssertion) -> None:
    lines = after[1]("warnings", "--json", lang="en").stdout.splitlines()
    assert [json.loads(line) for line in lines] == snapshot


def test_the_list_can_be_narrowed(after: tuple[Path, Run]) -> None:
    _, run = after
    red = json.loads(run("warnings", "--level", "red", "--model", MODEL, "--json").stdout)
    assert red["level"] == "red"
    assert len(run("warnings", "--limit", "1", "--json").stdout.splitlines()) == 1
    some = run("warnings", "--limit", "1")
    assert "显示 1 条，共 2 条" in some.stderr
    assert "没有模型“honour”" in run("warnings", "--model", "honour", code=2).stderr


def test_a_withdrawn_warning_says_so(after: tuple[Path, Run]) -> None:
    folder, run = after
    gone = (folder / "inbox/honours/荣誉2025-12-31.csv").read_text("gb18030").splitlines()
    kept = "\n".join([gone[0], *gone[2:4]]) + "\n"
    (folder / "inbox/honours/荣誉2026-03-31.csv").write_text(kept, encoding="gb18030")
    run("load", "honours", "--accept", "小样")
    said = run("collide", MODEL, "--accept", f"{MODEL}=小样").stdout
    assert "预警: 新增 0，有变 0，撤回 1，未变 1" in said
    assert len(run("warnings", "--json").stdout.splitlines()) == 1
    shown = run("warnings", "--withdrawn", "--level", "red", terminal=True)
    assert "已撤回：证据已不在" in click.unstyle(shown.stdout)


def test_a_workbook(after: tuple[Path, Run], tmp_path: Path) -> None:
    _, run = after
    path = tmp_path / "预警.xlsx"
    assert "2 条" in run("warnings", "--xlsx", str(path)).stdout
    sheet = openpyxl.load_workbook(path)["预警"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0].startswith("预警是需要核实的线索，不是对任何人的结论")
    assert "从“小样”导出，2 条，已脱敏" in rows[1][0]
    assert rows[2][:5] == ["级别", "编号", "模型", "对象", "说明"]
    assert [row[0] for row in rows[3:]] == ["红色", "黄色"]
    assert rows[3][3] == "3801**********0136 · 工艺美术大师"
    assert "1. 核对身份" in rows[3][8]
    assert "1. 同名同号登记错误" in rows[3][9]
    assert sheet.freeze_panes == "C4"
    assert sheet["E4"].alignment.wrap_text
    assert sheet["A4"].fill.fgColor.rgb == "FFF8D7DA"
    assert sheet.column_dimensions["E"].width > 40
    assert rows[1][0] in sheet.oddFooter.left.text


FORMULAS = ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(1)", "\t=1", "\r=1", " =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_marked_as_text(text: str) -> None:
    assert neutral(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "王**", "1-2", "a=b", "3801**********0136", "-12.50", "-1,200"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert neutral(text) == text


def test_no_cell_of_a_workbook_is_a_formula(office: Path, plumb: Run, tmp_path: Path) -> None:
    file = office / "inbox/honours/荣誉2025-12-31.csv"
    text = (
        file.read_text("gb18030")
        .replace("工艺美术大师", '=HYPERLINK(""x"",""y"")')
        .replace("=HYP", '"=HYP')
        .replace('y"")', 'y"")"')
    )
    file.write_text(text, encoding="gb18030")
    plumb("load", "--accept", "小样")
    model = office / "catalog/models/honours" / MODEL
    model.mkdir(parents=True)
    packaged = Path(__file__).parents[2] / "catalog/models/honours" / MODEL
    (model / "cases.yml").write_text((packaged / "cases.yml").read_text())
    words = (
        (packaged / "model.yml")
        .read_text()
        .replace('zh: "{honour.name}于', 'zh: "{honour.title}，{honour.name}于')
    )
    (model / "model.yml").write_text(words)
    plumb("collide", MODEL, "--accept", f"{MODEL}=小样")
    path = tmp_path / "w.xlsx"
    plumb("warnings", "--xlsx", str(path))
    cells = [cell for row in openpyxl.load_workbook(path)["预警"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert any(str(cell.value).startswith("'=HYPERLINK") for cell in cells)
    assert not [cell.value for cell in cells if str(cell.value).startswith("=")]
