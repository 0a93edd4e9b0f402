"""A truth set for who-is-who in China: invented people in eight registers, and who is meant by each row.

    python -m bench.chinese_people [--persons 200000] [--seed 1] DIR

Writes into DIR, all values as text as they are delivered:

    population.parquet  register, number, name, birth, sex, phone, region, address, person
    loose.parquet       claim, number, name, birth, sex, phone, region, address, register, person
    noise.parquet       claim, known, and what was done to number, name, birth, phone and address
    country.yml         regions of the invented province, for the types that read the text

`population` are rows with a full number. `loose` are rows of the same registers whose number is masked,
missing or wrong. `person` is the truth; `known` says whether that person stands in `population` at all.
What it contains and what it cannot show: docs/explanation/chinese-people.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench import chinese_names as names
from plumbline.cli.demo.days import AS_OF, DAY, MONTH, YEAR, Ints, Mask, day, write_dates
from plumbline.cli.demo.dirt import as_float, retyped, touch
from plumbline.cli.demo.identifiers import (
    citizen_numbers,
    old_number,
    order_numbers,
    wrong_check,
)
from plumbline.cli.demo.loose import phones, wrong_birth
from plumbline.cli.demo.people import COUNTIES, FIRST_COUNTY, draw_people, stream
from plumbline.cli.demo.rows import Array

NUMBERS = ("masked", "none", "fifteen", "full", "former", "wrong", "float")
NAMES: Mapping[str, float] = {
    "masked": 0.150,
    "homophone": 0.030,
    "look-alike": 0.020,
    "shortened": 0.015,
    "swapped": 0.015,
    "traditional": 0.025,
    "spaced": 0.020,
    "former": 0.015,
    "latin": 0.010,
}
#: Of the birth dates that are told.
BIRTHS: Mapping[str, float] = {
    "swapped": 0.025,
    "lunar": 0.025,
    "year": 0.040,
    "month": 0.015,
    "later": 0.010,
    "two digits": 0.005,
}
PHONES: Mapping[str, float] = {"former": 0.08, "masked": 0.15, "family": 0.06, "wrong": 0.01}
ADDRESSES: Mapping[str, float] = {"former": 0.12, "short": 0.25, "respelt": 0.25}
SEX_WRONG, REGION_WRONG = 0.005, 0.04


@dataclass(frozen=True)
class Register:
    """What a register knows and what it lets others see.

    Attributes:
        covers: share of those it is for that stand in it with their number.
        ages: whom it is for.
        loose: its share of the loose rows.
        numbers: how the number stands in these, by `NUMBERS`.
        tells: how often birth, sex, phone, region and address are told in these.
    """

    covers: float
    ages: tuple[int, int] = (0, 120)
    loose: float = 0.0
    numbers: tuple[float, ...] = ()
    tells: tuple[float, ...] = ()


REGISTERS: Mapping[str, Register] = {
    "medical_insurance": Register(
        *(0.72, (0, 120), 0.10),
        numbers=(0.30, 0.15, 0.25, 0.15, 0.04, 0.06, 0.05),
        tells=(0.80, 0.95, 0.70, 0.70, 0.40),
    ),
    "pensions": Register(0.80, (60, 120)),
    "social_insurance": Register(0.45, (22, 60)),
    "licences": Register(0.35, (20, 70)),
    "welfare": Register(
        *(0.10, (0, 120), 0.20),
        numbers=(0.55, 0.05, 0.15, 0.15, 0.03, 0.04, 0.03),
        tells=(0.60, 0.80, 0.80, 0.95, 0.70),
    ),
    "company_roles": Register(
        *(0.06, (20, 75), 0.20),
        numbers=(0.50, 0.12, 0.13, 0.17, 0.04, 0.03, 0.01),
        tells=(0.40, 0.50, 0.85, 0.80, 0.50),
    ),
    "honours": Register(
        *(0.02, (20, 80), 0.15),
        numbers=(0.35, 0.35, 0.15, 0.08, 0.04, 0.02, 0.01),
        tells=(0.75, 0.90, 0.70, 0.90, 0.30),
    ),
    "judgments": Register(
        *(0.01, (16, 85), 0.35),
        numbers=(0.62, 0.26, 0.05, 0.03, 0.02, 0.01, 0.01),
        tells=(0.85, 0.95, 0.05, 0.75, 0.60),
    ),
}
#: Share of those who live here; the others come from elsewhere, and no register here has their number.
RESIDENT = 0.88
#: Share of people whose number was changed, and of those whose old number some register still has.
CHANGED, STILL_OLD = 0.006, 0.4
#: Share of people who were given somebody else's number.
SAME_NUMBER = 0.0002
#: Share of people whose name, birth date and sex are a stranger's as well. Far more than in life, where of
#: a million people some dozens are: else no row would show that a fit is not yet a person.
DOUBLES = 0.02
LOOSE_ROWS = 0.5  # for each person
_ELSEWHERE = tuple(
    f"云海省{city}" for city in ("澄州市", "沧阳市", "青岩市", "林屏市", "海晏市", "朔原市")
)
_TOWNS = "柳荫街道 东篱镇 白石镇 双溪乡 南屏街道 云起镇 桃源乡 石门镇 河湾镇 枫林乡 五里亭镇 古渡街道".split()
_ROADS = (
    "人民路 解放路 建设路 文昌街 环城东路 滨江路 新村路 学前街 工业大道 桥头巷 后山路 示范街 长安路 和平路 胜利街 "
    "中山东路 朝阳里 向阳新村 翠竹苑 锦绣花园 安居小区 东门外 南塘村 上溪村 下坞村 大樟树村"
).split()


@dataclass(frozen=True)
class People:
    """Everybody, by position: the person's id."""

    born: Ints
    male: Mask
    resident: Mask
    number: pa.Array
    former: pa.Array  # null where the number never changed
    name: Array
    former_name: Array
    county: Ints

    def __len__(self) -> int:
        return len(self.born)

    @property
    def age(self) -> Ints:
        return (AS_OF - self.born) // 365


