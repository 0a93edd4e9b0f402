"""integer, decimal and boolean."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import DeclarationError

numbers = st.from_regex(r"[-+]?\d{0,20}(\.\d{0,5})?", fullmatch=True).filter(str.strip)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("12", 12), ("-12", -12), ("007", 7), ("1,234", 1234), ("１２", 12), ("3.0", 3), (" ", None)],
)
def test_integers(typed, raw, value):
    assert typed("integer").parse(raw) == (value,)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("3.5", "not a whole number"),
        ("1,23", "not a whole number"),
        ("1.2E+17", "last digits"),
        ("9" * 19, "too large"),
        ("十二", "not a whole number"),
    ],
)
def test_what_is_no_integer(typed, why, raw, reason):
    assert reason in why(typed("integer"), raw)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_read_back(typed, number):
    assert typed("integer").parse(str(number)) == (number,)
    assert typed("integer").parse(typed("integer").show((number,), "zh")) == (number,)


@pytest.mark.parametrize(
    ("scale", "raw", "value"),
    [
        (2, "1.5", "1.50"),
        (2, "1.500", "1.50"),
        (2, "-.5", "-0.50"),
        (2, "1,234.5", "1234.50"),
        (0, "12", "12"),
        (6, "0.000001", "0.000001"),
    ],
)
def test_decimals(typed, scale, raw, value):
    assert typed("decimal", scale=scale).parse(raw) == (Decimal(value),)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("1.005", "more than 2 decimals"),
        ("1" * 17, "too large"),
        ("1.5e3", "last digits"),
        ("12%", "not a number"),
    ],
)
def test_what_is_no_decimal(typed, why, raw, reason):
    assert reason in why(typed("decimal"), raw)


def test_a_scale_has_room(typed):
    with pytest.raises(DeclarationError, match="scale"):
        typed("decimal", scale=18)


@given(st.lists(numbers, max_size=60))
def test_sql_agrees(typed, agreed, cells):
    agreed(typed("integer"), cells)
    for scale in (0, 2, 17):
        agreed(typed("decimal", scale=scale), cells)


@pytest.mark.parametrize("raw", ["是", "Y", "yes", "TRUE", "1", "√", "ｙ"])
def test_yes(typed, raw):
    assert typed("boolean").parse(raw) == (True,)


@pytest.mark.parametrize("raw", ["否", "N", "no", "False", "0", "×"])
def test_no(typed, raw):
    assert typed("boolean").parse(raw) == (False,)


def test_neither(typed, why, agreed):
    kind = typed("boolean")
    assert why(kind, "无") == "neither yes nor no"
    assert agreed(kind, ["是", "否", "yes", "1", "2", ""]) == ["是", "否", "1"]
    assert [kind.show((v,), "zh") for v in (True, False, None)] == ["是", "否", ""]
