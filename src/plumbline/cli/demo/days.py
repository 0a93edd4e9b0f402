"""Days and months as whole numbers in arrays, and the many ways in which clerks write them.

A day counts from 1970-01-01, a month from January 1970. Nothing here knows today's date.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

FIRST, LAST = -25_567, 21_914  # 1900-01-01, 2029-12-31: what the tables of spellings cover


def day(year: int, month: int = 1, date: int = 1) -> int:
    """The number of a day."""
    return int(np.datetime64(f"{year:04}-{month:02}-{date:02}", "D").astype(np.int64))


def month(year: int, number: int = 1) -> int:
    """The number of a month."""
    return (year - 1970) * 12 + number - 1


HISTORY_FROM, AS_OF = day(2010), day(2025, 12, 31)
FIRST_MONTH, LAST_MONTH = month(2010), month(2025, 12)
#: An open end: later than any day, delivered as an empty cell or as 9999-12-31.
NEVER = day(9999, 12, 31)


def month_of(days: Any) -> Ints:
    return np.asarray(days, np.int64).astype("M8[D]").astype("M8[M]").astype(np.int64)


def year_of(days: Any) -> Ints:
    return np.asarray(days, np.int64).astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970


def first_of(months: Any) -> Ints:
    """The first day of each month."""
    return np.asarray(months, np.int64).astype("M8[M]").astype("M8[D]").astype(np.int64)


def last_of(months: Any) -> Ints:
    """The last day of each month."""
    return first_of(np.asarray(months, np.int64) + 1) - 1


def year_from(years: Any) -> Ints:
    """The first day of each year."""
    return first_of((np.asarray(years, np.int64) - 1970) * 12)


def plus_months(days: Any, n: Any) -> Ints:
    """The same date n months on; the 31st becomes the last day of a shorter month."""
    days = np.asarray(days, np.int64)
    start = month_of(days)
    same: Ints = first_of(start + n) + (days - first_of(start))
    return np.minimum(same, last_of(start + n))


def plus_years(days: Any, n: Any) -> Ints:
    return plus_months(days, np.asarray(n, np.int64) * 12)


DAY, MONTH, YEAR = 0, 1, 2  # how precisely a date was written down


def bounds(days: Ints, precision: Any) -> tuple[Ints, Ints]:
    """The first and the last day that a date written with this precision may mean."""
    months, years = month_of(days), year_of(days)
    low = np.where(
        precision == DAY, days, np.where(precision == MONTH, first_of(months), year_from(years))
    )
    high = np.where(
        precision == DAY,
        days,
        np.where(precision == MONTH, last_of(months), year_from(years + 1) - 1),
    )
    return low, high


def whole_years(earlier: Any, later: Any) -> Ints:
    """Full years of life between two days."""
    months = month_of(later) - month_of(earlier)
    short = plus_months(earlier, months) > np.asarray(later, np.int64)
    return (months - short) // 12


_DIGITS = "〇一二三四五六七八九"


def _numeral(n: int) -> str:
    """A whole number below one hundred in Chinese: 三, 十, 十五, 三十一."""
    tens, ones = divmod(n, 10)
    return (
        ("" if tens < 2 else _DIGITS[tens])
        + ("十" if tens else "")
        + (_DIGITS[ones] if ones else "")
    )


def _year(y: int) -> str:
    return "".join(_DIGITS[int(d)] for d in str(y))


DAY_STYLES: dict[str, Callable[[int, int, int], str]] = {
    "iso": lambda y, m, d: f"{y}-{m:02}-{d:02}",
    "slash": lambda y, m, d: f"{y}/{m}/{d}",
    "dot": lambda y, m, d: f"{y}.{m}.{d}",
    "compact": lambda y, m, d: f"{y}{m:02}{d:02}",
    "han": lambda y, m, d: f"{y}年{m}月{d}日",
    "numerals": lambda y, m, d: f"{_year(y)}年{_numeral(m)}月{_numeral(d)}日",
    "circle": lambda y, m, d: f"{_year(y)}年{_numeral(m)}月{_numeral(d)}日".replace("〇", "○"),
    "midnight": lambda y, m, d: f"{y}-{m}-{d} 0:00:00",
}
MONTH_STYLES: dict[str, Callable[[int, int], str]] = {
    "iso": lambda y, m: f"{y}-{m:02}",
    "compact": lambda y, m: f"{y}{m:02}",
    "han": lambda y, m: f"{y}年{m}月",
    "han0": lambda y, m: f"{y}年{m:02}月",
    "dot": lambda y, m: f"{y}.{m:02}",
    "numerals": lambda y, m: f"{_year(y)}年{_numeral(m)}月",
}


@cache
def _days_written(style: str) -> pa.Array:
    write = DAY_STYLES[style]
    dates = np.arange(FIRST, LAST + 1).astype("M8[D]").tolist()
    return pa.array([write(d.year, d.month, d.day) for d in dates])


@cache
def _months_written(style: str) -> pa.Array:
    write = MONTH_STYLES[style]
    first, last = int(month_of(FIRST)), int(month_of(LAST))
    return pa.array([write(1970 + n // 12, n % 12 + 1) for n in range(first, last + 1)])


def write_days(days: Ints, style: str = "iso") -> pa.Array:
    """Days as text in one style; `NEVER` becomes an empty cell."""
    inside = (days >= FIRST) & (days <= LAST)
    at = np.where(inside, days - FIRST, 0)
    return _days_written(style).take(pa.array(at, mask=~inside)).fill_null("")


def write_months(months: Ints, style: str = "iso") -> pa.Array:
    """Months as text in one style."""
    return _months_written(style).take(pa.array(months - int(month_of(FIRST))))


def write_dates(days: Ints, precision: Any, style: str = "iso") -> pa.Array:
    """Dates as text, no more precise than each was written down: 2012-03-05, 2012年3月, 2012年."""
    precision = np.broadcast_to(precision, days.shape)
    written = write_days(days, style)
    months = pa.array(precision == MONTH)
    if (precision == MONTH).any():
        # Six digits could be a day with a short year: nobody could read them with certainty.
        own = style if style in MONTH_STYLES and style != "compact" else "iso"
        written = pc.replace_with_mask(
            written, months, write_months(month_of(days[precision == MONTH]), own)
        )
    if (precision == YEAR).any():
        years = pc.binary_join_element_wise(
            pa.array(year_of(days[precision == YEAR])).cast(pa.string()), "年", ""
        )
        written = pc.replace_with_mask(written, pa.array(precision == YEAR), years)
    return written
