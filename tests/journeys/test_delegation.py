"""The head is on leave: somebody of the office stands in, in both names, until the head is back."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.journeys import casework
from tests.journeys.desk import Desks
from tests.journeys.registers import late

SHE, ANOTHER = late("冯桂英"), late("陈水根")


def test_a_deputy_acts_in_both_names_until_it_is_taken_back(desk: Desks) -> None:
    # Before, the dispatcher can read what waits for the head, and sign for none of it.
    deputy = desk("fen").turn_to("处置").follow("待签收").open(SHE)
    case = deputy.path
    assert not deputy.offered("签收")

    head = desk("head").go("/account/")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    leave = {"代理人": "分办员", "起日": today.isoformat(),
             "止日": (today + timedelta(days=14)).isoformat(), "理由": "年休假"}  # fmt: skip
    head.act("委托", leave).reads("代理我").picture("account")

    deputy.go(case).act("签收").act("指定核查人", {"核查人一": "核查员李", "核查人二": "核查员周"})
    casework.checked(desk, case)
    casework.found(desk, case, "身份无误", "数据无误", "属实", "工作失误")
    casework.reported(desk, case, "停发不及时")
    deputy.go(case).act("同意", {"审核意见": "同意"})
    desk("standing").go(case).reads("代室主任").act("同意", {"审核意见": "同意"})

    # The head is back: what was lent is lent no more.
    head.go("/account/").act("收回", {"理由": "休假结束"}).misses("代理我")
    deputy.turn_to("处置").follow("待签收").open(ANOTHER)
    assert not deputy.offered("签收")
    # The trail names both for every act of the deputy.
    auditor = desk("auditor").turn_to("留痕")
    auditor.reads("fen", "head").picture("trail")
