"""The functions of time against a slow reference that tries every day the dates may mean."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck
from plumbline.engine.collision.trial import lay_out
from plumbline.engine.fact.types.cn.person_id import birth, sex
from plumbline.engine.line.expression import Compiler, Scope, parse
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text
from tests.engine.line.small import Office, Row, number

Days = tuple[date, date] | None  # first and last day it may be; None: not given
OPEN = date(9999, 12, 31)

# The reference: plain dates, one at a time.


def days(value: Days) -> Iterable[date]:
    assert value is not None
    first, last = value
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def month_end(day: date, months: int) -> date:
    moved = later(day.replace(day=1), months)
    return moved.replace(day=calendar.monthrange(moved.year, moved.month)[1])


def shared(s: tuple[date, date], t: tuple[date, date]) -> int:
    return (min(s[1], t[1]) - max(s[0], t[0])).days + 1


def every(holds: Callable[..., bool], *values: Days) -> bool | None:
    """True if it holds whatever the dates mean, False if never, else None."""
    if any(value is None for value in values):
        return None
    found = {holds(*each) for each in itertools.product(*(list(days(v)) for v in values))}
    return found.pop() if len(found) == 1 else None


# Dates as departments write them, each with the days that it may be.


def _year(year: int) -> tuple[str, Days]:
    return f"{year}年", (date(year, 1, 1), date(year, 12, 31))


def _month(year: int, month: int) -> tuple[str, Days]:
    last = calendar.monthrange(year, month)[1]
    return f"{year}-{month:02}", (date(year, month, 1), date(year, month, last))


def _day(day: date) -> tuple[str, Days]:
    return day.isoformat(), (day, day)


Written = tuple[str | None, Days]
EDGES = [
    date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 31), date(2020, 2, 28), date(2020, 2, 29),
    date(2020, 3, 1), date(2021, 2, 28), date(2021, 3, 1), date(2024, 2, 29), date(2025, 2, 28),
]  # fmt: skip

years = st.integers(2019, 2021)
exact: st.SearchStrategy[Written] = st.one_of(
    st.sampled_from(EDGES), st.dates(date(2019, 11, 1), date(2021, 4, 30))
).map(_day)
short: st.SearchStrategy[Written] = st.one_of(  # at most ten days, so that four can be combined
    exact,
    st.builds(
        lambda y, m: (f"{y}年{m}月上旬", (date(y, m, 1), date(y, m, 10))), years, st.integers(1, 12)
    ),
)
vague: st.SearchStrategy[Written] = st.one_of(exact, st.builds(_month, years, st.integers(1, 12)))
dates: st.SearchStrategy[Written] = st.one_of(
    vague,
    vague,
    vague,
    st.builds(_year, years),
    st.just((None, None)),
    st.just(("长期", (OPEN, OPEN))),
)


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    columns: dict[str, Any] = dict.fromkeys("abcd", "date")
    dataset = Office(tmp_path_factory.mktemp("time")).dataset(
        "fact", {**columns, "person": "person.id"}
    )

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return DeclarationError(problem, hint=hint)

    return Scope(facts={"fact": dataset}, error=error)


def answers(
    duck: Duck, scope: Scope, rows: Sequence[Row], texts: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Each row's answer to each expression, in one query."""
    lay_out(duck, scope.facts["fact"], list(rows))
    written = []
    for text in texts:
        value = Compiler(scope).value(parse(text, scope.error))
        written += [value.first, value.last] if isinstance(value, Day) else [str(value)]
    return duck.run(f"SELECT {', '.join(written)} FROM fact ORDER BY _row")


def agree(
    duck: Duck,
    scope: Scope,
    rows: Sequence[Sequence[Written]],
    reference: dict[str, Callable[..., Any]],
) -> None:
    """Every expression of `reference` gives what its slow twin gives of the row's dates."""
    given_ = [dict(zip("abcd", (text for text, _ in row), strict=False)) for row in rows]
    found = answers(duck, scope, given_, list(reference))
    for row, got in zip(rows, found, strict=True):
        meant = [value for _, value in row]
        wanted = [twin(*meant) for twin in reference.values()]
        assert dict(zip(reference, got, strict=True)) == dict(
            zip(reference, wanted, strict=True)
        ), row