def people(count: int, seed: int) -> People:
    """The demo's people, born and twinned as there; with names, numbers and doubles of their own."""
    drawn = draw_people(count, seed)
    rng = stream(seed, "chinese people")
    resident = rng.random(count) < RESIDENT
    at = np.arange(count)
    born, male = drawn.born.copy(), drawn.male.copy()
    alone = np.flatnonzero(np.bincount(drawn.twin_of, minlength=count)[drawn.twin_of] == 1)
    like, double = np.split(rng.choice(alone, round(count * DOUBLES / 2) * 2, replace=False), 2)
    born[double], male[double] = born[like], male[like]
    registered = pc.utf8_slice_codeunits(drawn.number, 0, 6).cast(pa.int64()).to_numpy()
    elsewhere = 380_201 + at % len(_ELSEWHERE) * 100
    region = np.where(resident, registered, elsewhere + rng.integers(9, size=count))
    number = citizen_numbers(region, born, order_numbers(region, born, male))
    born_with = rng.choice(count, max(2, round(count * SAME_NUMBER)) * 2, replace=False)
    one, other = np.split(born_with, 2)
    bearer = at.copy()
    bearer[other] = one
    changed = (rng.random(count) < CHANGED) & (born < day(2000))
    # Of counties that are gone, with order numbers that nobody has today.
    order = 900 + at // 60 % 45 * 2 + male
    former = citizen_numbers(380_130 + at % 60, wrong_birth(born), order)
    name = names.draw_names(rng, born, male)
    second = np.flatnonzero((drawn.twin_of != at) & (drawn.twin_of == at - 1))
    name[second] = [_sibling(name[k - 1], name[k]) for k in second]
    name[double] = name[like]
    turns = rng.integers(1 << 30, size=count)
    old = born < day(1945)
    former_name = np.array(
        [
            names.former(n, int(t), woman=not m, old=bool(o))
            for n, t, m, o in zip(name, turns, male, old, strict=True)
        ],
        object,
    )
    return People(
        born=born,
        male=male,
        resident=resident,
        number=number.take(pa.array(bearer)),
        former=pc.if_else(pa.array(changed), former, pa.scalar(None, pa.string())),
        name=name,
        former_name=former_name,
        county=drawn.county,
    )


