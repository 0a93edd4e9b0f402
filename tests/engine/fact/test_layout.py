from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import xlsxwriter

from plumbline.engine.fact.layout import (
    Layout,
    clean_header,
    column_letter,
    find_header,
    is_note,
    same_header,
)
from plumbline.engine.fact.readers.base import Merge
from plumbline.engine.fact.readers.grid import Grid
from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import only


def grid(*cells: Iterable[str], merges: Iterable[Merge] = ()) -> Grid:
    return Grid("补贴.xlsx", "一季度", lambda: [list(row) for row in cells], list(merges))


def found(layout: Layout | None) -> Layout:
    assert layout is not None
    return layout


TITLE = ["青禾县2024年一季度补贴发放表", "", ""]
HEADER = ["姓名", "身份证号", "金额（元）"]
BODY = [["张三", "1", "100"], ["李四", "2", "200"], ["王五", "3", "300"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("金额(元)", "金额（元）"),
        (" 身份证\n号码 ", "身份证号码"),
        ("ＩＤ", "id"),
        ("单价【元】", "单价[元]"),
        ("县〔市、区〕", "县(市、区)"),
        ("姓\u3000名", "姓名"),
    ],
)
def test_headers_that_are_the_same(one: str, other: str) -> None:
    assert same_header(one, other)


def test_headers_that_are_not() -> None:
    assert not same_header("金额(元)", "金额(万元)")
    assert clean_header(" 身份证\n 号码\t") == "身份证 号码"


@pytest.mark.parametrize(
    ("index", "letters"),
    [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")],
)
def test_column_letters(index: int, letters: str) -> None:
    assert column_letter(index) == letters


@pytest.mark.parametrize("wanted", [None, HEADER, ["姓名", ["证件号", "身份证号"], "金额(元)"]])
def test_a_header_below_titles(wanted: list[str] | None) -> None:
    layout = found(find_header(grid(TITLE, ["单位：元", "", ""], HEADER, *BODY), wanted))
    assert layout.header == tuple(HEADER)
    assert layout.header_lines == (3, 3)
    assert layout.width == 3
    assert [row.cells[0] for row in layout.titles] == [TITLE[0], "单位：元"]
    assert layout.confidence > 0.9


def test_a_title_merged_over_the_table_is_no_header() -> None:
    sheet = grid(TITLE, HEADER, *BODY, merges=[Merge(1, 0, 1, 2)])
    assert found(find_header(sheet, None)).header_lines == (2, 2)
    assert found(find_header(sheet, HEADER)).header_lines == (2, 2)


UPPER = ["姓名", "合同", "", "支付", ""]
LOWER = ["", "编号", "金额", "日期", "金额"]
DEEP = ("姓名", "合同/编号", "合同/金额", "支付/日期", "支付/金额")
DEEP_BODY = [["张三", "c1", "10", "2024-01-01", "9"], ["李四", "c2", "20", "2024-01-02", "8"]]


@pytest.mark.parametrize("merges", [[], [Merge(1, 0, 2, 0), Merge(1, 1, 1, 2), Merge(1, 3, 1, 4)]])
@pytest.mark.parametrize("wanted", [None, DEEP])
def test_a_header_of_two_rows(merges: list[Merge], wanted: tuple[str, ...] | None) -> None:
    layout = found(find_header(grid(UPPER, LOWER, *DEEP_BODY, merges=merges), wanted))
    assert layout.header == DEEP
    assert layout.header_lines == (1, 2)
    assert layout.duplicates == ()


def test_a_header_of_three_rows() -> None:
    rows = [["编号", "补贴", "", ""], ["", "一季度", "", "二季度"], ["", "人数", "金额", "人数"]]
    merges = [Merge(1, 0, 3, 0), Merge(1, 1, 1, 3), Merge(2, 1, 2, 2)]
    layout = found(find_header(grid(*rows, ["1", "2", "3", "4"], merges=merges), None))
    assert layout.header == ("编号", "补贴/一季度/人数", "补贴/一季度/金额", "补贴/二季度/人数")
    assert layout.header_lines == (1, 3)


def test_the_last_part_of_a_header_is_enough_where_it_is_unmistakable() -> None:
    layout = found(find_header(grid(UPPER, LOWER, *DEEP_BODY), ["姓名", "编号", "日期"]))
    assert layout.header == ("姓名", "编号", "合同/金额", "日期", "支付/金额")


def test_headings_of_groups_over_complete_headers_are_titles() -> None:
    rows = [
        ["基本情况", "", "发放", ""],
        ["姓名", "证号", "日期", "金额"],
        ["张三", "1", "2024-01-01", "5"],
    ]
    layout = found(find_header(grid(*rows), ["姓名", "证号", "金额"]))
    assert layout.header_lines == (2, 2)
    assert layout.header == ("姓名", "证号", "日期", "金额")


def test_rows_that_lie_apart_are_not_one_header() -> None:
    layout = found(find_header(grid(["填报", "", ""], ["", "", ""], HEADER, *BODY), None))
    assert layout.header_lines == (3, 3)


def test_half_of_the_wanted_headers_make_the_table() -> None:
    assert find_header(grid(HEADER, *BODY), ["姓名", "金额(元)", "单位", "日期"]) is not None
    assert find_header(grid(HEADER, *BODY), ["姓名", "日期", "单位"]) is None
    assert find_header(grid(), ["姓名"]) is None
    assert find_header(grid(), None) is None


def test_a_header_too_far_down_is_not_looked_for() -> None:
    titles = [[f"说明第{i}条", "", ""] for i in range(60)]
    assert find_header(grid(*titles, HEADER, *BODY), HEADER) is None


def test_a_wanted_header_that_stands_twice_is_refused_by_letter() -> None:
    sheet = grid(["姓名", "金额", "备注", "金额 "], ["张三", "1", "", "2"])
    with pytest.raises(DeliveryError) as caught:
        find_header(sheet, ["姓名", "金额"])
    assert "“金额”重复，出现在第 B、D 列" in caught.value.in_("zh")
    assert caught.value.where == "补贴.xlsx 一季度"


def test_an_unwanted_header_that_stands_twice_is_only_named() -> None:
    sheet = grid(["姓名", "备注", "备注"], ["张三", "1", "2"])
    assert found(find_header(sheet, ["姓名"])).duplicates == ("备注",)


def test_columns_without_a_header_are_named_where_they_hold_data() -> None:
    sheet = grid(
        ["姓名", "", "金额", "", ""], ["张三", "x", "1", "", "y"], ["李四", "", "2", "", "z"]
    )
    layout = found(find_header(sheet, ["姓名", "金额"]))
    assert layout.header == ("姓名", "", "金额", "", "")
    assert layout.unnamed == (1, 4)


def test_a_stray_cell_does_not_widen_the_table() -> None:
    sheet = grid(HEADER, *[[*row, ""] for row in BODY], ["赵六", "4", "400", "见附页"])
    assert found(find_header(sheet, HEADER)).width == 3


def test_a_file_without_a_header_is_doubted() -> None:
    layout = found(find_header(grid(*BODY, ["赵六", "4", "400"]), None))
    assert layout.confidence < 0.7


def test_names_of_fields_are_a_sure_header(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"1": 2}, {"1": 3}]')
    layout = found(find_header(only(path), None))
    assert (layout.header, layout.header_lines, layout.confidence) == (("1",), (0, 0), 1.0)


