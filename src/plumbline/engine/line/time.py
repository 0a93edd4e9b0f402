"""Time in SQL: a date is an interval within which the day lies, so every predicate has three answers.

Each function builds portable SQL (DuckDB and Spark agree on it) from the two ends of its arguments.
TRUE if the statement holds for every day the dates may mean, FALSE if for none, else NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["DAY", "MONTH", "YEAR"]


@dataclass(frozen=True)
class Number:
    """A whole number known when the model is compiled, or one that depends on the date in force."""

    cases: tuple[tuple[str, int], ...]  # (SQL condition, value); a single ("", n) is a constant


@dataclass(frozen=True)
class Day:
    """A date: the day lies somewhere from `first` to `last` (SQL of type DATE)."""

    first: str
    last: str
    moment: bool = False  # the ends are TIMESTAMPs


@dataclass(frozen=True)
class Span:
    """A period: it surely covers sure_first..sure_last and at most may_first..may_last."""

    sure_first: str
    sure_last: str
    may_first: str
    may_last: str


def three_valued(holds: str, fails: str) -> str:
    return f"CASE WHEN {holds} THEN TRUE WHEN {fails} THEN FALSE END"


def as_days(value: Day) -> Day:
    """A moment seen as a day, so that it can be compared with one."""
    if not value.moment:
        return value
    return Day(f"CAST({value.first} AS DATE)", f"CAST({value.last} AS DATE)")


def _alike(a: Day, b: Day) -> tuple[Day, Day]:
    return (a, b) if a.moment == b.moment else (as_days(a), as_days(b))


def before(a: Day, b: Day) -> str:
    a, b = _alike(a, b)
    return three_valued(f"{a.last} < {b.first}", f"{a.first} >= {b.last}")


def on_or_before(a: Day, b: Day) -> str:
    a, b = _alike(a, b)
    return three_valued(f"{a.last} <= {b.first}", f"{a.first} > {b.last}")


def after(a: Day, b: Day) -> str:
    return before(b, a)


def on_or_after(a: Day, b: Day) -> str:
    return on_or_before(b, a)


def within(a: Day, b: Day, n: Number, unit: Unit) -> str:
    """b lies from a up to n units after a."""
    a, b = as_days(a), as_days(b)
    limit = shift(a, n, unit)
    return three_valued(
        f"{a.last} <= {b.first} AND {b.last} <= {limit.first}",
        f"{b.last} < {a.first} OR {b.first} > {limit.last}",
    )


def shift(day: Day, n: Number, unit: Unit) -> Day:
    """n units later; the 31st becomes the last day of a shorter month."""
    day = as_days(day)
    return Day(_shifted(day.first, n, unit), _shifted(day.last, n, unit))


def month_end(day: Day, n: Number) -> Day:
    """The last day of the month n months after the day's month."""
    moved = shift(day, n, "MONTH")
    return Day(f"LAST_DAY({moved.first})", f"LAST_DAY({moved.last})")


def start(day: Day) -> Day:
    day = as_days(day)
    return Day(day.first, day.first)


def end(day: Day) -> Day:
    day = as_days(day)
    return Day(day.last, day.last)


def span(x: Day, y: Day) -> Span:
    """From day x to day y, both included."""
    x, y = as_days(x), as_days(y)
    return Span(sure_first=x.last, sure_last=y.first, may_first=x.first, may_last=y.last)


def whole(day: Day) -> Span:
    """All days of a date value, such as the whole of a month."""
    day = as_days(day)
    return Span(day.first, day.last, day.first, day.last)


def overlaps(s: Span, t: Span, n: Number) -> str:
    """The two share at least n days.

    Written as comparisons of every start with every end, since GREATEST and LEAST skip nulls.
    """
    less_one = Number(tuple((when, value - 1) for when, value in n.cases))
    sure = [
        f"{_shifted(first, less_one, 'DAY')} <= {last}"
        for first in (s.sure_first, t.sure_first)
        for last in dict.fromkeys((s.sure_last, t.sure_last))
    ]
    never = [
        f"{_shifted(first, less_one, 'DAY')} > {last}"
        for first in (s.may_first, t.may_first)
        for last in dict.fromkeys((s.may_last, t.may_last))
    ]
    return three_valued(" AND ".join(sure), " OR ".join(never))


def during(day: Day, s: Span) -> str:
    day = as_days(day)
    return three_valued(
        f"{s.sure_first} <= {day.first} AND {day.last} <= {s.sure_last}",
        f"{day.last} < {s.may_first} OR {day.first} > {s.may_last}",
    )


def _shifted(date: str, n: Number, unit: Unit) -> str:
    def by(value: int) -> str:
        if value == 0:
            return date
        if unit == "DAY":
            # As a number: DuckDB holds 30 days and 1 month to be equal, and where both are added to
            # one date it computes the one and uses it for the other.
            return f"({date} {'+' if value > 0 else '-'} {abs(value)})"
        return f"CAST({date} + INTERVAL '{value}' {unit} AS DATE)"

    if len(n.cases) == 1 and not n.cases[0][0]:
        return by(n.cases[0][1])
    return "CASE " + " ".join(f"WHEN {when} THEN {by(value)}" for when, value in n.cases) + " END"


#: Shapes of arguments: d a date, s a span, n a whole number.
FUNCTIONS: dict[str, tuple[str, Callable[..., str | Day | Span]]] = {
    "before": ("dd", before),
    "after": ("dd", after),
    "on_or_before": ("dd", on_or_before),
    "on_or_after": ("dd", on_or_after),
    "within_days": ("ddn", lambda a, b, n: within(a, b, n, "DAY")),
    "within_months": ("ddn", lambda a, b, n: within(a, b, n, "MONTH")),
    "within_years": ("ddn", lambda a, b, n: within(a, b, n, "YEAR")),
    "start": ("d", start),
    "end": ("d", end),
    "plus_days": ("dn", lambda d, n: shift(d, n, "DAY")),
    "plus_months": ("dn", lambda d, n: shift(d, n, "MONTH")),
    "plus_years": ("dn", lambda d, n: shift(d, n, "YEAR")),
    "month_end": ("dn", month_end),
    "span": ("dd", span),
    "whole": ("d", whole),
    "overlaps": ("ssn?", overlaps),
    "during": ("ds", during),
}


def arguments(signature: str) -> Sequence[str]:
    """The kinds of a function's arguments; a trailing n? is optional."""
    return list(signature.replace("?", ""))
