"""The city that all registers share: its people, what happened, and what is known to be true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.days import Ints, Mask
from plumbline.cli.demo.dirt import (
    Damage,
    damaged,
    reasons,
    retyped,
    some,
    spoil,
    touch,
)
from plumbline.cli.demo.files import Columns
from plumbline.cli.demo.identifiers import former_numbers
from plumbline.cli.demo.loose import stated_name, stated_number, wrong_birth
from plumbline.cli.demo.names import another_name, respelt
from plumbline.cli.demo.organisations import Organisations, draw_companies, draw_units
from plumbline.cli.demo.people import COUNTIES, People, Pool, stream
from plumbline.cli.demo.rows import Array, Rows, groups
from plumbline.cli.demo.truth import Truth


@dataclass(frozen=True)
class Register:
    """What one department keeps.

    Attributes:
        name: of the dataset.
        key: columns that make a row; of two rows with one key the first happened.
        damage: header -> class of reason -> what it does to a cell, beyond use.
        spoilt: share of the rows that are beyond use.
    """

    name: str
    key: tuple[str, ...] = ()
    damage: Damage = field(default_factory=dict)
    spoilt: float = 0.004


@dataclass
class City:
    """Events are added by register; once all have happened, each register is settled and read.

    Attributes:
        people: the inhabitants.
        seed: of all random numbers.
        inbox: folder that holds one folder per dataset.
        truth: what is found out along the way.
        delivered: dataset -> rows written, the unusable ones included.
    """

    people: People
    seed: int
    inbox: Path
    truth: Truth
    delivered: dict[str, int] = field(default_factory=dict)
    _events: dict[str, list[Rows]] = field(default_factory=dict)
    _settled: dict[str, Rows] = field(default_factory=dict)
    _counters: dict[str, int] = field(default_factory=dict)
    _protected: dict[str, list[Ints]] = field(default_factory=dict)

    @property
    def many(self) -> int:
        """How many true collisions of one kind are planted."""
        return max(24, len(self.people) // 4_000)

    @property
    def few(self) -> int:
        """How many instances of one trap are planted."""
        return max(6, len(self.people) // 16_000)

    def rng(self, name: str) -> np.random.Generator:
        return stream(self.seed, name)

    def pool(self, name: str) -> Pool:
        """Everybody, to be cast into the stories of one model."""
        return Pool(self.rng(f"{name} cast"), np.ones(len(self.people), np.bool_))

    @cached_property
    def units(self) -> Organisations:
        return draw_units()

    @cached_property
    def companies(self) -> Organisations:
        return draw_companies(self.rng("companies"), max(1_500, len(self.people) // 40))

    @cached_property
    def company_pool(self) -> Pool:
        """Companies without kin, to be cast into the stories of any model at most once."""
        at = np.arange(len(self.companies))
        kin = len(self.companies) // 20
        return Pool(self.rng("companies cast"), (at >= kin) & (at < len(at) - 2 * kin))

    # -- what happened ---------------------------------------------------------------------

    def add(self, dataset: str, *rows: Rows) -> None:
        self._events.setdefault(dataset, []).extend(part for part in rows if len(part))

    def so_far(self, dataset: str) -> Rows:
        """What has happened in a register until now."""
        return Rows.join(*self._events[dataset])

    def involved(self, dataset: str, *, planted: bool = False) -> Mask:
        """Who stands in a register already, or plays in a story there."""
        rows = self.so_far(dataset)
        found = np.zeros(len(self.people), np.bool_)
        found[rows.person[rows.planted] if planted else rows.person] = True
        return found

    def protect(self, dataset: str, person: Ints) -> None:
        """Keep damage away from the rows of people on whom a story rests."""
        self._protected.setdefault(dataset, []).append(person)

    def settle(self, register: Register) -> Rows:
        """All rows of a register, one per key, planted stories first, spoilt ones marked."""
        if register.name not in self._settled:
            rows = Rows.join(*self._events.pop(register.name))
            for person in self._protected.get(register.name, ()):
                rows = rows.but(planted=rows.planted | np.isin(rows.person, person))
            rows = Rows.join(rows[rows.planted], rows[~rows.planted])
            if register.key:
                _, first = groups(*(getattr(rows, column) for column in register.key))
                rows = rows[np.sort(first)]
            rng = self.rng(f"{register.name} spoilt")
            rows = rows[rng.permutation(len(rows))]
            self._settled[register.name] = spoil(rng, rows, register.damage, register.spoilt)
        return self._settled[register.name]

    def usable(self, register: Register) -> Rows:
        """The rows that any reader can use."""
        rows = self.settle(register)
        return rows[rows.spoilt == 0]

    # -- what is true ----------------------------------------------------------------------

    def number(self, person: int) -> str:
        return self.people.numbers[person]

    def report(self, model: str, person: Ints, red: Mask, sure: Mask) -> None:
        """One finding a person: a warning where the name fits, red if so much as one row is red."""
        everybody, group = np.unique(person, return_inverse=True)
        known = np.bincount(group, sure, len(everybody)) > 0
        worst = np.bincount(group, sure & red, len(everybody)) > 0
        for one, is_known, is_red in zip(everybody, known, worst, strict=True):
            if is_known:
                self.truth.warn(model, self.number(one), "red" if is_red else "yellow")
            else:
                self.truth.ask(model, self.number(one))

    def report_loose(
        self,
        model: str,
        keys: Sequence[tuple[str, ...]],
        levels: Iterable[str],
        known: Iterable[Mapping[str, Any]],
    ) -> None:
        """One finding for each subject and group, by the rows that tell it most surely.

        What rows with full numbers tell has been reported before, and is no finding of theirs.
        """
        told = {(w["subject"], *w["group"]) for w in self.truth.warnings if w["model"] == model}
        best: dict[tuple[str, ...], dict[str, Any]] = {}
        for key, level, entry in zip(keys, levels, known, strict=True):
            if key not in told and (key not in best or entry["tier"] < best[key]["tier"]):
                best[key] = {"level": level, **entry}
        for key, entry in best.items():
            self.truth.loosely(model, *key, **entry)

    def trap(self, model: str, name: str, person: Iterable[int]) -> None:
        self.truth.trap(model, name, (self.number(p) for p in person))

    # -- what is written down --------------------------------------------------------------

    def rows_written(self, register: Register, rows: Rows) -> None:
        """Note that all rows of a register were delivered, and which of them are beyond use."""
        self.delivered[register.name] = self.delivered.get(register.name, 0) + len(rows)
        for at, reason in enumerate(reasons(register.damage), 1):
            if struck := int((rows.spoilt == at).sum()):
                self.truth.unusable(register.name, reason, struck)

    def amended(self, rng: np.random.Generator, rows: Rows) -> Mask:
        """The rows that a later delivery speaks of: those it takes back, and some sent again."""
        again: Mask = some(rng, len(rows), 0.02, 60) & (rows.spoilt == 0)
        return again | rows.withdrawn.astype(np.bool_)

    def who(self, rng: np.random.Generator, rows: Rows, *, share: float = 0.01) -> list[pa.Array]:
        """Citizen numbers and names as a clerk typed them.

        `named_as` is another person whose name was written, `misnamed` a name of nobody.
        """
        numbers = self.people.number.take(pa.array(rows.person))
        named = rows.named_as if "named_as" in rows else rows.person
        names = self.people.name.take(pa.array(named))
        sound = rows.spoilt == 0
        names = touch(names, some(rng, len(rows), share) & sound, respelt)
        if "misnamed" in rows:
            names = touch(names, rows.misnamed, another_name)
        numbers = touch(numbers, some(rng, len(rows), share) & sound, retyped)
        if "stated" in rows:
            return [stated_number(self.people, rows, numbers), stated_name(rows, names)]
        return [numbers, names]

    def names(self, person: Ints) -> pa.Array:
        return self.people.name.take(pa.array(person))

    def former_numbers(self, person: Ints) -> pa.Array:
        """The number that each bore before an error of registration was corrected."""
        born = wrong_birth(self.people.born[person])
        return former_numbers(born, self.people.male[person], person)

    def former_names(self, person: Ints) -> pa.Array:
        """The name that each bore before changing it: the same surname, a plainer given name."""
        surname = pc.utf8_slice_codeunits(self.names(person), 0, 1)
        given = words(("来弟", "招娣", "狗剩", "石头"), person % 4)
        return pc.binary_join_element_wise(surname, given, "")

    def serials(self, name: str, count: int) -> Ints:
        """The next numbers of a kind, counted from 1."""
        start = self._counters.get(name, 0) + 1
        self._counters[name] = start + count - 1
        return np.arange(start, start + count)

    def running(self, name: str, count: int, width: int = 10) -> pa.Array:
        """Numbers of transactions, one after the other within a register."""
        return pc.utf8_lpad(pa.array(self.serials(name, count)).cast(pa.string()), width, "0")

    def accounts(self, person: Ints, which: Ints | int = 0) -> pa.Array:
        """A bank account for each person; another `which`, another account."""
        return pa.array(6_217_000_000_000_000_000 + person * 100 + which).cast(pa.string())

    def household_codes(self, household: Ints) -> pa.Array:
        """The code of a household, an empty cell for 0."""
        code = pa.array(3_801_000_000 + household).cast(pa.string())
        return pc.if_else(pa.array(household > 0), pc.binary_join_element_wise("DB", code, ""), "")

    def counties(self, county: Ints) -> pa.Array:
        return pa.array(COUNTIES).take(pa.array(county))

    def counties_of(self, rows: Rows) -> pa.Array:
        return self.counties(self.people.county[rows.person])

    def strike(self, register: Register, rows: Rows, columns: Columns) -> dict[str, pa.Array]:
        """The columns with the cells of spoilt rows struck."""
        return damaged(columns, rows.spoilt, register.damage)


def words(values: Sequence[str], at: Ints) -> pa.Array:
    """One of a few words for each row."""
    return pa.array(list(values)).take(pa.array(at))


def either(which: Mask, yes: str, no: str = "") -> pa.Array:
    return words((no, yes), which.astype(np.int64))


def choose(
    rng: np.random.Generator, codes: Array, spellings: Mapping[Any, Sequence[str]]
) -> pa.Array:
    """For each code one of the words that departments write for it."""
    out = np.empty(len(codes), object)
    for code, options in spellings.items():
        which = codes == code
        out[which] = np.array(options, object)[rng.integers(len(options), size=int(which.sum()))]
    return pa.array(out, pa.string())


def pick(columns: Columns, which: Mask) -> dict[str, pa.Array]:
    """Some of the rows."""
    mask = pa.array(which)
    return {header: cells.filter(mask) for header, cells in columns.items()}
