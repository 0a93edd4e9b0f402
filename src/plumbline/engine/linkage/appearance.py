"""Where somebody appears: every row that is about a person or an organisation, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import Country
from plumbline.engine.linkage.claim import Slot, slots
from plumbline.engine.linkage.identity import Identity, identity
from plumbline.engine.linkage.view import NOBODYS
from plumbline.engine.linkage.who import KINDS, RowName, full_number


@dataclass(frozen=True)
class Appearance:
    """A row about somebody.

    Attributes:
        via: `number` where the row bears it; else what tied the row: rule, weight, judgement, register.
    """

    name: RowName
    who: str
    tier: str
    via: str


def named(store: Store, country: Country, text: str) -> str:
    """Whom a number or code stands for: its normal form, or the number that took its place.

    Raises:
        RunError: it is no full number or code.
    """
    if text.startswith(NOBODYS):
        return text
    who = full_number(country, text)
    took_its_place = dict(identity(store).info.get("merged", ()))
    return str(took_its_place.get(who[:17], who))


def appearances(
    store: Store, datasets: Mapping[str, Dataset], whos: Sequence[str]
) -> list[Appearance]:
    """Every row about any of these people or organisations, rows that bear the number first.

    Rows that may be about them (tier E) stand last.
    """
    if not whos:
        return []
    now = identity(store)
    found: list[Appearance] = []
    with open_duckdb(store.limits) as duck:
        for slot in (s for kind in KINDS for s in slots(datasets, kind, bare=True)):
            if store.version(slot.dataset.name) is not None:
                found += _in_slot(store, duck, now, slot, whos)
    return sorted(
        found, key=lambda a: (a.tier == "E", a.via != "number", a.tier, a.name.dataset, a.name.row)
    )


def _in_slot(
    store: Store, duck: Duck, now: Identity, slot: Slot, whos: Sequence[str]
) -> list[Appearance]:
    dataset, column = slot.dataset, slot.column
    listed = ", ".join(sql.literal(who) for who in whos)
    ties = (
        f"SELECT row, who, tier, via FROM {now.relation()} WHERE kind = 'tie' "
        f"AND dataset = {sql.literal(dataset.name)} AND slot = {sql.literal(column)}"
    )
    at = sql.name(column)
    mine = f"{at} IN ({listed})"
    if slot.kind == "person":  # files are sorted by it, and most need not be read
        keys = ", ".join(str(int(who[:17])) for who in whos if who[:17].isdigit()) or "NULL"
        mine = f"{sql.name(column + '__key')} IN ({keys})"
    facts = store.snapshot(dataset.name).relation(dataset.fields)
    rows = duck.run(
        f"WITH tied AS MATERIALIZED ({ties}) SELECT row, who, tier, via FROM tied WHERE who IN ({listed}) "
        f"UNION ALL SELECT _row, {at}, 'A', 'number' FROM {facts} WHERE {mine} AND {slot.is_full} "
        "AND _row NOT IN (SELECT row FROM tied WHERE tier <> 'E')"
    )
    return [
        Appearance(RowName(dataset.name, row, column), who, tier, via)
        for row, who, tier, via in rows
    ]
