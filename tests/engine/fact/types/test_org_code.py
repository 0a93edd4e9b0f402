from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.cn.org_code import CHARSET, check_character, org9_valid

letters = st.text(CHARSET, min_size=8, max_size=8)


def code_of(head, region, organisation):
    ninth = next(c for c in "0123456789X" if org9_valid(organisation + c))
    code = f"{head}{region:06}{organisation}{ninth}"
    return code + check_character(code)


codes = st.builds(
    code_of, st.sampled_from(["91", "92", "12", "51", "N2"]), st.integers(0, 999999), letters
)
SOMEBODY = code_of("91", 380102, "MA2C0000")


def test_both_checks_hold(typed):
    assert typed("org.code").parse(SOMEBODY.lower()) == (SOMEBODY,)


def test_the_inner_check_counts_too(typed, why):
    wrong = SOMEBODY[:16] + ("1" if SOMEBODY[16] != "1" else "2")
    assert "inside" in why(typed("org.code"), wrong + check_character(wrong))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (SOMEBODY[:17], "has 17 characters, not 18"),
        ("330203000030639", "business registration number"),
        ("60003734-1", "organisation code of 9"),
        ("9.138E+17", "stored as a number"),
        (SOMEBODY[:2] + "A" + SOMEBODY[3:], "should be digits"),
    ],
)
def test_reasons_are_in_words(typed, why, raw, reason):
    assert reason in why(typed("org.code"), raw)


def test_a_masked_code_loads_only_where_that_is_declared(typed, why):
    assert "declare masked: true" in why(typed("org.code"), "9138**********12")
    masked = typed("org.code", masked=True)
    assert masked.parse("9138××××××××××ma") == ("9138**********MA",)
    assert masked.parse(SOMEBODY) == (SOMEBODY,)
    assert "more than 18" in why(masked, "9138" + "*" * 15)
    assert "has 4 characters" in why(masked, "****")
    assert "has 17 characters" in why(masked, SOMEBODY[:17])


def test_a_letter_that_never_occurs_is_named_and_a_repair_asked_for(typed):
    damaged = SOMEBODY.replace("0", "O", 1) if SOMEBODY[2] != "0" else SOMEBODY
    with pytest.raises(UnreadableCellError) as raised:
        typed("org.code").parse(damaged)
    assert SOMEBODY in raised.value.reason.zh
    assert SOMEBODY in raised.value.reason.en


@given(st.lists(codes | st.text(CHARSET + "IOZ ", min_size=17, max_size=18), max_size=60))
def test_sql_agrees(typed, agreed, cells):
    taken = agreed(typed("org.code"), [cell for cell in cells if cell.strip()])
    assert set(taken) >= {c for c in cells if len(c) == 18 and _valid(typed, c) and c == c.strip()}


def _valid(typed, code):
    try:
        return typed("org.code").parse(code) == (code,)
    except UnreadableCellError:
        return False


@given(codes, st.integers(8, 16), st.sampled_from(CHARSET))
def test_no_single_wrong_character_passes(typed, code, place, char):
    changed = code[:place] + char + code[place + 1 :]
    assert changed == code or not _valid(typed, changed)
