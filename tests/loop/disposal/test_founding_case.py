"""The case the system was built after, from the warning to its closure.

王某某 was penalised in 2012 and made a master of crafts in 2015. Verification found no breach by those who
checked the application; and yet the warning was not in vain: the rule "遵纪守法" said nothing that could be
checked, and no level shared the data to check it. Whoever keeps one status per warning cannot tell this story.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plumbline.kit.clock.queries import running
from plumbline.loop.disposal.actions.dispatch import dispatch_by_rule, sign_for
from plumbline.loop.disposal.actions.holding import DisposalError
from plumbline.loop.disposal.actions.request import answer, ask_data, ask_reply
from plumbline.loop.disposal.actions.review import approve, send_back
from plumbline.loop.disposal.actions.verify import assign_verifiers, do_step, find, note, report
from plumbline.loop.disposal.models import Aspect, Disposal, Finding, Request, State
from plumbline.loop.disposal.queries.disposal import by_aspect, visible_to
from plumbline.trail.models import Entry
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

DAY = timedelta(days=1)


def test_no_breach_found_and_yet_the_rule_changes(cast: Any) -> None:
    # A red warning is raised: about the bureau's use of power; 王某某 is evidence, not the target.
    case = warned.disposal(cast, level="red")

    # The rules send it to the resident group, which supervises the bureau; the office joins (室组联动).
    dispatch_by_rule(case, at=NOW)
    assert (case.body, list(case.joint.all())) == (cast.group, [cast.office])
    sign_for(case, by=cast.group_head, at=NOW + DAY)

    # One verifier of the group, one of the office. Each works the steps that the model lists.
    assign_verifiers(case, [cast.wang, cast.li], by=cast.group_head, at=NOW + DAY)
    identity, decision = case.steps.all()
    do_step(case, identity, by=cast.wang, at=NOW + 2 * DAY, finding="身份证号一致，确为同一人")
    do_step(case, decision, by=cast.li, at=NOW + 2 * DAY, finding="2012年行政处罚决定书已调取")

    # The bureau is asked for the rules of 2015, and for its own account.
    asked = ask_data(
        case, cast.industry, "请提供2015年评审办法及会议纪要", by=cast.li, at=NOW + 2 * DAY
    )
    heard = ask_reply(
        case, cast.industry, "请说明当年如何把关“遵纪守法”条件", by=cast.wang, at=NOW + 2 * DAY
    )
    assert not visible_to(
        cast.contact, TODAY
    ).exists()  # the contact sees the question, never the warning
    answer(asked, "附评审办法第三条", by=cast.contact, at=NOW + 5 * DAY)
    answer(heard, "办法未规定查询哪些记录，各级均无数据", by=cast.contact, at=NOW + 5 * DAY)
    note(case, "申报、初审、终审三级均未见可查询的数据来源", by=cast.wang, at=NOW + 6 * DAY)

    # What they find: six aspects, each its own.
    find(case, Finding.RIGHT_PERSON, by=cast.wang, at=NOW + 6 * DAY)
    find(case, Finding.DATA_CORRECT, by=cast.wang, at=NOW + 6 * DAY)
    find(case, Finding.PARTLY_TRUE, by=cast.li, at=NOW + 6 * DAY, note="处罚与获评均属实")
    find(case, Finding.NOBODY, by=cast.li, at=NOW + 6 * DAY, note="经办人员已按当年办法审核")
    find(
        case,
        Finding.CLAUSE_UNCLEAR,
        by=cast.li,
        at=NOW + 6 * DAY,
        note="“遵纪守法”没有可核对的标准",
    )
    find(
        case,
        Finding.SHARING_MISSING,
        by=cast.li,
        at=NOW + 6 * DAY,
        note="处罚、判决数据未共享给评审单位",
    )
    warned.sign(case, cast.wang)
    warned.sign(case, cast.li)
    report(case, by=cast.wang, at=NOW + 6 * DAY, summary="未发现审核人员违纪违法；制度存在漏洞")

    # Three people review a red warning; one of them wants to know more first.
    approve(case, 1, by=cast.group_head, at=NOW + 7 * DAY)
    send_back(case, 1, by=cast.standing, at=NOW + 7 * DAY, opinion="请核对2015年公示名单与授予名单")
    note(case, "公示名单与授予名单均列有王某某", by=cast.li, at=NOW + 8 * DAY)
    warned.sign(case, cast.wang)
    warned.sign(case, cast.li)
    report(case, by=cast.li, at=NOW + 8 * DAY, summary="已补充核对")
    for reviewer in (cast.group_head, cast.standing, cast.secretary):
        assert case.state == State.REPORTED
        approve(case, 2, by=reviewer, at=NOW + 9 * DAY, opinion="同意")

    # Closed: refuted as to responsibility, and institutional findings that closure goes on from.
    assert (case.state, case.closed_at) == (State.CLOSED, NOW + 9 * DAY)
    held = {aspect: [each.finding for each in found] for aspect, found in by_aspect(case).items()}
    assert held == {
        Aspect.IDENTITY: [Finding.RIGHT_PERSON],
        Aspect.DATA: [Finding.DATA_CORRECT],
        Aspect.FACT: [Finding.PARTLY_TRUE],
        Aspect.RESPONSIBILITY: [Finding.NOBODY],
        Aspect.MEASURE: [],
        Aspect.INSTITUTION: [Finding.CLAUSE_UNCLEAR, Finding.SHARING_MISSING],
    }
    assert not running(f"disposal:{case.pk}", f"request:{asked.pk}", f"request:{heard.pk}").exists()
    actors = set(
        Entry.objects.filter(subject=f"disposal:{case.pk}").values_list("actor", flat=True)
    )
    assert actors == {"system", "group_head", "wang", "li", "standing", "secretary"}


class TestTheRightOfReply:
    @pytest.fixture
    def case(self, cast: Any) -> Disposal:
        """Being verified; a breach is found."""
        made = warned.verifying(warned.disposal(cast), cast)
        warned.checked(made, cast)
        for finding in (Finding.RIGHT_PERSON, Finding.TRUE, Finding.BREACH):
            find(made, finding, by=cast.li, at=NOW)
        warned.sign(made, cast.li)
        warned.sign(made, cast.zhou)
        return made

    def test_a_breach_is_not_found_unheard(self, case: Disposal, cast: Any) -> None:
        asked = ask_reply(case, cast.industry, "请说明情况", by=cast.li, at=NOW)
        with pytest.raises(DisposalError, match="needs the reply"):
            report(case, by=cast.li, at=NOW, summary="属实")
        answer(asked, "情况说明如下", by=cast.contact, at=NOW)
        report(case, by=cast.li, at=NOW, summary="属实")
        assert case.state == State.REPORTED

    def test_an_answer_about_data_is_no_reply(self, case: Disposal, cast: Any) -> None:
        answer(
            ask_data(case, cast.industry, "请补资料", by=cast.li, at=NOW),
            "见附件",
            by=cast.contact,
            at=NOW,
        )
        with pytest.raises(DisposalError, match="needs the reply"):
            report(case, by=cast.li, at=NOW, summary="属实")

    def test_why_nobody_was_heard_is_written_down(self, case: Disposal, cast: Any) -> None:
        report(case, by=cast.li, at=NOW, summary="属实", no_reply="当事人已移交公安，不宜惊动")
        assert case.no_reply == "当事人已移交公安，不宜惊动"
        entry = Entry.objects.get(action="disposal.reported")
        assert entry.detail["no_reply"] == case.no_reply


def test_the_holder_of_the_data_of_a_blue_warning_is_asked_at_once(cast: Any) -> None:
    from plumbline.loop.disposal.actions.dispatch import Plan, open_disposals  # noqa: PLC0415

    warning = warned.warning(cast, level="blue", unit=cast.civil, supervised=cast.civil.name)
    plan = Plan(
        warning,
        5,
        30,
        warned.STEPS,
        holder=cast.civil,
        question="第3行的性别与项目不符，请核对编码",
    )
    assert open_disposals([plan], at=NOW) == 1
    asked = Request.objects.get(disposal__warning=warning)
    assert (asked.unit, asked.asked_by, asked.kind) == (cast.civil, None, Request.Kind.DATA)
    assert running(f"request:{asked.pk}").get().kind == "answer"
    answer(asked, "编码对应有误，已更正", by=cast.provider, at=NOW)
    assert not running(f"request:{asked.pk}").exists()