def _sibling(elder: str, younger: str) -> str:
    """A twin's name: the same surname, often the same first character."""
    if "·" in elder or len(elder) < 3:
        return elder[0] + younger[1:].replace("·", "")
    return elder[:2] + younger[-1]


# -- rows --------------------------------------------------------------------------------------


def population(everybody: People, seed: int) -> pa.Table:
    """The rows that give a full number, register by register."""
    parts = []
    for name, register in REGISTERS.items():
        rng = stream(seed, f"population {name}")
        low, high = register.ages
        fit = everybody.resident & (everybody.age >= low) & (everybody.age < high)
        person = np.flatnonzero(fit & (rng.random(len(everybody)) < register.covers))
        number = everybody.number.take(pa.array(person))
        before = everybody.former.take(pa.array(person))
        still = pa.array(rng.random(len(person)) < STILL_OLD)
        number = pc.coalesce(pc.if_else(still, before, pa.scalar(None, pa.string())), number)
        number = touch(number, rng.random(len(person)) < 0.01, _clerk)
        shares = {"traditional": 0.005, "spaced": 0.01, "former": 0.01, "homophone": 0.005}
        kinds = _draw(rng, len(person), shares)
        told = _tell(everybody, rng, person, (0.6, 0.95, 0.55, 0.9, 0.6), quiet=True)
        parts.append(
            pa.table(
                {
                    "register": pa.repeat(name, len(person)),
                    "number": number,
                    "name": _write_names(everybody, rng, person, kinds),
                    **told,
                    "person": pa.array(person),
                }
            )
        )
    return pa.concat_tables(parts)


def _clerk(number: str, turn: int) -> str:
    """Typed otherwise, but still a full number: no fifteen digits, which leave the century open."""
    return retyped(number, turn % 6)


def loose(
    everybody: People, known: Mask, seed: int, each: float = LOOSE_ROWS
) -> tuple[pa.Table, pa.Table]:
    """The rows that do not, and what was done to each; so many for each person."""
    count, claims = round(len(everybody) * each), 0
    parts, done = [], []
    for name, register in REGISTERS.items():
        rng = stream(seed, f"loose {name}")
        low, high = register.ages
        fit = np.flatnonzero((everybody.age >= low) & (everybody.age < high))
        person = rng.choice(fit, round(count * register.loose))
        if not len(person):
            continue
        stands = rng.choice(len(NUMBERS), len(person), p=register.numbers)
        stands = np.array(NUMBERS, object)[stands]
        changed = everybody.former.is_valid().to_numpy(zero_copy_only=False)[person]
        stands[(stands == "former") & ~changed] = "masked"
        stands[changed & (rng.random(len(person)) < STILL_OLD)] = "former"
        kinds = _draw(rng, len(person), NAMES)
        made: dict[str, Array] = {"number": stands, "name": kinds}
        told = _tell(everybody, rng, person, register.tells, made=made)
        claim = pa.array(np.arange(claims, claims + len(person)))
        claims += len(person)
        parts.append(
            pa.table(
                {
                    "claim": claim,
                    "number": _write_numbers(everybody, rng, person, stands),
                    "name": _write_names(everybody, rng, person, kinds),
                    **told,
                    "register": pa.repeat(name, len(person)),
                    "person": pa.array(person),
                }
            )
        )
        fields = {what: pa.array(how.tolist(), pa.string()) for what, how in made.items()}
        done.append(pa.table({"claim": claim, "known": pa.array(known[person]), **fields}))
    return pa.concat_tables(parts), pa.concat_tables(done)


def _draw(rng: np.random.Generator, count: int, shares: Mapping[str, float]) -> Array:
    """For each row what is done to it, mostly "" (nothing)."""
    kinds = np.array(["", *shares], object)
    weights = [1 - sum(shares.values()), *shares.values()]
    drawn: Array = kinds[rng.choice(len(kinds), count, p=weights)]
    return drawn


