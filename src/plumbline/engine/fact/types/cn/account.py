"""Numbers of bank accounts, cards and public utilities."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

_FORM = "[0-9A-Z]{6,34}"  # 34: the longest IBAN
_SHOWN = 4


class Account(Kind):
    """Digits and capital letters without the spaces and hyphens of the printed form."""

    name = "account"
    title = Text("账号", "account number")
    personal = True

    def parse(self, raw: str) -> Value:
        text = compact(raw).upper()
        if not text:
            return self.empty
        if is_scientific(text):
            raise UnreadableCellError(
                "曾被电子表格存为数字，末几位已丢失",
                "stored as a number by the spreadsheet, last digits lost",
            )
        number = text.replace("-", "")
        if not re.fullmatch(_FORM, number):
            raise UnreadableCellError(
                "不是账号（至少 6 位数字或字母）",
                "not an account number (6 digits or letters or more)",
            )
        return (number,)

    def plain(self, raw: str) -> Plain:
        # A letter E among digits is left to `parse`, which knows 6.2E17 and 62E17.
        return Plain(f"regexp_full_match({raw}, '[0-9]{{6,34}}')", (raw,))

    def mask(self, value: Value, lang: Lang) -> str:
        number = self.show(value, lang)
        return f"****{number[-_SHOWN:]}" if number else ""
