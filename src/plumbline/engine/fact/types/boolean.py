"""Yes or no."""

from __future__ import annotations

from plumbline.engine.fact.types.base import Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact
from plumbline.engine.fact.types.kind import Kind, literal
from plumbline.errors import Lang, Text

# 有 and 无 are left out: 无 is what departments write for "not filled in" as well.
YES = frozenset({"是", "Y", "YES", "T", "TRUE", "1", "√", "✓", "✔", "☑"})
NO = frozenset({"否", "N", "NO", "F", "FALSE", "0", "×", "✗", "✘", "☐"})


class Boolean(Kind):
    name = "boolean"
    title = Text("是否", "yes or no")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "BOOLEAN"),)

    def parse(self, raw: str) -> Value:
        word = compact(raw).upper()
        if not word:
            return self.empty
        if word not in YES | NO:
            raise UnreadableCellError("不是“是”或“否”", "neither yes nor no")
        return (word in YES,)

    def plain(self, raw: str) -> Plain:
        yes, no = (", ".join(literal(w) for w in sorted(words)) for words in (YES, NO))
        return Plain(f"{raw} IN ({yes}, {no})", (f"{raw} IN ({yes})",))

    def show(self, value: Value, lang: Lang) -> str:
        if value[0] is None:
            return ""
        zh, en = ("是", "yes") if value[0] else ("否", "no")
        return Text(zh, en).in_(lang)
