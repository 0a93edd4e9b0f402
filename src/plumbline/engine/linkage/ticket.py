"""Data-error tickets: one number, names that cannot be one person's (tier B).

Nobody is warned of it, since either the number or the name is wrong in some register. Every department
that delivered such a row is asked to look at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import Country
from plumbline.engine.fact.types.cn.person_name import compatible
from plumbline.engine.linkage.claim import Kind, Slot
from plumbline.engine.linkage.judgement import judgements, mark_of
from plumbline.engine.linkage.organisation_doubt import names_in_doubt
from plumbline.engine.linkage.register import newest

KINDS: tuple[Kind, ...] = ("person", "organisation")


@dataclass(frozen=True)
class Ticket:
    """What a dataset says of a number, where its name is at odds with what others say under the same.

    A list that repeats somebody every month says it in many rows; it is one thing to look at.

    Attributes:
        row: the first that says so; it stands for all.
        rows: how many rows of the dataset say so.
        number: of the person or organisation.
        name: as these rows say it, in its form for comparison.
        others: name -> datasets that say it under the same number.
    """

    dataset: str
    slot: str
    row: int
    rows: int
    number: str
    name: str
    others: Mapping[str, tuple[str, ...]]


def tickets(
    store: Store,
    datasets: Mapping[str, Dataset],
    country: Country,
    only: Sequence[str] = (),
    number: str | None = None,
) -> list[Ticket]:
    """Every such name under a number, by dataset and first row.

    Args:
        only: datasets whose tickets are wanted; they are compared with all.
        number: only rows that bear it.
    """
    found = []
    with open_duckdb(store.limits) as duck:
        for kind in KINDS:
            found += _of_kind(store, duck, datasets, country, kind, number)
    return sorted(
        (t for t in found if not only or t.dataset in only), key=lambda t: (t.dataset, t.slot, t.row)
    )  # fmt: skip


def _of_kind(
    store: Store, duck: Duck, datasets: Mapping[str, Dataset], country: Country, kind: Kind,
    number: str | None,
) -> list[Ticket]:  # fmt: skip
    described, said = newest(store, duck, datasets, kind)
    relation = said.relation
    if number is not None:
        relation = f"(SELECT * FROM {said.relation} WHERE number = {sql.literal(number)})"
    doubted: Doubts = set()
    if kind == "organisation":
        found = names_in_doubt(duck, described, relation, country)
        doubted = {(code, name, other) for code, name, other in duck.run(f"SELECT * FROM {found}")}
    groups = _at_odds(duck, relation, kind, doubted)
    if not groups:
        return []
    confirmed = {
        (each.dataset, each.slot, each.mark)
        for each in judgements(store) if each.in_force and each.verdict != "unsure" and each.dataset
    }  # fmt: skip
    return _rows(duck, described, groups, confirmed)


#: number -> the names borne under it that cannot be one bearer's, each with all its spellings
Groups = dict[str, list[frozenset[str]]]
#: (code, name, other) of organisations
Doubts = set[tuple[str, str, str]]


def _at_odds(duck: Duck, said: str, kind: Kind, doubted: Doubts) -> Groups:
    """Names under one number fall into groups of what goes together; one group is as it should be."""
    several = duck.run(
        f"SELECT number, LIST(DISTINCT names ORDER BY names) FROM {said} WHERE LEN(names) > 0 GROUP BY number "
        "HAVING COUNT(DISTINCT names[1]) > 1 ORDER BY number"
    )

    def alike(number: str, one: str, other: str) -> bool:
        if kind == "person":
            return compatible(one, other) is not False
        return (number, one, other) not in doubted

    found: Groups = {}
    for number, statements in several:
        groups: list[set[str]] = []
        for names in statements:
            spoken = set(names)
            met = [g for g in groups if any(alike(number, a, b) for a in spoken for b in g)]
            groups = [g for g in groups if g not in met] + [spoken.union(*met)]
        if len(groups) > 1:
            found[number] = [frozenset(group) for group in groups]
    return found


def _rows(
    duck: Duck, described: Sequence[Slot], groups: Groups, confirmed: set[tuple[str, str, str]]
) -> list[Ticket]:
    duck.register("at_odds", pa.table({"number": pa.array(groups, pa.string())}))
    said_by: dict[str, dict[str, set[str]]] = {number: {} for number in groups}
    vouched: dict[str, set[str]] = {number: set() for number in groups}
    saying: dict[tuple[str, str, str, str], list[int]] = {}
    for slot in described:
        dataset = slot.dataset.name
        met = (
            f"(SELECT * FROM {sql.name('facts_' + dataset)} WHERE {sql.name(slot.column)} IN "
            "(SELECT number FROM at_odds))"
        )
        for row, mark, number, names in duck.run(
            f"SELECT row, mark, number, names FROM ({slot.said(met, f'{mark_of(slot.dataset)} AS mark')}) "
            "WHERE LEN(names) > 0"
        ):
            said_by[number].setdefault(names[0], set()).add(dataset)
            if (dataset, slot.column, mark) in confirmed:
                vouched[number].add(names[0])
            else:
                saying.setdefault((dataset, slot.column, number, names[0]), []).append(row)
    duck.unregister("at_odds")
    found = []
    for (dataset, column, number, own), rows in saying.items():
        fine = vouched[number].union(*(g for g in groups[number] if own in g))
        others = {
            name: tuple(sorted(by)) for name, by in sorted(said_by[number].items()) if name not in fine
        }  # fmt: skip
        if others and own not in vouched[number]:
            found.append(Ticket(dataset, column, min(rows), len(rows), number, own, others))
    return found
