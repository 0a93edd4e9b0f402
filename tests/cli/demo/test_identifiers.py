from __future__ import annotations

import numpy as np
import pytest

from plumbline.cli.demo.days import day
from plumbline.cli.demo.identifiers import (
    citizen_numbers,
    credit_codes,
    old_number,
    order_numbers,
    wrong_check,
)
from plumbline.cli.demo.people import draw_people

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def citizen_check(number: str) -> str:
    """GB 11643 as its text has it: weights are powers of two."""
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(number[:17]))
    return "10X98765432"[total % 11]


def code_check(code: str) -> str:
    total = sum(ALPHABET.index(c) * 3**i for i, c in enumerate(code[:17]))
    return ALPHABET[-total % 31]


def organ_check(organ: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(organ, weights, strict=True))
    return "0123456789X"[-total % 11]


def test_a_known_number_comes_out() -> None:
    # The worked example of the guide: 34052419800101001X.
    made = citizen_numbers(np.array([340524]), np.array([day(1980)]), np.array([1]))
    assert made.to_pylist() == ["34052419800101001X"]


def test_all_numbers_are_valid_unique_and_of_a_province_that_never_was() -> None:
    people = draw_people(20_000, 3)
    numbers = people.numbers
    assert len(set(numbers)) == len(numbers)
    assert {number[:2] for number in numbers} == {"38"}
    assert all(number[17] == citizen_check(number) for number in numbers)
    assert [int(n[16]) % 2 == 1 for n in numbers] == people.male.tolist()
    born = people.born.astype("M8[D]").astype(str)
    assert [n[6:14] for n in numbers] == [b.replace("-", "") for b in born.tolist()]


def test_credit_codes_hold_both_checks() -> None:
    serial = np.arange(10_000_000, 10_002_000)
    codes = credit_codes("91", np.full(2_000, 380101), serial).to_pylist()
    assert len(set(codes)) == 2_000
    assert all(code[17] == code_check(code) for code in codes)
    assert all(code[16] == organ_check(code[8:16]) for code in codes)


def test_twins_get_two_numbers() -> None:
    same = np.zeros(3, np.int64)
    assert order_numbers(same, same, np.array([True, True, False])).tolist() == [1, 3, 2]


def test_too_many_births_on_a_day_are_refused() -> None:
    same = np.zeros(600, np.int64)
    with pytest.raises(ValueError, match="more births"):
        order_numbers(same, same, np.ones(600, np.bool_))


def test_damage_is_damage() -> None:
    number = "34052419800101001X"
    assert old_number(number) == "340524800101001"
    assert citizen_check(wrong_check(number)) != wrong_check(number)[17]
