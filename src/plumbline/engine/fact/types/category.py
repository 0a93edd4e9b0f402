"""A value out of a declared list."""

from __future__ import annotations

from plumbline.engine.fact.document import nearest
from plumbline.engine.fact.types.base import Country, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import clean
from plumbline.engine.fact.types.kind import Declared, Kind, literal
from plumbline.errors import DeclarationError, Lang, Text

_LONG = 50  # nothing longer is a misspelling


class Category(Kind):
    """`values` maps the words as delivered to codes; the code itself is read too.

    What is not in the list is unreadable, so that a department's new word is seen at once.
    """

    name = "category"
    title = Text("类别", "category")
    options = frozenset({"values"})

    def __init__(self, column: Declared, country: Country) -> None:
        super().__init__(column, country)
        if not column.values:
            raise DeclarationError(
                Text("类别须列出 values", "a category must list its values"),
                hint=Text("取值不固定的用 text", "where values are not fixed, use text"),
            )
        codes = {code: code for code in column.values.values()}
        self.exact = codes | dict(column.values)
        self.loose = {clean(word): code for word, code in self.exact.items()}
        self.words = {code: word for word, code in reversed(list(column.values.items()))}

    def parse(self, raw: str) -> Value:
        word = clean(raw)
        if not word:
            return self.empty
        code = self.exact.get(raw) or self.loose.get(word)
        if code is None:
            near = nearest(word[:_LONG], list(self.exact))
            raise UnreadableCellError(
                "不在声明的取值之内" + (f"，最接近的是“{near}”" if near else ""),
                "not one of the declared values" + (f"; the nearest is '{near}'" if near else ""),
            )
        return (code,)

    def plain(self, raw: str) -> Plain:
        known = ", ".join(literal(word) for word in self.exact)
        cases = " ".join(
            f"WHEN {literal(word)} THEN {literal(code)}" for word, code in self.exact.items()
        )
        return Plain(f"{raw} IN ({known})", (f"CASE {raw} {cases} END",))

    def show(self, value: Value, lang: Lang) -> str:
        code = super().show(value, lang)
        return self.words.get(code, code) if lang == "zh" else code
