"""What a file is, is decided by its content."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import xlsxwriter

from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import only, rows, sheets, table

HTML = """<html><head><meta charset="{charset}"><style>td {{color: red}}</style></head><body>
<table border=1>
<tr><td colspan="3">补贴发放表</td></tr>
<tr><th>区县</th><th>姓名</th><th>金额&nbsp;(元)</th></tr>
<tr><td rowspan=2>青禾县</td><td>张三</td><td>1,200.50</td></tr>
<tr><td>李四<br>（户主）</td><td>300</td></tr>
</table></body></html>"""

XML = """<?xml version="1.0" encoding="{charset}"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="名单"><Table>
<Row><Cell><Data ss:Type="String">姓名</Data></Cell><Cell><Data ss:Type="String">生日</Data></Cell>
<Cell><Data ss:Type="String">金额</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">张三</Data></Cell>
<Cell><Data ss:Type="DateTime">1990-01-01T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Number">1200.50</Data></Cell></Row>
<Row><Cell ss:Index="3"><Data ss:Type="Number">330381198001010012</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def test_a_csv_that_calls_itself_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_text("a,b\n1,2\n")
    sheet = only(path)
    assert table(sheet, 1, 2)[0] == [(2, ["1", "2"])]
    assert "扩展名是 .xlsx，内容却是 CSV" in sheet.remarks[0].zh


def test_an_xlsx_that_calls_itself_xls(tmp_path: Path) -> None:
    path = tmp_path / "名单.xls"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet().write_row(0, 0, ["a", "b"])
    book.close()
    sheet = only(path)
    assert rows(sheet) == [(1, ["a", "b"])]
    assert "XLSX" in sheet.remarks[0].en


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16"])
def test_a_web_page_that_calls_itself_xls(tmp_path: Path, charset: str) -> None:
    path = tmp_path / "导出.xls"
    path.write_bytes(HTML.format(charset=charset).encode(charset))
    sheet = only(path)
    assert table(sheet, 2, 3)[0] == [
        (3, ["青禾县", "张三", "1,200.50"]),
        (4, ["青禾县", "李四\n（户主）", "300"]),
    ]
    assert "HTML" in sheet.remarks[0].en


def test_a_web_page_without_a_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "导出.xls"
    path.write_text("<!DOCTYPE html><html><body>请登录</body></html>")
    with pytest.raises(DeliveryError, match="web page without a table"):
        only(path)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
def test_an_xml_spreadsheet(tmp_path: Path, charset: str) -> None:
    path = tmp_path / "导出.xls"
    path.write_bytes(XML.format(charset=charset).encode(charset))
    sheet = only(path)
    assert sheet.name == "名单"
    assert rows(sheet) == [
        (1, ["姓名", "生日", "金额"]),
        (3, ["张三", "1990-01-01", "1200.5"]),
        (4, ["", "", "3.3038119800101e+17"]),
    ]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (gzip.compress(b"a,b\n1,2\n"), "gzip"),
        (bytes(range(1, 9)) * 50, "?"),
    ],
    ids=["PDF", "RAR", "gzip", "unknown"],  # the bytes of a gzip hold the second it was made in
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "名单.csv"
    path.write_bytes(data)
    with pytest.raises(DeliveryError) as caught:
        sheets(path)
    assert f"（{kind}）" in caught.value.in_("zh")
    assert "Excel" in caught.value.in_("en")
