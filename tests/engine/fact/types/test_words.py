"""text, category and address: what is kept as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import DeclarationError

words = st.text(max_size=12) | st.text("低保金，（） 　\tAa1\u200be\u0301", max_size=8)


def test_text_keeps_its_width_and_loses_only_layout(typed):
    assert typed("text").parse("  低保金（季度）\n 补发\u200b ") == ("低保金（季度） 补发",)
    assert typed("text").parse("　") == (None,)


@given(st.lists(words, max_size=60))
def test_sql_agrees_on_text(typed, agreed, cells):
    agreed(typed("text"), cells)


def test_sql_takes_common_text(typed, agreed):
    assert agreed(typed("text"), ["低保金，补发", "a b", " a", "a  b", "a\nb"]) == [
        "低保金，补发",
        "a b",
    ]


STATES = {"在职": "active", "退休": "retired", "离休": "retired", "已故 ": "dead"}


def test_categories(typed, why):
    kind = typed("category", values=STATES)
    assert kind.parse("在职") == ("active",)
    assert kind.parse(" 退 休".replace(" ", "")) == ("retired",)
    assert kind.parse("已故") == ("dead",)
    assert kind.parse("dead") == ("dead",)
    assert why(kind, "actives") == "not one of the declared values; the nearest is 'active'"
    assert why(kind, "借调") == "not one of the declared values"


def test_a_category_is_shown_as_delivered_or_as_code(typed):
    kind = typed("category", values=STATES)
    assert kind.show(("retired",), "zh") == "退休"
    assert kind.show(("retired",), "en") == "retired"
    assert kind.show((None,), "zh") == ""


def test_a_category_without_values_is_refused(typed):
    with pytest.raises(DeclarationError, match="must list its values"):
        typed("category")


@given(st.lists(st.sampled_from([*STATES, "active", "x", "O'Neil", " 在职"]), max_size=20))
def test_sql_agrees_on_categories(typed, agreed, cells):
    kind = typed("category", values=STATES | {"O'Neil": "it's"})
    agreed(kind, [cell for cell in cells if cell != "x"])


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("云岭省青禾市河东区解放路1号", "云岭省青禾市河东区***"),
        ("石桥县新村3组", "石桥县***"),
        ("解放路123号456室", "解放路12***"),
        ("新村", "新***"),
    ],
)
def test_addresses_are_shown_to_the_county(typed, raw, masked):
    kind = typed("address")
    assert kind.mask(kind.parse(raw), "zh") == masked


def test_an_address_is_kept_in_plain_characters(typed):
    assert typed("address").parse("青禾市　河东区（解放路） １号") == ("青禾市河东区(解放路)1号",)
