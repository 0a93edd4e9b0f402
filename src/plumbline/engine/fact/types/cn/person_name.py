"""Names of people, as written and as compared."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import HAN, clean, close_up
from plumbline.engine.fact.types.cn.han import fold, surname_length, unfolded
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

DOT = "·"

_DOTS = re.compile(r" *[•・‧∙⋅᛫] *| *· *")
_DOT_BETWEEN_HAN = re.compile(r"(?<=[^\x00-\x7f])\.(?=[^\x00-\x7f])")
_SEVERAL = re.compile(r"[、;/]|(?<=[^\x00-\x7f]),|,(?=[^\x00-\x7f])")
# 王某甲 and 王某某2 number the people of one judgment; that is no part of a name.
_SOMEBODY = re.compile(r"某+(?:[甲乙丙丁戊己庚辛一二三四五六七八九十]|[0-9A-Za-z]+)?$|某+")
_HIDDEN = re.compile("[*×○●□?\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_LETTER_HIDES = re.compile(r"(?<=[^\x00-\x7f])[Xx]+(?=[^\x00-\x7f]|$)")


class PersonName(Kind):
    """The cleaned name, and its form for comparison.

    The form for comparison is in simplified characters and capitals. Where the name is masked
    or holds characters that an older system could not write, it is a LIKE pattern: 王某某 does
    not tell the length (王%), 王** does (王__).
    """

    name = "person.name"
    title = Text("姓名", "name")
    options = frozenset({"of", "former"})
    personal = True

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "VARCHAR"), Field("__key", "VARCHAR"))

    def parse(self, raw: str) -> Value:
        name = clean_name(raw)
        if not name:
            return self.empty
        if "%" in name or "_" in name:
            raise UnreadableCellError("姓名含有 % 或 _", "the name contains % or _")
        if _SEVERAL.search(name):
            raise UnreadableCellError("似有多个姓名", "there seem to be several names")
        key = key_of(name)
        if not re.search(r"[^\W\d_]", key):
            raise UnreadableCellError("没有可读的姓名", "no part of a name can be read")
        return (name, key)

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '[{unfolded()}]{{2,4}}')", (raw, raw))

    def mask(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        name: str | None = value[0]
        if name is None:
            return ""
        if not HAN.match(name):
            return f"{name[0]}***"
        shown = surname_length(name)
        return name[:shown] + "*" * max(len(name) - shown, 1)


def clean_name(raw: str) -> str:
    """The name as written, with one middle dot and without the spaces of a table's layout."""
    name = _DOT_BETWEEN_HAN.sub(DOT, _DOTS.sub(DOT, close_up(clean(raw))))
    return name.strip("'‘’")


def key_of(name: str) -> str:
    """The form of a cleaned name for comparison; a LIKE pattern where it is masked."""
    hidden = _LETTER_HIDES.sub(lambda run: "_" * len(run[0]), name)
    return fold(_HIDDEN.sub("_", _SOMEBODY.sub("%", hidden)))


def compatible(a: str | None, b: str | None) -> bool | None:
    """Whether two keys may be one name: equal, or one fits the other's pattern."""
    if a is None or b is None:
        return None
    return a == b or _like(a, b) or _like(b, a)


def _like(text: str, pattern: str) -> bool:
    """SQL's LIKE."""
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
