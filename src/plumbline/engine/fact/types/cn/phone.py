"""Telephone numbers of mainland China."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

_MOBILE = "1[3-9][0-9]{9}"
_FORM = rf"{_MOBILE}|0[1-9][0-9]{{8,10}}|[2-8][0-9]{{6,7}}|[48]00[0-9]{{7}}"
_ABROAD = re.compile(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))")
_EXTENSION = re.compile(r"(?:转|-|EXT\.?|X|#)(\d{1,6})$", re.IGNORECASE)
_STARS = re.compile("[*×#●•Xx]")
_HIDDEN = re.compile(rf"\d{{0,8}}{_STARS.pattern}{{2,8}}\d{{0,8}}")


class Phone(Kind):
    """Digits only, the extension after a hyphen; masked ones load where declared."""

    name = "phone"
    title = Text("电话", "telephone number")
    options = frozenset({"masked", "of"})
    personal = True

    def parse(self, raw: str) -> Value:
        text = compact(raw)
        if not text:
            return self.empty
        if is_scientific(text):
            raise UnreadableCellError(
                "曾被电子表格存为数字，末几位已丢失",
                "stored as a number by the spreadsheet, last digits lost",
            )
        if _HIDDEN.fullmatch(text) and re.search(r"\d", text):
            if not self.column.masked:
                raise UnreadableCellError(
                    "号码已遮盖；确需入库请在列声明中写 masked: true",
                    "the number is masked; to load it, declare masked: true",
                )
            return (_STARS.sub("*", text),)
        found = _read(text)
        if found is None:
            raise UnreadableCellError("不是一个电话号码", "not one telephone number")
        return (found,)

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '{_MOBILE}')", (raw,))

    def mask(self, value: Value, lang: Lang) -> str:
        """138****1234; of other numbers the last four digits are hidden."""
        number = self.show(value, lang)
        if re.fullmatch(_MOBILE, number):
            return f"{number[:3]}****{number[7:]}"
        if "*" in number and number.startswith("1"):
            before, after = number.split("*", 1)[0][:3], number.rsplit("*", 1)[1][-4:]
            return before + "*" * (len(number) - len(before) - len(after)) + after
        return number if "*" in number else number[:-4] + "*" * len(number[-4:])


def _read(text: str) -> str | None:
    extension = ""
    digits = _ABROAD.sub("", re.sub(r"[()\-—]", "", text))
    if not re.fullmatch(_FORM, digits) and (found := _EXTENSION.search(text)):
        extension = f"-{found[1]}"
        digits = _ABROAD.sub("", re.sub(r"[()\-—]", "", text[: found.start()]))
    return digits + extension if re.fullmatch(_FORM, digits) else None
