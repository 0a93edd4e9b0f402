from __future__ import annotations

import csv
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from plumbline.engine.fact.types.date import OPEN

days = st.dates(dt.date(1800, 1, 1), dt.date(2098, 12, 31))


@pytest.mark.parametrize(
    "raw",
    [
        "2012-03-05", "2012/3/5", "2012.3.5", "20120305", "2012年3月5日", "2012年3月5号", "２０１２－０３－０５",
        "二〇一二年三月五日", "二零一二年三月五日", "二○一二年三月五日", "二O一二年三月五日",
        "2012-03-05 00:00:00", "2012-3-5 13:40", "2012年3月5日 13时40分05秒", "20120305134005",
        "2012-03-05T12:00:59Z", "2012-03-05T00:00:00.000Z", "2012-03-05T08:00:00+08:00", "'2012-03-05",
        "Mar 05, 2012", "March 5, 2012", "5 March 2012", "05-MAR-2012", "5th March, 2012",
        "Mon, 05 Mar 2012 10:00:00 GMT", "Mon Mar 05 13:40:05 CST 2012", "2012年3月5日 星期一", "2012年3月5日(周一)",
    ],
)  # fmt: skip
def test_one_day_in_many_spellings(typed, raw):
    assert typed("date").parse(raw) == (dt.date(2012, 3, 5), dt.date(2012, 3, 5))


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("2012年", "2012-01-01", "2012-12-31"),
        ("2012", "2012-01-01", "2012-12-31"),
        ("2012年度", "2012-01-01", "2012-12-31"),
        ("2012-02", "2012-02-01", "2012-02-29"),
        ("2012年2月", "2012-02-01", "2012-02-29"),
        ("2012年2月份", "2012-02-01", "2012-02-29"),
        ("February 2012", "2012-02-01", "2012-02-29"),
        ("202402", "2024-02-01", "2024-02-29"),
        ("2012年上半年", "2012-01-01", "2012-06-30"),
        ("2012年下半年", "2012-07-01", "2012-12-31"),
        ("2012年第一季度", "2012-01-01", "2012-03-31"),
        ("2012年4季度", "2012-10-01", "2012-12-31"),
        ("2012Q2", "2012-04-01", "2012-06-30"),
        ("2012年三月上旬", "2012-03-01", "2012-03-10"),
        ("2012年2月下旬", "2012-02-21", "2012-02-29"),
        ("二〇一二年十二月", "2012-12-01", "2012-12-31"),
    ],
)
def test_less_than_a_day_known_is_an_interval(typed, raw, first, last):
    assert tuple(map(str, typed("date").parse(raw))) == (first, last)


@pytest.mark.parametrize(
    "raw", ["2999-12-31", "2099-12-31", "2099年12月31日", "9999-9-9", "99991231", "9999-12-31 23:59:59",
            "长期", "永久", "无固定期限", "至今", "Ongoing", "permanent"],
)  # fmt: skip
def test_no_end(typed, raw):
    assert typed("date").parse(raw) == (OPEN, OPEN)


@pytest.mark.parametrize("raw", ["0000-00-00", "0000-00-00 00:00:00", "00000000", "0", "-", " "])
def test_placeholders_are_empty(typed, raw):
    assert typed("date").parse(raw) == (None, None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("2012-02-30", "no such day"),
        ("2012-13", "no such month"),
        ("12/06/1957", "declare the column's order"),
        ("25/06/1957", "declare the column's order"),
        ("40973", "declare the column's serial"),
        ("12-06-57", "two digits"),
        ("12年3月5日", "two digits"),
        ("201203", "six digits"),
        ("2012.1", "January, or October"),
        ("1012-03-05", "between 1800 and 2299"),
        ("2012年底", "not a date"),
        ("2012-03-05 25:00", "no such time"),
        ("无", "not a date"),
    ],
)
def test_nothing_is_guessed(typed, why, raw, reason):
    assert reason in why(typed("date"), raw)


def test_the_declaration_settles_what_a_cell_leaves_open(typed):
    june = dt.date(1957, 6, 12)
    assert typed("date", order="dmy").parse("12/06/1957") == (june, june)
    assert typed("date", order="mdy").parse("06/12/1957") == (june, june)
    assert typed("date", order="dmy").parse("1957-06-12") == (june, june)
    assert str(typed("date", serial=1900).parse("40973")[0]) == "2012-03-05"
    assert str(typed("date", serial=1904).parse("40973.5")[0]) == "2016-03-06"


@pytest.mark.parametrize(
    ("raw", "zh", "en"),
    [
        ("2012年", "2012年", "2012"),
        ("2012-03", "2012年3月", "2012-03"),
        ("2012-03-05", "2012年3月5日", "2012-03-05"),
        ("2012Q1", "2012-01-01至2012-03-31", "2012-01-01 to 2012-03-31"),
        ("长期", "长期", "open-ended"),
        ("0000-00-00", "", ""),
    ],
)
def test_shown_as_precise_as_known(typed, raw, zh, en):
    kind = typed("date")
    assert (kind.show(kind.parse(raw), "zh"), kind.show(kind.parse(raw), "en")) == (zh, en)


@given(days, st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%Y/%m/%d", "%d %B %Y"]))
def test_a_day_reads_back_from_any_spelling(typed, day, form):
    assert typed("date").parse(day.strftime(form)) == (day, day)


@given(days)
def test_what_is_shown_reads_back(typed, day):
    kind = typed("date")
    for lang in ("zh", "en"):
        assert kind.parse(kind.show((day, day), lang)) == (day, day)


@given(
    st.lists(days.map(str) | st.from_regex(r"[12]\d{3}-\d\d?-\d\d?", fullmatch=True), max_size=99)
)
def test_sql_agrees(typed, agreed, cells):
    taken = agreed(typed("date"), cells)
    assert len(taken) <= len(cells)


def test_sql_takes_every_day_of_two_centuries(typed, agreed):
    every = [str(dt.date(1890, 1, 1) + dt.timedelta(n)) for n in range(0, 75_000, 7)]
    assert agreed(typed("date"), every) == every


def test_every_date_of_the_published_lists_of_debarred_firms(typed, shared_data):
    sheet = CalamineWorkbook.from_path(shared_data / "debarment" / "iadb_firms.xlsx")
    inter = sheet.get_sheet_by_index(0).to_python()[1:]
    with (shared_data / "debarment" / "ebrd_firms.csv").open(encoding="utf-8-sig") as file:
        ebrd = list(csv.reader(file))[1:]
    cells = [c for row in inter for c in row[4:6]] + [c for row in ebrd for c in row[3:6]]
    read = [typed("date").parse(cell) for cell in cells if cell]
    assert len(read) > 3000
    assert sum(value == (OPEN, OPEN) for value in read) > 600