ORDER: dict[str, Callable[[date, date], bool]] = {
    "before(fact.a, fact.b)": lambda a, b: a < b,
    "after(fact.a, fact.b)": lambda a, b: a > b,
    "on_or_before(fact.a, fact.b)": lambda a, b: a <= b,
    "on_or_after(fact.a, fact.b)": lambda a, b: a >= b,
}
WITHIN: dict[str, Callable[[date, date], bool]] = {
    "within_days(fact.a, fact.b, 0)": lambda a, b: a == b,
    "within_days(fact.a, fact.b, 30)": lambda a, b: a <= b <= a + timedelta(days=30),
    "within_months(fact.a, fact.b, 1)": lambda a, b: a <= b <= later(a, 1),
    "within_months(fact.a, fact.b, 6)": lambda a, b: a <= b <= later(a, 6),
    "within_years(fact.a, fact.b, 1)": lambda a, b: a <= b <= later(a, 12),
}
SHIFTED: dict[str, Callable[[date, date], bool]] = {
    "before(plus_days(fact.a, 29), fact.b)": lambda a, b: a + timedelta(days=29) < b,
    "after(plus_days(fact.a, -1), fact.b)": lambda a, b: a - timedelta(days=1) > b,
    "before(plus_months(fact.a, 1), fact.b)": lambda a, b: later(a, 1) < b,
    "on_or_after(fact.a, plus_months(fact.b, -13))": lambda a, b: a >= later(b, -13),
    "before(plus_years(fact.a, 1), fact.b)": lambda a, b: later(a, 12) < b,
    "after(fact.b, month_end(fact.a, 0))": lambda a, b: b > month_end(a, 0),
    "after(fact.b, month_end(fact.a, 1))": lambda a, b: b > month_end(a, 1),
    "on_or_before(month_end(fact.a, -2), fact.b)": lambda a, b: month_end(a, -2) <= b,
}


def of_pairs(found: dict[str, Callable[[date, date], bool]]) -> dict[str, Callable[..., Any]]:
    return {text: lambda a, b, holds=holds: every(holds, a, b) for text, holds in found.items()}


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(dates, dates), min_size=1, max_size=12))
def test_order(duck: Duck, scope: Scope, rows: list[tuple[Written, Written]]) -> None:
    agree(duck, scope, rows, of_pairs(ORDER))


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(vague, vague), min_size=1, max_size=15))
def test_within_and_shifted(duck: Duck, scope: Scope, rows: list[tuple[Written, Written]]) -> None:
    agree(duck, scope, rows, of_pairs({**WITHIN, **SHIFTED}))


@settings(max_examples=5)
@given(
    rows=st.lists(
        st.tuples(dates.filter(lambda d: d[1] != (OPEN, OPEN)), exact), min_size=1, max_size=8
    )
)
def test_within_a_year_that_is_all_that_is_known(
    duck: Duck, scope: Scope, rows: list[tuple[Written, Written]]
) -> None:
    agree(duck, scope, rows, of_pairs({**WITHIN, **SHIFTED}))


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(short, short, short, short), min_size=1, max_size=5))
def test_periods(duck: Duck, scope: Scope, rows: list[tuple[Written, ...]]) -> None:
    def overlap(least: int) -> Callable[..., Any]:
        return lambda *four: every(lambda a, b, c, d: shared((a, b), (c, d)) >= least, *four)

    agree(
        duck, scope, rows,
        {
            "overlaps(span(fact.a, fact.b), span(fact.c, fact.d))": overlap(1),
            "overlaps(span(fact.a, fact.b), span(fact.c, fact.d), 2)": overlap(2),
            "overlaps(span(fact.a, fact.b), span(fact.c, fact.d), 31)": overlap(31),
            "during(fact.a, span(fact.b, fact.c))":
                lambda a, b, c, _: every(lambda x, y, z: y <= x <= z, a, b, c),
            "during(fact.a, whole(fact.b))":
                lambda a, b, *_: every(lambda x: b[0] <= x <= b[1], a),
            "overlaps(whole(fact.a), span(fact.b, fact.c), 5)":
                lambda a, b, c, _: every(lambda y, z: shared(a, (y, z)) >= 5, b, c),
            "overlaps(whole(fact.a), whole(fact.b))": lambda a, b, *_: shared(a, b) >= 1,
        },
    )  # fmt: skip


def test_thirty_days_and_a_month_are_told_apart_in_one_query(duck: Duck, scope: Scope) -> None:
    """DuckDB takes INTERVAL '30' DAY and INTERVAL '1' MONTH for the same; hypothesis found it."""
    pairs = [
        "days(fact.a, fact.b, 30)",
        "months(fact.a, fact.b, 1)",
        "days(fact.a, fact.b, 360)",
        "years(fact.a, fact.b, 1)",
    ]
    texts = [f"within_{pair}" for pair in pairs]
    rows: list[Row] = [
        {"a": "2019-12-31", "b": day}
        for day in ("2020-01-30", "2020-01-31", "2020-12-25", "2020-12-31")
    ]
    assert answers(duck, scope, rows, texts) == [
        (True, True, True, True),
        (False, True, True, True),
        (False, False, True, True),
        (False, False, False, True),
    ]


