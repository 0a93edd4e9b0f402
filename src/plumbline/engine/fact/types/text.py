"""Free text: kept as delivered but for white space and invisible characters."""

from __future__ import annotations

from plumbline.engine.fact.types.base import Plain, Value
from plumbline.engine.fact.types.characters import tidy
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Text

#: Printable ASCII, common Chinese characters and punctuation: nothing here that `tidy` changes.
PLAIN = "[!-~一-鿿，。、；：？！“”（）《》]"


class FreeText(Kind):
    name = "text"
    title = Text("文本", "text")

    def parse(self, raw: str) -> Value:
        return (tidy(raw) or None,)

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '{PLAIN}+( {PLAIN}+)*')", (raw,))
