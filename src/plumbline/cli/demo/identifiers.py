"""Identifiers with valid checks: citizen numbers, credit codes, plates. All belong to nobody.

Citizen numbers begin with 38, a province that was never assigned.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from plumbline.cli.demo.days import Ints, Mask

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = np.frombuffer(b"10X98765432", np.uint8)

_CODE_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
_CODE_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_ORGAN_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def digits(numbers: Ints, width: int) -> npt.NDArray[np.int64]:
    """The decimal digits of whole numbers, one row each, most significant first."""
    return numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10


def _text(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Rows of ASCII characters as text."""
    joined = np.ascontiguousarray(characters).view(f"S{characters.shape[1]}")[:, 0]
    return pa.array(joined).cast(pa.string())


def citizen_numbers(region: Ints, born: Ints, order: Ints) -> pa.Array:
    """18-digit numbers by GB 11643: region, birth date, order of the day, check character."""
    date = born.astype("M8[D]").astype("M8[M]")
    year = born.astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    number_of_month = date.astype(np.int64) % 12 + 1
    date_of_month = born - date.astype("M8[D]").astype(np.int64) + 1
    written = year * 10_000 + number_of_month * 100 + date_of_month
    body = np.hstack([digits(region, 6), digits(written, 8), digits(order, 3)])
    check = _CHECKS[body @ _WEIGHTS % 11]
    return _text(np.hstack([(body + 48).astype(np.uint8), check[:, None]]))


def order_numbers(region: Ints, born: Ints, male: Mask) -> Ints:
    """Order numbers that keep everybody apart: odd for men, even for women, counted by day."""
    key = (region * 200_000 + born + 100_000) * 2 + male
    by_key = np.argsort(key, kind="stable")
    ordered = key[by_key]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    nth = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    result = np.empty(len(key), np.int64)
    result[by_key] = nth * 2 + np.where(ordered % 2 == 1, 1, 2)
    if len(key) and int(result.max()) > 995:
        raise ValueError("more births on one day in one county than a citizen number can count")
    return result


def former_numbers(born: Ints, male: Mask, person: Ints) -> pa.Array:
    """Numbers borne before a correction: of a county that is gone, with order numbers nobody else has."""
    order = 900 + person % 45 * 2 + male
    return citizen_numbers(np.full(len(born), 380_122), born, order)


def old_number(number: str) -> str:
    """The 15-digit number that a person born before 2000 carried until 1999."""
    return number[:6] + number[8:17]


def wrong_check(number: str) -> str:
    """The same number with a check character that does not fit."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def credit_codes(kind: str, region: Ints, serial: Ints) -> pa.Array:
    """18-character credit codes by GB 32100, the inner GB 11714 check included.

    Args:
        kind: registry and class, such as "91" for an enterprise, "12" for a public institution.
        region: six-digit region of each registration.
        serial: eight-digit number of each organisation, unique in the city.
    """
    organ = digits(serial, 8)
    inner = 11 - organ @ _ORGAN_WEIGHTS % 11  # 10 is written X, 11 is written 0
    inner_value = np.where(inner == 10, _value_of("X"), inner % 11)
    first = np.broadcast_to([_value_of(c) for c in kind], (len(serial), 2))
    values = np.hstack([first, digits(region, 6), organ, inner_value[:, None]])
    check = (31 - values @ _CODE_WEIGHTS % 31) % 31
    return _text(_CODE_ALPHABET[np.hstack([values, check[:, None]])])


def _value_of(character: str) -> int:
    return bytes(_CODE_ALPHABET).decode().index(character)
