from __future__ import annotations

import datetime as dt
import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from plumbline.engine.fact.readers import archive, workbook
from plumbline.engine.fact.readers.base import Merge
from plumbline.engine.fact.readers.values import number_text
from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import only, rows, sheets, table

#: As a spreadsheet or Parquet file holds them: without a time zone.
DAY = dt.datetime.fromisoformat("2012-03-05")
MOMENT = dt.datetime.fromisoformat("2012-03-05 08:30")


def xlsx(path: Path, *tables: list[list[Any]]) -> Path:
    book = xlsxwriter.Workbook(path)
    for cells in tables:
        sheet = book.add_worksheet()
        for line, row in enumerate(cells):
            for column, value in enumerate(row):
                sheet.write(line, column, value)
    book.close()
    return path


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (1234.56, "1234.56"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (-0.00012, "-0.00012"),
        (123456789.012345, "123456789.012345"),
        (1234567890.012345, "1234567890.01235"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1e+15"),
        (1234567890123456.0, "1.234567890123456e+15"),
        (330381198001010012.0, "3.3038119800101e+17"),
        (-330381198001010012.0, "-3.3038119800101e+17"),
    ],
)
def test_a_number_is_what_a_person_would_see(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.fixture
def kinds(tmp_path: Path) -> Path:
    """A sheet with a cell of every kind."""
    path = tmp_path / "kinds.xlsx"
    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    chinese = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    clock = book.add_format({"num_format": "hh:mm"})
    sheet = book.add_worksheet("各类")
    sheet.write_row(0, 0, ["甲", "乙", "丙", "丁"])
    sheet.write(1, 0, DAY, day)
    sheet.write(1, 1, 40973, chinese)
    sheet.write(1, 2, MOMENT, moment)
    sheet.write(1, 3, dt.time(8, 30), clock)
    sheet.write_boolean(2, 0, boolean=True)
    sheet.write(2, 1, 330381198001010012)
    sheet.write_formula(2, 2, "=NA()", None, "#N/A")
    sheet.write_formula(2, 3, '=HYPERLINK("http://x","看")', None, "看")
    sheet.write_formula(4, 1, "=1/0", None, "#DIV/0!")
    book.close()
    return path


def test_cells_become_text(kinds: Path) -> None:
    assert rows(only(kinds))[1:] == [
        (2, ["2012-03-05", "2012-03-05", "2012-03-05 08:30:00", "08:30:00"]),
        (3, ["TRUE", "3.3038119800101e+17", "#N/A", "看"]),
        (5, ["", "#DIV/0!", "", ""]),
    ]


def test_a_huge_sheet_is_streamed_and_reads_the_same(
    kinds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = table(only(kinds), 1, 4)
    monkeypatch.setattr(workbook, "DENSE_CELLS", 1)
    assert table(only(kinds), 1, 4) == dense


def test_one_stray_cell_in_the_last_corner_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_row(1, 0, ["1", "2"])
    sheet.write(1_048_575, 16_383, "stray")
    book.close()
    found, misfits = table(only(path), 1, 2)
    assert found == [(2, ["1", "2"])]
    assert [m.line for m in misfits] == [1_048_576]


def old_workbook(path: Path) -> Path:
    book = xlwt.Workbook(encoding="gbk")
    sheet = book.add_sheet("一季度")
    sheet.write_merge(0, 0, 0, 3, "补贴发放表")
    for column, header in enumerate(["姓名", "日期", "金额", "号码"]):
        sheet.write(1, column, header)
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    sheet.write(2, 0, "张三")
    sheet.write(2, 1, DAY, day)
    sheet.write(2, 2, 1200.5)
    sheet.write(2, 3, 330381198001010012)
    sheet.row(3).set_cell_error(0, 42)  # #N/A
    sheet.row(3).set_cell_boolean(1, 1)
    book.save(str(path))
    return path


@pytest.mark.parametrize("name", ["补贴.xls", "补贴.et"])
def test_an_old_workbook_reads_the_same(tmp_path: Path, name: str) -> None:
    path = old_workbook(tmp_path / "book.xls")
    if name != path.name:
        path = Path(shutil.copy(path, tmp_path / name))
    sheet = only(path)
    assert (sheet.name, list(sheet.merges), list(sheet.remarks)) == (
        "一季度",
        [Merge(1, 0, 1, 3)],
        [],
    )
    assert rows(sheet) == [
        (1, ["补贴发放表", "", "", ""]),
        (2, ["姓名", "日期", "金额", "号码"]),
        (3, ["张三", "2012-03-05", "1200.5", "3.3038119800101e+17"]),
        (4, ["#N/A", "TRUE", "", ""]),
    ]


def test_what_is_merged_down_the_body_is_repeated_but_a_note_is_not(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["区县", "姓名", "金额"])
    sheet.merge_range(1, 0, 3, 0, "青禾县")
    for line, name in enumerate(["张三", "李四", "王五"], 1):
        sheet.write_row(line, 1, [name, 100 * line])
    sheet.write_row(4, 1, ["赵六", 400])  # blank, not merged: stays blank
    sheet.merge_range(5, 0, 7, 2, "注：以上为一季度")
    book.close()
    found, misfits = table(only(path), 1, 3)
    assert found == [
        (2, ["青禾县", "张三", "100"]),
        (3, ["青禾县", "李四", "200"]),
        (4, ["青禾县", "王五", "300"]),
        (5, ["", "赵六", "400"]),
        (6, ["注：以上为一季度", "", ""]),
    ]
    assert misfits == []


def test_what_stands_right_of_the_header_is_a_misfit(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "right.xlsx", [["a", "b"], [1, 2], [3, 4, None, "见附页"], [5]])
    found, misfits = table(only(path), 1, 2)
    assert found == [(2, ["1", "2"]), (4, ["5", ""])]
    assert [(m.line, "表头右边" in m.reason.zh) for m in misfits] == [(3, True)]


def test_only_the_named_sheets(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "two.xlsx", [["a"], [1]], [["b"], [2]])
    assert [sheet.name for sheet in sheets(path)] == ["Sheet1", "Sheet2"]
    assert [sheet.name for sheet in sheets(path, sheets="Sheet2")] == ["Sheet2"]


def test_a_hidden_sheet_is_read_and_remarked_upon(tmp_path: Path) -> None:
    path = tmp_path / "hidden.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet().write(0, 0, "a")
    hidden = book.add_worksheet("底稿")
    hidden.write(0, 0, "b")
    hidden.hide()
    book.close()
    assert "隐藏" in sheets(path)[1].remarks[0].zh


def test_a_password_is_said_in_words(tmp_path: Path) -> None:
    plain = xlsx(tmp_path / "plain.xlsx", [["a"], [1]])
    locked = tmp_path / "locked.xlsx"
    with plain.open("rb") as source, locked.open("wb") as target:
        OOXMLFile(source).encrypt("secret", target)
    with pytest.raises(DeliveryError, match="password") as caught:
        only(locked)
    assert "取消密码" in caught.value.in_("zh")


def test_a_password_of_an_old_workbook_is_said_in_words(tmp_path: Path) -> None:
    path = old_workbook(tmp_path / "book.xls")
    data = path.read_bytes()
    at = data.index(b"\x09\x08\x10\x00\x00\x06")  # BOF; the record after it becomes FILEPASS
    after = at + 4 + 16
    path.write_bytes(data[:after] + b"\x2f\x00" + data[after + 2 :])
    with pytest.raises(DeliveryError, match="password"):
        only(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_a_truncated_workbook_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    if suffix == ".xlsx":
        path = xlsx(tmp_path / "cut.xlsx", [[i, i * i] for i in range(2_000)])
    else:
        path = old_workbook(tmp_path / "cut.xls")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DeliveryError, match="damaged"):
        [rows(sheet) for sheet in sheets(path)]


def test_a_damaged_sheet_inside_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "bad.xlsx", [["a"], [1]])
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members["xl/worksheets/sheet1.xml"] = members["xl/worksheets/sheet1.xml"][:-60] + b"<</"
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    with pytest.raises(DeliveryError, match="damaged"):
        rows(only(path))


def test_no_worksheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chart.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("x")
    book.close()
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(
        b'<sheet name="x" sheetId="1" r:id="rId1"/>', b""
    )
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    with pytest.raises(DeliveryError, match="no worksheet"):
        only(path)


@pytest.mark.parametrize(
    ("stream", "what"),
    [("WordDocument", "Word"), ("EncryptedPackage", "password")],
)
def test_another_kind_of_ole_file_is_named(tmp_path: Path, stream: str, what: str) -> None:
    path = tmp_path / "other.xls"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le") + bytes(600)
    )
    with pytest.raises(DeliveryError, match=what):
        only(path)


def test_a_workbook_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "SMALL_BYTES", 1 << 20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            member.write(bytes(1 << 22))
        packed.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(DeliveryError, match="absurd"):
        only(path)


def test_three_hundred_columns(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "wide.xlsx", [[f"列{i}" for i in range(300)], list(range(300))])
    assert table(only(path), 1, 300)[0] == [(2, [str(i) for i in range(300)])]


def test_an_open_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "名单.ods"
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        for text in ("姓名", "年龄")
    )
    number = '<table:table-cell office:value-type="float" office:value="41"/>'
    named = '<table:table-cell office:value-type="string"><text:p>李四</text:p></table:table-cell>'
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="名单"><table:table-row>{cells}'
        f"</table:table-row><table:table-row>{named}{number}</table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", content)
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
    path.write_bytes(buffer.getvalue())
    assert rows(only(path)) == [(1, ["姓名", "年龄"]), (2, ["李四", "41"])]
