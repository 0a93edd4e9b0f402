"""The case the system was built after, from the department's spreadsheet to the rule that changed.

王某某 was convicted in 2012 and made a master of crafts in 2015. Nobody who checked his application did
wrong; and yet the warning was not in vain, for the rule said nothing that could be checked. It is told here as
officers live it, each at a browser of their own.
"""

from __future__ import annotations

from pathlib import Path

from tests.journeys import registers
from tests.journeys.desk import Desk, Desks
from tests.journeys.office import Office
from tests.journeys.registers import WANG


def test_from_a_spreadsheet_to_a_mechanism(office: Office, desk: Desks, tmp_path: Path) -> None:
    deliver(office, desk, tmp_path)
    case = dispatch(desk)
    verify(desk, case)
    review(desk, case)
    change_the_rule(office, desk)


def deliver(office: Office, desk: Desks, folder: Path) -> None:
    """The bureau delivers its list of masters, as it keeps it; the office has what courts and police record."""
    masters = (WANG, *registers.EARLIER, *registers.ORDINARY)
    workbook = registers.write_masters(folder / "工艺美术大师名单2026年1月31日.xlsx", masters)
    records = registers.write_offences(folder / "处罚记录2026-01-31.csv", masters)

    bureau = desk("bureau").turn_to("数据报送").follow("上传文件")
    bureau.act("上传", {"数据集": "荣誉称号名单", "文件": workbook}).reads("等待装入")
    manager = desk("data").turn_to("数据报送").follow("上传文件")
    manager.act("上传", {"数据集": "违法犯罪和处分记录", "文件": records}).reads("等待装入")

    # At night the worker takes both in and lets the registers collide.
    office.comes("plumbline.web.tasks.night")
    bureau.turn_to("数据报送").reads(workbook.name)
    bureau.misses("等待装入", "未能装入", "整批暂扣").picture("deliveries")


def dispatch(desk: Desks) -> str:
    """In the morning a red warning waits for the resident group: about the bureau, with 王 as evidence.

    Returns:
        The address of the disposal, the same for all who work it.
    """
    chief = desk("group_head").turn_to("处置").picture("disposals").open(WANG.number)
    chief.reads("交通肇事致人死亡", "2012", "2015", registers.BUREAU, "待签收", "第一监督检查室")
    chief.misses(WANG.name, WANG.number).picture("warning")
    chief.act("签收").reads("已签收")
    # One of the group, one of the office that joined by rule (室组联动).
    chief.act("指定核查人", {"核查人一": "派驻组王", "核查人二": "核查员李"}).reads("核查中")
    return chief.path


def verify(desk: Desks, case: str) -> None:
    """The steps of the model's check, a question to the bureau, findings aspect by aspect, two signatures."""
    wang, li = (desk(who).turn_to("处置").open(WANG.number) for who in ("wang", "li"))
    assert (wang.path, li.path) == (case, case)
    for step in range(wang.offered("保存")):
        wang.act("保存", {"查明情况，或不做的理由": "已核对，材料附后"}, which=step)

    # The bureau is asked; its contact sees the question, and of the warning nothing.
    li.go(case)
    li.act("请单位补充资料", {"单位": registers.BUREAU, "问题": "请提供2015年评审办法及会议纪要"})
    contact = desk("contact").turn_to("答复").follow("请提供2015年评审办法")
    contact.misses("预警", WANG.number[-4:]).picture("question")
    contact.act("答复", {"答复": "附评审办法第三条；办法未规定查询哪些记录，各级均无数据"})
    contact.go(case, expects=404)

    li.go(case).reads("各级均无数据")
    for finding, said in (
        ("身份无误", ""),
        ("数据无误", ""),
        ("部分属实", "处罚与获评均属实"),
        ("无责任", "经办人员已按当年办法审核"),
        ("条款不明确", "“遵纪守法”没有可核对的标准"),
        ("缺少数据共享", "各级均无数据，存在审核盲区"),
    ):
        li.act("添加认定", {"认定": finding, "说明": said})
    assert "未签字" in wang.go(case).refused("提交报告", {"核查报告": "未发现违纪违法"})
    signed(desk, case)
    wang.act("提交报告", {"核查报告": "未发现审核人员违纪违法；制度存在漏洞"}).reads("待审核")


def signed(desk: Desks, case: str) -> None:
    for verifier in ("li", "wang"):
        desk(verifier).go(case).act("在认定上签字")


def review(desk: Desks, case: str) -> None:
    """Three people review a red warning; one of them wants to know more first."""
    approve(desk, "group_head")
    standing = desk("standing").turn_to("处置").open(WANG.number)
    standing.act("退回核查", {"退回理由和要求": "请核对2015年公示名单与授予名单"})
    desk("li").go(case).act("记一笔", {"记录": "公示名单与授予名单均列有该人"})
    signed(desk, case)
    desk("wang").go(case).act("提交报告", {"核查报告": "已补充核对"}).picture("disposal")
    for reviewer in ("group_head", "standing", "secretary"):
        approve(desk, reviewer)
    # No breach, and yet a finding about the rule: six aspects, each its own.
    closed = (
        desk("wang").go(case).reads("已办结", "部分属实", "无责任", "条款不明确", "缺少数据共享")
    )
    closed.picture("closed")


def approve(desk: Desks, reviewer: str) -> Desk:
    return desk(reviewer).turn_to("处置").open(WANG.number).act("同意", {"审核意见": "同意"})


def change_the_rule(office: Office, desk: Desks) -> None:
    """With two that were closed before it is a problem of the field, from which a clear rule follows."""
    office.comes("plumbline.loop.closure.tasks.propose_problems")
    head = desk("head").turn_to("治理问题").follow("3 件查实")
    head.reads("系统提出", registers.BUREAU, registers.CENTRE)
    head.act("认定", {"问题名称": "评审资格缺少可核对的标准", "理由": "同一条款在两个单位反复出现"})
    head.reads("已认定").picture("problem")
    head.act(
        "登记制度机制",
        {
            "名称": "评审资格条件",
            "文号": "澜经信〔2025〕1号",
            "条款": "第三条第(一)项（修订）",
            "修订前": "遵纪守法，无不良信誉记录",
            "修订后": "五年内无刑事处罚、行政处罚、党纪政务处分；申报时由评审单位查询核实",
            "施行日期": registers.IN_FORCE.isoformat(),
            "承办机构": "第一监督检查室",
            "适用单位": [registers.BUREAU],
            "以哪个模型衡量成效": "有违法犯罪记录仍获荣誉称号 (honour-despite-offence)",
        },
    )
    head.follow("评审资格条件").reads("还没有衡量过").act("衡量成效")
    head.waits_for("施行前")
    # In the bureau fewer are honoured despite a record; what may be chance is not called an effect.
    head.reads("9.3% (9/97)", "0.0% (0/48)", "没有超出偶然波动", "这是比较，不是证明")
    head.picture("mechanism")
