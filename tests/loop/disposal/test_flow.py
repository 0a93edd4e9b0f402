"""From dispatch to closure, act by act."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.disposal.actions.dispatch import (
    Plan,
    decline,
    dispatch,
    join,
    open_disposals,
    sign_for,
    sign_for_many,
)
from plumbline.loop.disposal.actions.holding import DisposalError
from plumbline.loop.disposal.actions.review import (
    approve,
    extend,
    pause,
    reopen,
    reopen_for_evidence,
    resume,
    send_back,
)
from plumbline.loop.disposal.actions.verify import (
    assign_verifiers,
    do_step,
    find,
    note,
    report,
    sign_findings,
    withdraw_finding,
)
from plumbline.loop.disposal.models import FLOW, Disposal, Finding, Outcome, Review, State
from plumbline.loop.disposal.queries.disposal import found, missing
from plumbline.trail.models import Entry
from tests.loop.disposal import warned
from tests.people import NOW


def trail(case: Disposal) -> list[str]:
    entries = Entry.objects.filter(subject=f"disposal:{case.pk}").order_by("pk")
    return list(entries.values_list("action", flat=True))


def running(case: Disposal) -> dict[str, int]:
    found = Due.objects.filter(subject=f"disposal:{case.pk}", stopped_at=None)
    return dict(found.values_list("kind", "working_days"))


def test_every_state_can_come_to_its_end() -> None:
    def reaches_end(state: str, seen: frozenset[str] = frozenset()) -> bool:
        nexts = {FLOW.moves[name].to for name in FLOW.allowed(state)} - seen - {state}
        return state in FLOW.ends or any(reaches_end(n, seen | {state}) for n in nexts)

    assert all(reaches_end(state) for state in State)


class TestFromEndToEnd:
    def test_each_act_leaves_one_row_and_the_right_deadline(self, cast: Any) -> None:
        case = warned.disposal(cast)
        assert (case.state, running(case)) == (State.RAISED, {})
        dispatch(case, cast.office, by=cast.fen, at=NOW, joint=[cast.group])
        assert (case.state, running(case)) == (State.DISPATCHED, {"sign": 2})
        sign_for(case, by=cast.head, at=NOW)
        assert (case.state, running(case)) == (State.SIGNED, {"report": 20})
        assign_verifiers(case, [cast.li, cast.wang], by=cast.head, at=NOW)
        warned.checked(case, cast)
        find(case, Finding.RIGHT_PERSON, by=cast.li, at=NOW)
        find(case, Finding.PARTLY_TRUE, by=cast.wang, at=NOW, note="当年办法未作要求")
        warned.sign(case, cast.li)
        warned.sign(case, cast.wang)
        report(case, by=cast.wang, at=NOW, summary="情况如下")
        assert (case.state, running(case), case.reports) == (State.REPORTED, {"review": 3}, 1)
        approve(case, 1, by=cast.head, at=NOW, opinion="同意")
        assert (case.state, running(case), case.reviewed) == (State.REPORTED, {"review": 3}, 1)
        approve(case, 1, by=cast.standing, at=NOW)
        assert (case.state, running(case), case.closed_at) == (State.CLOSED, {}, NOW)
        assert trail(case) == [
            "disposal.dispatched", "disposal.signed_for", "disposal.assigned", "disposal.step_done",
            "disposal.step_done", "disposal.found", "disposal.found", "disposal.findings_signed",
            "disposal.findings_signed", "disposal.reported", "disposal.approved", "disposal.closed",
        ]  # fmt: skip

    @pytest.mark.parametrize(("level", "steps"), [("red", 3), ("yellow", 2), ("blue", 1)])
    def test_the_chain_is_as_long_as_the_level_asks(
        self, cast: Any, level: str, steps: int
    ) -> None:
        case = warned.reported(warned.disposal(cast, level=level), cast)
        for reviewer in (cast.head, cast.standing, cast.secretary)[:steps]:
            assert case.state == State.REPORTED
            approve(case, 1, by=reviewer, at=NOW)
        assert case.state == State.CLOSED

    def test_the_level_at_the_report_decides(self, cast: Any) -> None:
        case = warned.disposal(cast)
        case.warning.level = "red"
        case.warning.save()
        assert warned.reported(case, cast).level == "red"

    def test_opening_twice_opens_once(self, cast: Any) -> None:
        plan = Plan(warned.warning(cast), 2, 10, warned.STEPS)
        assert open_disposals([plan, plan], at=NOW) == 1
        assert open_disposals([plan], at=NOW) == 0
        assert Entry.objects.filter(action="disposal.opened").count() == 1


class TestDispatching:
    def test_what_is_declined_goes_back_with_its_reason(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast), cast, joint=[cast.group])
        with pytest.raises(ReasonMissingError):
            decline(case, by=cast.head, at=NOW, reason=" ")
        decline(case, by=cast.head, at=NOW, reason="不属本室管辖")
        assert (case.state, case.body, case.joint.count(), running(case)) == (
            State.RAISED,
            None,
            0,
            {},
        )

    def test_others_join_while_it_is_worked(self, cast: Any) -> None:
        case = warned.signed(warned.disposal(cast), cast)
        join(case, [cast.group], by=cast.head, at=NOW, reason="室组联动")
        assert list(case.joint.all()) == [cast.group]
        with pytest.raises(DisposalError, match="another body"):
            join(case, [cast.office], by=cast.head, at=NOW)

    def test_it_is_not_dispatched_twice(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast), cast)
        with pytest.raises(OutOfStepError):
            dispatch(case, cast.office, by=cast.fen, at=NOW)

    def test_one_that_refuses_does_not_keep_the_others(self, cast: Any) -> None:
        cases = [warned.dispatched(warned.disposal(cast), cast) for _ in range(3)]
        sign_for(Disposal.objects.get(pk=cases[1].pk), by=cast.head, at=NOW)
        signed, refused = sign_for_many(cases, by=cast.head, at=NOW)
        assert [each.pk for each in signed] == [cases[0].pk, cases[2].pk]
        assert list(refused) == [cases[1].pk]
        assert trail(cases[1]).count("disposal.signed_for") == 1


class TestVerifying:
    def test_two_different_people_verify(self, cast: Any) -> None:
        case = warned.signed(warned.disposal(cast), cast)
        for pair in ([cast.li], [cast.li, cast.li], [cast.li, cast.zhou, cast.wang]):
            with pytest.raises(DisposalError, match="two different people"):
                assign_verifiers(case, pair, by=cast.head, at=NOW)
        for wrong in (cast.wang, cast.head, cast.stranger, cast.fen):  # not joined; no verifiers
            with pytest.raises(DisposalError, match="cannot verify it"):
                assign_verifiers(case, [cast.li, wrong], by=cast.head, at=NOW)
        join(case, [cast.group], by=cast.head, at=NOW)
        assign_verifiers(case, [cast.li, cast.wang], by=cast.head, at=NOW)
        assert case.state == State.VERIFYING

    def test_who_is_released_keeps_the_trace_and_loses_the_seat(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast, joint=[cast.group])
        assign_verifiers(case, [cast.wang, cast.zhou], by=cast.head, at=NOW, reason="李出差")
        seats = case.verifiers.filter(released_at=None).order_by("seat")
        assert [seat.user for seat in seats] == [cast.wang, cast.zhou]
        assert case.verifiers.get(user=cast.li).released_at == NOW

    def test_what_is_sent_twice_is_done_once(self, cast: Any) -> None:
        """The first may have been done after whoever acts looked for it and did not find it."""
        case = warned.verifying(warned.disposal(cast), cast)
        step = case.steps.get(number=1)

        def send() -> None:
            assign_verifiers(case, [cast.zhou, cast.li], by=cast.head, at=NOW)

        def step_done() -> None:
            do_step(case, step, by=cast.li, at=NOW, finding="已调取")

        def noted() -> None:
            note(case, "已电话核实", by=cast.li, at=NOW)

        step_done()
        noted()
        before = trail(case)
        for again in (send, step_done, noted):
            with pytest.raises(DisposalError, match="already"):
                again()
        assert trail(case) == before
        note(case, "又去了一次", by=cast.li, at=NOW)
        noted()  # something else was written in between
        do_step(case, step, by=cast.zhou, at=NOW, finding="已调取，与档案一致")

    def test_a_report_says_what_is_missing(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        assert len(missing(case)) == 4
        with pytest.raises(
            DisposalError, match=r"2 steps .*; nothing .* identity; nothing .* fact; not signed"
        ):
            report(case, by=cast.li, at=NOW, summary="草稿")
        assert case.state == State.VERIFYING

    def test_a_step_is_done_or_left_out_with_a_reason(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        first, second = case.steps.all()
        with pytest.raises(DisposalError, match="write something"):
            do_step(case, first, by=cast.li, at=NOW, finding=" ", left_out=True)
        do_step(case, first, by=cast.li, at=NOW, finding="无判决书可调", left_out=True)
        do_step(case, second, by=cast.zhou, at=NOW, finding="已调取")
        assert trail(case)[-2:] == ["disposal.step_left_out", "disposal.step_done"]
        other = warned.disposal(cast).steps.get(number=1)
        with pytest.raises(DisposalError, match="no such step"):
            do_step(case, other, by=cast.li, at=NOW, finding="别处的步骤")

    def test_findings_of_one_kind_exclude_each_other_and_others_do_not(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        find(case, Finding.UNTRUE, by=cast.li, at=NOW)
        for contradiction in (Finding.TRUE, Finding.UNTRUE):
            with pytest.raises(DisposalError, match="contradicts"):
                find(case, contradiction, by=cast.zhou, at=NOW)
        for several in (
            Finding.CLAUSE_UNCLEAR,
            Finding.CONTROL_MISSING,
            Finding.CORRECTION_ORDERED,
        ):
            find(case, several, by=cast.li, at=NOW)
        assert found(case).count() == 4

    def test_a_finding_is_taken_back_and_stays_readable(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        wrong = find(case, Finding.TRUE, by=cast.li, at=NOW)
        withdraw_finding(case, wrong, by=cast.zhou, at=NOW, reason="处罚已撤销")
        find(case, Finding.UNTRUE, by=cast.li, at=NOW)
        assert [each.finding for each in found(case)] == [Finding.UNTRUE]
        assert Outcome.objects.get(pk=wrong.pk).withdrawn_by == cast.zhou
        with pytest.raises(DisposalError, match="holds no longer"):
            withdraw_finding(case, wrong, by=cast.li, at=NOW, reason="再撤一次")

    def test_a_fault_says_where_it_stands(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        with pytest.raises(DisposalError, match="which dataset"):
            find(case, Finding.DATA_WRONG, by=cast.li, at=NOW)
        with pytest.raises(DisposalError, match="somebody else"):
            find(case, Finding.WRONG_PERSON, by=cast.li, at=NOW)
        with pytest.raises(DisposalError, match="does not name a row"):
            find(case, Finding.DATA_WRONG, by=cast.li, at=NOW, rows=["honours 3"])
        made = find(case, Finding.DATA_WRONG, by=cast.li, at=NOW, rows=["honours:1-3"])
        assert (made.dataset, made.rows) == ("honours", ["honours:1-3"])

    def test_a_signature_stands_under_what_was_read(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        with pytest.raises(DisposalError, match="nothing is found"):
            sign_findings(case, set(), by=cast.li, at=NOW)
        first = find(case, Finding.RIGHT_PERSON, by=cast.li, at=NOW)
        sign_findings(case, {first.pk}, by=cast.li, at=NOW)
        with pytest.raises(DisposalError, match="you have signed"):
            sign_findings(case, {first.pk}, by=cast.li, at=NOW)
        find(case, Finding.UNTRUE, by=cast.zhou, at=NOW)
        assert case.verifiers.filter(signed_at__isnull=False).count() == 0
        with pytest.raises(DisposalError, match="have changed"):
            sign_findings(case, {first.pk}, by=cast.zhou, at=NOW)

    def test_nothing_is_written_down_after_the_report(self, cast: Any) -> None:
        case = warned.reported(warned.disposal(cast), cast)
        before = trail(case)
        with pytest.raises(OutOfStepError):
            note(case, "补记", by=cast.li, at=NOW)
        with pytest.raises(OutOfStepError):
            find(case, Finding.NOBODY, by=cast.li, at=NOW)
        assert trail(case) == before

    def test_withdrawn_evidence_needs_no_full_check_but_signatures_and_review(
        self, cast: Any
    ) -> None:
        case = warned.verifying(warned.disposal(cast, standing="withdrawn"), cast)
        with pytest.raises(DisposalError, match="data or the identity"):
            warned.handed_in(case, cast, Finding.NOBODY)
        find(case, Finding.DATA_WRONG, by=cast.li, at=NOW, rows=["offences:1-7"])
        warned.sign(case, cast.li)
        with pytest.raises(DisposalError, match="not signed by 核查员周"):
            report(case, by=cast.li, at=NOW, summary="数据已更正")
        warned.sign(case, cast.zhou)
        report(case, by=cast.li, at=NOW, summary="数据已更正")
        approve(case, 1, by=cast.head, at=NOW)
        approve(case, 1, by=cast.standing, at=NOW)
        assert case.state == State.CLOSED


class TestReviewing:
    def test_what_is_sent_back_is_reported_anew_and_reviewed_from_the_start(
        self, cast: Any
    ) -> None:
        case = warned.reported(warned.disposal(cast), cast)
        approve(case, 1, by=cast.head, at=NOW)
        with pytest.raises(DisposalError, match="say why"):
            send_back(case, 1, by=cast.standing, at=NOW, opinion="")
        send_back(case, 1, by=cast.standing, at=NOW, opinion="请补调评审会议纪要")
        assert (case.state, case.reviewed, running(case)) == (State.VERIFYING, 0, {"report": 5})
        assert case.verifiers.filter(signed_at__isnull=False).count() == 0
        warned.sign(case, cast.li)
        warned.sign(case, cast.zhou)
        report(case, by=cast.zhou, at=NOW, summary="已补调")
        with pytest.raises(OutOfStepError, match="another report"):
            approve(case, 1, by=cast.head, at=NOW)
        approve(case, 2, by=cast.head, at=NOW)
        approve(case, 2, by=cast.standing, at=NOW)
        assert case.state == State.CLOSED
        assert [(r.report, r.role, r.decision) for r in case.reviews.order_by("pk")] == [
            (1, "office_head", "approved"), (1, "standing_member", "sent_back"),
            (2, "office_head", "approved"), (2, "standing_member", "approved"),
        ]  # fmt: skip


class TestDeadlines:
    def test_two_extensions_by_a_reviewer_and_no_third(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        extend(case, 5, by=cast.head, at=NOW, reason="等待法院调卷")
        extend(case, 5, by=cast.standing, at=NOW, reason="仍在等待")
        assert running(case) == {"report": 30}
        with pytest.raises(DisposalError, match="2 times at most"):
            extend(case, 5, by=cast.secretary, at=NOW, reason="第三次")
        assert case.reviews.filter(decision=Review.Decision.EXTENDED).count() == 2
        assert running(case) == {"report": 30}

    def test_a_pause_needs_a_document_and_ends(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        with pytest.raises(Exception, match="name the document"):
            pause(case, by=cast.head, at=NOW, document=" ", reason="中止")
        pause(case, by=cast.head, at=NOW, document="澜纪〔2026〕3号", reason="等待上级批复")
        resume(case, by=cast.head, at=NOW)
        assert trail(case)[-2:] == ["deadline.paused", "deadline.resumed"]


class TestComingBack:
    def test_a_reopened_one_is_verified_anew(self, cast: Any) -> None:
        case = warned.closed(warned.disposal(cast), cast)
        with pytest.raises(ReasonMissingError):
            reopen(case, by=cast.standing, at=NOW, reason="")
        reopen(case, by=cast.standing, at=NOW, reason="群众反映新情况")
        assert (case.state, case.round, case.closed_at) == (State.SIGNED, 2, None)
        assert running(case) == {"report": 20}
        assert not found(case).exists()
        assert case.outcomes.count() == 2
        assert case.steps.filter(round=2, done_at=None).count() == 2
        assign_verifiers(case, [cast.li, cast.zhou], by=cast.head, at=NOW)
        warned.checked(case, cast)
        warned.handed_in(case, cast, Finding.RIGHT_PERSON, Finding.TRUE)
        assert (case.state, case.reports) == (State.REPORTED, 2)

    def test_new_evidence_brings_back_what_is_closed_and_leaves_the_rest(self, cast: Any) -> None:
        open_one = warned.verifying(warned.disposal(cast), cast)
        assert reopen_for_evidence(open_one, at=NOW, reason="新增证据") is None
        case = warned.closed(warned.disposal(cast), cast)
        assert reopen_for_evidence(case, at=NOW, reason="新增证据") == case
        assert (case.state, case.round) == (State.SIGNED, 2)
        assert Entry.objects.filter(subject=f"disposal:{case.pk}").latest("pk").actor == "system"
