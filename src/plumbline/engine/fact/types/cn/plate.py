"""Number plates of motor vehicles after GA 36."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Text

_PROVINCE = "[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]"
_LETTER = "[A-HJ-NP-Z]"  # I and O are not used
_SERIAL = "[0-9A-HJ-NP-Z]"
_FORM = (
    f"{_PROVINCE}{_LETTER}({_SERIAL}{{5}}|{_SERIAL}{{4}}[警学挂港澳领试超]"
    f"|[A-HJK]{_SERIAL}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"  # the last two: new energy
    "|使[0-9]{6}|[0-9]{6}使"
)
_SEPARATOR = re.compile(r"[·•・‧∙⋅.\-]")


class Plate(Kind):
    name = "plate"
    title = Text("号牌号码", "number plate")

    def parse(self, raw: str) -> Value:
        plate = _SEPARATOR.sub("", compact(raw)).upper()
        if not plate:
            return self.empty
        if not re.fullmatch(_FORM, plate):
            raise UnreadableCellError("不是机动车号牌", "not a number plate")
        return (plate,)

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '{_FORM}')", (raw,))
