"""What a row says of the person or organisation that one of its columns is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset

Kind = Literal["person", "organisation"]

#: Columns of the relation that `Slot.said` gives, behind `row`: name and SQL type.
SAID = {
    "number": "VARCHAR",  # as delivered: full, masked, or null; of an organisation, its code
    "key": "BIGINT",  # first 17 digits of a person's full number
    "names": "VARCHAR[]",  # in their form for comparison, the current one first
    "formers": "VARCHAR[]",  # former full numbers
    "birth_from": "DATE",
    "birth_to": "DATE",
    "sex": "VARCHAR",
    "phones": "VARCHAR[]",
    "regions": "VARCHAR[]",
    "addresses": "VARCHAR[]",
    "people": "VARCHAR[]",  # of an organisation: its legal representatives
}


@dataclass(frozen=True)
class Slot:
    """A column that holds the number of a person or the code of an organisation."""

    dataset: Dataset
    column: str

    @property
    def kind(self) -> Kind:
        return "person" if self.dataset.columns[self.column].type == "person.id" else "organisation"

    @property
    def loose(self) -> bool:
        return self.dataset.is_loose(self.column)

    @property
    def is_described(self) -> bool:
        """Is there more than a number to know the bearer by?"""
        return bool(self.dataset.names_of(self.column))

    @property
    def stands_alone(self) -> bool:
        """Is it about somebody of its own, and not a former number of who another column is about?"""
        return self.dataset.columns[self.column].of is None

    def said(self, facts: str, also: str = "") -> str:
        """SELECT of `row` and the columns of `SAID`, one row for each row of `facts`.

        Args:
            also: more columns of `facts`, as SQL.
        """
        described = self.dataset.described_by(self.column)
        at = sql.name(self.column)
        person = self.kind == "person"
        births = described.get("person.birth", [])
        columns = {
            "number": at,
            "key": sql.name(self.column + "__key") if person else "NULL",
            "names": _listed(self.dataset.names_of(self.column), "__key"),
            "formers": _listed(described.get("person.id", [])),
            "birth_from": _first(births, "__from"),
            "birth_to": _first(births, "__to"),
            "sex": _first(described.get("person.sex", [])),
            "phones": _listed(described.get("phone", [])),
            "regions": _listed(described.get("region", [])),
            "addresses": _listed(described.get("address", [])),
            "people": "NULL" if person else _listed(described.get("person.name", []), "__key"),
        }
        listed = ", ".join(f"CAST({columns[n]} AS {kind}) AS {n}" for n, kind in SAID.items())
        more = f", {also}" if also else ""
        return f"SELECT _row AS row, {listed}{more} FROM {facts}"

    @property
    def is_full(self) -> str:
        """SQL: does the row bear a full number?"""
        if self.kind == "person":
            return f"{sql.name(self.column + '__key')} IS NOT NULL"
        at = sql.name(self.column)
        return f"({at} IS NOT NULL AND LENGTH({at}) = 18 AND NOT CONTAINS({at}, '*'))"


def slots(
    datasets: Mapping[str, Dataset] | Iterable[Dataset], kind: Kind, *, bare: bool = False
) -> list[Slot]:
    """Every described slot of a kind, in the order of names.

    Args:
        bare: those too in which there is a number and nothing else, unless it describes another.
    """
    each = datasets.values() if isinstance(datasets, Mapping) else datasets
    found = [Slot(d, column) for d in each for column in d.bearers]
    found = [
        slot
        for slot in found
        if slot.kind == kind and (slot.is_described or (bare and slot.stands_alone))
    ]
    return sorted(found, key=lambda slot: (slot.dataset.name, slot.column))


def _listed(columns: list[str], suffix: str = "") -> str:
    named = ", ".join(sql.name(column + suffix) for column in columns)
    return f"LIST_FILTER([{named}], lambda x: x IS NOT NULL)" if columns else "[]"


def _first(columns: list[str], suffix: str = "") -> str:
    return sql.name(columns[0] + suffix) if columns else "NULL"


#: SQL: what a claim says, as a number that is the same wherever and whenever it is worked out.
FINGERPRINT = (
    "CAST(('0x' || SUBSTR(MD5(CONCAT_WS('␟', COALESCE(number, ''), ARRAY_TO_STRING(names, '␞'), "
    "ARRAY_TO_STRING(formers, '␞'), COALESCE(CAST(birth_from AS VARCHAR), ''), "
    "COALESCE(CAST(birth_to AS VARCHAR), ''), COALESCE(sex, ''), ARRAY_TO_STRING(phones, '␞'), "
    "ARRAY_TO_STRING(regions, '␞'), ARRAY_TO_STRING(addresses, '␞'), "
    "ARRAY_TO_STRING(COALESCE(people, []), '␞'))), 1, 15)) AS BIGINT)"
)
