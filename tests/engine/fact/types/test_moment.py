from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.types.moment import OPEN_MOMENT


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("2024-03-05 13:40:05", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("2024-03-05T13:40:05.999", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("2024-03-05T13:40:05+08:00", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("20240305134005", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("2024年3月5日13时40分05秒", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("2024/3/5 1:40:05 PM", "2024-03-05 13:40:05", "2024-03-05 13:40:05"),
        ("2024-03-05 13:40", "2024-03-05 13:40:00", "2024-03-05 13:40:59"),
        ("2024年3月5日13时", "2024-03-05 13:00:00", "2024-03-05 13:59:59"),
        ("2024-03-05", "2024-03-05 00:00:00", "2024-03-05 23:59:59"),
        ("2024年3月", "2024-03-01 00:00:00", "2024-03-31 23:59:59"),
        ("2024-03-05 24:00", "2024-03-06 00:00:00", "2024-03-06 00:00:59"),
    ],
)
def test_as_precise_as_written(typed, raw, first, last):
    assert tuple(map(str, typed("moment").parse(raw))) == (first, last)


def test_no_end_and_nothing(typed):
    assert typed("moment").parse("2999-12-31 00:00:00") == (OPEN_MOMENT, OPEN_MOMENT)
    assert typed("moment").parse("0000-00-00 00:00:00") == (None, None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("2024-03-05 13:60", "no such time"),
        ("2024-03-05 24:01", "no such time"),
        ("2024-03-05 13:40 PM", "no such time"),
        ("2024-07-03T00:00:00.000Z", "not local time"),
        ("2024年3月 13:40", "not a date"),
    ],
)
def test_reasons_are_in_words(typed, why, raw, reason):
    assert reason in why(typed("moment"), raw)


@pytest.mark.parametrize(
    ("raw", "zh", "en"),
    [
        ("2024-03-05 13:40:05", "2024年3月5日 13:40:05", "2024-03-05 13:40:05"),
        ("2024-03-05 13:40", "2024年3月5日 13:40", "2024-03-05 13:40"),
        ("2024-03-05", "2024年3月5日", "2024-03-05"),
        ("2024", "2024年", "2024"),
        ("长期", "长期", "open-ended"),
    ],
)
def test_shown_as_precise_as_known(typed, raw, zh, en):
    kind = typed("moment")
    assert (kind.show(kind.parse(raw), "zh"), kind.show(kind.parse(raw), "en")) == (zh, en)


moments = st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2098, 12, 31)).map(  # noqa: DTZ001
    lambda at: str(at.replace(microsecond=0))
)
nearly = st.from_regex(r"20[12]\d-[01]\d-[0-3]\d [0-2]\d:[0-6]\d(:[0-6]\d)?", fullmatch=True)


@given(st.lists(moments | nearly, max_size=99))
def test_sql_agrees(typed, agreed, cells):
    agreed(typed("moment"), cells)


@given(st.lists(moments, max_size=20))
def test_sql_takes_every_full_moment(typed, agreed, cells):
    assert agreed(typed("moment"), cells) == cells
