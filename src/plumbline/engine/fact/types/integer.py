"""Whole numbers."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

_WRITTEN = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.0*)?")
_BIGINT = 2**63
_MOST_DIGITS = 100  # Python refuses to read thousands


class Integer(Kind):
    """A count, exact; "3.0" is how spreadsheets hand over 3."""

    name = "integer"
    title = Text("整数", "whole number")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "BIGINT"),)

    def parse(self, raw: str) -> Value:
        text = compact(raw)
        if not text:
            return self.empty
        if is_scientific(text):
            raise UnreadableCellError(
                "科学计数法，末尾数字可能已丢失",
                "written in scientific notation, so its last digits may be lost",
            )
        if not _WRITTEN.fullmatch(text):
            raise UnreadableCellError("不是整数", "not a whole number")
        digits = text.partition(".")[0].replace(",", "")
        value = int(digits) if len(digits) <= _MOST_DIGITS else _BIGINT
        if not -_BIGINT <= value < _BIGINT:
            raise UnreadableCellError("数字过大", "the number is too large")
        return (value,)

    def plain(self, raw: str) -> Plain:
        return Plain(
            f"regexp_full_match({raw}, '-?[0-9]{{1,18}}')",
            (f"try_cast({raw} AS BIGINT)",),
        )

    def show(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        if value[0] is None:
            return ""
        # A number of four digits is most often a year.
        return str(value[0]) if abs(value[0]) < 10_000 else f"{value[0]:,}"
