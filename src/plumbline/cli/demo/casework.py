"""What the invented officers did with the first warnings of their city, so that every state is there to be seen.

Everything is done by the acts that the pages offer, each by somebody who may do it, over the last weeks:
nothing is written into a table. Who acts is found by the body that a warning was sent to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from plumbline.cli.demo.officers import CITY_OFFICE, RESIDENT, SECOND_OFFICE, Officers
from plumbline.kit.clock.actions import sweep
from plumbline.loop.closure.actions import campaign as campaigns
from plumbline.loop.closure.actions import mechanism, problem, rectification
from plumbline.loop.closure.models import GovernanceProblem
from plumbline.loop.disposal.actions import clarify, lead, money
from plumbline.loop.disposal.actions.dispatch import dispatch_by_rule, sign_for
from plumbline.loop.disposal.actions.document import attach
from plumbline.loop.disposal.actions.lead import Told
from plumbline.loop.disposal.actions.money import Sum
from plumbline.loop.disposal.actions.request import answer, ask_data
from plumbline.loop.disposal.actions.review import approve, extend, pause, send_back
from plumbline.loop.disposal.actions.verify import (
    assign_verifiers,
    do_step,
    find,
    note,
    report,
    sign_findings,
)
from plumbline.loop.disposal.models import (
    Clarification,
    Disposal,
    Finding,
    Lead,
    Posting,
    State,
)
from plumbline.loop.disposal.queries.disposal import found
from plumbline.org.models import Role, User

#: Who heads a body and who verifies there.
_HEADS = {
    CITY_OFFICE: "zhuren",
    SECOND_OFFICE: "zhuren2",
    RESIDENT: "zuzhang",
    "澜江区纪委监委": "xianzhuren",
}
_PAIRS = {
    CITY_OFFICE: ("hecha1", "hecha2"), SECOND_OFFICE: ("hecha3", "hecha4"),
    RESIDENT: ("zuyuan1", "zuyuan2"), "澜江区纪委监委": ("xian1", "xian2"),
}  # fmt: skip
_REVIEWERS = {Role.STANDING_MEMBER: "changwei", Role.SECRETARY: "shuji"}

PAID_AFTER_DEATH = "benefit-after-death"
_TRUE = (Finding.RIGHT_PERSON, Finding.DATA_CORRECT, Finding.TRUE)
_CLEARED = (Finding.RIGHT_PERSON, Finding.DATA_CORRECT, Finding.UNTRUE, Finding.NOBODY)


@dataclass
class Casework:
    """One office's work on its first warnings.

    Attributes:
        datasets: by model, the register of whom it supervises.
        began: when the warnings came.
        now: nothing is done after it.
    """

    officers: Officers
    datasets: Mapping[str, str]
    began: datetime
    now: datetime

    def at(self, day: int) -> datetime:
        """In working hours of a day after the beginning; today at the latest."""
        return min(self.began + timedelta(days=day), self.now)

    def head(self, case: Disposal) -> User:
        return self.officers[_HEADS[case.body.name]]  # type: ignore[union-attr]

    def pair(self, case: Disposal) -> tuple[User, User]:
        first, second = _PAIRS[case.body.name]  # type: ignore[union-attr]
        return self.officers[first], self.officers[second]

    # -- as far as a case has come ---------------------------------------------------------------

    def signed(self, case: Disposal, day: int = 1) -> None:
        dispatch_by_rule(case, at=self.at(day - 1))
        sign_for(case, by=self.head(case), at=self.at(day))

    def verifying(self, case: Disposal, day: int = 1) -> None:
        self.signed(case, day)
        assign_verifiers(case, self.pair(case), by=self.head(case), at=self.at(day))

    def checked(self, case: Disposal, day: int = 3, *, steps: int | None = None) -> None:
        """The steps of the model's check, or the first few of them."""
        pair = self.pair(case)
        for step in case.steps.all()[:steps]:
            do_step(
                case, step, by=pair[step.number % 2], at=self.at(day), finding="已核对，材料附后"
            )

    def reported(
        self, case: Disposal, findings: Sequence[Finding], summary: str, day: int = 5
    ) -> None:
        self.checked(case, day - 1)
        for finding in findings:
            find(case, finding, by=self.pair(case)[0], at=self.at(day), note=summary)
        self.hand_in(case, summary, day)

    def hand_in(self, case: Disposal, summary: str, day: int) -> None:
        """Both sign what was found, and the report goes to the chain."""
        for verifier in self.pair(case):
            sign_findings(
                case, set(found(case).values_list("pk", flat=True)), by=verifier, at=self.at(day)
            )
        report(case, by=self.pair(case)[0], at=self.at(day), summary=summary,
               no_reply="相关单位已在补充资料时一并说明")  # fmt: skip

    def reviewed(self, case: Disposal, day: int = 7, *, steps: int = 3) -> None:
        """The first steps of the review chain, or all of it."""
        for step in range(min(steps, len(case.chain))):
            role = case.next_reviewer
            if role is None:
                return
            by = self.head(case) if role == Role.OFFICE_HEAD else self.officers[_REVIEWERS[role]]
            approve(case, case.reports, by=by, at=self.at(day + step), opinion="同意")

    def closed(self, case: Disposal, findings: Sequence[Finding], summary: str) -> None:
        self.verifying(case)
        self.reported(case, findings, summary)
        self.reviewed(case)

    # -- what the pages can show ------------------------------------------------------------------

    def money(self, case: Disposal) -> None:
        """Paid after death: what is due is recovered in part; what was still to be paid is avoided."""
        self.verifying(case)
        first = self.pair(case)[0]
        receipt = attach(
            case, "退款凭证.txt", BytesIO("银行回单（演示）".encode()), by=first, at=self.at(3)
        )
        fen = case.warning.amount_fen or 120_000
        for kind, part, key in (
            (Posting.Kind.DUE, fen, "due"),
            (Posting.Kind.RECOVERED, fen * 3 // 4, "first"),
            (Posting.Kind.AVOIDED, fen // 2, "stopped"),
        ):
            what = Sum(part, receipt, f"{case.pk}-{key}", reason="按核查结果登记")
            money.post(case, kind, what, by=first, at=self.at(5))
        self.reported(case, (*_TRUE, Finding.WORK_ERROR, Finding.REPAID, Finding.STOPPED),
                      "停发不及时，已追回大部分款项", 6)  # fmt: skip
        self.reviewed(case, 8)

    def lead(self, case: Disposal) -> None:
        self.closed(
            case,
            (*_TRUE, Finding.BREACH, Finding.LEAD_TRANSFERRED),
            "经办人员涉嫌违纪，移交案件管理",
        )
        keeper = self.officers["anguan"]
        told = Told(
            "审核把关不严涉嫌失职", "数据预警核查属实，详见核查报告。", unit=case.warning.unit
        )
        received = lead.receive_from_disposal(
            case, told, body=self.officers.bodies[CITY_OFFICE], by=keeper, at=self.at(11)
        )
        lead.dispose(received, Lead.Way.PRELIMINARY, by=keeper, at=self.at(13))

    def cleared(self, case: Disposal) -> None:
        """Refuted; the person asked for a letter that says so."""
        self.closed(case, _CLEARED, "经核查，所涉情形有正当理由，不属实")
        clarify.propose(
            case, Clarification.Ground.REFUTED, "经核查，数据预警所涉事项不属实，特此澄清。",
            by=self.officers["chengqing"], at=self.at(12), requested_on=self.at(11).date(),
        )  # fmt: skip

    def clause(self, case: Disposal) -> None:
        """No breach, and yet the clause said nothing that could be checked."""
        self.verifying(case)
        first = self.pair(case)[0]
        unit = case.warning.unit
        if unit is not None and unit.name == "澜江区经济和信息化局":
            asked = ask_data(case, unit, "请提供当年的评审办法和会议纪要", by=first, at=self.at(2))
            answer(
                asked,
                "附当年评审办法；办法未规定查询哪些记录",
                by=self.officers["jingxin"],
                at=self.at(4),
            )
        self.reported(
            case, (Finding.RIGHT_PERSON, Finding.DATA_CORRECT, Finding.PARTLY_TRUE, Finding.NOBODY,
                   Finding.CLAUSE_UNCLEAR, Finding.SHARING_MISSING),
            "审核人员已按当年办法审核；“遵纪守法”没有可核对的标准", 6,
        )  # fmt: skip
        self.reviewed(case, 8)

    def half_way(self, case: Disposal) -> None:
        self.verifying(case, 20)
        self.checked(case, 22, steps=2)
        note(case, "已调取相关凭证，待单位补充说明", by=self.pair(case)[0], at=self.at(23))

    def asking(self, case: Disposal) -> None:
        self.verifying(case, 20)
        unit = case.warning.unit or self.officers.units["澜江区民政局"]
        ask_data(case, unit, "请提供发放明细和停发审批单", by=self.pair(case)[0], at=self.at(22))

    def extended(self, case: Disposal) -> None:
        self.verifying(case)
        extend(case, 10, by=self.head(case), at=self.at(8), reason="银行流水尚未调齐")

    def paused(self, case: Disposal) -> None:
        self.verifying(case, 15)
        pause(
            case,
            by=self.head(case),
            at=self.at(16),
            document="澜纪调〔2026〕12号",
            reason="等待司法鉴定意见",
        )

    def sent_back(self, case: Disposal) -> None:
        self.verifying(case)
        self.reported(case, _CLEARED, "不属实")
        send_back(
            case, case.reports, by=self.head(case), at=self.at(7), opinion="请补充单位书面说明"
        )

    def under_review(self, case: Disposal) -> None:
        self.verifying(case, 10)
        self.reported(case, (*_TRUE, Finding.WORK_ERROR), "属实，系工作疏漏", 20)

    def higher_up(self, case: Disposal) -> None:
        self.under_review(case)
        self.reviewed(case, 22, steps=1)

    def data_error(self, case: Disposal) -> None:
        self.verifying(case)
        self.checked(case, 4)
        first = self.pair(case)[0]
        dataset = self.datasets[case.warning.model]
        find(case, Finding.RIGHT_PERSON, by=first, at=self.at(5))
        find(
            case,
            Finding.DATA_WRONG,
            by=first,
            at=self.at(5),
            note="登记日期录入有误",
            dataset=dataset,
        )
        find(case, Finding.UNTRUE, by=first, at=self.at(5), note="更正后不成立")
        self.hand_in(case, "数据有误，已请部门更正", 5)
        self.reviewed(case)

    def close_the_loop(self, clauses: dict[str, str]) -> None:
        """What the findings come to is proposed; one problem is accepted, worked, and changes a rule."""
        problem.propose_problems(clauses, at=self.at(25))
        head = self.officers["zhuren"]
        first = GovernanceProblem.objects.order_by("pk").first()
        if first is None:
            return
        problem.accept(first, by=head, at=self.at(26), reason="同一条款在多个单位反复出现，属领域性问题",
                       title="死亡人员待遇停发不及时")  # fmt: skip
        office, unit = self.officers.bodies[CITY_OFFICE], self.officers.units["澜江区民政局"]
        until = (self.now + timedelta(days=45)).date()
        campaign = campaigns.start_campaign(
            first, title="死亡人员领取待遇专项治理", scope="2020年以来发放的各类补贴", owner=unit,
            body=office, ends_on=until, by=head, at=self.at(27),
        )  # fmt: skip
        rectification.ask_rectification(
            campaign, unit=unit, body=office, what="与公安、殡葬数据按日比对，次月起停发",
            ends_on=until, by=head, at=self.at(27),
        )  # fmt: skip
        mechanism.record_mechanism(
            first, title="补贴发放前比对办法", document="澜民〔2026〕18号", clause="第四条",
            before="补贴按季审核", after="每次发放前与公安死亡注销、殡葬火化数据比对，比中的次月起停发",
            in_force_from=self.at(28).date(), model=PAID_AFTER_DEATH, units=[unit],
            body=office, by=head, at=self.at(28),
        )  # fmt: skip


def work(
    officers: Officers,
    datasets: Mapping[str, str],
    clauses: dict[str, str],
    *,
    began: datetime,
    now: datetime,
) -> int:
    """Work the first warnings; gives how many were taken up.

    Args:
        datasets: by model, the register of whom it supervises.
        clauses: key of a warning -> clause of its line.
        began: when the warnings came: some thirty days before `now`.
    """
    done = Casework(officers, datasets, began, now)
    cases = _in_turn()
    taken = 0
    honours = [done.clause] * 4
    others = [
        done.lead, done.cleared, done.data_error, done.half_way, done.asking,
        done.extended, done.paused, done.sent_back, done.under_review, done.higher_up,
        done.half_way, done.under_review,
    ]  # fmt: skip
    for way, theme in [*((way, "honours") for way in honours), *((way, "") for way in others)]:
        case = next(cases[theme], None)
        if case is not None:
            way(case)
            taken += 1
    for case in cases["clustered"]:
        done.money(case)
        taken += 1
    for case in (*_first(cases[""], 4), *_first(cases["honours"], 2)):
        done.signed(case, 28)
    done.close_the_loop(clauses)
    sweep(now)
    return taken


def _first(cases: Iterator[Disposal], count: int) -> list[Disposal]:
    return [case for _, case in zip(range(count), cases, strict=False)]


def _in_turn() -> dict[str, Iterator[Disposal]]:
    """Cases that somebody here can work: of honours, of one cluster, and the rest model by model in turn."""
    waiting = Disposal.objects.filter(state=State.RAISED).select_related("warning__unit")
    cases = list(waiting.order_by("warning__level", "warning__key"))
    clustered = _clustered([case for case in cases if case.warning.model == PAID_AFTER_DEATH])
    by_model: dict[str, list[Disposal]] = {}
    for case in cases:
        if case not in clustered:
            by_model.setdefault(case.warning.model, []).append(case)
    honours = [case for of in by_model.values() for case in of if case.warning.theme == "honours"]
    rest = [of for of in by_model.values() if of[0].warning.theme != "honours"]
    longest = max(map(len, rest), default=0)
    turned = [of[at] for at in range(longest) for of in rest if at < len(of)]
    return {"honours": iter(honours), "": iter(turned), "clustered": iter(clustered)}


def _clustered(cases: list[Disposal]) -> list[Disposal]:
    """Up to four of one county, in as many of its units as there are: a problem is more than one office's."""
    by_county: dict[str, dict[int | None, list[Disposal]]] = {}
    for case in cases:
        units = by_county.setdefault(case.warning.region, {})
        units.setdefault(case.warning.unit_id, []).append(case)
    most = max(
        by_county.values(),
        key=lambda units: (len(units), sum(map(len, units.values()))),
        default={},
    )
    turned = [of[at] for at in range(4) for of in most.values() if at < len(of)]
    return turned[:4]
