"""What all types share: how one is made from a column's declaration, and plain defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol

from plumbline.engine.fact.types.base import Country, Field, Plain, Value
from plumbline.errors import Lang, Text

VARCHAR = (Field("", "VARCHAR"),)


class Declared(Protocol):
    """The part of a column's declaration that types read (`dataset.Column` is one)."""

    @property
    def type(self) -> str: ...
    @property
    def masked(self) -> bool: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def per(self) -> str | None: ...
    @property
    def scale(self) -> int: ...
    @property
    def order(self) -> Literal["ymd", "dmy", "mdy"]: ...
    @property
    def serial(self) -> Literal[1900, 1904] | None: ...
    @property
    def values(self) -> Mapping[str, str]: ...


class Kind:
    """A type that holds one text, is not personal and has no options; the others say otherwise."""

    name: ClassVar[str]
    title: ClassVar[Text]
    options: ClassVar[frozenset[str]] = frozenset()
    personal: ClassVar[bool] = False

    def __init__(self, column: Declared, country: Country) -> None:
        self.column, self.country = column, country

    @property
    def fields(self) -> tuple[Field, ...]:
        return VARCHAR

    @property
    def empty(self) -> Value:
        """The value of a cell that says nothing."""
        return (None,) * len(self.fields)

    def parse(self, raw: str) -> Value:
        raise NotImplementedError

    def plain(self, raw: str) -> Plain | None:  # noqa: ARG002 -- a type without a fast path
        return None

    def show(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- most read alike in both
        return "" if value[0] is None else str(value[0])

    def mask(self, value: Value, lang: Lang) -> str:
        return self.show(value, lang)


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
