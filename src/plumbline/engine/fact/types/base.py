"""What every semantic type offers: how a cell as delivered becomes a value that can be compared.

A type is written once in Python (`parse`, the definition) and, where a plain spelling is common,
a second time as SQL (`plain`) so that millions of rows go through at the database's speed.
Both must agree wherever `plain` applies; a property test holds them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from plumbline.errors import Lang, Text


class Field(NamedTuple):
    """One physical column of a semantic type: `suffix` is joined to the column's name."""

    suffix: str  # "" or "__key", "__from", ...
    sql: str  # VARCHAR, BIGINT, DATE, TIMESTAMP, BOOLEAN, DECIMAL(18,n)


class Plain(NamedTuple):
    """The plain spelling in DuckDB SQL: when it applies, and the value of each field then."""

    when: str
    values: tuple[str, ...]


class UnreadableCellError(ValueError):
    """The cell does not hold what its column declares; the reason is in words for the department."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(zh, en)


Value = tuple[Any, ...]  # one entry a field; all None where the cell is empty


@runtime_checkable
class SemanticType(Protocol):
    """One kind of value. Instances are made per column, from its options in the dataset's YAML."""

    name: ClassVar[str]
    title: ClassVar[Text]
    options: ClassVar[frozenset[str]]  # keys this type understands in a column's declaration
    personal: ClassVar[bool]  # shown masked unless a purpose is given

    @property
    def fields(self) -> tuple[Field, ...]: ...

    def parse(self, raw: str) -> Value:
        """The value of a non-empty cell; raises UnreadableCellError with the reason in words."""

    def plain(self, raw: str) -> Plain | None:
        """SQL for the commonest spelling; `raw` is a SQL expression of type VARCHAR, not null."""

    def show(self, value: Value, lang: Lang) -> str:
        """The value as a person reads it."""

    def mask(self, value: Value, lang: Lang) -> str:
        """The value with what identifies a person hidden."""


@dataclass(frozen=True, eq=False)
class Country:
    """What differs from place to place: the regions' codes that identifiers may carry.

    `regions` maps a six-digit code to its names, each with the years or months it was in force.
    """

    regions: Mapping[str, Sequence[tuple[str, str, str]]]  # code -> (name, from, to), "" = open
    provinces: frozenset[str]  # first two digits that a citizen number may start with
    home: str = ""  # first digits of the office's own region; its names go before namesakes'

    def __reduce__(self) -> tuple[Any, ...]:
        """Read-only mappings do not go from process to process by themselves."""
        return Country, (dict(self.regions), self.provinces, self.home)
