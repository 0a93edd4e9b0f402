"""Working days: the State Council's calendar, and an office's own file for a year that it announced since.

    catalog/calendar/2027.yml              # in the workspace; it wins over what the library knows
    year: 2027
    source: 国务院办公厅关于2027年部分节假日安排的通知
    holidays: [2027-01-01, {from: 2027-02-05, to: 2027-02-11}]
    working_days: [2027-02-14]             # Saturdays and Sundays that are worked

A region with holidays of its own writes the whole year. Years of which nothing is known have weekends
alone; `remark` says so, and it stands beside every deadline that rests on them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import chinese_calendar
import yaml
from chinese_calendar import constants
from django.conf import settings
from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from plumbline.errors import DeclarationError, Text

log = logging.getLogger(__name__)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Which days are worked.

    Attributes:
        off: holidays, wherever in the week they lie.
        worked: Saturdays and Sundays that are worked (调休).
        years: years whose holidays are announced.
        faults: what is wrong with an office's file, by year; that year is taken as not announced.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()
    faults: dict[int, Text] = field(default_factory=dict, compare=False)

    def is_working(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def add(self, day: date, working_days: int) -> date:
        """The working day that lies so many working days after a day (before it, if negative).

        With 0 it is the day itself, or the first working day after it.
        """
        step = DAY if working_days >= 0 else -DAY
        for _ in range(abs(working_days)):
            day += step
            while not self.is_working(day):
                day += step
        while not self.is_working(day):
            day += DAY
        return day

    def count(self, after: date, through: date) -> int:
        """Working days after the one day up to and including the other; negative if it lies before."""
        if through < after:
            return -self.count(through, after)
        return sum(self.is_working(after + n * DAY) for n in range(1, (through - after).days + 1))

    def remark(self, first: date, last: date) -> Text | None:
        """What must be said beside a period that reaches into years of which the holidays are unknown."""
        unknown = [year for year in range(first.year, last.year + 1) if year not in self.years]
        if not unknown:
            return None
        if fault := next((self.faults[year] for year in unknown if year in self.faults), None):
            return fault
        listed = "、".join(map(str, unknown)), ", ".join(map(str, unknown))
        return Text(
            f"{listed[0]}年节假日尚未公布，暂只除去周末",
            f"{listed[1]} holidays not announced yet, only weekends are left out",
        )

    @property
    def fingerprint(self) -> str:
        """Differs whenever a day of it differs."""
        days = (sorted(map(str, each)) for each in (self.off, self.worked, self.years))
        return hashlib.sha256(repr(list(days)).encode()).hexdigest()


def _single_day(value: Any) -> Any:
    return {"from": value, "to": value} if isinstance(value, date) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Period(_Strict):
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    def days(self) -> Iterator[date]:
        return (self.first + n * DAY for n in range((self.last - self.first).days + 1))


class _Announced(_Strict):
    year: int
    source: str = Field(min_length=1)
    holidays: list[Annotated[_Period, BeforeValidator(_single_day)]] = Field(min_length=1)
    working_days: list[Annotated[_Period, BeforeValidator(_single_day)]]


def read(path: Path) -> tuple[int, frozenset[date], frozenset[date]]:
    """The year, its holidays and its worked weekend days, as an office's file announces them.

    Raises:
        DeclarationError: the file does not say that, or not only that.
    """
    try:
        told = _Announced.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "-"
        raise _wrong(
            path, f"{place} 一项不合要求：{first['msg']}", f"'{place}' is wrong: {first['msg']}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise _wrong(path, f"不是可读的 YAML：{said}", f"no readable YAML: {said}") from None
    if path.stem != str(told.year):
        raise _wrong(
            path, f"文件名与年份 {told.year} 不符", f"its name is not its year, {told.year}"
        )
    off = frozenset(day for period in told.holidays for day in period.days())
    worked = frozenset(day for period in told.working_days for day in period.days())
    for period in (*told.holidays, *told.working_days):
        if period.last < period.first:
            raise _wrong(path, f"{period.first} 起的一段止于起日之前",
                         f"the period from {period.first} ends before it starts")  # fmt: skip
    for day in sorted(off | worked):
        if day.year != told.year:
            raise _wrong(path, f"{day} 不在 {told.year} 年", f"{day} is not in {told.year}")
        if day in off and day in worked:
            raise _wrong(path, f"{day} 既放假又上班", f"{day} is both off and worked")
        if day in worked and day.weekday() < 5:
            raise _wrong(path, f"{day} 不是周六或周日，不必写为调休上班",
                         f"{day} is no Saturday or Sunday, so it is worked anyway")  # fmt: skip
    return told.year, off, worked


def _wrong(path: Path, zh: str, en: str) -> DeclarationError:
    return DeclarationError(
        Text(zh, en),
        where=f"calendar/{path.name}",
        hint=Text(
            "写明 year、source、holidays、working_days；日期写作 2027-02-05 或 {from: …, to: …}",
            "give year, source, holidays, working_days; write 2027-02-05 or {from: ..., to: ...}",
        ),
    )


def announced() -> Calendar:
    """What the State Council has announced, as far as the library knows it."""
    known = frozenset(day.year for day in constants.holidays)
    return Calendar(frozenset(constants.holidays), frozenset(constants.workdays), known)


def calendar(*, strict: bool = False) -> Calendar:
    """The calendar of this workspace; files that arrive are noticed at the next call.

    Args:
        strict: refuse a faulty file, rather than take its year as not announced.

    Raises:
        DeclarationError: a file is wrong, and it is to be refused.
    """
    folder = Path(settings.WORKSPACE) / "catalog" / "calendar"
    files = sorted(folder.glob("*.yml")) if folder.is_dir() else []
    made = _laid_over(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))
    if strict:
        for path in files:
            read(path)
    return made


@lru_cache(maxsize=4)
def _laid_over(files: tuple[tuple[Path, int, int], ...]) -> Calendar:
    known = announced()
    off, worked, years, faults = set(known.off), set(known.worked), set(known.years), {}
    for path, _, _ in files:
        try:
            year, holidays, working_days = read(path)
        except DeclarationError as error:
            log.warning("%s", error)
            if path.stem.isdecimal() and len(path.stem) == 4:
                faults[int(path.stem)] = Text(error.in_("zh"), error.in_("en"))
            continue
        off = {day for day in off if day.year != year} | holidays
        worked = {day for day in worked if day.year != year} | working_days
        years.add(year)
    return Calendar(frozenset(off), frozenset(worked), frozenset(years), faults)


def library() -> str:
    """Which edition of the library speaks for the State Council."""
    return f"chinesecalendar {chinese_calendar.__version__}"


# -- days and moments ----------------------------------------------------------------------------


def day_of(at: datetime) -> date:
    """The day in the office's own time zone."""
    return timezone.localdate(at, timezone.get_default_timezone())


def opening(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def close(day: date) -> datetime:
    """The last second of a day: it ends at twenty-four hours (民法典 203), and still names that day."""
    return datetime.combine(day, time(23, 59, 59), timezone.get_default_timezone())
