from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.types.cn.person_id import (
    birth,
    check_character,
    mask_agrees,
    sex,
    upgrade,
)

SOMEBODY = "380102190001010018"[:17]
SOMEBODY += check_character(SOMEBODY)

NOWHERE = "99010219000101001"
NOWHERE += check_character(NOWHERE)

first17 = st.builds(
    "{}{:04}{:04}{:02}{:02}{:03}".format,
    st.sampled_from(["38", "38", "38", "33", "71", "99"]),
    st.integers(0, 9999),
    st.integers(1795, 2105),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 999),
)
valid = first17.map(lambda number: number + check_character(number))
digits = st.text("0123456789X", min_size=17, max_size=19)


def test_a_number_and_its_key(typed):
    assert typed("person.id").parse(SOMEBODY) == (SOMEBODY, int(SOMEBODY[:17]))


def test_a_number_says_birth_and_sex():
    assert str(birth(SOMEBODY)) == "1900-01-01"
    assert sex(SOMEBODY) == "M"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("38010219000101001", "has 17 characters, not 18"),
        ("380102190002300012", "the check character is wrong"),
        ("380102190001010000", "lost the last digits"),
        (NOWHERE, "no province has the code 99"),
        ("3.30381E+17", "stored as a number"),
        ("330381190001010018.0", "stored as a number"),
        ("3801**********0018", "masked"),
        ("CHN310119880512", "foreigner"),
        ("同上", "not a citizen number"),
    ],
)
def test_reasons_are_in_words(typed, why, raw, reason):
    assert reason in why(typed("person.id"), raw)


def test_no_repair_is_offered_for_a_wrong_check(typed, why):
    wrong = SOMEBODY[:17] + ("1" if SOMEBODY[17] != "1" else "2")
    assert not any(char.isdigit() for char in why(typed("person.id"), wrong))


def test_an_old_number_is_kept_as_of_the_1900s_and_may_be_older(typed):
    now, then = upgrade("380102000101001")
    assert typed("person.id").parse("380102000101001") == (now, int(now[:17]))
    assert (now[6:10], then[6:10]) == ("1900", "1800")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("3801**********0018", "3801**********0018"),
        ("3801××××××××××0018", "3801**********0018"),
        ("3801＊＊＊＊＊＊＊＊＊＊0018", "3801**********0018"),
        ("3801xxxxxxxxxx0018", "3801**********0018"),
        ("380102********001X", "380102********001X"),
        ("38010219000101***X", "38010219000101***X"),
        ("38010219000101XXXX", "38010219000101****"),
        ("380102****", "380102****"),
        ("38010219000101001*", "38010219000101001*"),
    ],
)
def test_masked_numbers_load_where_declared(typed, raw, text):
    assert typed("person.id", masked=True).parse(raw) == (text, None)


def test_a_final_x_is_a_check_and_no_mask(typed):
    number = next(
        n + "X" for n in (f"38010219000101{i:03}" for i in range(99)) if check_character(n) == "X"
    )
    assert typed("person.id", masked=True).parse(number)[1] == int(number[:17])


def test_nothing_but_stars_is_no_mask(typed, why):
    assert why(typed("person.id", masked=True), "******************") == "not a citizen number"


def test_shown_to_strangers_without_birth(typed):
    kind = typed("person.id")
    assert kind.mask(kind.parse(SOMEBODY), "zh") == "3801**********" + SOMEBODY[-4:]
    assert kind.show(kind.parse(SOMEBODY), "zh") == SOMEBODY
    assert kind.mask((None, None), "zh") == ""


@pytest.mark.parametrize(
    ("delivered", "shown"),
    [
        ("38010219850312011*", "380102************"),  # what is hidden can be worked out
        ("3801021985031201**", "380102************"),
        ("3801021985****0110", "380102********0110"),
        ("380102****03120110", "380102********0110"),
        ("3801**12**0110", "3801******0110"),
        ("380102********0110", "380102********0110"),
        ("3801****0110", "3801****0110"),
        ("***0110", "***0110"),
    ],
)
def test_a_mask_drawn_too_short_is_drawn_again(typed, delivered, shown):
    kind = typed("person.id", masked=True)
    assert kind.mask(kind.parse(delivered), "zh") == shown
    assert kind.show(kind.parse(delivered), "zh") == delivered


@given(st.lists(valid | digits | first17, max_size=100))
def test_sql_agrees(typed, agreed, numbers):
    agreed(typed("person.id"), numbers)


def test_sql_takes_all_common_numbers(typed, agreed):
    numbers = [n + check_character(n) for n in (f"38010219001231{i:03}" for i in range(1000))]
    assert agreed(typed("person.id"), numbers) == numbers


@given(first17, st.integers(0, 16), st.sampled_from("123456789"))
def test_no_single_wrong_digit_passes(number, place, shift):
    other = str((int(number[place]) + int(shift)) % 10)
    changed = number[:place] + other + number[place + 1 :]
    assert check_character(changed) != check_character(number)


@given(valid, st.integers(0, 17), st.integers(1, 30))
def test_a_number_agrees_with_its_own_masks(number, start, stars):
    assert mask_agrees(number[:start] + "*" * stars + number[start + 1 :], number) is True


@given(valid, valid)
def test_masks_tell_two_numbers_apart_by_what_is_visible(one, other):
    mask = one[:6] + "********" + one[-4:]
    assert mask_agrees(mask, other) is (one[:6] == other[:6] and one[-4:] == other[-4:])
