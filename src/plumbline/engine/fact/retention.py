"""How long a dataset may be kept, counted from the day a delivery speaks of."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from plumbline.errors import Text

FORMS = Text(
    "写成 10 years、6 months、90 days 或 permanent",
    "write 10 years, 6 months, 90 days or permanent",
)
_SAID = re.compile(r"([1-9]\d{0,3}) (year|month|day)s?")
_FOREVER = "permanent"


@dataclass(frozen=True)
class Retention:
    """A span in whole years, months or days; 0 of them is for ever."""

    years: int = 0
    months: int = 0
    days: int = 0

    @classmethod
    def read(cls, said: str) -> Retention | None:
        """What a declaration says; None where it is none of the forms."""
        if said == _FOREVER:
            return cls()
        found = _SAID.fullmatch(said)
        return cls(**{f"{found[2]}s": int(found[1])}) if found else None

    def until(self, as_of: date) -> date | None:
        """The last day on which what speaks of `as_of` is kept; None if it is kept for ever.

        A month that has no such day ends on its last: 29 February and a year is 28 February.
        """
        if not (self.years or self.months or self.days):
            return None
        months = as_of.year * 12 + as_of.month - 1 + self.years * 12 + self.months
        year, month = divmod(months, 12)
        if year > date.max.year:
            return None
        day = min(as_of.day, calendar.monthrange(year, month + 1)[1])
        try:
            return date(year, month + 1, day) + timedelta(days=self.days)
        except OverflowError:
            return None

    def is_over(self, as_of: date, on: date) -> bool:
        """Does it lie before the day `on`?"""
        until = self.until(as_of)
        return until is not None and until < on
