"""What warnings rest on as entities and links of FollowTheMoney, for other tools of analysts.

People and organisations are those whose numbers the rows bear; a row whose bearer is not settled is somebody of
its own. What a row says of two is declared with its dataset (`links`). Identifiers are HMAC-SHA256 under a key of
the office: the same in every export, and nobody without the key can try numbers until one fits.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from plumbline.engine.collision.evidence import FactRow
from plumbline.engine.collision.rests import Tie
from plumbline.engine.collision.warning import EarlyWarning
from plumbline.engine.fact.dataset import Link
from plumbline.engine.fact.ftm import ENDS
from plumbline.engine.fact.types.days import OPEN
from plumbline.engine.fact.types.money import Money
from plumbline.engine.line.model import SupervisionModel
from plumbline.errors import Lang

_LENGTH = 18  # characters of a citizen number, and of a credit code
#: Who registered an organisation, by the first character of its code (GB 32100, table 1).
_REGISTERED = {"1": "PublicBody", "9": "Company"}
_GENDER = {"M": "male", "F": "female"}
#: Semantic type of what describes somebody -> property; those of a former name apart.
_PERSON = {
    "person.birth": "birthDate",
    "person.sex": "gender",
    "address": "address",
    "phone": "phone",
}
_ORGANISATION = {"address": "address", "phone": "phone"}


@dataclass(frozen=True)
class Manner:
    """How entities are told.

    Attributes:
        key: of the office, secret.
        named: people by their names, births and addresses; otherwise no more than a masked name.
        numbered: their numbers and phones, and the keys of warnings, which a number could be tried against.
        clean: takes citizen numbers out of free text.
    """

    key: bytes
    lang: Lang
    named: bool
    numbered: bool
    clean: Callable[[str], str]

    def id(self, *parts: str) -> str:
        text = "\x1f".join(parts).encode()
        return "plumbline-" + hmac.new(self.key, text, hashlib.sha256).hexdigest()[:40]


@dataclass
class _Entity:
    schema: str
    properties: dict[str, dict[str, None]] = field(default_factory=dict)
    datasets: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, value: str | None) -> None:
        if value:
            self.properties.setdefault(name, {})[value] = None


@dataclass(frozen=True)
class Resting:
    """A warning with its model, the rows it rests on, and the ties that are no full number's."""

    warning: EarlyWarning
    model: SupervisionModel
    rows: Sequence[FactRow]
    ties: Sequence[Tie]


def entities(
    resting: Iterable[Resting], links: Mapping[str, Sequence[Link]], manner: Manner
) -> Iterator[dict[str, Any]]:
    """Everybody and every link once, in an order that is the same for the same warnings.

    Args:
        links: dataset -> what its rows say of two, as it is declared today.
    """
    told = _Told(links, manner)
    for each in resting:
        told.warning(each)
    for name, entity in sorted(told.found.items(), key=lambda e: (e[1].schema in _EDGES, e[0])):
        yield {
            "id": name,
            "schema": entity.schema,
            "properties": {p: list(v) for p, v in sorted(entity.properties.items())},
            "datasets": list(entity.datasets),
        }


_EDGES = frozenset(ENDS) - {"Contract"}


