from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from plumbline.engine.fact.types.cn.han import fold, unfolded
from plumbline.engine.fact.types.cn.person_name import compatible

han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
names = st.text(han, min_size=1, max_size=5)
written = st.text(st.sampled_from("王伟偉某*×Xx·•. 　?ABab乾干\ue863\ufffd") | han, max_size=6)


@pytest.mark.parametrize(
    ("raw", "name", "key"),
    [
        ("王 伟", "王伟", "王伟"),
        ("王\u200b伟\n", "王伟", "王伟"),
        ("張偉", "張偉", "张伟"),
        ("买买提 · 吐尔逊", "买买提·吐尔逊", "买买提·吐尔逊"),
        ("Smith  John", "Smith John", "SMITH JOHN"),
        ("王某", "王某", "王%"),
        ("王某某", "王某某", "王%"),
        ("王某甲", "王某甲", "王%"),
        ("王某伟", "王某伟", "王%伟"),
        ("王*", "王*", "王_"),
        ("王ＸＸ", "王XX", "王__"),
        ("王\ue863", "王\ue863", "王_"),
        ("王?", "王?", "王_"),
        ("王●●", "王●●", "王__"),
        ("王□明", "王□明", "王_明"),
    ],
)
def test_a_name_and_its_form_for_comparison(typed, raw, name, key):
    assert typed("person.name").parse(raw) == (name, key)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("王_伟", "contains % or _"),
        ("100%", "contains % or _"),
        ("王伟、李强", "several names"),
        ("王伟,李强", "several names"),
        ("***", "no part of a name"),
        ("某某", "no part of a name"),
        ("123", "no part of a name"),
    ],
)
def test_reasons_are_in_words(typed, why, raw, reason):
    assert reason in why(typed("person.name"), raw)


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ("王伟", "王伟", True),
        ("王伟", "王强", False),
        ("王%", "王小伟", True),
        ("王小伟", "王%", True),
        ("王_", "王小伟", False),
        ("欧阳%", "欧阳修", True),
        ("_伟", "王伟", True),
        ("阎立", "闫立", False),
        (None, "王伟", None),
    ],
)
def test_names_that_may_be_one(a, b, answer):
    assert compatible(a, b) is answer


@given(st.lists(st.tuples(written, written), min_size=1, max_size=50))
def test_the_database_finds_the_same_names_compatible(pairs):
    keys = [(fold(a), fold(b)) for a, b in pairs]
    rows = duckdb.sql(
        "SELECT a = b OR a LIKE b OR b LIKE a FROM"
        " (SELECT unnest($a::VARCHAR[]) AS a, unnest($b::VARCHAR[]) AS b)",
        params={"a": [a for a, _ in keys], "b": [b for _, b in keys]},
    ).fetchall()
    assert [row[0] for row in rows] == [compatible(a, b) for a, b in keys]


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("王伟", "王*"),
        ("王小伟", "王**"),
        ("欧阳修", "欧阳*"),
        ("歐陽修", "歐陽*"),
        ("Smith", "S***"),
        ("王", "王*"),
    ],
)
def test_strangers_see_the_surname(typed, raw, masked):
    kind = typed("person.name")
    assert kind.mask(kind.parse(raw), "zh") == masked


@given(names)
def test_folding_twice_changes_nothing(name):
    assert fold(fold(name)) == fold(name)


@given(han)
def test_folding_is_opencc_character_by_character(char):
    once = OpenCC("t2s").convert(char)
    assert fold(char) in {once, OpenCC("t2s").convert(once)}


@given(names)
def test_the_fast_path_folds_nothing(name):
    plain = re.fullmatch(f"[{unfolded()}]*", name)
    assert not plain or fold(name) == name


@given(st.lists(names | written, max_size=100))
def test_sql_agrees(typed, agreed, cells):
    agreed(typed("person.name"), [cell for cell in cells if cell])


def test_sql_takes_common_names(typed, agreed):
    common = ["王伟", "王小伟", "欧阳修文"]
    assert agreed(typed("person.name"), [*common, "張偉", "王某", "王*", "王"]) == common
