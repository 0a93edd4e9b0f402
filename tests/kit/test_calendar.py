"""Working days: what the State Council announced, an office's own file, and years nobody knows yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import DeclarationError
from plumbline.kit.clock.calendar import Calendar, announced, calendar, close, day_of, opening

OFFICIAL = announced()
KNOWN = st.dates(date(2005, 1, 1), date(2025, 6, 30))
ANY = st.dates(date(1990, 1, 1), date(2040, 1, 1))


@pytest.mark.parametrize(
    ("start", "working_days", "end"),
    [
        # National Day 2025: off from 1 to 8 October; Sunday 28 September and Saturday 11 October worked.
        (date(2025, 9, 26), 1, date(2025, 9, 28)),
        (date(2025, 9, 30), 1, date(2025, 10, 9)),
        (date(2025, 9, 30), 3, date(2025, 10, 11)),
        (date(2025, 9, 30), 4, date(2025, 10, 13)),
        # Spring Festival 2026: off from 15 to 23 February; Saturdays 14 and 28 February worked.
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        (date(2026, 2, 27), 1, date(2026, 2, 28)),
        (date(2026, 2, 27), 2, date(2026, 3, 2)),
        # Begun on a day off: the first working day is the first day.
        (date(2026, 2, 17), 1, date(2026, 2, 24)),
        # An ordinary week.
        (date(2026, 3, 18), 2, date(2026, 3, 20)),
        (date(2026, 3, 18), 3, date(2026, 3, 23)),
    ],
)
def test_working_days_as_the_state_council_announced_them(
    start: date, working_days: int, end: date
) -> None:
    assert OFFICIAL.add(start, working_days) == end
    assert OFFICIAL.count(start, end) == working_days


def test_one_day_before_a_monday_after_a_worked_saturday() -> None:
    assert OFFICIAL.add(date(2026, 3, 2), -1) == date(2026, 2, 28)
    assert OFFICIAL.add(date(2026, 3, 2), -2) == date(2026, 2, 27)


@given(day=ANY, working_days=st.integers(1, 400))
def test_adding_then_counting_gives_the_number_that_was_added(day: date, working_days: int) -> None:
    assert OFFICIAL.count(day, OFFICIAL.add(day, working_days)) == working_days


@given(day=ANY, working_days=st.integers(-200, 200))
def test_no_deadline_ends_on_a_day_off(day: date, working_days: int) -> None:
    assert OFFICIAL.is_working(OFFICIAL.add(day, working_days))


@given(day=ANY, more=st.integers(0, 30), working_days=st.integers(1, 100))
def test_who_begins_later_or_has_more_days_never_ends_earlier(
    day: date, more: int, working_days: int
) -> None:
    end = OFFICIAL.add(day, working_days)
    assert OFFICIAL.add(day + timedelta(days=more), working_days) >= end
    assert OFFICIAL.add(day, working_days + more) >= end
    assert (OFFICIAL.add(day, working_days + more) > end) == (more > 0)


@given(first=ANY, middle=st.integers(0, 400), last=st.integers(0, 400))
def test_days_of_two_periods_add_up(first: date, middle: int, last: int) -> None:
    between, end = first + timedelta(days=middle), first + timedelta(days=middle + last)
    assert OFFICIAL.count(first, end) == OFFICIAL.count(first, between) + OFFICIAL.count(
        between, end
    )
    assert OFFICIAL.count(end, first) == -OFFICIAL.count(first, end)


@given(day=KNOWN, working_days=st.integers(1, 60))
def test_it_is_what_the_library_says_day_by_day(day: date, working_days: int) -> None:
    end = OFFICIAL.add(day, working_days)
    worked = chinese_calendar.get_workdays(day + timedelta(days=1), end)
    assert len(worked) == working_days
    assert worked[-1] == end


# -- years that nobody knows yet, and the office's own file --------------------------------------


@pytest.fixture
def office(tmp_path: Path, settings: Any) -> Callable[[str, str], Path]:
    """A workspace whose calendar files the test writes."""
    settings.WORKSPACE = tmp_path
    folder = tmp_path / "catalog" / "calendar"

    def write(name: str, text: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


GOOD = """\
year: 2027
source: 国务院办公厅关于2027年部分节假日安排的通知
holidays: [2027-01-01, {from: 2027-02-05, to: 2027-02-11}]
working_days: [2027-02-14]
"""


@pytest.mark.usefixtures("office")
def test_a_year_without_announcement_says_so() -> None:
    days = calendar()
    assert days.add(date(2026, 12, 31), 1) == date(2027, 1, 1)  # a Friday, as far as one can know
    said = days.remark(date(2026, 12, 31), date(2027, 1, 1))
    assert said is not None
    assert said.zh == "2027年节假日尚未公布，暂只除去周末"
    assert "2027 holidays not announced yet" in said.en
    assert days.remark(date(2026, 3, 1), date(2026, 12, 31)) is None


def test_an_office_file_is_noticed_when_it_arrives(office: Callable[[str, str], Path]) -> None:
    before = calendar()
    office("2027.yml", GOOD)
    days = calendar()
    assert days.add(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert days.is_working(date(2027, 2, 14))  # a Sunday
    assert not days.is_working(date(2027, 2, 8))  # a Monday
    assert days.remark(date(2026, 12, 31), date(2027, 3, 1)) is None
    assert days.fingerprint != before.fingerprint


def test_an_office_file_wins_over_the_library(office: Callable[[str, str], Path]) -> None:
    """Regions have holidays of their own, such as 三月三 in Guangxi; the file speaks for its whole year."""
    office(
        "2026.yml", GOOD.replace("2027", "2026").replace("[2026-02-14]", "[2026-02-14, 2026-02-28]")
    )
    days = calendar()
    assert not days.is_working(date(2026, 2, 5))
    assert days.is_working(date(2026, 10, 1))  # it does not say that this is off
    assert not days.is_working(date(2025, 10, 1))  # other years stay


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("2027.yml", GOOD.replace("source: ", "sources: "), "source"),
        ("2027.yml", GOOD + "note: x\n", "note"),
        ("2027.yml", GOOD.replace("2027-01-01", "元旦"), "holidays.0"),
        ("2027.yml", GOOD.replace("2027-01-01", "2026-12-31"), "2026-12-31 is not in 2027"),
        ("2027.yml", GOOD.replace("[2027-02-14]", "[2027-02-15]"), "no Saturday or Sunday"),
        ("2027.yml", GOOD.replace("[2027-02-14]", "[2027-02-06]"), "both off and worked"),
        ("2027.yml", GOOD.replace("to: 2027-02-11", "to: 2027-02-01"), "ends before it starts"),
        ("2028.yml", GOOD, "its name is not its year"),
        ("2027.yml", "year: [", "no readable YAML"),
        ("2027.yml", "", "'-' is wrong"),
    ],
    ids=[
        "misspelt", "unknown field", "no date", "another year", "a weekday", "both", "backwards",
        "name", "no yaml", "empty",
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_words(
    office: Callable[[str, str], Path], name: str, text: str, said: str
) -> None:
    office(name, text)
    with pytest.raises(DeclarationError) as refused:
        calendar(strict=True)
    assert said in refused.value.in_("en")
    assert refused.value.where == f"calendar/{name}"
    # Whoever signs for a warning meanwhile is not held up: the year counts as not announced, and says why.
    days = calendar()
    year = int(name[:4])
    assert year not in days.years
    remark = days.remark(date(year, 5, 1), date(year, 5, 2))
    assert remark is not None
    assert said in remark.en


def test_days_are_those_of_the_office() -> None:
    late = datetime(2026, 3, 18, 17, 0, tzinfo=UTC)  # one in the morning in Shanghai
    assert day_of(late) == date(2026, 3, 19)
    assert close(date(2026, 3, 19)).astimezone(UTC) == datetime(2026, 3, 19, 15, 59, 59, tzinfo=UTC)
    assert opening(date(2026, 3, 19)).astimezone(UTC) == datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
    assert day_of(close(date(2026, 3, 19))) == date(2026, 3, 19)


def test_an_empty_calendar_knows_weekends() -> None:
    assert Calendar().add(date(2026, 3, 20), 1) == date(2026, 3, 23)
