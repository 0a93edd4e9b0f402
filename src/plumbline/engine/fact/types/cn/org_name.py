"""Names of organisations."""

from __future__ import annotations

from plumbline.engine.fact.types.base import Field, Plain, Value
from plumbline.engine.fact.types.characters import clean, close_up
from plumbline.engine.fact.types.cn.han import fold, unfolded
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Text

_BRACKETS = str.maketrans("[]{}【】〔〕〖〗「」", "()()()()()()")


class OrgName(Kind):
    """The cleaned name, and its form for comparison: simplified, capitals, no spaces."""

    name = "org.name"
    title = Text("机构名称", "name of an organisation")
    options = frozenset({"of", "former"})

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "VARCHAR"), Field("__key", "VARCHAR"))

    def parse(self, raw: str) -> Value:
        name = close_up(clean(raw).translate(_BRACKETS))
        return (name, fold(name.replace(" ", ""))) if name else self.empty

    def plain(self, raw: str) -> Plain:
        return Plain(f"regexp_full_match({raw}, '[0-9A-Z(){unfolded()}]+')", (raw, raw))
