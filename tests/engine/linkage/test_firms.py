"""Firms: one code under two names, rows without a code, and what comes of either."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine import Workspace
from tests.engine.linkage.office import AT, Office, Row

CODE = "91380100MA2A1B021K"
BUYER = "113801000025000176"


def contract(no: str, name: str, code: str = CODE) -> Row:
    return {"合同编号": no, "采购人统一社会信用代码": BUYER, "采购人": "甲市教育局",
            "供应商统一社会信用代码": code, "供应商": name, "合同金额(元)": "860000",
            "投标截止日期": "2022-05-10", "签订日期": "2022-06-01"}  # fmt: skip


def barred(name: str, code: str = CODE) -> Row:
    return {"统一社会信用代码": code, "企业名称": name, "禁入起始日期": "2021-07-01",
            "禁入截止日期": "2023-06-30", "处罚机关": "甲市财政局"}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "office")


def collided(office: Office) -> Workspace:
    workspace = office.now
    workspace.collide(at=AT, accept={"barred-supplier": "a small office"})
    return workspace


@pytest.mark.parametrize(
    "name",
    [
        "甲市云岫科技有限公司",
        "甲市雲岫科技有限責任公司",
        "云岫科技有限公司",
        "甲市云岫科技有限公司(本级)",
    ],
)
def test_a_name_that_may_be_the_firms_warns(office: Office, name: str) -> None:
    office.deliver("contracts", [contract("C1", name)])
    office.deliver("barred_suppliers", [barred("甲市云岫科技有限公司")])
    (warning,) = collided(office).warnings()
    assert (warning.level, warning.tier, warning.subject) == ("red", "A", "C1")


def test_another_firms_name_under_the_code_is_a_question(office: Office) -> None:
    office.deliver("contracts", [contract("C1", "乙县东山建筑工程有限公司")])
    office.deliver("barred_suppliers", [barred("甲市云岫科技有限公司")])
    workspace = collided(office)
    assert workspace.warnings() == []
    (question,) = workspace.warnings(register="questions")
    assert (question.tier, question.subject) == ("B", "C1")
    assert workspace.reproduce(question.key).same
    assert {(t.dataset, *t.others) for t in workspace.tickets()} == {
        ("barred_suppliers", "乙县东山建筑工程有限公司"),
        ("contracts", "甲市云岫科技有限公司"),
    }


def test_the_register_of_firms_may_know_both_names(office: Office) -> None:
    office.deliver(
        "companies",
        [
            {
                "统一社会信用代码": CODE,
                "企业名称": "甲市云岫科技有限公司",
                "曾用名称": "乙县东山建筑工程有限公司",
            }
        ],
    )
    office.deliver("contracts", [contract("C1", "乙县东山建筑工程有限公司")])
    office.deliver("barred_suppliers", [barred("甲市云岫科技有限公司")])
    (warning,) = collided(office).warnings()
    assert warning.tier == "A"
