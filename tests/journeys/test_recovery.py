"""Money that is due, what of it came back, and what is given up: by two people, never by one."""

from __future__ import annotations

from pathlib import Path

from tests.journeys import casework
from tests.journeys.desk import Desks
from tests.journeys.registers import late

SHE = late("吴秀兰")


def test_due_recovered_and_written_off_with_four_eyes(desk: Desks, tmp_path: Path) -> None:
    receipt = tmp_path / "银行回单.txt"
    receipt.write_text("两笔高龄津贴，共600元", encoding="utf-8")
    case = casework.taken_on(desk, SHE)
    ledger = f"{case}money/"

    def posted(kind: str, amount: str, key: str) -> dict[str, object]:
        return {"类别": kind, "金额（元）": amount, "票据号": key, "凭证文件": receipt}

    li = desk("li").go(case).follow("资金台账")
    assert li.path == ledger
    li.act("登记一笔", posted("应追", "600.00", "应-1"))
    li.act("登记一笔", posted("已追", "400.00", "收-1"))
    li.act("登记一笔", posted("避免", "300.00", "停-1"))

    # Not more than is due; and the same receipt counts once.
    assert "200.00" in li.refused("登记一笔", posted("已追", "500.00", "收-2"))
    assert "收-1" in li.go(ledger).refused("登记一笔", posted("已追", "100.00", "收-1"))

    # The rest is given up, if somebody else agrees; whoever proposed it is not even asked.
    writing_off = {"金额（元）": "200.00", "票据号": "核-1", "凭证文件": receipt, "核销理由": "继承人无力偿还"}  # fmt: skip
    li.go(ledger).act("提出核销", writing_off).reads("待审批的核销")
    assert not li.offered("同意核销")
    head = desk("head").go(ledger)
    head.picture("money")
    head.act("同意核销").reads("核查员李 / 室主任", "继承人无力偿还").misses("待审批的核销")

    # Four kinds that are never one number.
    for name, amount in (("应追", "600.00"), ("已追", "400.00"), ("核销", "200.00"), ("避免", "300.00"), ("尚未追回", "0.00")):  # fmt: skip
        assert amount in head.page.locator(".figure").filter(has_text=name).first.inner_text()
    casework.checked(desk, case)
    casework.found(desk, case, "身份无误", "数据无误", "属实", "工作失误", "退缴", "停发")
    casework.reported(desk, case, "停发不及时，已追回大部分款项")
    casework.approved(desk, case, "head", "standing").reads("已办结", "退缴", "停发")
