"""Rows without a full number, as published judgments and old lists have them, and what else they say.

What a row says is decided when it happens, not when it is written down, so that the truth can tell
how surely anybody could know whom it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.days import DAY, MONTH, YEAR, Ints, Mask, write_dates
from plumbline.cli.demo.dirt import touch
from plumbline.cli.demo.names import misspelt, name_masked
from plumbline.cli.demo.people import COUNTIES, People
from plumbline.cli.demo.rows import Array, Rows

#: How the number and the name stand there: both in full; number masked; both masked; no number;
#: number in full and name masked.
FULL, MASKED, HIDDEN, BARE, VEILED = range(5)
STATED = ("full", "masked number", "masked number and name", "no number", "masked name")
#: What else the row says.
SEX, BIRTH, PHONE, HOME = 1, 2, 4, 8
ALL = SEX | BIRTH | PHONE | HOME
#: What is wrong with it: birth date wrong, known by its year, a telephone or address given up since,
#: the name misspelt.
RIGHT, WRONG_BIRTH, BIRTH_YEAR, OLD_PHONE, MOVED, MISSPELT = range(6)

_TELLS = {SEX: 0.9, BIRTH: 0.8, PHONE: 0.5, HOME: 0.6}
_SLIPS = (0.80, 0.04, 0.05, 0.04, 0.04, 0.03)
_TOWNS = "柳荫街道 东篱镇 白石镇 双溪乡 南屏街道 云起镇 桃源乡 石门镇".split()
_ROADS = "人民路 解放路 建设路 文昌街 环城东路 滨江路 新村路 学前街 工业大道 桥头巷 后山路 示范街".split()

#: What every row of such a register says unless its story has it otherwise.
USUAL: Mapping[str, int] = {"stated": FULL, "tells": ALL, "slip": RIGHT}


def everyday(rng: np.random.Generator, rows: Rows, shares: Mapping[int, Any]) -> Rows:
    """The rows as they are written down: a share of them loose, each telling this or that.

    Args:
        rng: random numbers.
        rows: rows with the columns of `USUAL`.
        shares: way of stating -> share of the rows, or one share for each row.
    """
    count = len(rows)
    luck, stated, below = rng.random(count), np.full(count, FULL), np.zeros(count)
    for way, share in shares.items():
        stated[(luck >= below) & (luck < below + share)] = way
        below = below + share
    tells = sum((rng.random(count) < share) * what for what, share in _TELLS.items())
    slip = rng.choice(len(_SLIPS), count, p=_SLIPS)
    slip[(slip == MISSPELT) & ~is_loose(stated)] = RIGHT
    # A loose row is a story of its own: nothing makes it unreadable.
    return rows.but(stated=stated, tells=tells, slip=slip, planted=rows.planted | (stated != FULL))


def is_loose(stated: Any) -> Mask:
    """Whether the row lacks a full number."""
    return np.isin(stated, (MASKED, HIDDEN, BARE))


def stated_number(people: People, rows: Rows, number: pa.Array) -> pa.Array:
    """The numbers as typed, masked or left out where the row does not give them."""
    hidden = np.isin(rows.stated, (MASKED, HIDDEN)) & (rows.spoilt == 0)
    plain = pc.if_else(pa.array(hidden), people.number.take(pa.array(rows.person)), number)
    return pc.if_else(pa.array(rows.stated == BARE), "", touch(plain, hidden, masked))


def stated_name(rows: Rows, name: pa.Array) -> pa.Array:
    """The names as typed, masked or misspelt where the row has them so."""
    hidden = np.isin(rows.stated, (HIDDEN, VEILED))
    name = touch(name, (rows.slip == MISSPELT) & ~hidden, misspelt)
    return touch(name, hidden, name_masked)


def masked(number: str, turn: int = 0) -> str:
    """A citizen number as offices mask it; how many stars there are says nothing."""
    head, tail = ((6, 4), (4, 4), (6, 4), (6, 2), (4, 4))[turn % 5]
    stars = ("*" * 8, "*" * 10, "XXXXXXXX", "*" * 10, "****")[turn % 5]
    return f"{number[:head]}{stars}{number[-tail:]}"


def other_cells(people: People, rows: Rows, *, phone_masked: bool = False) -> dict[str, pa.Array]:
    """性别, 出生日期, 联系电话 and 住址, as far as the rows tell them."""
    person, tells, slip = rows.person, rows.tells, rows.slip
    born = np.where(slip == WRONG_BIRTH, wrong_birth(people.born[person]), people.born[person])
    precision = np.where(slip == BIRTH_YEAR, np.where(person % 3 == 0, MONTH, YEAR), DAY)
    phone = phones(person, slip == OLD_PHONE)
    if phone_masked:
        phone = touch(phone, is_loose(rows.stated) & (person % 2 == 0), _phone_masked)
    sexes = pa.array(["女", "男"]).take(pa.array(people.male[person].astype(np.int64)))
    cells = {
        "性别": (SEX, sexes),
        "出生日期": (BIRTH, write_dates(born, precision, "iso")),
        "联系电话": (PHONE, phone),
        "住址": (HOME, addresses(people, person, slip == MOVED)),
    }
    return {
        header: pc.if_else(pa.array((tells & what) > 0), value, "")
        for header, (what, value) in cells.items()
    }


def of(people: People, person: Ints, *headers: str) -> dict[str, pa.Array]:
    """Some of these cells for people of whom a register knows all of it, and rightly."""
    cells = other_cells(people, Rows(person=person, **USUAL))
    return {header: cells[header] for header in headers}


def phones(person: Ints, earlier: Any = 0) -> pa.Array:
    """A mobile number for each person, or the one given up before; no operator gives out 160 and 161."""
    serial = (person * 2 + np.asarray(earlier, np.int64)) * 7_919 % 100_000_000
    return pa.array(16_000_000_000 + serial).cast(pa.string())


def _phone_masked(phone: str, _: int) -> str:
    return f"{phone[:3]}****{phone[7:]}"


def addresses(people: People, person: Ints, earlier: Any = 0) -> pa.Array:
    """Where each lives, or lived before moving."""
    at = person + np.asarray(earlier, np.int64) * 104_729
    house = pa.array(at * 31 % 400 + 1).cast(pa.string())
    room = pa.array(at * 17 % 6 * 100 + 101 + at % 4).cast(pa.string())
    where = [
        pa.array(list(values)).take(pa.array(index))
        for values, index in (
            (COUNTIES, people.county[person]),
            (_TOWNS, at % len(_TOWNS)),
            (_ROADS, at * 7 % len(_ROADS)),
        )
    ]
    return pc.binary_join_element_wise(*where, house, "号", room, "室", "")


def wrong_birth(born: Ints) -> Ints:
    """Another day that exists: day and month changed over, or a year too late."""
    months = born.astype("M8[D]").astype("M8[M]")
    day, month = born - months.astype("M8[D]").astype(np.int64) + 1, months.astype(np.int64) % 12
    january = months - month
    swapped = (january + (day - 1) % 12).astype("M8[D]").astype(np.int64) + month
    later = (months + 12).astype("M8[D]").astype(np.int64) + np.minimum(day, 28) - 1
    wrong: Ints = np.where((day <= 12) & (day != month + 1), swapped, later)
    return wrong


# -- how surely a row can be known to mean somebody ---------------------------------------------


def right(rows: Rows) -> Ints:
    """What each row tells rightly, the birth date only if to the day."""
    wrong = np.zeros(len(rows), np.int64)
    for slip, what in {
        WRONG_BIRTH: BIRTH,
        BIRTH_YEAR: BIRTH,
        OLD_PHONE: PHONE,
        MOVED: HOME,
    }.items():
        wrong[rows.slip == slip] = what
    found: Ints = rows.tells & ~wrong
    return found


def tiers(people: People, rows: Rows, known: Any = ALL) -> Array:
    """The identity tier that each row could reach at best, if everybody of the city is considered.

    C: a masked number, the name in full, and birth date, telephone or address; D: no number, but name,
    birth date and sex. Whoever shares all of that with somebody else can only be a candidate, E.

    Args:
        people: everybody.
        rows: rows with the columns of `USUAL`.
        known: what can be compared, as some numbered row tells it as well; a birth date always can.
    """
    told, named = right(rows), (rows.slip != MISSPELT) & (rows.stated != HIDDEN)
    more = (told & (BIRTH | (known & (PHONE | HOME)))) > 0
    both = (told & (BIRTH | SEX)) == (BIRTH | SEX)
    tier = np.where(is_loose(rows.stated), "E", "A")
    tier[named & (rows.stated == MASKED) & more] = "C"
    tier[named & (rows.stated == BARE) & both] = "D"
    shared = np.isin(people.life_of, np.flatnonzero(np.bincount(people.life_of) > 1))
    tier[(tier == "D") & shared[rows.person]] = "E"
    return tier


def known_by(people: People, **rows: Rows) -> list[dict[str, Any]]:
    """For rows of several datasets side by side: how surely they can be tied, and by what.

    The weakest of them decides.
    """
    known = np.bitwise_or.reduce([right(part) * ~is_loose(part.stated) for part in rows.values()])
    each = {
        name: (tiers(people, part, known), right(part), part.stated) for name, part in rows.items()
    }
    found = []
    for at in range(len(next(iter(rows.values())))):
        tier, told, stated = max(
            (str(tier[at]), int(told[at]), int(stated[at])) for tier, told, stated in each.values()
        )
        rests_on = {n: STATED[s[at]] for n, (_, _, s) in each.items() if is_loose(s[at])}
        found.append({"tier": tier, "rests_on": rests_on, "says": says(told) if stated else []})
    return found


def says(told: int) -> list[str]:
    """In words, what a row tells rightly of a person besides name and number."""
    words = {SEX: "sex", BIRTH: "birth date", PHONE: "telephone", HOME: "address"}
    return [word for what, word in words.items() if told & what]
