"""The inhabitants: births, lives and deaths, drawn at once for everybody. Nobody here is real."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.days import AS_OF, HISTORY_FROM, NEVER, Ints, Mask, day, whole_years
from plumbline.cli.demo.identifiers import citizen_numbers, order_numbers
from plumbline.cli.demo.names import draw_names
from plumbline.cli.demo.rows import groups

PROVINCE, CITY = ("380000", "云海省"), ("380100", "澜州市")
COUNTIES = (
    *("澜江区", "望澜区", "青岚区", "双渡区", "白鹭县", "云汀县"),
    *("梅坞县", "松峦县", "沙屿县", "竹川县", "雁湖县", "桃津县"),
)
FIRST_COUNTY = 380_101
#: Counties that no longer exist; whoever was registered there carries the code for life.
RETIRED = {380_121: "澜阳县", 380_122: "东渡县"}
#: Share of the inhabitants by county, in percent.
_SHARES = (18, 14, 11, 9, 9, 8, 7, 6, 6, 5, 4, 3)


@dataclass(frozen=True)
class People:
    """Everybody who lived in the city since 2010, by position in the arrays."""

    born: Ints
    died: Ints  # NEVER for the living
    male: Mask
    county: Ints  # 0..11, where they live
    number: pa.Array  # citizen numbers
    name: pa.Array
    twin_of: Ints  # twins share a number here, everybody else has one alone
    double_of: Ints  # strangers of one name, birth date and sex share a number here

    def __len__(self) -> int:
        return len(self.born)

    @cached_property
    def numbers(self) -> list[str]:
        found: list[str] = self.number.to_pylist()
        return found

    @cached_property
    def names(self) -> list[str]:
        found: list[str] = self.name.to_pylist()
        return found

    @cached_property
    def region(self) -> Ints:
        """The code of the county where each lives today."""
        return FIRST_COUNTY + self.county

    @cached_property
    def life_of(self) -> Ints:
        """A number that those share who are alike in name, birth date and sex."""
        names = self.name.dictionary_encode().indices.to_numpy()
        return groups(names, self.born, self.male)[0]

    @cached_property
    def alone(self) -> Mask:
        """Whoever is like nobody else in name, birth date and sex.

        The others are told apart in planted stories, where registers know both by number; in everyday rows
        one of them might be in no register at all.
        """
        unlike: Mask = (np.bincount(self.life_of) == 1)[self.life_of]
        return unlike

    def alive(self, on: int = AS_OF) -> Mask:
        return (self.born <= on) & (self.died > on)

    def age(self, on: int) -> Ints:
        """Whole years on a day; negative before birth."""
        return whole_years(self.born, np.full(len(self), on, np.int64))


class Pool:
    """Hands out people (or other things by number) at most once, so that no two stories mix."""

    def __init__(self, rng: np.random.Generator, free: Mask) -> None:
        self._free = free.copy()
        self._rng = rng

    def take(self, count: int, where: Mask | None = None) -> Ints:
        """`count` of the free ones for whom `where` holds, in random order."""
        fit = np.flatnonzero(self._free if where is None else self._free & where)
        if len(fit) < count:
            raise ValueError(f"the city is too small: {count} people wanted, {len(fit)} fit")
        chosen = self._rng.choice(fit, count, replace=False)
        self._free[chosen] = False
        return chosen.astype(np.int64)

    def take_pairs(self, count: int, alike: Ints, where: Mask) -> tuple[Ints, Ints]:
        """`count` pairs of free ones that are alike, such as bearers of one name."""
        fit = self._rng.permutation(np.flatnonzero(self._free & where))
        fit = fit[np.argsort(alike[fit], kind="stable")]
        of = alike[fit]
        first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
        place = np.arange(len(of)) - np.repeat(first, np.diff(np.r_[first, len(of)]))
        # The first with the second of those who are alike, the third with the fourth.
        same = np.flatnonzero((of[:-1] == of[1:]) & (place[:-1] % 2 == 0))
        if len(same) < count:
            raise ValueError(f"the city is too small: {count} pairs wanted, {len(same)} fit")
        chosen = self._rng.choice(same, count, replace=False)
        one, other = fit[chosen], fit[chosen + 1]
        self._free[one] = self._free[other] = False
        return one, other

    @property
    def rest(self) -> Ints:
        """Those whom no story has taken."""
        return np.flatnonzero(self._free)


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of their own for each register, so that one may grow without the others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def draw_people(count: int, seed: int) -> People:
    """Draw the inhabitants: ages as in a county that ages, deaths by Gompertz's law."""
    rng = stream(seed, "people")
    first_twin = np.flatnonzero(rng.random(count - 1) < 0.004)
    first_twin = first_twin[np.diff(first_twin, prepend=-2) > 1]
    decade = rng.choice(10, count, p=np.array([2, 5, 9, 14, 17, 17, 13, 11, 9, 3]) / 100)
    born = day(1922) + decade * 3_800 + rng.integers(3_800, size=count)
    born = np.minimum(born, AS_OF - 30)
    male = rng.random(count) < 0.51
    county = rng.choice(len(COUNTIES), count, p=np.array(_SHARES) / sum(_SHARES))
    twin_of = np.arange(count)
    for shared in (born, male, county, twin_of):
        shared[first_twin + 1] = shared[first_twin]
    one, other = _doubles(stream(seed, "doubles"), born, twin_of)
    for shared in (born, male):
        shared[other] = shared[one]
    county[other] = (county[one] + 1 + other % (len(COUNTIES) - 1)) % len(COUNTIES)
    region = FIRST_COUNTY + county
    old = (born < day(2001)) & (rng.random(count) < 0.06)
    region[old] = np.array(list(RETIRED))[rng.integers(len(RETIRED), size=int(old.sum()))]
    names = _with_twins(draw_names(rng, male), first_twin)
    bearer, double_of = np.arange(count), np.arange(count)
    bearer[other] = double_of[other] = one
    return People(
        born=born,
        died=_deaths(rng, born),
        male=male,
        county=county.astype(np.int64),
        number=citizen_numbers(region, born, order_numbers(region, born, male)),
        name=names.take(pa.array(bearer)),
        twin_of=twin_of,
        double_of=double_of,
    )


