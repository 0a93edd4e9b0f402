"""A dataset: what a department delivers, and what each column means.

Declared in `catalog/datasets/<theme>/<name>.yml`; the file's stem is the dataset's name.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field as Slot
from pydantic import field_validator

from plumbline.engine.fact.document import Document, Strict, Words, did_you_mean
from plumbline.engine.fact.ftm import ENDS, TABLES
from plumbline.engine.fact.retention import FORMS, Retention
from plumbline.engine.fact.sql import RESERVED
from plumbline.engine.fact.types import TYPES, Country, Field, SemanticType, make
from plumbline.errors import Text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Column(Strict):
    """One column: the headers it is delivered under, and its semantic type with options."""

    headers: list[str] = Slot(alias="from")
    type: str
    required: bool = False
    title: Words | None = None
    of: str | None = None  # the column of the number whose bearer this one describes
    former: bool = False  # a former name (曾用名) or former number of that bearer
    empty: Literal["unknown", "open"] = "unknown"  # date: an empty cell means "still running"
    empty_when: list[str] = []  # placeholders that mean nothing: "-", "无"
    masked: bool = False  # person.id, org.code, phone: masked values are delivered and may load
    unit: str | None = None  # money: 元, 万元, 亿元, 分
    currency: str = "CNY"
    per: str | None = None  # money: the unit of measure a price is for
    scale: int = 2  # decimal
    order: Literal["ymd", "dmy", "mdy"] = "ymd"  # date: reading of 03/04/2012
    serial: Literal[1900, 1904] | None = None  # date: numbers are spreadsheet days
    values: dict[str, str] = {}  # category: value as delivered -> code
    personal: bool | None = None  # overrides the type's own view

    _list = field_validator("headers", "empty_when", mode="before")(_as_list)


class Change(Strict):
    """How an incremental delivery marks rows that are withdrawn."""

    header: str = Slot(alias="from")
    withdrawn: list[str]


class Delivery(Strict):
    """A full delivery is a new complete list; a delivery of changes adds, corrects, withdraws."""

    kind: Literal["full", "changes"]
    every: Literal["day", "week", "month", "quarter", "year", "once"] = "month"
    per: str | None = None  # full: complete only for the values of this column it contains
    change: Change | None = None


class Source(Strict):
    """Where the rows are found: inbox folder, sheets, table of a package or database."""

    inbox: str | None = None  # folder under inbox/, default the dataset's name
    sheets: list[str] | None = None  # default: every sheet that has the header
    table: str | None = (
        None  # OCDS table (tenders, ...), FollowTheMoney schema, or schema.table of a database
    )
    database: str | None = None  # environment variable that holds the connection string
    delimiter: str | None = None

    _list = field_validator("sheets", mode="before")(_as_list)


class Refuse(Strict):
    """A sealed category: rows that may not be held at all are refused at the door, uncopied."""

    column: str
    values: list[str]  # as delivered
    why: Words


class Link(Strict):
    """What a row says of two, or of one and a paper, as FollowTheMoney calls it."""

    schema_: str = Slot(alias="as")
    when: dict[str, list[str]] = {}  # column -> its values where the row says so
    properties: dict[str, str] = Slot(alias="with")  # property -> column, or Contract
    among: str | None = None  # between every two rows that agree in this column


class Expect(Strict):
    """What normal looks like; a delivery outside these bands is held back whole."""

    rows: str | None = None  # "900..1200"
    filled: dict[str, str] = {}  # column -> "99%"
    range: dict[str, str] = {}  # column -> "0..1000000" or "1990-01-01..2030-12-31"
    quarantined: str | None = None  # "0%..2%"


class DatasetFile(Strict):
    """The YAML of a dataset, as it stands."""

    dataset: str
    title: Words
    department: Words
    legal_basis: Words
    purpose: Words
    retention: str
    delivery: Delivery
    source: Source = Source()
    key: list[str] = []  # no key: a row is known by its place in the delivery
    subject: str | None = None  # the column files are sorted by
    on: str | None = None  # the date column that says when the row's event took place
    columns: dict[str, Column]
    ignore: list[str] = []
    refuse: list[Refuse] = []
    links: list[Link] = []
    expect: Expect = Expect()

    _list = field_validator("key", "ignore", mode="before")(_as_list)


#: System columns of every fact table: row number, part of the delivery, line in that part.
SYSTEM_FIELDS = (
    Field("_row", "BIGINT"),  # batch number << 32 | position within the batch; never reused
    Field("_part", "SMALLINT"),  # index into the batch's parts (file and sheet)
    Field("_line", "INTEGER"),
)


class Dataset:
    """A loaded, checked declaration.

    Attributes:
        name: stem of the file, also the table's name in models.
        types: semantic type of each declared column, in order.
        fingerprint: SHA-256 of the declaration's text.
    """

    def __init__(self, path: Path, country: Country) -> None:
        self.document = Document(path)
        self.declared = self.document.read(DatasetFile)
        self.text = path.read_text(encoding="utf-8")
        self.fingerprint = hashlib.sha256(self.text.encode()).hexdigest()
        self.name = self.declared.dataset
        self.types: dict[str, SemanticType] = {}
        self._check(path)
        for name, column in self.declared.columns.items():
            self.types[name] = make(column, country)

    @property
    def columns(self) -> dict[str, Column]:
        return self.declared.columns

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Physical columns of the fact table, system columns last: (name, SQL type)."""
        own = [
            Field(name + field.suffix, field.sql)
            for name, type_ in self.types.items()
            for field in type_.fields
        ]
        return (*own, *SYSTEM_FIELDS)

    @property
    def retention(self) -> Retention:
        """How long what is delivered is kept."""
        return Retention.read(self.declared.retention) or Retention()

    def physical(self, column: str) -> tuple[str, ...]:
        """Names of the physical columns that hold `column`."""
        return tuple(column + field.suffix for field in self.types[column].fields)

    @cached_property
    def viewed(self) -> tuple[Field, ...]:
        """Columns that models see: the physical ones, and what who-is-who says of each bearer.

        `<column>__who` names the person or organisation (the number or code as text);
        `<column>__tier` says how surely, where rows may come without a full number.
        """
        who = [Field(f"{name}__who", "VARCHAR") for name in self.bearers]
        tiers = [Field(f"{name}__tier", "VARCHAR") for name in self.bearers if self.is_loose(name)]
        return (*self.fields, *who, *tiers)

    @cached_property
    def bearers(self) -> tuple[str, ...]:
        """Columns that hold the number of a person or the code of an organisation."""
        return tuple(n for n, c in self.columns.items() if c.type in ("person.id", "org.code"))

    def is_loose(self, column: str) -> bool:
        """May rows lack the full number, so that who-is-who has to tie them by what else they say?"""
        declared = self.columns[column]
        loose = declared.masked or not declared.required
        return column in self.bearers and loose and bool(self.names_of(column))

    @property
    def sorted_by(self) -> str | None:
        """Physical column the files are sorted by: the subject's integer key where it has one."""
        subject = self.declared.subject
        if subject is None:
            return None
        physical = self.physical(subject)
        return subject + "__key" if subject + "__key" in physical else physical[0]

    def is_personal(self, column: str) -> bool:
        own = self.columns[column].personal
        return self.types[column].personal if own is None else own

    def names_of(self, column: str) -> list[str]:
        """The name columns that say who bears the identifier in `column`, current name first."""
        return self.described_by(column).get(_NAMES.get(self.columns[column].type, ""), [])

    def described_by(self, slot: str) -> dict[str, list[str]]:
        """The columns that describe the bearer of the identifier in `slot`, by their type.

        What was former comes last. Of an organisation, `person.name` is its legal representative.
        """
        found: dict[str, list[str]] = {}
        for name, column in sorted(self.columns.items(), key=lambda item: item[1].former):
            if column.of == slot:
                found.setdefault(column.type, []).append(name)
        return found

    def _check(self, path: Path) -> None:
        declared, document = self.declared, self.document
        if path.stem != declared.dataset:
            raise document.error(
                ("dataset",),
                Text(
                    f"数据集名“{declared.dataset}”应与文件名“{path.stem}”相同",
                    f"dataset '{declared.dataset}' should be named like its file, '{path.stem}'",
                ),
            )
        if Retention.read(declared.retention) is None:
            raise document.error(
                ("retention",),
                Text(
                    f"保存期限“{declared.retention}”读不懂",
                    f"'{declared.retention}' is no length of time to keep data for",
                ),
                FORMS,
            )
        seen: dict[str, str] = {}
        for name, column in declared.columns.items():
            slot = ("columns", name)
            if not name.isidentifier() or name.startswith("_") or "__" in name:
                raise document.error(
                    slot,
                    Text(
                        f"列名“{name}”须为英文单词，不以下划线开头，不含连续下划线",
                        f"column name '{name}' must be a plain word without leading or double underscore",
                    ),
                )
            if name.lower() in RESERVED:
                raise document.error(
                    slot,
                    Text(
                        f"列名“{name}”是 SQL 的保留字，模型里写不了它",
                        f"column name '{name}' is a word of SQL's own, which no model could write",
                    ),
                    Text(
                        f"换一个名字，如 {name}_value",
                        f"call it something else, such as {name}_value",
                    ),
                )
            if column.type not in TYPES:
                raise document.error(
                    (*slot, "type"),
                    Text(f"没有类型“{column.type}”", f"no type '{column.type}'"),
                    did_you_mean(column.type, list(TYPES)),
                )
            for option in sorted(column.model_fields_set - _COMMON - TYPES[column.type].options):
                raise document.error(
                    (*slot, option),
                    Text(
                        f"类型 {column.type} 不用“{option}”",
                        f"type {column.type} does not take '{option}'",
                    ),
                    did_you_mean(option, sorted(TYPES[column.type].options | _COMMON)),
                )
            for header in column.headers:
                if header in seen:
                    raise document.error(
                        (*slot, "from"),
                        Text(
                            f"表头“{header}”已用于列 {seen[header]}",
                            f"header '{header}' is already used by column {seen[header]}",
                        ),
                    )
                seen[header] = name
        for mentioned, name in self._mentions():
            if name not in declared.columns:
                raise document.error(
                    mentioned,
                    Text(f"没有列“{name}”", f"no column '{name}'"),
                    did_you_mean(name, list(declared.columns)),
                )
        for name, column in declared.columns.items():
            self._check_bearer(name, column)
        for place, link in enumerate(declared.links):
            self._check_link(place, link)

    def _check_link(self, place: int, link: Link) -> None:
        """A link is one of FollowTheMoney's, and each of its ends names somebody."""
        slot = ("links", place)
        if link.schema_ not in ENDS:
            raise self.document.error(
                (*slot, "as"),
                Text(f"没有联系“{link.schema_}”", f"no link '{link.schema_}'"),
                did_you_mean(link.schema_, list(ENDS)),
            )
        known = TABLES[link.schema_]
        for prop in (*ENDS[link.schema_], *link.properties):
            if prop not in link.properties or prop not in known:
                missing = prop not in link.properties
                raise self.document.error(
                    (*slot, "with"),
                    Text(f"{link.schema_} 缺少“{prop}”", f"{link.schema_} lacks '{prop}'")
                    if missing
                    else Text(f"{link.schema_} 没有“{prop}”", f"{link.schema_} has no '{prop}'"),
                    None if missing else did_you_mean(prop, list(known)),
                )
        for prop in ENDS[link.schema_]:
            end = link.properties[prop]
            if end in [each.schema_ for each in self.declared.links[:place]]:
                continue  # the row's own contract
            if end not in self.columns or self.columns[end].type not in _SOMEBODY:
                raise self.document.error(
                    (*slot, "with", prop),
                    Text(
                        f"列 {end} 不是个人或单位，做不了“{prop}”",
                        f"column {end} is neither a person nor an organisation, so it cannot be '{prop}'",
                    ),
                )

    def _check_bearer(self, name: str, column: Column) -> None:
        """What describes somebody says whom, by the column of a number."""
        described = self.columns[column.of] if column.of else None
        if described is not None and (column.of == name or described.type not in _NAMES):
            raise self.document.error(
                ("columns", name, "of"),
                Text(
                    f"列 {column.of} 不是公民身份号码或统一社会信用代码，无从说明是谁的",
                    f"column {column.of} holds neither citizen numbers nor credit codes, so it "
                    "cannot say whose this is",
                ),
                did_you_mean(
                    column.of or "",
                    [n for n, c in self.columns.items() if c.type in _NAMES and n != name],
                ),
            )
        if column.type == "person.id" and column.former != (described is not None):
            raise self.document.error(
                ("columns", name, "of"),
                Text(
                    "曾用证件号须同时写 of 和 former: true",
                    "a former number takes both `of` and `former: true`",
                ),
            )

    def _mentions(self) -> list[tuple[tuple[str | int, ...], str]]:
        declared = self.declared
        found: list[tuple[tuple[str | int, ...], str | None]] = [
            *((("key", i), name) for i, name in enumerate(declared.key)),
            (("subject",), declared.subject),
            (("on",), declared.on),
            (("delivery", "per"), declared.delivery.per),
            *((("columns", name, "of"), c.of) for name, c in declared.columns.items()),
            *((("refuse", i, "column"), r.column) for i, r in enumerate(declared.refuse)),
            *((("links", i, "when", n), n) for i, k in enumerate(declared.links) for n in k.when),
            *((("links", i, "among"), link.among) for i, link in enumerate(declared.links)),
            *(
                (("links", i, "with", prop), name)
                for i, link in enumerate(declared.links)
                for prop, name in link.properties.items()
                if name not in ENDS
            ),
            *((("expect", "filled", name), name) for name in declared.expect.filled),
            *((("expect", "range", name), name) for name in declared.expect.range),
        ]
        return [(slot, name) for slot, name in found if name is not None]


#: Types whose bearer other columns may describe, and the type of the bearer's own names.
_NAMES = {"person.id": "person.name", "org.code": "org.name"}
_SOMEBODY = ("person.id", "org.code", "org.name")
_COMMON = frozenset({"headers", "type", "required", "title", "empty_when", "personal"})