def _write_numbers(
    everybody: People, rng: np.random.Generator, person: Ints, stands: Array
) -> pa.Array:
    number = everybody.number.take(pa.array(person))
    turns = rng.integers(1 << 30, size=len(person))
    former = pc.coalesce(everybody.former.take(pa.array(person)), number)
    number = pc.if_else(pa.array(stands == "former"), former, number)
    ways: Mapping[str, Callable[[str, int], str]] = {
        "masked": masked,
        "none": lambda _n, _t: "",
        "fifteen": lambda n, _: old_number(n) if n[6:8] == "19" else n,
        "wrong": _mistyped,
        "float": as_float,
    }
    cells = number.to_pylist()
    for at, (how, turn) in enumerate(zip(stands, turns.tolist(), strict=True)):
        if how in ways:
            cells[at] = ways[how](cells[at], turn)
    return pa.array(cells)


#: Digits left before and behind, what stands between, and how many of a hundred masks are such.
MASKS = (
    *((6, 4, "*" * 8, 30), (4, 4, "*" * 10, 25), (6, 3, "*" * 9, 5), (4, 4, "****", 6)),
    *((10, 4, "****", 8), (6, 2, "*" * 10, 4), (6, 0, "*" * 12, 5), (3, 4, "*" * 11, 4)),
    *((6, 4, "X" * 8, 4), (1, 1, "*" * 16, 3), (14, 0, "****", 4), (0, 4, "*" * 14, 2)),
)
_MASK_OF = np.repeat(np.arange(len(MASKS)), [share for *_, share in MASKS])


def masked(number: str, turn: int) -> str:
    """As the offices of the country hide a number, some more than others."""
    head, tail, between, _ = MASKS[_MASK_OF[turn % len(_MASK_OF)]]
    return number[:head] + between + number[len(number) - tail :]


