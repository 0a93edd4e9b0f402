"""What several journeys have in common: a warning of `registers.LATE` is taken on, checked, reported, approved."""

from __future__ import annotations

from tests.journeys.desk import Desk, Desks

VERIFIERS = ("li", "zhou")


def taken_on(desk: Desks, number: str) -> str:
    """Signed for by the head of the office, who names two; gives the address of the disposal."""
    head = desk("head").turn_to("处置").open(number)
    head.act("签收").act("指定核查人", {"核查人一": "核查员李", "核查人二": "核查员周"})
    return head.reads("核查中").path


def checked(desk: Desks, case: str) -> None:
    """Every step of the model's check."""
    li = desk("li").go(case)
    for step in range(li.offered("保存")):
        li.act("保存", {"查明情况，或不做的理由": "已核对"}, which=step)


def found(desk: Desks, case: str, *findings: str) -> None:
    li = desk("li").go(case)
    for finding in findings:
        li.act("添加认定", {"认定": finding})


def reported(desk: Desks, case: str, summary: str) -> None:
    """Both sign what was found, and one reports."""
    for verifier in VERIFIERS:
        desk(verifier).go(case).act("在认定上签字")
    desk("li").go(case).act("提交报告", {"核查报告": summary}).reads("待审核")


def approved(desk: Desks, case: str, *reviewers: str) -> Desk:
    for reviewer in reviewers:
        desk(reviewer).go(case).act("同意", {"审核意见": "同意"})
    return desk("li").go(case)
