"""Numbers with decimals, exact to the declared scale."""

from __future__ import annotations

import re
from decimal import Decimal as Exact

from plumbline.engine.fact.types.base import Country, Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Declared, Kind
from plumbline.errors import DeclarationError, Lang, Text

DIGITS = 18  # what DECIMAL(18, n) and a 64-bit integer hold

_WRITTEN = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|[+-]?\.\d+")


class Decimal(Kind):
    """`scale` says how many decimals count; a number with more is refused, never rounded."""

    name = "decimal"
    title = Text("小数", "decimal number")
    options = frozenset({"scale"})

    def __init__(self, column: Declared, country: Country) -> None:
        super().__init__(column, country)
        self.scale = column.scale
        if not 0 <= self.scale < DIGITS:
            raise DeclarationError(
                Text(f"scale 应在 0 至 {DIGITS - 1} 之间", f"scale must be 0 to {DIGITS - 1}")
            )

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", f"DECIMAL({DIGITS},{self.scale})"),)

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
            raise UnreadableCellError("不是数字", "not a number")
        whole, _, part = text.replace(",", "").partition(".")
        part = part.rstrip("0")
        if len(part) > self.scale:
            raise UnreadableCellError(
                f"小数超过 {self.scale} 位", f"more than {self.scale} decimals"
            )
        if len(whole.lstrip("+-").lstrip("0")) > DIGITS - self.scale:
            raise UnreadableCellError("数字过大", "the number is too large")
        # Built from its digits: arithmetic would round to the context's precision.
        return (Exact(f"{whole or '0'}.{part:0<{self.scale}}" if self.scale else whole) + 0,)

    def plain(self, raw: str) -> Plain:
        whole = f"-?[0-9]{{1,{DIGITS - self.scale}}}"
        part = rf"(\.[0-9]{{1,{self.scale}}})?" if self.scale else ""
        return Plain(
            f"regexp_full_match({raw}, '{whole}{part}')",
            (f"try_cast({raw} AS DECIMAL({DIGITS},{self.scale}))",),
        )

    def show(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        return "" if value[0] is None else f"{value[0]:,}"
