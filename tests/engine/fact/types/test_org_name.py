from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("raw", "name", "key"),
    [
        ("青禾市　明达　有限公司", "青禾市明达有限公司", "青禾市明达有限公司"),
        ("明达（青禾）有限公司", "明达(青禾)有限公司", "明达(青禾)有限公司"),
        ("明达【青禾】有限公司", "明达(青禾)有限公司", "明达(青禾)有限公司"),
        ("明達有限公司", "明達有限公司", "明达有限公司"),
        ("Mingda  Trading co.", "Mingda Trading co.", "MINGDATRADINGCO."),
    ],
)
def test_a_name_and_its_form_for_comparison(typed, raw, name, key):
    assert typed("org.name").parse(raw) == (name, key)


@given(
    st.lists(st.text("明达達青禾市有限公司（）()[] 　Aa0", min_size=1, max_size=12), max_size=60)
)
def test_sql_agrees(typed, agreed, cells):
    agreed(typed("org.name"), cells)


def test_sql_takes_common_names(typed, agreed):
    common = ["青禾市明达有限公司", "明达(青禾)有限公司", "3M公司"]
    assert agreed(typed("org.name"), [*common, "明达（青禾）有限公司", "明達公司"]) == common
