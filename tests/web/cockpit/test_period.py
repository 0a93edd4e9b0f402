"""Which months a page speaks of."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.web.cockpit.period import Period, chosen, months_before
from tests.people import TODAY


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ({}, date(2025, 4, 1), date(2026, 3, 1)),
        ({"period": "month"}, date(2026, 3, 1), date(2026, 3, 1)),
        ({"period": "quarter"}, date(2026, 1, 1), date(2026, 3, 1)),
        ({"period": "year"}, date(2026, 1, 1), date(2026, 3, 1)),
        ({"from": "2024-11", "to": "2025-02"}, date(2024, 11, 1), date(2025, 2, 1)),
        ({"from": "2025-02", "to": "2024-11"}, date(2025, 4, 1), date(2026, 3, 1)),
        ({"from": "2025-13", "to": "x"}, date(2025, 4, 1), date(2026, 3, 1)),
        ({"period": "nonsense"}, date(2025, 4, 1), date(2026, 3, 1)),
    ],
)
def test_an_address_names_a_period(said: dict[str, str], first: date, last: date) -> None:
    found = chosen(said, TODAY)
    assert (found.first, found.last) == (first, last)


@given(st.dates(date(2001, 1, 1), date(2098, 1, 1)), st.integers(0, 200))
def test_months_are_counted_back_and_forth(day: date, n: int) -> None:
    month = day.replace(day=1)
    assert months_before(months_before(month, n), -n) == month


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 300))
def test_a_trend_ends_with_its_period_and_is_never_one_month_alone(day: date, n: int) -> None:
    last = day.replace(day=1)
    months = list(Period("", months_before(last, n), last).trend)
    assert months[-1] == last
    assert 12 <= len(months) <= 60
    assert months == sorted(set(months))


def test_a_period_ends_with_the_last_moment_of_its_last_month() -> None:
    first, end = Period("", date(2026, 2, 1), date(2026, 2, 1)).moments
    assert (end - first).days == 28
    assert Period("", date(2026, 2, 1), date(2026, 2, 1)).ends_on == date(2026, 2, 28)
