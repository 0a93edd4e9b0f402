"""Dates, as the interval of days that they may mean."""

from __future__ import annotations

from plumbline.engine.fact.types.base import Field, Plain, Value
from plumbline.engine.fact.types.days import OPEN, read_days, show_days, split_time
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

__all__ = ["OPEN", "PLAIN", "Date"]

#: YYYY-MM-DD, well before any year that stands for "no end".
PLAIN = "(1[89][0-9]{2}|20([0-8][0-9]|9[0-8]))-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


class Date(Kind):
    """The day meant lies from `__from` to `__to`; both are `OPEN` where there is no end.

    A time of day is dropped, as it was written: an offset such as Z moves no date.
    """

    name = "date"
    title = Text("日期", "date")
    options = frozenset({"order", "serial", "empty"})

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("__from", "DATE"), Field("__to", "DATE"))

    def parse(self, raw: str) -> Value:
        text, _ = split_time(raw.strip().lstrip("'"))
        return read_days(text, self.column.order, self.column.serial) or self.empty

    def plain(self, raw: str) -> Plain:
        day = f"try_cast({raw} AS DATE)"
        return Plain(f"regexp_full_match({raw}, '{PLAIN}') AND {day} IS NOT NULL", (day, day))

    def show(self, value: Value, lang: Lang) -> str:
        if value[0] is None:
            return ""
        return Text(*show_days(value[0], value[1])).in_(lang)
