from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.cli.demo import days
from plumbline.cli.demo.days import DAY, MONTH, NEVER, YEAR, bounds, day, month, plus_years

dates = st.dates(date(1905, 1, 1), date(2028, 12, 31))


def number(on: date) -> int:
    return day(on.year, on.month, on.day)


@given(dates, dates)
def test_whole_years_are_birthdays_passed(one: date, other: date) -> None:
    earlier, later = min(one, other), max(one, other)
    expected = later.year - earlier.year
    expected -= (later.month, later.day) < (earlier.month, min(earlier.day, 28)) or (
        number(later) < plus_years(number(earlier), expected).item()
    )
    assert days.whole_years(number(earlier), number(later)).item() == expected


def test_the_last_of_february_stays_the_last() -> None:
    assert plus_years(day(2020, 2, 29), 1).item() == day(2021, 2, 28)
    assert days.plus_months(day(2021, 1, 31), 1).item() == day(2021, 2, 28)


def test_bounds_are_those_of_the_period_written() -> None:
    on = np.full(3, day(2012, 5, 9))
    low, high = bounds(on, np.array([DAY, MONTH, YEAR]))
    assert low.tolist() == [day(2012, 5, 9), day(2012, 5), day(2012)]
    assert high.tolist() == [day(2012, 5, 9), day(2012, 5, 31), day(2012, 12, 31)]


@pytest.mark.parametrize(
    ("style", "written"),
    [
        ("iso", "2012-03-05"),
        ("slash", "2012/3/5"),
        ("dot", "2012.3.5"),
        ("compact", "20120305"),
        ("han", "2012年3月5日"),
        ("numerals", "二〇一二年三月五日"),
        ("circle", "二○一二年三月五日"),
        ("midnight", "2012-3-5 0:00:00"),
    ],
)
def test_a_day_is_written_in_many_ways(style: str, written: str) -> None:
    assert days.write_days(np.array([day(2012, 3, 5)]), style).to_pylist() == [written]


def test_what_never_ends_is_an_empty_cell() -> None:
    assert days.write_days(np.array([NEVER])).to_pylist() == [""]


def test_dates_are_written_no_more_precisely_than_known() -> None:
    on = np.full(3, day(2012, 5, 9))
    written = days.write_dates(on, np.array([DAY, MONTH, YEAR]), "han")
    assert written.to_pylist() == ["2012年5月9日", "2012年5月", "2012年"]


def test_months() -> None:
    at = np.array([month(2021, 12)])
    assert days.write_months(at, "numerals").to_pylist() == ["二〇二一年十二月"]
    assert days.last_of(at).tolist() == [day(2021, 12, 31)]
