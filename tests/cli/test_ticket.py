"""One number, names at odds: for the departments that delivered them."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click
import openpyxl
import pytest

from tests.cli.registers import SUN, build
from tests.cli.small import Run, command
from tests.engine.linkage.office import Office, honour, number, offence


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registers") / "office"
    build(folder)
    return folder


@pytest.fixture
def run(folder: Path) -> Run:
    return command(folder)


def test_each_row_with_its_department_and_what_others_say(run: Run) -> None:
    heads, first, second = run("tickets", lang="en").stdout.splitlines()
    assert heads == "row\tdepartment\tfile\tline\trows\tnumber\tname here\tnames elsewhere"
    masked = f"{SUN[:4]}**********{SUN[-4:]}"
    assert first.split("\t") == [
        "honours:1-4:person", "Bureau of Economy and Information Technology",
        "honours-1-2025-06-30.csv", "6", "1", masked, "孙**",
        "赵** (in 1: Convictions, penalties and disciplinary sanctions)",
    ]  # fmt: skip
    assert second.split("\t")[0] == "offences:1-4:person"
    [line] = run("tickets", "--dataset", "offences", "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["rows"], told["elsewhere"]) == (1, [{"name": "孙**", "datasets": ["honours"]}])
    shown = run("tickets", "--limit", "1", terminal=True)
    assert "显示 1 条，共 2 条" in click.unstyle(shown.stderr)


def test_the_list_can_be_narrowed(run: Run) -> None:
    assert len(run("tickets", "--department", "公安局").stdout.splitlines()) == 2
    assert run("tickets", "--dataset", "deaths", lang="en").stdout == (
        "no row's number bears another name elsewhere\n"
    )
    assert "没有部门“气象局”" in run("tickets", "--department", "气象局", code=2).stderr
    assert "没有数据集“offence”" in run("tickets", "--dataset", "offence", code=2).stderr


def test_a_workbook_with_a_sheet_for_each_department(tmp_path: Path) -> None:
    build(tmp_path / "office")
    run = command(tmp_path / "office")
    path = tmp_path / "tickets.xlsx"
    assert "2 条，涉及 2 行" in run("tickets", "--xlsx", str(path)).stdout
    noted = json.loads((tmp_path / "office/access.log").read_text())
    assert (noted["what"], noted["by"]) == ("tickets --xlsx", getpass.getuser())
    book = openpyxl.load_workbook(path)
    assert {sheet.title: (sheet["G4"].value, sheet["H4"].value) for sheet in book} == {
        "经济和信息化局": (SUN, "孙志远"), "公安局": (SUN, "赵大海"),
    }  # fmt: skip
    for sheet in book:
        assert str(sheet["A1"].value).startswith("同一号码下姓名不符")
        assert "不是对任何人的指控" in str(sheet["A1"].value)
        assert "未脱敏" in str(sheet["A2"].value)
        assert [sheet.cell(3, c).value for c in (6, 7, 8, 9)] == [
            "行数", "号码", "此处姓名", "别处姓名",
        ]  # fmt: skip


def test_a_list_that_says_it_every_month_says_it_once(tmp_path: Path) -> None:
    build(tmp_path / "office")
    office = Office(tmp_path / "office")
    again = [
        offence(f"案{month}", SUN, "赵大海", 违法时间=f"2016-{month:02}-01") for month in (7, 8, 9)
    ]
    office.deliver("offences", [*again, offence("案10", SUN, "赵小海")], as_of="2025-07-31")
    run = command(tmp_path / "office")
    lines = [
        json.loads(line)
        for line in run("tickets", "--dataset", "offences", "--json").stdout.splitlines()
    ]
    assert [(line["row"], line["rows"]) for line in lines] == [
        ("offences:1-4:person", 4), ("offences:2-3:person", 1),
    ]  # fmt: skip
    # Each of the four can be asked about.
    assert "同一号码在别处的姓名：孙**" in run("who", "offences:2-1").stdout
    path = tmp_path / "tickets.xlsx"
    assert "3 条，涉及 6 行" in run("tickets", "--xlsx", str(path)).stdout
    police = openpyxl.load_workbook(path)["公安局"]
    assert [police.cell(row, 6).value for row in (4, 5)] == ["4", "1"]


def test_it_is_not_written_in_two_forms_or_nowhere(run: Run, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    for listed in ("tickets", "warnings"):
        said = run(listed, "--json", "--xlsx", str(path), lang="en", code=2)
        assert "do not go together" in said.stderr
        gone = run(listed, "--xlsx", str(tmp_path / "gone/t.xlsx"), lang="en", code=2).stderr
        assert "there is no folder" in gone
    assert not path.exists()
    assert not (folder / "access.log").exists()


def test_no_cell_of_it_is_a_formula(tmp_path: Path) -> None:
    build(tmp_path / "office")
    office = Office(tmp_path / "office")
    office.deliver(
        "honours", [honour(SUN, "甲乙丙"), honour(SUN, "=赵大海"), honour(number(41), "丁")]
    )
    path = tmp_path / "tickets.xlsx"
    command(tmp_path / "office")("tickets", "--xlsx", str(path))
    cells = [
        c for s in openpyxl.load_workbook(path) for row in s.iter_rows() for c in row if c.value
    ]
    assert {c.data_type for c in cells} == {"s"}
    assert not [c.value for c in cells if str(c.value).startswith("=")]


def test_departments_whose_names_a_sheet_cannot_bear() -> None:
    from plumbline.cli.ticket_book import _title  # noqa: PLC0415 -- reads XlsxWriter

    taken: set[str] = set()
    long = "民政局/社会救助:中心" * 5
    assert _title(long, taken) == "民政局 社会救助 中心" * 2 + "民政局 社会救助 "
    assert _title(long, taken).endswith(" 2")
    assert _title("[]", taken) == "-"
