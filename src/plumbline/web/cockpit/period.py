"""Which months a page speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from plumbline.bilingual import say

#: Months that a trend shows at least, so that one month is not a trend.
TREND = 12


def month_of(day: date) -> date:
    return day.replace(day=1)


def months_before(month: date, n: int) -> date:
    """The first day of the month so many months earlier (later where negative)."""
    whole = month.year * 12 + month.month - 1 - n
    return date(whole // 12, whole % 12 + 1, 1)


@dataclass(frozen=True)
class Period:
    """Whole months, both ends among them.

    Attributes:
        name: of a choice; empty where the months were named one by one.
        first, last: first days of months.
    """

    name: str
    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """From when to when, the end not among them, where the office is."""
        zone = timezone.get_default_timezone()
        return (
            datetime.combine(self.first, time.min, zone),
            datetime.combine(months_before(self.last, -1), time.min, zone),
        )

    @property
    def ends_on(self) -> date:
        return months_before(self.last, -1) - timedelta(days=1)

    @property
    def trend(self) -> Iterator[date]:
        """The months of its trend: its own, and earlier ones where it is short."""
        month = min(self.first, months_before(self.last, TREND - 1))
        month = max(month, months_before(self.last, 59))
        while month <= self.last:
            yield month
            month = months_before(month, -1)

    @property
    def query(self) -> str:
        """As an address says it."""
        if self.name:
            return f"period={self.name}"
        return f"from={self.first:%Y-%m}&to={self.last:%Y-%m}"

    @property
    def label(self) -> str:
        named = dict(CHOICES).get(self.name)
        months = f"{self.first:%Y-%m}" + (f" – {self.last:%Y-%m}" if self.last > self.first else "")
        return f"{named} · {months}" if named and self.name != "all" else str(named or months)


CHOICES = (
    ("month", say("本月", "This month")),
    ("quarter", say("本季度", "This quarter")),
    ("year", say("今年以来", "This year")),
    ("twelve", say("近12个月", "Last 12 months")),
    ("all", say("有记录以来", "Since the beginning")),
)


def chosen(said: Mapping[str, str], on: date) -> Period:
    """The period that an address names; the last twelve months where it names none, or nonsense."""
    now = month_of(on)
    first, last = _month(said.get("from", "")), _month(said.get("to", ""))
    if first and last and first <= last:
        return Period("", first, last)
    name = said.get("period", "")
    starts = {
        "month": now,
        "quarter": now.replace(month=(now.month - 1) // 3 * 3 + 1),
        "year": now.replace(month=1),
        "all": date(2000, 1, 1),
    }
    if name not in starts:
        return Period("twelve", months_before(now, TREND - 1), now)
    return Period(name, starts[name], now)


def _month(said: str) -> date | None:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", said)
    return date(int(found[1]), int(found[2]), 1) if found else None
