"""`of`: the columns that describe the bearer of a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types import country_pack
from plumbline.errors import DeclarationError

COUNTRY = country_pack()
HEAD = """
dataset: people
title: {zh: 名单, en: A list}
department: {zh: 局, en: Bureau}
legal_basis: {zh: 依据, en: a law}
purpose: {zh: 用途, en: a purpose}
retention: 1 year
delivery: {kind: full}
columns:
  person:        {from: 身份证号, type: person.id, masked: true}
  former_name:   {from: 曾用名, type: person.name, of: person, former: true}
  name:          {from: 姓名, type: person.name, of: person}
  sex:           {from: 性别, type: person.sex, of: person}
  born_on:       {from: 出生日期, type: person.birth, of: person, order: dmy}
  phone:         {from: 联系电话, type: phone, of: person, masked: true}
  address:       {from: 住址, type: address, of: person}
  home:          {from: 户籍地, type: region, of: person}
  firm:          {from: 信用代码, type: org.code}
  firm_name:     {from: 企业名称, type: org.name, of: firm}
  boss:          {from: 法定代表人, type: person.name, of: firm}
  firm_phone:    {from: 企业电话, type: phone, of: firm}
"""


def declared(folder: Path, more: str = "") -> Dataset:
    path = folder / "people.yml"
    path.write_text(HEAD.lstrip() + more, encoding="utf-8")
    return Dataset(path, COUNTRY)


def test_who_is_described_by_what(tmp_path: Path) -> None:
    former = "  old_number: {from: 曾用证件号, type: person.id, of: person, former: true}\n"
    people = declared(tmp_path, former)
    assert people.described_by("person") == {
        "person.name": ["name", "former_name"],
        "person.sex": ["sex"],
        "person.birth": ["born_on"],
        "phone": ["phone"],
        "address": ["address"],
        "region": ["home"],
        "person.id": ["old_number"],
    }
    assert people.described_by("firm") == {
        "org.name": ["firm_name"],
        "person.name": ["boss"],
        "phone": ["firm_phone"],
    }
    assert people.described_by("name") == {}


def test_the_legal_representative_is_no_name_of_the_firm(tmp_path: Path) -> None:
    people = declared(tmp_path)
    assert people.names_of("firm") == ["firm_name"]
    assert people.names_of("person") == ["name", "former_name"]
    assert people.names_of("phone") == []


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("x: {from: 别名, type: person.name, of: phone}", "column phone holds neither"),
        ("x: {from: 性别2, type: person.sex, of: nobody}", "no column 'nobody'"),
        ("x: {from: 备注, type: text, of: person}", "type text does not take 'of'"),
        ("x: {from: 证件, type: person.id, of: person}", "former number takes both"),
        ("x: {from: 证件, type: person.id, former: true}", "former number takes both"),
        ("x: {from: 证件, type: person.id, of: x, former: true}", "column x holds neither"),
    ],
)
def test_whom_a_column_may_describe(tmp_path: Path, column: str, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason) as raised:
        declared(tmp_path, f"  {column}\n")
    assert "people.yml:21" in str(raised.value)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("{as: Friendship, with: {person: person}}", "no link 'Friendship'"),
        ("{as: Directorship, with: {director: person}}", "Directorship lacks 'organization'"),
        ("{as: Directorship, with: {director: person, organization: firm, colour: phone}}", "has no 'colour'"),
        ("{as: Directorship, with: {director: person, organization: phone}}", "column phone is neither"),
        ("{as: Directorship, with: {director: person, organization: nobody}}", "no column 'nobody'"),
        ("{as: ContractAward, with: {supplier: firm, contract: Contract}}", "neither a person nor"),
        ("{as: Family, with: {person: person, relative: person}, among: house}", "no column 'house'"),
        ("{as: Directorship, when: {rank: [one]}, with: {director: person, organization: firm}}", "no column 'rank'"),
    ],
)  # fmt: skip
def test_what_a_row_may_say_of_two(tmp_path: Path, link: str, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        declared(tmp_path, f"links:\n  - {link}\n")
    declared(
        tmp_path, "links:\n  - {as: Directorship, with: {director: person, organization: firm}}\n"
    )
