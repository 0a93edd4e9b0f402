from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import xlrd

from plumbline.cli.demo import files
from plumbline.cli.demo.files import Sheet
from plumbline.engine.fact.readers import open_sheets

COLUMNS = {"姓名": pa.array(["王伟", "李,芳"]), "金额(元)": pa.array(["1.50", "见\n附件"])}
PLAIN = {"姓名": pa.array(["王伟", "李芳"]), "金额(元)": pa.array(["1.50", "2"])}


@pytest.mark.parametrize(
    ("encoding", "start"),
    [("utf-8-sig", b"\xef\xbb\xbf"), ("gb18030", b'"\xd0\xd5'), ("utf-16", b"\xff\xfe")],
)
def test_delimited_text_in_the_encodings_of_the_country(
    tmp_path: Path, encoding: str, start: bytes
) -> None:
    path = tmp_path / "a" / "b.csv"
    files.write_csv(path, COLUMNS, encoding=encoding, newline="\r\n", quoted=True)
    assert path.read_bytes().startswith(start)
    text = path.read_bytes().decode(encoding)
    assert text == '"姓名","金额(元)"\r\n"王伟","1.50"\r\n"李,芳","见\r\n附件"\r\n'


def test_lines_that_end_in_a_carriage_return_alone(tmp_path: Path) -> None:
    files.write_csv(tmp_path / "b.txt", PLAIN, delimiter="\t", newline="\r")
    text = (tmp_path / "b.txt").read_bytes().decode()
    assert text.replace('"', "") == "姓名\t金额(元)\r王伟\t1.50\r李芳\t2\r"


def test_a_long_table_is_written_in_pieces_with_one_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_CHUNK", 1)
    files.write_csv(tmp_path / "b.csv", PLAIN)
    text = (tmp_path / "b.csv").read_text(encoding="utf-8")
    assert text.replace('"', "") == "姓名,金额(元)\n王伟,1.50\n李芳,2\n"


def test_a_workbook_as_a_clerk_lays_it_out(tmp_path: Path) -> None:
    sheet = Sheet(
        "表一",
        COLUMNS,
        above=("台账", "（单位：元）"),
        groups=(("人员", 1), ("发放", 1)),
        below=("注：无",),
        numbers=frozenset({"金额(元)"}),
    )
    files.write_xlsx(tmp_path / "b.xlsx", [sheet, Sheet("空", COLUMNS)])
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert book.sheetnames == ["表一", "空"]
    assert [[cell.value for cell in row] for row in book["表一"].rows] == [
        ["台账", None],
        ["（单位：元）", None],
        ["人员", "发放"],
        ["姓名", "金额(元)"],
        ["王伟", 1.5],
        ["李,芳", "见\n附件"],
        ["注：无", None],
    ]


def test_an_old_county_office_goes_on_on_the_next_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_XLS_ROWS", 1)
    columns = {**PLAIN, "日期": pa.array(["2024-05-06", "不详"])}
    sheet = Sheet(
        "表一",
        columns,
        above=("台账",),
        numbers=frozenset({"金额(元)"}),
        dates=frozenset({"日期"}),
    )
    files.write_xls(tmp_path / "b.xls", sheet)
    book = xlrd.open_workbook(tmp_path / "b.xls", formatting_info=True)
    assert [page.row_values(2) for page in book.sheets()] == [
        ["王伟", 1.5, 45418.0],
        ["李芳", 2.0, "不详"],
    ]
    assert [page.name for page in book.sheets()] == ["表一", "表一（2）"]
    assert book.sheets()[1].row_values(1) == list(columns)
    assert book.sheets()[0].merged_cells == [(0, 1, 0, 3)]


@pytest.mark.parametrize("write", [files.write_html, files.write_spreadsheet_xml])
def test_what_office_systems_call_a_spreadsheet(
    tmp_path: Path, write: Callable[[Path, Sheet], None]
) -> None:
    columns = {"姓名": pa.array(["<王伟>"]), "金额(元)": pa.array(["1.50"])}
    write(tmp_path / "b.xls", Sheet("表一", columns, above=("台账",)))
    (sheet,) = open_sheets(tmp_path / "b.xls")
    assert [row.cells for row in sheet.rows()] == [
        ["台账", ""],
        ["姓名", "金额(元)"],
        ["<王伟>", "1.50"],
    ]


def test_formula_like_text_stays_text(tmp_path: Path) -> None:
    files.write_xlsx(tmp_path / "b.xlsx", [Sheet("一", {"备注": pa.array(["=1+1", "http://a"])})])
    page = openpyxl.load_workbook(tmp_path / "b.xlsx")["一"]
    assert page["A2"].data_type == "s"


def test_member_names_of_an_archive_are_gbk_and_do_not_say_so(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    files.write_zip(path, {"临江区.csv": b"1", "望澜区.csv": b"2"})
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert [info.flag_bits & 0x800 for info in archive.infolist()] == [0, 0]
    assert raw.count("临江区.csv".encode("gbk")) == 2
    with zipfile.ZipFile(path, metadata_encoding="gbk") as archive:
        assert archive.read("望澜区.csv") == b"2"


def test_records_lines_and_databases(tmp_path: Path) -> None:
    files.write_json_lines(tmp_path / "b.jsonl", PLAIN)
    lines = (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1]) == {"姓名": "李芳", "金额(元)": "2"}
    files.write_json(tmp_path / "b.json", [{"姓名": "李芳"}])
    assert "李芳" in (tmp_path / "b.json").read_text(encoding="utf-8")
    files.write_sqlite(tmp_path / "b.db", "发放", PLAIN)
    database = sqlite3.connect(tmp_path / "b.db")
    assert database.execute("SELECT count(*) FROM 发放").fetchone() == (2,)
    database.close()
