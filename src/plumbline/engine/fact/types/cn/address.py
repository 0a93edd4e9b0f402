"""Postal addresses, as written."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Value
from plumbline.engine.fact.types.characters import HAN, clean
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

_TO_THE_COUNTY = re.compile(
    r"(?:[^省]{2,7}省|[^区]{2,6}自治区)?(?:[^市州盟]{1,8}(?:市|州|盟|地区))?[^县区市旗]{1,8}[县区市旗]"
)
_SHOWN = 6


class Address(Kind):
    name = "address"
    title = Text("地址", "address")
    options = frozenset({"of"})
    personal = True

    def parse(self, raw: str) -> Value:
        text = clean(raw)
        return ((text.replace(" ", "") if HAN.search(text) else text) or None,)

    def mask(self, value: Value, lang: Lang) -> str:
        """To the county, or the first characters where no county is named."""
        text = self.show(value, lang)
        if not text:
            return ""
        county = _TO_THE_COUNTY.match(text)
        shown = (
            county[0]
            if county and len(county[0]) < len(text)
            else text[: min(_SHOWN, len(text) // 2)]
        )
        return shown + "***"
