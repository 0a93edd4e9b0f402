"""Sex, in words or in the codes of GB/T 2261.1."""

from __future__ import annotations

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact
from plumbline.engine.fact.types.kind import Kind, literal
from plumbline.errors import Lang, Text

_MALE = ("男", "男性", "1", "M", "MALE")
_FEMALE = ("女", "女性", "2", "F", "FEMALE")
_UNKNOWN = ("0", "9", "未知", "不详", "不明", "未说明", "未知的性别", "未说明的性别")
CODES = dict.fromkeys(_MALE, "M") | dict.fromkeys(_FEMALE, "F")


class PersonSex(Kind):
    """M or F; 0 (unknown) and 9 (not stated) say nothing."""

    name = "person.sex"
    title = Text("性别", "sex")
    options = frozenset({"of"})
    personal = True

    def parse(self, raw: str) -> Value:
        word = compact(raw).upper()
        if not word or word in _UNKNOWN:
            return self.empty
        if word not in CODES:
            raise UnreadableCellError("不是“男”或“女”", "neither male nor female")
        return (CODES[word],)

    def plain(self, raw: str) -> Plain:
        known = ", ".join(literal(word) for word in (*CODES, *_UNKNOWN))
        male, female = (", ".join(map(literal, words)) for words in (_MALE, _FEMALE))
        code = f"CASE WHEN {raw} IN ({male}) THEN 'M' WHEN {raw} IN ({female}) THEN 'F' END"
        return Plain(f"{raw} IN ({known})", (code,))

    def show(self, value: Value, lang: Lang) -> str:
        code: str | None = value[0]
        if code is None:
            return ""
        return (Text("男", "male") if code == "M" else Text("女", "female")).in_(lang)

    def mask(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        return "" if value[0] is None else "*"
