"""What happens to cells between the event and the file: harmless quirks, and rows beyond use.

A quirk leaves the value readable for anyone who knows how clerks write. A spoilt cell makes its
row unusable; the truth knows each one, and never one that carries a planted story.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.days import Ints, Mask
from plumbline.cli.demo.identifiers import old_number, wrong_check
from plumbline.cli.demo.rows import Rows

Change: TypeAlias = Callable[[str, int], str]
#: Header -> class of reason -> what it does to the cell.
Damage: TypeAlias = Mapping[str, Mapping[str, Change]]


def touch(cells: pa.Array, which: Mask, change: Change) -> pa.Array:
    """The cells with those at `which` changed; `change` also gets a running number."""
    if not which.any():
        return cells
    mask = pa.array(which)
    before = cells.filter(mask).to_pylist()
    return pc.replace_with_mask(cells, mask, pa.array([change(c, n) for n, c in enumerate(before)]))


def some(rng: np.random.Generator, count: int, share: float, most: int = 400) -> Mask:
    """A mask over about `share` of `count` rows, at most `most` of them."""
    chosen = np.zeros(count, np.bool_)
    wanted = min(round(count * share), most)
    chosen[rng.choice(count, wanted, replace=False)] = True
    return chosen


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def retyped(number: str, turn: int) -> str:
    """A citizen number as clerks type it: x in three alphabets, full width, spaces, 15 digits."""
    quirks: tuple[Callable[[str], str], ...] = (
        str.lower,
        _full_width,
        lambda n: f"'{n}",
        lambda n: f"{n[:6]} {n[6:14]} {n[14:]}",
        lambda n: f" {n}　",
        lambda n: n.replace("X", "Х"),  # a Cyrillic letter
        lambda n: old_number(n) if n[6:8] == "19" else n,
    )
    return quirks[turn % len(quirks)](number)


def as_float(number: str, _: int = 0) -> str:
    """What a spreadsheet makes of a citizen number that it takes for a number."""
    digits = number.replace("X", "0")
    return f"{float(digits):.5E}"


def masked_number(number: str, _: int = 0) -> str:
    return number[:6] + "*" * 8 + number[-4:]


def with_letters(_: str, turn: int) -> str:
    """No number at all, not even a masked one."""
    return ("见档案", "军官证", "同上")[turn % 3]


def wrong_code(code: str, _: int = 0) -> str:
    """The same credit code with its last character mistyped."""
    return code[:-1] + ("A" if code[-1] != "A" else "B")


#: Class of reason -> what it does to the cell of the column that it strikes.
NUMBER_DAMAGE: Mapping[str, Change] = {
    "number turned into a float": as_float,
    "wrong check character": lambda n, _: wrong_check(n),
    "masked number": masked_number,
    "empty required cell": lambda _n, _t: "",
}
#: The same where the column may be empty.
OPTIONAL_NUMBER_DAMAGE: Mapping[str, Change] = {
    reason: change for reason, change in NUMBER_DAMAGE.items() if reason != "empty required cell"
}
#: The same where it may be masked, too.
LOOSE_NUMBER_DAMAGE: Mapping[str, Change] = {
    "number turned into a float": as_float,
    "wrong check character": lambda n, _: wrong_check(n),
    "words for a number": with_letters,
}
DATE_DAMAGE: Mapping[str, Change] = {
    "impossible date": lambda _, turn: ("2023-02-30", "2021-13-05", "2022年4月31日")[turn % 3],
    "bare spreadsheet day": lambda _, turn: str(44_927 + turn),
}
AMOUNT_DAMAGE: Mapping[str, Change] = {
    "not an amount": lambda _, turn: ("见附件", "待定", "金额(元)")[turn % 3],
}


def spoil(rng: np.random.Generator, rows: Rows, damage: Damage, share: float) -> Rows:
    """The rows with a column `spoilt`: 0 for sound ones, else 1 + the number of the damage.

    Args:
        rng: random numbers.
        rows: with a column `planted`, true where the row belongs to a planted story.
        damage: header -> class of reason -> change; see `damaged`.
        share: how many of the rows are struck, at least one by each damage if there are enough.
    """
    kinds = sum(len(changes) for changes in damage.values()) if share else 0
    free = np.flatnonzero(~rows.planted.astype(np.bool_))
    wanted = min(max(kinds, round(len(rows) * share)), 60 * kinds, len(free) // 20)
    spoilt = np.zeros(len(rows), np.int8)
    spoilt[rng.choice(free, wanted, replace=False)] = np.arange(wanted) % max(kinds, 1) + 1
    return rows.but(spoilt=spoilt)


def damaged(columns: Mapping[str, pa.Array], spoilt: Ints, damage: Damage) -> dict[str, pa.Array]:
    """The columns as delivered, with the cells of spoilt rows struck."""
    result, turn = dict(columns), 0
    for header, changes in damage.items():
        for change in changes.values():
            turn += 1
            result[header] = touch(result[header], spoilt == turn, change)
    return result


def reasons(damage: Damage) -> list[str]:
    """The class of reason for each number in the column `spoilt`, from 1."""
    return [reason for changes in damage.values() for reason in changes]


def write_amounts(fen: Ints, *, per: int = 100, places: int = 2) -> pa.Array:
    """Fen as decimal text in a unit of `per` fen (100: 元, 1,000,000: 万元), exact."""
    scale = 10**places
    shifted = fen * scale
    if (shifted % per).any():
        raise ValueError(f"amounts are finer than {places} places of {per} fen")
    units, rest = np.divmod(np.abs(shifted // per), scale)
    sign = pa.array(np.where(fen < 0, "-", ""))
    whole = pa.array(units).cast(pa.string())
    if not places:
        return pc.binary_join_element_wise(sign, whole, "")
    fraction = pa.array([f".{n:0{places}}" for n in range(scale)]).take(pa.array(rest))
    return pc.binary_join_element_wise(sign, whole, fraction, "")


def thousands(amount: str, turn: int) -> str:
    """An amount as typed by hand: separators, a currency sign or word."""
    whole, _, rest = amount.partition(".")
    grouped = f"{int(whole):,}" + (f".{rest}" if rest else "")
    return (grouped, f"￥{grouped}", f"人民币{amount}元", f" {amount} ")[turn % 4]