@pytest.mark.parametrize(
    "first",
    [
        "注：本表不含离退休人员",
        "注1：数据截至三月",
        "说明：",
        "备注: 无",
        "制表人：张三  审核人：李四",
        "填表日期：2024年3月5日",
        "审核：",
        "单位负责人（签字）：",
        "合计",
        "总 计",
        "小计",
        "Note: preliminary",
        "Total",
        "数据来源：县财政局",
    ],
)
def test_notes_are_recognised(first: str) -> None:
    if first.startswith("单位负责人"):
        first = "负责人（签字）："
    assert is_note([first, "", "", "", ""], 5)
    assert is_note(["", first, "", "", ""], 5)


@pytest.mark.parametrize(
    "cells",
    [
        ["张三", "", "", "", ""],
        ["注册会计师协会", "", "", "", ""],
        ["合计生物有限公司", "9133", "2024-01-01", "5", ""],
        ["小计", "张三", "青禾县", "3", ""],
        ["注：", "张三", "青禾县", "3", "4"],
        ["Total Energies SE", "", "", "", ""],
        ["说明书印刷厂", "", "", "", ""],
        ["", "", "", "", ""],
        ["总计划", "", "", "", ""],
    ],
)
def test_rows_are_not_taken_for_notes(cells: list[str]) -> None:
    assert not is_note(cells, 5)


def test_a_total_may_have_figures() -> None:
    assert is_note(["合计", "", "", "1,200.00", "35"], 5)
    assert not is_note(["合计", "1", "2", "3", "4"], 5)


def test_notes_among_the_first_rows_are_given() -> None:
    sheet = grid(HEADER, *BODY, ["注：以上为一季度", "", ""])
    assert [row.line for row in found(find_header(sheet, HEADER)).notes] == [5]


def test_merged_cells_of_a_real_workbook(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 4, "青禾县补贴发放表")
    sheet.merge_range(1, 0, 2, 0, "姓名")
    sheet.merge_range(1, 1, 1, 2, "合同")
    sheet.merge_range(1, 3, 1, 4, "支付")
    sheet.write_row(2, 1, LOWER[1:])
    for line, row in enumerate(DEEP_BODY, 3):
        sheet.write_row(line, 0, row)
    book.close()
    layout = found(find_header(only(path), None))
    assert layout.header == DEEP
    assert layout.header_lines == (2, 3)
    assert layout.confidence > 0.9