def _mistyped(number: str, turn: int) -> str:
    """One digit wrong, two changed over, or one too few: no check fits any more."""
    at = 6 + turn % 11
    ways = (
        wrong_check(number),
        number[:at] + str((int(number[at]) + 1 + turn % 8) % 10) + number[at + 1 :],
        number[:at] + number[at + 1 :],
    )
    return ways[turn // 11 % 3]


_NAME_WAYS: Mapping[str, Callable[[str, int], str]] = {
    "masked": names.masked,
    "homophone": names.homophone,
    "look-alike": names.look_alike,
    "shortened": names.shortened,
    "swapped": names.swapped,
    "traditional": names.traditional,
    "spaced": names.spaced,
    "latin": names.latin,
}
#: What is done instead where a name cannot be spoilt so: no traditional form, no third character.
_OTHERWISE = ("homophone", "look-alike", "spaced")


def _write_names(
    everybody: People, rng: np.random.Generator, person: Ints, kinds: Array
) -> pa.Array:
    """Names as written; `kinds` is corrected to what was done in the end."""
    cells = everybody.name[person].tolist()
    turns = rng.integers(1 << 30, size=len(person)).tolist()
    for at, (kind, turn) in enumerate(zip(kinds.tolist(), turns, strict=True)):
        name = cells[at]
        if kind == "former":
            cells[at] = everybody.former_name[person[at]]
        elif not kind:
            if "·" in name and turn % 10 < 8:
                cells[at], kinds[at] = names.dotted(name, turn), "dotted"
            elif (other := names.lost(name, turn)) and turn % 10 < 6:
                cells[at], kinds[at] = other, "lost"
        else:
            for way in dict.fromkeys((kind, *_OTHERWISE)):
                if other := _NAME_WAYS[way](name, turn):
                    cells[at], kinds[at] = other, way
                    break
            else:
                kinds[at] = ""
    return pa.array(cells, pa.string())


def _tell(
    everybody: People,
    rng: np.random.Generator,
    person: Ints,
    tells: Sequence[float],
    *,
    made: dict[str, Array] | None = None,
    quiet: bool = False,
) -> dict[str, pa.Array]:
    """Birth, sex, phone, region and address as written; `quiet`: a register that is well kept."""
    count = len(person)
    less = 0.25 if quiet else 1.0
    birth, phone, address = (
        _draw(rng, count, {way: share * less for way, share in shares.items()})
        for shares in (BIRTHS, PHONES, ADDRESSES)
    )
    sex = everybody.male[person] ^ (rng.random(count) < SEX_WRONG * less)
    county = everybody.county[person // 3 * 3]
    county = np.where(rng.random(count) < REGION_WRONG * less, (county + 5) % len(COUNTIES), county)
    style = rng.integers(1 << 30, size=count)
    cells = {
        "birth": _write_births(everybody.born[person], birth, style),
        "sex": pa.array(list(_SEXES)).take(pa.array(style % 10 * 2 + sex)),
        "phone": _write_phones(rng, person, phone),
        "region": _write_regions(everybody.resident[person], person, county, style),
        "address": _write_addresses(everybody, person, address),
    }
    for (field, values), share in zip(cells.items(), tells, strict=True):
        silent = rng.random(count) >= share
        cells[field] = pc.if_else(pa.array(silent), "", values)
        if made is not None and field in {"birth", "phone", "address"}:
            how = {"birth": birth, "phone": phone, "address": address}[field]
            made[field] = np.where(silent, "missing", how)
    return cells


_SEXES = ("女", "男") * 6 + ("女性", "男性", "2", "1", "F", "M", "女", "男")


def _write_births(born: Ints, how: Array, style: Ints) -> pa.Array:
    shown = np.where(how == "swapped", wrong_birth(born), born)
    later = born + np.where(style % 3 == 0, 365, np.where(style % 3 == 1, 1, -10))
    shown = np.where(how == "later", later, shown)
    precision = np.where(how == "year", YEAR, np.where(how == "month", MONTH, DAY))
    styles = ("iso", "iso", "iso", "compact", "han", "dot", "slash")
    written = [write_dates(shown, precision, name) for name in styles]
    at = style % len(styles)
    cells = pa.chunked_array(written).take(pa.array(at * len(born) + np.arange(len(born))))
    cells = cells.combine_chunks().to_pylist()
    for n in np.flatnonzero(how == "lunar"):
        cells[n] = lunar(int(born[n]), int(style[n]))
    for n in np.flatnonzero(how == "two digits"):
        cells[n] = str(np.datetime64(int(born[n]), "D"))[2:]
    return pa.array(cells)


_NEW_MOON, _SYNODIC = 10_963.093, 29.530588853  # 2000-01-07 02:14 in China, in days since 1970
_MONTHS = (
    "正月",
    "二月",
    "三月",
    "四月",
    "五月",
    "六月",
    "七月",
    "八月",
    "九月",
    "十月",
    "冬月",
    "腊月",
)


def lunar(born: int, style: int) -> str:
    """The date by the old calendar, mostly written as if it were one of the new.

    By mean lunations, the first month being that of 19 February: a day off at times, a month in leap
    years. That is enough for a mistake.
    """
    year = int(np.datetime64(born, "D").astype("M8[Y]").astype(int)) + 1970
    moon = int((born + 1 - _NEW_MOON) // _SYNODIC)
    first = int((day(year, 2, 20) - _NEW_MOON) // _SYNODIC)
    if moon < first:
        year -= 1
        first = int((day(year, 2, 20) - _NEW_MOON) // _SYNODIC)
    date = min(30, int(born + 1 - _NEW_MOON - moon * _SYNODIC) + 1)
    month = min(12, moon - first + 1)
    if style % 5 == 0:
        return f"{year}年农历{_MONTHS[month - 1]}{date}日"
    return f"{year}-{month:02}-{date:02}"


def _write_phones(rng: np.random.Generator, person: Ints, how: Array) -> pa.Array:
    whose = np.where(how == "family", person // 3 * 3, person)
    cells = phones(whose, how == "former").to_pylist()
    for at in np.flatnonzero(how == "masked"):
        cells[at] = f"{cells[at][:3]}****{cells[at][7:]}"
    turns = rng.integers(3, 11, size=len(person))
    for at in np.flatnonzero(how == "wrong"):
        place = turns[at]
        cells[at] = (
            cells[at][:place] + str((int(cells[at][place]) + 1) % 10) + cells[at][place + 1 :]
        )
    return pa.array(cells)


def _write_regions(resident: Mask, person: Ints, county: Ints, style: Ints) -> pa.Array:
    """County, by its name or its code; city where somebody comes from elsewhere."""
    codes = pa.array(FIRST_COUNTY + county).cast(pa.string())
    spelt = pa.array(COUNTIES).take(pa.array(county))
    here = pc.if_else(pa.array(style % 4 == 0), codes, spelt)
    there = pa.array(list(_ELSEWHERE)).take(pa.array(person % len(_ELSEWHERE)))
    return pc.if_else(pa.array(resident), here, there)


def _write_addresses(everybody: People, person: Ints, how: Array) -> pa.Array:
    """Three neighbours in number share a household, as twins do."""
    home = person // 3 + np.where(how == "former", 104_729, 0)
    county = pa.array(COUNTIES).take(pa.array(everybody.county[person // 3 * 3]))
    there = pa.array(list(_ELSEWHERE)).take(pa.array(person % len(_ELSEWHERE)))
    town = pa.array(_TOWNS).take(pa.array(home % len(_TOWNS)))
    road = pa.array(_ROADS).take(pa.array(home * 7 % len(_ROADS)))
    house = pa.array(home * 31 % 600 + 1).cast(pa.string())
    room = pa.array(home * 17 % 9 * 100 + 101 + home % 4).cast(pa.string())
    county = pc.if_else(pa.array(everybody.resident[person]), county, there)
    join = pc.binary_join_element_wise
    whole = join(county, town, road, house, "号", room, "室", "")
    city = pc.if_else(pa.array(everybody.resident[person]), "澜州市", "")
    other = join(city, county, " ", road, house, "-", room, "")
    short = join(county, town, road, "")
    cells = pc.if_else(pa.array(how == "respelt"), other, whole)
    return pc.if_else(pa.array(how == "short"), short, cells)


# -- the command -------------------------------------------------------------------------------


def write(
    folder: Path, persons: int, seed: int = 1, each: float = LOOSE_ROWS
) -> dict[str, pa.Table]:
    """Write the files, with so many loose rows for each person; returns the tables, too."""
    folder.mkdir(parents=True, exist_ok=True)
    everybody = people(persons, seed)
    numbered = population(everybody, seed)
    known = np.zeros(persons, np.bool_)
    known[numbered["person"].to_numpy()] = True
    rows, done = loose(everybody, known, seed, each)
    (folder / "country.yml").write_text(_regions(), encoding="utf-8")
    tables = {"population": numbered, "loose": rows, "noise": done}
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    return tables


def _regions() -> str:
    """The invented province as an overlay of the country pack: GB/T 2260 knows no 38."""
    places = {380_000: "云海省", 380_100: "澜州市"}
    places |= dict(enumerate(COUNTIES, FIRST_COUNTY))
    places |= {380_200 + n * 100: name.removeprefix("云海省") for n, name in enumerate(_ELSEWHERE)}
    return "regions:\n" + "".join(f'  "{code}": {name}\n' for code, name in places.items())


def rates(tables: Mapping[str, pa.Table]) -> dict[str, dict[str, float]]:
    """What was done to the loose rows, as shares of them."""
    done = tables["noise"]
    found: dict[str, dict[str, float]] = {}
    for field in done.column_names[1:]:
        counts = pc.value_counts(done[field].combine_chunks()).to_pylist()
        shares = {str(c["values"]) or "right": c["counts"] / len(done) for c in counts}
        found[field] = dict(sorted(shares.items(), key=lambda item: -item[1]))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    given: Any = parser.parse_args(arguments)
    began = time.perf_counter()
    tables = write(given.folder, given.persons, given.seed)
    sizes = ", ".join(f"{len(table):,} in {name}" for name, table in tables.items())
    print(f"{given.persons:,} people; {sizes}; {time.perf_counter() - began:.0f} s")
    for field, shares in rates(tables).items():
        print(f"{field:8}", "  ".join(f"{how} {share:.1%}" for how, share in shares.items()))


if __name__ == "__main__":
    main()
