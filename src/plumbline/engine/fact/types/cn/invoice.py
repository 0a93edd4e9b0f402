"""Codes and numbers of invoices."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Text

_FORM = "[0-9]{8,20}"


class Invoice(Kind):
    """8 digits for a number, 10 or 12 for a code, 20 for a fully digital invoice.

    Leading zeros count. Where a spreadsheet dropped them the number has become too short, and
    how many there were cannot be known.
    """

    name = "invoice"
    title = Text("发票代码或号码", "invoice code or number")

    def parse(self, raw: str) -> Value:
        text = compact(raw)
        if not text:
            return self.empty
        if is_scientific(text):
            raise UnreadableCellError(
                "曾被电子表格存为数字，末几位已丢失",
                "stored as a number by the spreadsheet, last digits lost",
            )
        if re.fullmatch("[0-9]{1,7}", text):
            raise UnreadableCellError(
                "不足 8 位，前面的零可能已被电子表格去掉",
                "fewer than 8 digits; a spreadsheet may have dropped leading zeros",
            )
        if not re.fullmatch(_FORM, text):
            raise UnreadableCellError("不是发票代码或号码", "not an invoice code or number")
        return (text,)

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '{_FORM}')", (raw,))
