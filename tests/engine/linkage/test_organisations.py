"""Rows without a valid code are tied to organisations in tiers. The firms are invented."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact.types.base import Country
from plumbline.engine.fact.types.cn.org_code import org9_valid
from plumbline.engine.fact.types.cn.regions import country_pack
from plumbline.engine.linkage.organisation_doubt import incompatible_names
from plumbline.engine.linkage.organisation_mention import mentions
from plumbline.engine.linkage.organisation_name import read_name
from plumbline.engine.linkage.organisation_pairs import CANDIDATES
from plumbline.engine.linkage.organisations import MANY, link_organisations, touched_claims

_packaged = country_pack()
COUNTRY = Country(
    {
        **_packaged.regions,
        "380000": (("云岭省", "", ""),),
        "380100": (("澜州市", "", ""),),
        "380121": (("望澜县", "", ""),),
        "380181": (("青禾市", "", ""),),
        "380200": (("临江市", "", ""),),
    },
    _packaged.provinces,
)


class Claim(NamedTuple):
    """What a row says of an organisation."""

    claim: int
    code: str | None
    name: str
    people: Sequence[str] = ()
    phones: Sequence[str] = ()
    regions: Sequence[str] = ()
    addresses: Sequence[str] = ()


REGISTER = [
    Claim(1, "91380181MA00000011", "青禾市鸿泰服饰有限公司", ["王明"], ["8800001"], ["380181"], ["青禾市中街1号"]),
    Claim(2, "91380181MA00000011", "青禾市鸿泰制衣厂"),  # its former name
    Claim(3, "91380181MA00000022", "青禾市鸿泰服饰有限公司望澜分公司", ["李安"], [], ["380121"]),
    Claim(4, "91380181MA00000033", "青禾市金土建材有限公司", ["赵平"], [], ["380181"]),
    Claim(5, "91380181MA00000044", "青禾市德昌信息技术有限公司", [], [], ["380181"]),
    Claim(6, "91380181MA00000055", "青禾市德昌信息技术有限公司", ["孙立"], [], ["380181"]),
    Claim(7, "11380181MA00000066", "青禾市财政局", [], [], ["380181"]),
    Claim(8, "91380200MA00000077", "临江市鸿泰服饰有限公司", ["王明"], [], ["380200"]),
    Claim(9, "91380181MA00000088", "瑞丰贸易有限公司", ["周全"], ["8800009"], ["380181"]),
]  # fmt: skip


@pytest.fixture
def duck() -> Iterator[Duck]:
    with open_duckdb() as opened:
        yield opened


def put(duck: Duck, name: str, claims: Sequence[Claim]) -> None:
    lists = pa.list_(pa.string())
    kinds = [pa.int64(), pa.string(), pa.string(), *[lists] * 4]
    columns = zip(*claims, strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    duck.register(name, pa.Table.from_arrays(arrays, names=list(Claim._fields)))


def tied(duck: Duck, *loose: Claim, register: Sequence[Claim] = REGISTER) -> list[tuple[Any, ...]]:
    """(last two of the code, tier, ambiguous, fits, level) by claim and rank."""
    put(duck, "population", register)
    put(duck, "loose", loose)
    ties = link_organisations(duck, "population", "loose", COUNTRY)
    rows = duck.run(f"SELECT code, tier, ambiguous, fits, why FROM {ties}")
    return sorted(
        (code[-2:], tier, ambiguous, fits, json.loads(why)["level"])
        for code, tier, ambiguous, fits, why in rows
    )


def why(duck: Duck) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(duck.run("SELECT why FROM organisation_ties")[0][0])
    return found


# -- C: a part of the code, the name, and one thing more -----------------------------------------


def test_a_masked_code_the_name_and_the_legal_representative(duck: Duck):
    claim = Claim(100, "9138**********0011", "青禾鸿泰服饰有限责任公司", ["王明"])
    assert tied(duck, claim) == [("11", "C", False, 1, "same")]
    assert why(duck) == {"agreed": ["code", "people"], "differs": [], "level": "same"}


def test_a_masked_code_and_a_misread_name(duck: Duck):
    claim = Claim(100, "9138**********0033", "青禾市金士建材有限公司", ["赵平"])
    assert tied(duck, claim) == [("33", "C", False, 1, "same_but_glyphs")]


def test_a_masked_code_and_the_name_are_not_enough(duck: Duck):
    claim = Claim(100, "9138**********0011", "青禾市鸿泰服饰有限公司")
    assert tied(duck, claim) == [("11", "E", False, 1, "same")]


def test_a_masked_code_that_does_not_fit_rules_out(duck: Duck):
    claim = Claim(100, "9138**********9999", "青禾市鸿泰服饰有限公司", [], [], ["380181"])
    assert tied(duck, claim) == []


def test_a_masked_code_settles_between_two_of_one_name(duck: Duck):
    claim = Claim(100, "9138**********0055", "青禾市德昌信息技术有限公司", [], [], ["380181"])
    assert tied(duck, claim) == [("55", "C", False, 1, "same")]


# -- D: the whole name, and one thing more -------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"people": ["王明"]},
        {"phones": ["8800001"]},
        {"regions": ["380181"]},
        {"regions": ["380100"]},  # the prefecture it lies in
        {"addresses": ["青禾市中街1号"]},
    ],
)
def test_the_whole_name_and_one_thing_more(duck: Duck, more: dict[str, list[str]]):
    claim = Claim(100, None, "青禾市鸿泰服饰有限公司", **more)
    assert tied(duck, claim) == [("11", "D", False, 1, "same")]
    assert why(duck)["agreed"] == list(more)


def test_a_former_name_is_a_name(duck: Duck):
    claim = Claim(100, None, "青禾市鸿泰制衣厂", ["王明"])
    assert tied(duck, claim) == [("11", "D", False, 1, "same")]


def test_a_name_without_a_region_needs_more_than_the_region(duck: Duck):
    weak = Claim(100, None, "瑞丰贸易有限公司", [], [], ["380181"])
    assert tied(duck, weak) == [("88", "E", False, 1, "same")]
    strong = Claim(100, None, "瑞丰贸易有限公司", [], ["8800009"])
    assert tied(duck, strong) == [("88", "D", False, 1, "same")]


def test_another_representative_is_not_outweighed_by_the_region(duck: Duck):
    claim = Claim(100, None, "青禾市鸿泰服饰有限公司", ["钱多"], [], ["380181"])
    assert tied(duck, claim) == [("11", "E", False, 1, "same")]
    assert why(duck)["differs"] == ["people"]


def test_the_region_elsewhere_contradicts(duck: Duck):
    claim = Claim(100, None, "青禾市鸿泰服饰有限公司", ["王明"], [], ["380200"])
    assert tied(duck, claim) == [("11", "E", False, 1, "same")]


def test_two_of_one_name_are_told_and_none_is_taken(duck: Duck):
    claim = Claim(100, None, "青禾市德昌信息技术有限公司", [], [], ["380181"])
    assert tied(duck, claim) == [("44", "D", True, 2, "same"), ("55", "D", True, 2, "same")]


def test_one_of_whom_nothing_is_known_leaves_it_open(duck: Duck):
    claim = Claim(100, None, "青禾市德昌信息技术有限公司", ["孙立"])
    assert tied(duck, claim) == [("44", "E", True, 2, "same"), ("55", "D", True, 2, "same")]


def test_a_masked_representative_says_nothing(duck: Duck):
    claim = Claim(100, None, "青禾市鸿泰服饰有限公司", ["王%"])
    assert tied(duck, claim) == [("11", "E", False, 1, "same")]


# -- E: candidates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("青禾市鸿泰服饰有限公司", [("11", "E", False, 1, "same")]),
        ("青禾市鸿泰服饰股份有限公司", [("11", "E", False, 1, "same_but_form")]),
        ("鸿泰服饰有限公司", [("11", "E", True, 2, "alike"), ("77", "E", True, 2, "alike")]),
        ("青禾市鸿泰有限公司", [("11", "E", False, 1, "alike")]),
        ("青禾市鸿秦服饰有限公司", [("11", "E", False, 1, "one_character")]),
        ("青禾市鸿泰服饰有限公司莘塍分公司", [("11", "E", False, 1, "branch_of")]),
        ("望澜县鸿泰服饰有限公司", []),
        ("青禾市鸿泰机械有限公司", []),
        ("县财政局", [("66", "E", False, 1, "alike")]),
        ("财政局", [("66", "E", False, 1, "alike")]),
        ("青禾市教育局", []),
        ("", []),
    ],
)
def test_the_name_alone_gives_candidates(duck: Duck, name: str, expected: list[tuple[Any, ...]]):
    assert tied(duck, Claim(100, None, name)) == expected


def test_the_organisation_code_inside_finds_who_changed_the_name(duck: Duck):
    inside = next(f"MA380018{check}" for check in "0123456789X" if org9_valid(f"MA380018{check}"))
    register = [Claim(1, f"91380181{inside}0", "青禾市鸿泰服饰有限公司")]
    claim = Claim(100, f"{inside[:8]}-{inside[8]}", "青禾市恒信机械厂")
    assert tied(duck, claim, register=register) == [(f"{inside[-1]}0", "E", False, 1, "unknown")]


def test_a_name_that_many_bear_tells_nobody(duck: Duck):
    register = [
        Claim(n, f"91380181MA{n:08}", "青禾市便民超市", ["王明"] if n == 7 else [f"人{n}"])
        for n in range(MANY + 1)
    ]
    claim = Claim(100, None, "青禾市便民超市", ["王明"])
    found = tied(duck, claim, register=register)
    assert len(found) == CANDIDATES
    assert {tier for _, tier, *_ in found} == {"E"}


def test_neither_order_nor_threads_change_the_answer(duck: Duck):
    names = [
        "青禾市鸿泰服饰有限公司",
        "鸿泰服饰有限公司",
        "青禾市德昌信息技术有限公司",
        "县财政局",
        "青禾鸿秦服饰有限公司",
    ]
    loose = [Claim(100 + n, None, names[n % 5], ["王明"] if n % 2 else []) for n in range(40)]

    def everything() -> list[tuple[Any, ...]]:
        return duck.run("SELECT * FROM organisation_ties ORDER BY ALL")

    tied(duck, *loose)
    first = everything()
    duck.run("SET threads = 1")
    tied(duck, *reversed(loose), register=REGISTER[::-1])
    assert everything() == first
    assert len(first) >= 40


def test_what_a_person_ruled_out_counts_for_nothing(duck: Duck):
    claim = Claim(100, None, "青禾市德昌信息技术有限公司", [], [], ["380181"])
    assert len(tied(duck, claim)) == 2
    duck.run("CREATE TEMP TABLE ruled_out AS SELECT 100 AS claim, '91380181MA00000044' AS code")
    ties = link_organisations(duck, "population", "loose", COUNTRY, excluded="ruled_out")
    assert duck.run(f"SELECT code, tier, ambiguous FROM {ties}") == [
        ("91380181MA00000055", "D", False)
    ]


def test_claims_that_a_change_may_tie_otherwise(duck: Duck):
    names = [
        "青禾市鸿泰服饰有限公司",
        "鸿泰公司",
        "青禾市鸿秦服饰有限公司",
        "青禾市财政局",
        "恒信厂",
    ]
    put(duck, "loose", [Claim(100 + n, None, name) for n, name in enumerate(names)])
    put(duck, "changed", REGISTER[:1])
    touched = touched_claims(duck, "changed", "loose", COUNTRY)
    assert duck.run(f"SELECT claim FROM {touched} ORDER BY claim") == [(100,), (101,), (102,)]


# -- names under one code ------------------------------------------------------------------------


def doubts(
    duck: Duck, named: Sequence[tuple[str, str]], register: Sequence[tuple[str, str]] = ()
) -> set[frozenset[str]]:
    for label, rows in (("named", named), ("register", register)):
        columns = zip(*rows, strict=True) if rows else ((), ())
        table = {
            k: pa.array(v, pa.string()) for k, v in zip(("code", "name"), columns, strict=True)
        }
        duck.register(label, pa.table(table))
    found = duck.run(
        f"SELECT name, other FROM {incompatible_names(duck, 'named', 'register', COUNTRY)}"
    )
    assert {(b, a) for a, b in found} == set(found)
    return {frozenset(pair) for pair in found}


def test_another_firms_name_under_the_code_is_a_doubt(duck: Duck):
    ours, theirs = "青禾市鸿泰服饰有限公司", "青禾市金达机械有限公司"
    assert doubts(duck, [("1", ours), ("1", theirs), ("2", ours), ("2", ours)]) == {
        frozenset((ours, theirs))
    }


def test_abbreviations_branches_and_forms_are_no_doubt(duck: Duck):
    spelled = [
        "青禾市鸿泰服饰有限公司",
        "鸿泰公司",
        "青禾鸿泰服饰股份有限公司",
        "青禾市鸿泰服饰有限公司望澜分公司",
    ]
    assert doubts(duck, [("1", name) for name in spelled]) == set()


def test_a_former_name_that_the_register_knows_is_no_doubt(duck: Duck):
    now, before, strange = "青禾市鸿泰服饰有限公司", "青禾市恒信机械厂", "青禾市金达机械有限公司"
    known = [("1", now), ("1", before)]
    found = doubts(duck, [("1", now), ("1", "恒信机械厂"), ("1", strange)], known)
    assert found == {frozenset((now, strange)), frozenset(("恒信机械厂", strange))}


# -- real names ----------------------------------------------------------------------------------


def test_real_lists_of_barred_firms_are_read(shared_data: Path):
    """Whoever stands on two lists in two spellings is found; no firm is named here."""
    with (shared_data / "debarment" / "ebrd_firms.csv").open(encoding="utf-8-sig") as file:
        one = [row["Firm Name"].strip() for row in csv.DictReader(file)]
    sheet = CalamineWorkbook.from_path(shared_data / "debarment" / "iadb_firms.xlsx")
    rows = sheet.get_sheet_by_index(0).to_python()[1:]
    other = [str(row[0]).strip() for row in rows]
    chinese = [name for row in rows if (name := str(row[-1]).strip()) and not name.isascii()]

    def wholes(names: Sequence[str]) -> set[str]:
        return {read_name(each.name).whole for name in names for each in mentions(name)}

    def squeezed(names: Sequence[str]) -> set[str]:
        return {name.upper().replace(" ", "") for name in names}

    equal = squeezed(one) & squeezed(other)
    assert len(wholes(one) & wholes(other)) > len(equal) * 1.15
    formed = [name for name in (*one, *other) if read_name(name).form]
    assert len(formed) > 0.85 * len(one + other)
    inner = [read_name(name) for name in chinese if "有限公司" in name]
    assert len(inner) > 50
    assert sum(name.region != "" and name.form != "" for name in inner) > 0.9 * len(inner)
