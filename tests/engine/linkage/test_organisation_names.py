"""Names of organisations: their parts, and how two of them stand to each other. The firms are invented."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.types.base import Country
from plumbline.engine.fact.types.characters import HAN
from plumbline.engine.fact.types.cn.org_name import OrgName
from plumbline.engine.fact.types.cn.regions import country_pack
from plumbline.engine.linkage.organisation_compare import (
    LEVELS,
    PARTS,
    any_compatible,
    compare,
    names_compatible,
)
from plumbline.engine.linkage.organisation_mention import mentions
from plumbline.engine.linkage.organisation_name import Names, plain_name

HERE = Path(__file__).parent
INVENTED = {
    "380000": "云岭省",
    "380100": "澜州市",
    "380121": "望澜县",
    "380181": "青禾市",
    "380200": "临江市",
}
_packaged = country_pack()
COUNTRY = Country(
    {**_packaged.regions, **{code: ((name, "", ""),) for code, name in INVENTED.items()}},
    _packaged.provinces,
)
NAMES = Names(COUNTRY)
read = NAMES.read


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not next(iter(row.values())).startswith("#")]


@pytest.mark.parametrize(
    "row", table("organisation_pairs.csv"), ids=lambda row: f"{row['one']} - {row['other']}"
)
def test_two_names_stand_to_each_other_as_the_table_says(row: dict[str, str]):
    one, other = read(row["one"]), read(row["other"])
    assert compare(one, other).level == row["level"]
    said = {True: "yes", False: "no", None: "unsure"}
    assert said[names_compatible(one, other)] == row["one code"]


@pytest.mark.parametrize("row", table("organisation_parts.csv"), ids=lambda row: row["name"])
def test_a_name_is_read_in_its_parts(row: dict[str, str]):
    found = read(row.pop("name"))
    assert {part: getattr(found, part) for part in row} == row


def test_spellings_for_people_and_for_comparison_are_read_alike():
    kind = OrgName(Column.model_validate({"from": "单位", "type": "org.name"}), COUNTRY)
    for row in table("organisation_parts.csv"):
        shown, key = kind.parse(row["name"])
        assert read(shown).whole == NAMES.read_key(key).whole == read(row["name"]).whole


def test_what_agrees_and_what_differs_is_said_in_two_languages():
    found = compare(read("青禾市鸿泰服饰有限公司"), read("鸿泰服饰股份有限公司"))
    assert found.words.zh == "名称相近；一致：字号、行业；不一致：组织形式；一方没有：行政区划"
    assert found.words.en == (
        "alike names; agree: trade name, industry; differ: legal form; only one has: region"
    )
    assert all(text.zh and text.en for text in (*LEVELS.values(), *PARTS.values()))


def test_a_former_name_is_compatible_with_what_the_register_knows():
    ours = [read("青禾市鸿泰服饰有限公司"), read("青禾市鸿泰服饰厂")]
    assert any_compatible(ours, [read("青禾市鸿泰服饰厂")])
    assert any_compatible(ours, [read("青禾市金达机械有限公司")]) is False
    assert any_compatible([], [read("青禾市金达机械有限公司")]) is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("青禾市鸿泰医药有限公司", [("青禾市鸿泰医药有限公司", "")]),
        (
            "青禾市鸿泰医药有限公司（生产企业：临江瑞丰制药有限公司）",
            [("青禾市鸿泰医药有限公司", ""), ("临江瑞丰制药有限公司", "maker")],
        ),
        (
            "供应商:青禾市鸿泰医药有限公司；生产厂家:临江瑞丰制药厂",
            [("青禾市鸿泰医药有限公司", ""), ("临江瑞丰制药厂", "maker")],
        ),
        (
            "青禾市鸿泰有限公司（原青禾市鸿泰厂）",
            [("青禾市鸿泰有限公司", ""), ("青禾市鸿泰厂", "former")],
        ),
        (
            "青禾市鸿泰有限公司、临江恒信工程有限公司（联合体）",
            [("青禾市鸿泰有限公司", ""), ("临江恒信工程有限公司（联合体）", "together")],
        ),
        ("青禾市原野食品有限公司", [("青禾市原野食品有限公司", "")]),
        ("青禾市中原原料有限公司", [("青禾市中原原料有限公司", "")]),
        (
            "Plumtree Ltd. (formerly known as Peachtree Ltd.)",
            [("Plumtree Ltd.", ""), ("Peachtree Ltd.", "former")],
        ),
        (
            "Plumtree Ltd, doing business as Plum",
            [("Plumtree Ltd", ""), ("Plum", "also")],
        ),
        ("Dakar Works Ltd", [("Dakar Works Ltd", "")]),
        ("  ", []),
    ],
)
def test_a_cell_may_name_several(cell: str, expected: list[tuple[str, str]]):
    assert [tuple(each) for each in mentions(cell)] == expected


# -- what holds for all names --------------------------------------------------------------------

words = st.sampled_from(
    "青禾 青禾市 澜州市 云岭省 温州 浙江省 上海 鸿泰 恒信 金土 金士 八一 服饰 建筑工程 生物制品 一 第一 第3 人民 "
    "有限公司 有限责任公司 股份有限公司 厂 店 局 研究所 医院 中学 村民委员会 分公司 支行 公司 集团 ( ) （ ） 中国 "
    "Plum Tree Ltd. Co., S.A. Branch of LLC & 財政 市监局 中 小 镇 村 合伙企业 有限合伙".split()
)
composed = st.lists(words, min_size=1, max_size=8).map("".join)
names = st.one_of(composed, st.text(max_size=12))
firms = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["青禾市", "澜州", "临江市", ""]),
    st.sampled_from(["鸿泰", "恒信", "金土", "瑞丰", "德昌达"]),
    st.sampled_from(["服饰", "建筑工程", "信息技术", "竹编", ""]),
    st.sampled_from(["有限公司", "股份有限公司", "集团有限公司"]),
)


@given(names, names)
def test_the_order_of_two_names_does_not_matter(one: str, other: str):
    a, b = read(one), read(other)
    assert compare(a, b) == compare(b, a)
    assert names_compatible(a, b) is names_compatible(b, a)


@given(names)
def test_a_name_is_compatible_with_itself(name: str):
    parts = read(name)
    assert names_compatible(parts, parts) is True
    assert compare(parts, parts).level == ("alike" if parts.short else "same")
    assert not compare(parts, parts).differs


@given(names)
def test_cleaning_what_is_clean_changes_nothing(name: str):
    assert plain_name(plain_name(name)) == plain_name(name)


@given(composed)
def test_how_a_name_is_laid_out_does_not_matter(name: str):
    laid_out = name.replace("(", " （ ").replace(")", "） ")
    if HAN.search(name):
        assert read(f" {laid_out} 。").whole == read(name).whole


@given(firms, st.sampled_from(["望澜分公司", "第二分公司", "望澜第3经营部", "项目部"]))
def test_a_branch_is_never_its_parent(firm: str, branch: str):
    parent, child = read(firm), read(firm + branch)
    assert child.parent == parent
    assert compare(parent, child).level == "branch_of"
    assert child.whole != parent.whole
    assert child.glyphs != parent.glyphs


@given(names, names)
def test_equal_names_are_equal_in_look_too(one: str, other: str):
    a, b = read(one), read(other)
    assert a.whole != b.whole or a.glyphs == b.glyphs
