"""Dates of birth, as a list states them beside or instead of a citizen number."""

from __future__ import annotations

from plumbline.engine.fact.types.base import UnreadableCellError, Value
from plumbline.engine.fact.types.date import OPEN, Date
from plumbline.errors import Lang, Text


class PersonBirth(Date):
    """A date, read as `date` reads it, that says when the bearer of a number was born.

    Kept as stated, even where the number says otherwise. Masked to the year.
    """

    name = "person.birth"
    title = Text("出生日期", "date of birth")
    options = frozenset({"order", "serial", "of"})
    personal = True

    def parse(self, raw: str) -> Value:
        value = super().parse(raw)
        if OPEN in value:
            raise UnreadableCellError("不是出生日期", "not a date of birth")
        return value

    def mask(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        first, last = value
        if first is None:
            return ""
        return f"{first.year}-**-**" if first.year == last.year else "****-**-**"