@settings(max_examples=15)
@given(rows=st.lists(st.tuples(vague), min_size=1, max_size=15))
def test_a_day_made_of_a_day(duck: Duck, scope: Scope, rows: list[tuple[Written]]) -> None:
    made: dict[str, Callable[[date], date]] = {
        "plus_days(fact.a, 45)": lambda a: a + timedelta(days=45),
        "plus_months(fact.a, 1)": lambda a: later(a, 1),
        "plus_months(fact.a, -3)": lambda a: later(a, -3),
        "plus_years(fact.a, 1)": lambda a: later(a, 12),
        "plus_years(fact.a, -1)": lambda a: later(a, -12),
        "month_end(fact.a, 2)": lambda a: month_end(a, 2),
    }
    found = answers(duck, scope, [{"a": text} for ((text, _),) in rows], list(made))
    for ((_, meant),), got in zip(rows, found, strict=True):
        ends = zip(got[::2], got[1::2], strict=True)
        for text, (first, last) in zip(made, ends, strict=True):
            possible = [made[text](day) for day in days(meant)]
            assert (first, last) == (min(possible), max(possible)), text


def test_start_and_end_take_a_date_as_a_whole(duck: Duck, scope: Scope) -> None:
    given_: list[Row] = [{"a": "2020-02"}, {"a": "2020年"}, {"a": "2020-02-29"}, {"a": None}]
    assert answers(duck, scope, given_, ["start(fact.a)", "end(fact.a)"]) == [
        (date(2020, 2, 1), date(2020, 2, 1), date(2020, 2, 29), date(2020, 2, 29)),
        (date(2020, 1, 1), date(2020, 1, 1), date(2020, 12, 31), date(2020, 12, 31)),
        (date(2020, 2, 29),) * 4,
        (None,) * 4,
    ]


def test_an_open_end_is_later_than_any_day(duck: Duck, scope: Scope) -> None:
    texts = [
        "before(fact.a, fact.b)",
        "overlaps(span(fact.a, fact.b), span(fact.a, fact.b), 365)",
        "during(fact.a, span(fact.a, fact.b))",
        "before(plus_years(fact.a, 100), fact.b)",
        "within_years(fact.a, fact.b, 100)",
    ]
    assert answers(duck, scope, [{"a": "2020-02-29", "b": "2999-12-31"}], texts) == [
        (True, True, True, True, False)
    ]


@pytest.mark.parametrize(
    "text", ["within_days(fact.a, fact.b, -1)", "overlaps(whole(fact.a), whole(fact.b), 0)"]
)
def test_a_number_that_makes_no_sense_is_refused(scope: Scope, text: str) -> None:
    with pytest.raises(DeclarationError, match=r"needs a number from [01] up"):
        Compiler(scope).value(parse(text, scope.error))


births = st.dates(date(1900, 1, 1), date(2024, 12, 31)).map(lambda day: f"{day:%Y%m%d}")
people = st.builds(number, st.integers(0, 999), st.one_of(births, st.just("20000229")))


def whole_years(born: date, on: date) -> int:
    """Birthdays passed; who was born on 29 February has none before 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.tuples(people, st.one_of(dates, st.just(_day(date(2001, 2, 28))))),
        min_size=1,
        max_size=12,
    )
)
def test_age_sex_and_birth(duck: Duck, scope: Scope, rows: list[tuple[str, Written]]) -> None:
    texts = ["age(fact.person, fact.a)", "sex(fact.person)", "born(fact.person)"]
    given_: list[Row] = [{"person": person, "a": text} for person, (text, _) in rows]
    for (person, (_, on)), got in zip(rows, answers(duck, scope, given_, texts), strict=True):
        ages = {whole_years(birth(person), day) for day in on} if on else set()
        if on is None or on[0] >= birth(person):
            assert got[0] == (ages.pop() if len(ages) == 1 else None), (person, on)
        assert got[1:] == (sex(person), birth(person), birth(person))


def test_without_a_number_nothing_is_known_of_a_person(duck: Duck, scope: Scope) -> None:
    texts = [
        "age(fact.person, fact.a) >= 0",
        "sex(fact.person) = 'M'",
        "before(born(fact.person), fact.a)",
    ]
    assert answers(duck, scope, [{"a": "2020-01-01"}], texts) == [(None, None, None)]


def test_moments_are_compared_to_the_minute_and_with_days_by_day(
    duck: Duck, tmp_path: Path
) -> None:
    dataset = Office(tmp_path).dataset("fact", {"a": "moment", "b": "moment", "c": "date"})
    scope = Scope(
        facts={"fact": dataset}, error=lambda problem, hint=None: DeclarationError(problem)
    )
    texts = [
        "before(fact.a, fact.b)", "after(fact.a, fact.b)", "on_or_before(fact.a, fact.c)",
        "before(fact.a, fact.c)", "within_days(fact.a, fact.b, 0)",
    ]  # fmt: skip
    rows: list[Row] = [
        {"a": "2020-01-01 09:00:00", "b": "2020-01-01 09:30", "c": "2020-01-01"},
        {"a": "2020-01-01", "b": "2020-01-01 09:30", "c": "2020-01-02"},
        {"a": "2020-01-01 09:30", "b": "2020-01-01 09:30", "c": None},
        {"a": None, "b": "2020-01-01 09:30", "c": "2020-01"},
    ]
    assert answers(duck, scope, rows, texts) == [
        (True, False, True, False, True),
        (None, None, True, True, True),
        (None, None, None, None, True),
        (None, None, None, None, None),
    ]