class _Told:
    def __init__(self, links: Mapping[str, Sequence[Link]], manner: Manner) -> None:
        self.links = links
        self.manner = manner
        self.found: dict[str, _Entity] = {}

    def warning(self, resting: Resting) -> None:
        warning, manner = resting.warning, self.manner
        bearers = {(t.name.dataset, t.name.row, t.name.column): t for t in resting.ties}
        about = [resting.model.declared.title.text.in_(manner.lang), warning.level or ""]
        note = " · ".join([*([warning.key] if manner.numbered else []), *filter(None, about)])
        of_link: dict[tuple[str, int], list[FactRow]] = {}
        for row in resting.rows:
            who = dict(self._bearers(row, bearers))
            for name in who.values():
                self.found[name].add("notes", note)
            for nth, link in enumerate(self.links.get(row.dataset.name, ())):
                if not _applies(link, row):
                    continue
                if link.among:
                    of_link.setdefault((row.dataset.name, nth), []).append(row)
                else:
                    self._link(row, nth, link, who)
        for (_, nth), rows in of_link.items():
            self._among(rows, nth, bearers)

    def _among(
        self, rows: Sequence[FactRow], nth: int, ties: Mapping[tuple[str, int, str], Tie]
    ) -> None:
        """A link between every two of the rows that agree in the column `among`."""
        link = self.links[rows[0].dataset.name][nth]
        assert link.among is not None
        one, other = ENDS[link.schema_]
        column = link.properties[one]
        groups: dict[Any, dict[str, FactRow]] = {}
        for row in rows:
            name = dict(self._bearers(row, ties)).get(column)
            if name and row.values[link.among][0] is not None:
                groups.setdefault(row.values[link.among][0], {})[name] = row
        for members in groups.values():
            for first, second in combinations(sorted(members), 2):
                entity = self._entity(
                    self.manner.id("link", link.schema_, first, second), link.schema_, members[second]
                )  # fmt: skip
                entity.add(one, first)
                entity.add(other, second)
                self._source(entity, members[second])

    def _bearers(
        self, row: FactRow, ties: Mapping[tuple[str, int, str], Tie]
    ) -> Iterator[tuple[str, str]]:
        """Column -> entity, of everybody a row speaks of by a number."""
        for column in row.dataset.bearers:
            if row.dataset.columns[column].former:
                continue
            number = row.values[column][0]
            described = row.dataset.described_by(column)
            if number is None and not any(
                row.values[each][0] is not None for listed in described.values() for each in listed
            ):
                continue
            tie = ties.get((row.dataset.name, row.row, column))
            who = tie.who if tie else number if _is_full(number) else None
            name = (
                self.manner.id("bearer", who) if who
                else self.manner.id("row", row.dataset.name, str(row.row), column)
            )  # fmt: skip
            self._describe(name, who, row, column, described)
            yield column, name

    def _describe(
        self, name: str, who: str | None, row: FactRow, column: str, described: Mapping[str, list[str]]
    ) -> None:  # fmt: skip
        manner, is_person = self.manner, row.dataset.columns[column].type == "person.id"
        number = who if _is_full(who) else None
        if is_person:
            schema, names, kinds = "Person", "person.name", _PERSON
        else:
            registered = _REGISTERED.get(number[0], "Organization") if number else "LegalEntity"
            schema, names, kinds = registered, "org.name", _ORGANISATION
        entity = self._entity(name, schema, row)
        for each in described.get(names, []):
            former = row.dataset.columns[each].former
            shown = (
                row.show(each, manner.lang, masked=not manner.named) if row.values[each][0] else ""
            )
            entity.add("previousName" if former and "name" in entity.properties else "name", shown)
        for kind, prop in kinds.items():
            for each in described.get(kind, []):
                told = self._value(row, each) or ""
                if (manner.numbered or prop != "phone") and "*" not in told:
                    entity.add(prop, told)
        if number and is_person and manner.numbered:
            entity.add("idNumber", number)
        elif number and not is_person:
            entity.add("uscCode", number)
        if "name" not in entity.properties:
            entity.add("name", number if number and not is_person else "***")

    def _link(self, row: FactRow, nth: int, link: Link, who: Mapping[str, str]) -> None:
        ends = {p: self._end(row, link.properties[p], who) for p in ENDS[link.schema_]}
        if not all(ends.values()):
            return  # a link needs both; the one that is there stands by itself
        entity = self._entity(self._name(row, link.schema_, nth), link.schema_, row)
        for prop, end in ends.items():
            entity.add(prop, end)
        for prop, column in link.properties.items():
            if prop in ends:
                continue
            entity.add(prop, self._value(row, column))
            type_ = row.dataset.types[column]
            if isinstance(type_, Money) and row.values[column][0] is not None:
                entity.add("currency", row.dataset.columns[column].currency)
        if link.schema_ == "Contract" and "title" not in entity.properties:
            entity.add("title", "—")
        self._source(entity, row)

    def _end(self, row: FactRow, column: str, who: Mapping[str, str]) -> str | None:
        """The entity that a link's end names: a bearer, the row's own contract, or an organisation by name."""
        if column in ENDS:
            nth = next(
                i
                for i, each in enumerate(self.links.get(row.dataset.name, ()))
                if each.schema_ == column
            )
            name = self._name(row, column, nth)
            return name if name in self.found else None
        if column in row.dataset.bearers:
            return who.get(column)
        shown = row.values[column][0]
        if shown is None:
            return None
        name = self.manner.id("organisation", str(row.values[column][-1]))
        self._entity(name, "Organization", row).add("name", row.show(column, self.manner.lang))
        return name

    def _name(self, row: FactRow, schema: str, nth: int) -> str:
        """Of a link: by the row's key where the dataset has one, so that a new full list keeps it."""
        key = [str(part) for value in row.key.values() for part in value] or [str(row.row)]
        return self.manner.id("link", schema, row.dataset.name, str(nth), *key)

    def _entity(self, name: str, schema: str, row: FactRow) -> _Entity:
        entity = self.found.setdefault(name, _Entity(schema))
        entity.datasets[row.dataset.name] = None
        return entity

    def _source(self, entity: _Entity, row: FactRow) -> None:
        declared, lang = row.dataset.declared, self.manner.lang
        entity.add("publisher", declared.department.text.in_(lang))
        if entity.schema != "Contract":
            entity.add("recordId", f"{row.dataset.name}:{row.row >> 32}-{row.row & 0xFFFFFFFF}")
        entity.add("summary", declared.title.text.in_(lang))

    def _value(self, row: FactRow, column: str) -> str | None:
        """A cell in FollowTheMoney's forms; nothing of a personal one, unless people are named."""
        value, type_ = row.values[column], row.dataset.types[column]
        if value[0] is None or (row.dataset.is_personal(column) and not self.manner.named):
            return None
        if type_.name in ("date", "person.birth"):
            return _day(value[0], value[1])
        if isinstance(type_, Money):
            return f"{Decimal(value[0]).scaleb(-type_.decimals):f}"
        if type_.name == "person.sex":
            return _GENDER[value[0]]
        shown = type_.show(value, self.manner.lang)
        return shown if self.manner.numbered else self.manner.clean(shown)


def _is_full(number: str | None) -> bool:
    return number is not None and len(number) == _LENGTH and "*" not in number


def _applies(link: Link, row: FactRow) -> bool:
    """Does the row say so? Not where it was delivered before its dataset had a column that this needs."""
    needed = {*link.properties.values(), *link.when, *filter(None, [link.among])} - set(ENDS)
    return needed <= row.values.keys() and all(
        row.values[column][0] in wanted for column, wanted in link.when.items()
    )


def _day(first: date, last: date) -> str | None:
    """A day, a month or a year as ISO 8601 writes it; nothing where there is no end, or it is none of them."""
    if first == last:
        return None if first == OPEN else first.isoformat()
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return f"{first:%Y}"
    next_day = date.fromordinal(last.toordinal() + 1) if last != OPEN else OPEN
    same = (first.year, first.month) == (last.year, last.month)
    return f"{first:%Y-%m}" if first.day == 1 and same and next_day.day == 1 else None
