"""person.birth and person.sex: what tells namesakes apart."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "raw", ["1957-06-12", "19570612", "1957年6月12日", "1957.6.12", "'1957-06-12"]
)
def test_a_birth_date_is_read_like_any_date(typed, raw):
    assert typed("person.birth").parse(raw) == (date(1957, 6, 12), date(1957, 6, 12))


def test_a_birth_date_may_be_known_in_part(typed):
    assert typed("person.birth").parse("1957年") == (date(1957, 1, 1), date(1957, 12, 31))
    assert typed("person.birth").parse("1957-06") == (date(1957, 6, 1), date(1957, 6, 30))
    assert typed("person.birth").parse("-") == (None, None)
    dmy = typed("person.birth", order="dmy")
    assert dmy.parse("12/06/1957") == (date(1957, 6, 12), date(1957, 6, 12))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("长期", "not a date of birth"),
        ("2099-12-31", "not a date of birth"),
        ("57年6月12日", "the year has two digits only"),
        ("1957-13-05", "there is no such month|there is no such day"),
        ("农历五月十五", "not a date"),
    ],
)
def test_what_is_no_birth_date(typed, why, raw, reason):
    assert why(typed("person.birth"), raw) in reason.split("|")


def test_a_birth_date_is_shown_to_the_year(typed):
    kind = typed("person.birth")
    assert kind.mask(kind.parse("1957-06-12"), "zh") == "1957-**-**"
    assert kind.mask((date(1957, 6, 1), date(1958, 6, 1)), "en") == "****-**-**"
    assert kind.show(kind.parse("1957-06"), "zh") == "1957年6月"


@pytest.mark.parametrize(
    ("raw", "code"),
    [("男", "M"), ("女性", "F"), ("1", "M"), ("2", "F"), ("f", "F"), ("Male", "M"), (" 男 ", "M"),
     ("１", "M"), ("0", None), ("9", None), ("未说明的性别", None), ("", None)],
)  # fmt: skip
def test_sex(typed, raw, code):
    assert typed("person.sex").parse(raw) == (code,)


@pytest.mark.parametrize("raw", ["男/女", "3", "先生", "x"])
def test_what_is_no_sex(typed, why, raw):
    assert why(typed("person.sex"), raw) == "neither male nor female"


def test_sex_is_shown_in_words_and_hidden_when_masked(typed):
    kind = typed("person.sex")
    assert (kind.show(("M",), "zh"), kind.show(("F",), "en")) == ("男", "female")
    assert kind.mask(("F",), "zh") == "*"


births = st.dates(date(1800, 1, 1), date(2098, 12, 31)).map(str) | st.text(
    "0123456789-年月日长期", max_size=11
)
sexes = st.sampled_from(["男", "女", "男性", "1", "2", "0", "9", "M", "F", "m", "男 ", "未知", "x"])


@given(st.lists(births, max_size=60))
def test_sql_agrees_on_births(typed, agreed, cells):
    agreed(typed("person.birth"), cells)


@given(st.lists(sexes, max_size=60))
def test_sql_agrees_on_sexes(typed, agreed, cells):
    agreed(typed("person.sex"), cells)


def test_sql_takes_the_common_spellings(typed, agreed):
    assert agreed(typed("person.birth"), ["1957-06-12", "1957-6-12"]) == ["1957-06-12"]
    assert agreed(typed("person.sex"), ["男", "2", "9", "m"]) == ["男", "2", "9"]