def _doubles(rng: np.random.Generator, born: Ints, twin_of: Ints) -> tuple[Ints, Ints]:
    """Pairs of strangers to be made alike in name, birth date and sex: more than chance has."""
    grown = (born > day(1950)) & (born < day(1990))
    alone = np.flatnonzero(grown & (np.bincount(twin_of, minlength=len(born))[twin_of] == 1))
    chosen = rng.choice(alone, 2 * max(60, len(born) // 1_500), replace=False)
    one, other = np.split(chosen, 2)
    return one, other


def _with_twins(names: pa.Array, first: Ints) -> pa.Array:
    """Twins bear one surname."""
    elder, younger = (names.take(pa.array(first + n)) for n in (0, 1))
    surname = pc.utf8_slice_codeunits(elder, 0, 1)
    given = pc.utf8_slice_codeunits(younger, 1)
    which = np.zeros(len(names), np.bool_)
    which[first + 1] = True
    siblings = pc.binary_join_element_wise(surname, given, "")
    return pc.replace_with_mask(names, pa.array(which), siblings)


def _deaths(rng: np.random.Generator, born: Ints) -> Ints:
    """The day on which each dies, given that all lived in 2010 or were born later."""
    level, slope = 4e-5, 0.092  # yearly hazard at birth, and its growth by year of age
    since = np.maximum(HISTORY_FROM, born)
    age = (since - born) / 365.25
    luck = -np.log(rng.random(len(born)))
    until = np.log(np.exp(slope * age) + luck * slope / level) / slope
    died = (born + until * 365.25).astype(np.int64) + 1
    return np.where(died <= AS_OF, died, NEVER)
