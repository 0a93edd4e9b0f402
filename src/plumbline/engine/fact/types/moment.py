"""Moments: days with a time, to the second."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from plumbline.engine.fact.types.base import Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.date import PLAIN as PLAIN_DAY
from plumbline.engine.fact.types.days import OPEN, Clock, read_days, show_days, split_time
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

__all__ = ["OPEN_MOMENT", "Moment"]

OPEN_MOMENT = datetime.combine(OPEN, time())  #: no end
_LOCAL = {"", "+08:00", "+0800"}  # China has one time
_SECOND = timedelta(seconds=1)


class Moment(Kind):
    """The moment meant lies from `__from` to `__to`, both in local time.

    A bare date is its whole day, 13:40 its whole minute; fractions of a second are dropped.
    """

    name = "moment"
    title = Text("时刻", "moment")
    options = frozenset({"order", "serial"})

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("__from", "TIMESTAMP"), Field("__to", "TIMESTAMP"))

    def parse(self, raw: str) -> Value:
        text, clock = split_time(raw.strip().lstrip("'"))
        days = read_days(text, self.column.order, self.column.serial)
        if days is None:
            return self.empty
        if days == (OPEN, OPEN):
            return OPEN_MOMENT, OPEN_MOMENT
        if clock is None:
            return _midnight(days[0]), _midnight(days[1]) + timedelta(days=1) - _SECOND
        if days[0] != days[1]:
            raise UnreadableCellError("有时刻而无日期", "a time of day without a day")
        if clock.zone not in _LOCAL:
            raise UnreadableCellError(
                f"时区 {clock.zone} 不是本地时间", f"{clock.zone} is not local time"
            )
        return _within(days[0], clock)

    def plain(self, raw: str) -> Plain:
        moment = f"try_cast({raw} AS TIMESTAMP)"
        form = PLAIN_DAY + " ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
        return Plain(
            f"regexp_full_match({raw}, '{form}') AND {moment} IS NOT NULL", (moment, moment)
        )

    def show(self, value: Value, lang: Lang) -> str:
        first, last = value
        if first is None:
            return ""
        if first == last == OPEN_MOMENT or last - first >= timedelta(days=1) - _SECOND:
            return Text(*show_days(first.date(), last.date())).in_(lang)
        clock = f"{first:%H:%M:%S}" if first == last else f"{first:%H:%M}"
        return Text(*show_days(first.date(), first.date())).in_(lang) + " " + clock


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _within(day: date, clock: Clock) -> tuple[datetime, datetime]:
    first = _midnight(day) + timedelta(
        hours=clock.hour, minutes=clock.minute or 0, seconds=clock.second or 0
    )
    if clock.minute is None:
        return first, first + timedelta(hours=1) - _SECOND
    if clock.second is None:
        return first, first + timedelta(minutes=1) - _SECOND
    return first, first
