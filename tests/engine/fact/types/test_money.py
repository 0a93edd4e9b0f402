from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.types.amounts import han_number, read_amounts
from plumbline.engine.fact.types.cn import han as _han  # noqa: F401 -- loads the tables once
from plumbline.errors import DeclarationError


@pytest.mark.parametrize(
    ("unit", "raw", "fen"),
    [
        ("元", "1234.5", 123450),
        ("元", "1,234.50", 123450),
        ("元", "(1,234.50)", -123450),
        ("元", "-0.01", -1),
        ("万元", "1.234567", 1234567),
        ("万元", "0.5", 500000),
        ("亿元", "1.2", 12000000000),
        ("分", "1234", 1234),
        ("yuan", "１２．３", 1230),
        # The cell's own words stand.
        (None, "人民币1346万元", 1346000000),
        (None, "1.2亿元", 12000000000),
        (None, "3亿5000万元", 35000000000),
        (None, "￥1,234.56", 123456),
        (None, "12元5角3分", 1253),
        (None, "壹佰贰拾叁元肆角伍分", 12345),
        (None, "叁拾万元整", 30000000),
        (None, "三十二万五千六百元", 32560000),
        (None, "CNY 12.30", 1230),
        ("万元", "3万元", 3000000),
        ("万元", "3元", 300),
        ("元", "￥12.30", 1230),
    ],
)
def test_amounts_in_fen(typed, unit, raw, fen):
    options = {"unit": unit} if unit else {}
    assert typed("money", **options).parse(raw) == (fen,)


@pytest.mark.parametrize(
    ("unit", "raw", "reason"),
    [
        (None, "12.3", "unit unknown"),
        ("元", "12.345", "fraction of the smallest coin"),
        ("分", "0.5", "fraction of the smallest coin"),
        ("元", "506万余元", "approximate"),
        ("元", "约3万元", "approximate"),
        ("元", "3万元以上", "approximate"),
        ("元", "220元/人份", "a price per '人份'"),
        ("元", "100美元", "while CNY is declared"),
        ("万元", "￥12.30", "may be in the major unit or in 万元"),
        ("元", "1.2E+7", "scientific notation"),
        ("元", "3-5万元", "not an amount"),
        ("元", "1,23.45", "not an amount"),
        ("元", "一百二元", "not an amount"),  # 120 or 102
        ("元", "未定", "not an amount"),
        ("元", "9" * 30, "not an amount"),
        ("亿元", "9" * 19, "too large"),
    ],
)
def test_nothing_is_guessed(typed, why, unit, raw, reason):
    options = {"unit": unit} if unit else {}
    assert reason in why(typed("money", **options), raw)


def test_a_price_is_read_where_its_measure_is_declared(typed, why):
    kind = typed("money", unit="元", per="人份")
    assert kind.parse("220元/人份") == (22000,)
    assert kind.parse("180/人份（4瓶）") == (18000,)
    assert kind.parse("23元/支(69元/人份)") == (6900,)
    assert kind.parse("220") == (22000,)
    assert "'支'" in why(kind, "23元/支")


def test_other_currencies_have_their_own_minor_units(typed, why):
    assert typed("money", currency="JPY", unit="元").parse("1200") == (1200,)
    assert typed("money", currency="KWD", unit="unit").parse("1.234") == (1234,)
    assert typed("money", currency="USD", unit="million").parse("1.5") == (150000000,)
    assert typed("money", currency="USD").parse("$1,234.56") == (123456,)
    assert "fraction" in why(typed("money", currency="JPY", unit="元"), "0.5")


def test_a_wrong_declaration_is_refused(typed):
    with pytest.raises(DeclarationError, match="unknown unit"):
        typed("money", unit="万万")
    with pytest.raises(DeclarationError, match="three letters"):
        typed("money", currency="元")


def test_shown_with_its_currency(typed):
    assert typed("money").show((123456,), "zh") == "1,234.56元"
    assert typed("money").show((123456,), "en") == "CNY 1,234.56"
    assert typed("money", currency="JPY").show((1234,), "zh") == "1,234日元"
    assert typed("money").show((-5,), "en") == "CNY -0.05"
    assert typed("money").show((None,), "zh") == ""


DIGITS, UNITS = "零一二三四五六七八九", ["", "十", "百", "千"]


def in_words(number):
    """A number below a hundred million as it is written out, one section of four at a time."""
    high, low = divmod(number, 10_000)
    if high:
        gap = "零" if low and low < 1000 else ""
        return in_words(high) + "万" + (gap + in_words(low) if low else "")
    words = ""
    for place, digit in enumerate(reversed(str(number))):
        words = (DIGITS[int(digit)] + UNITS[place] if digit != "0" else "零") + words
    while "零零" in words:
        words = words.replace("零零", "零")
    return words.rstrip("零") or "零"


@given(st.integers(0, 99_999_999))
def test_numbers_in_words_read_back(number):
    assert han_number(in_words(number)) == number


@given(st.integers(-(10**12), 10**12))
def test_what_is_shown_reads_back(typed, fen):
    kind = typed("money")
    assert kind.parse(kind.show((fen,), "zh")) == (fen,)
    assert kind.parse(kind.show((fen,), "en")) == (fen,)


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_no_digit_is_lost(number):
    assert read_amounts(f"{number}万元")[0].number == number * 10_000
    assert read_amounts(f"{number:,f}")[0].number == Decimal(number)


numbers = st.from_regex(r"-?\d{1,14}(\.\d{1,8})?|[\d.,]{1,6}", fullmatch=True)


@pytest.mark.parametrize("unit", ["元", "万元", "亿元", "分"])
@given(st.lists(numbers, max_size=60))
def test_sql_agrees(typed, agreed, unit, cells):
    agreed(typed("money", unit=unit), cells)


def test_sql_takes_common_amounts(typed, agreed):
    assert agreed(typed("money", unit="元"), ["12", "-12.5", "1234567890.12", "1,234"]) == [
        "12",
        "-12.5",
        "1234567890.12",
    ]
    assert agreed(typed("money", unit="万元"), ["12", "1.234567"]) == ["12", "1.234567"]
    assert typed("money").plain("raw") is None
