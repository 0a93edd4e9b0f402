"""A warning that came to the wrong desk, took longer, and was sent back once."""

from __future__ import annotations

from tests.journeys import casework
from tests.journeys.desk import Desks
from tests.journeys.registers import late

HE = late("郑阿福")


def test_returned_extended_sent_back_and_closed(desk: Desks) -> None:
    # The head gives it back with a reason; the dispatcher reads it and sends it again.
    head = desk("head").turn_to("处置").open(HE)
    case = head.path
    head.act("退回分办", {"理由": "请先核实是否由县里承办"})
    dispatcher = desk("fen").turn_to("处置").follow("待分办").open(HE)
    assert dispatcher.path == case
    dispatcher.act("分办", {"承办机构": "第一监督检查室", "理由": "市级发放，由本室承办"})
    assert casework.taken_on(desk, HE) == case

    # More time, twice and with reasons; a third time is not offered.
    head.go(case).act("延期", {"延长的工作日": "10", "理由": "银行流水尚未调齐"}).reads("1次")
    head.act("延期", {"延长的工作日": "5", "理由": "经办人住院"}).reads("2次")
    assert not head.offered("延期")
    head.picture("extended")

    # The first report does not convince; another is written, and signed again.
    casework.checked(desk, case)
    casework.found(desk, case, "身份无误", "数据无误", "不属实", "无责任")
    casework.reported(desk, case, "系补发死亡前月份的待遇")
    head.go(case).act("退回核查", {"退回理由和要求": "请附民政局补发审批单"}).reads("核查中")
    li = desk("li").go(case).reads("请附民政局补发审批单")
    li.act("记一笔", {"记录": "补发审批单已附卷"})
    casework.reported(desk, case, "补发审批单证明款项属死亡前月份")
    closed = casework.approved(desk, case, "head", "standing").reads("已办结", "不属实")
    closed.reads("请附民政局补发审批单")  # what was said on the way stays readable
