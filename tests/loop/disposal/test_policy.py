"""Who may do what, in which state: the whole table; four eyes; about themself, kin, heads; deputies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from plumbline.loop.disposal.actions.dispatch import decline, dispatch, join, sign_for
from plumbline.loop.disposal.actions.document import attach
from plumbline.loop.disposal.actions.holding import DisposalError
from plumbline.loop.disposal.actions.request import ask_data, ask_reply
from plumbline.loop.disposal.actions.review import (
    approve,
    extend,
    pause,
    reopen,
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
from plumbline.loop.disposal.models import Disposal, Finding, Review, State, Verifier
from plumbline.loop.disposal.policy import MAY, allowed
from plumbline.loop.disposal.queries.disposal import visible_to
from plumbline.org.models import Delegation, Grant, Kin, Role, User
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

VERIFYING = {"do_step", "note", "attach", "ask_data", "ask_reply", "find", "withdraw_finding",
             "sign_findings", "report"}  # fmt: skip
#: What each may do with a yellow disposal of the office, worked jointly with the resident group.
WHO: dict[State, dict[str, set[str]]] = {
    State.RAISED: {"fen": {"dispatch"}},
    State.DISPATCHED: {"fen": {"join"}, "head": {"decline", "sign_for", "join"}, "group_head": {"join"}},
    State.SIGNED: {
        "fen": {"join"}, "head": {"join", "assign", "extend", "pause", "resume"},
        "group_head": {"join", "extend"}, "standing": {"extend"}, "secretary": {"extend"},
    },
    State.VERIFYING: {
        "fen": {"join"}, "head": {"join", "assign", "extend", "pause", "resume"},
        "group_head": {"join", "extend"}, "standing": {"extend"}, "secretary": {"extend"},
        "li": VERIFYING, "zhou": VERIFYING,
    },
    State.REPORTED: {"head": {"approve", "send_back"}, "group_head": {"approve", "send_back"}},
    State.CLOSED: {
        "head": {"reopen"}, "group_head": {"reopen"}, "standing": {"reopen"}, "secretary": {"reopen"},
    },
}  # fmt: skip


def brought_to(state: State, cast: Any, **fields: Any) -> Disposal:
    case = warned.disposal(cast, **fields)
    if state == State.DISPATCHED:
        warned.dispatched(case, cast, joint=[cast.group])
    elif state == State.SIGNED:
        warned.signed(case, cast, joint=[cast.group])
    elif state != State.RAISED:
        warned.verifying(case, cast, joint=[cast.group])
        if state != State.VERIFYING:
            warned.checked(case, cast)
            warned.handed_in(case, cast)
        if state == State.CLOSED:
            approve(case, 1, by=cast.head, at=NOW)
            approve(case, 1, by=cast.standing, at=NOW)
    assert case.state == state
    return case


def everybody(cast: Any) -> dict[str, User]:
    return {name: user for name, user in vars(cast).items() if isinstance(user, User)}


@pytest.mark.parametrize("state", list(State))
def test_who_may_do_what(cast: Any, state: State) -> None:
    case = brought_to(state, cast)
    may = {name: set(allowed(user, case, TODAY)) for name, user in everybody(cast).items()}
    assert {name: actions for name, actions in may.items() if actions} == WHO[state]


def test_the_table_speaks_of_every_action() -> None:
    spoken = {action for who in WHO.values() for actions in who.values() for action in actions}
    assert spoken == set(MAY)


def test_the_page_about_disposals_names_every_act(root: Path) -> None:
    page = (root / "docs" / "explanation" / "disposal.md").read_text(encoding="utf-8")
    assert [action for action in MAY if f"`{action}`" not in page] == []


ACTS: dict[str, Callable[[Disposal, Any, User], object]] = {
    "dispatch": lambda case, cast, by: dispatch(case, cast.office, by=by, at=NOW),
    "decline": lambda case, cast, by: decline(case, by=by, at=NOW, reason="不属管辖"),
    "sign_for": lambda case, cast, by: sign_for(case, by=by, at=NOW),
    "join": lambda case, cast, by: join(case, [cast.locality], by=by, at=NOW),
    "assign": lambda case, cast, by: assign_verifiers(case, [cast.li, cast.zhou], by=by, at=NOW),
    "do_step": lambda case, cast, by: do_step(
        case, case.steps.all()[0], by=by, at=NOW, finding="是"
    ),
    "note": lambda case, cast, by: note(case, "记录", by=by, at=NOW),
    "attach": lambda case, cast, by: attach(case, "a.txt", None, by=by, at=NOW),  # type: ignore[arg-type]
    "ask_data": lambda case, cast, by: ask_data(case, cast.industry, "请提供", by=by, at=NOW),
    "ask_reply": lambda case, cast, by: ask_reply(case, cast.industry, "请说明", by=by, at=NOW),
    "find": lambda case, cast, by: find(case, Finding.TRUE, by=by, at=NOW),
    "withdraw_finding": lambda case, cast, by: withdraw_finding(
        case, None, by=by, at=NOW, reason="误"
    ),  # type: ignore[arg-type]
    "sign_findings": lambda case, cast, by: sign_findings(case, set(), by=by, at=NOW),
    "report": lambda case, cast, by: report(case, by=by, at=NOW, summary="报告"),
    "approve": lambda case, cast, by: approve(case, case.reports, by=by, at=NOW),
    "send_back": lambda case, cast, by: send_back(
        case, case.reports, by=by, at=NOW, opinion="退回"
    ),
    "extend": lambda case, cast, by: extend(case, 3, by=by, at=NOW, reason="等待"),
    "pause": lambda case, cast, by: pause(case, by=by, at=NOW, document="文号", reason="等待"),
    "resume": lambda case, cast, by: resume(case, by=by, at=NOW),
    "reopen": lambda case, cast, by: reopen(case, by=by, at=NOW, reason="新情况"),
}


@pytest.mark.parametrize("action", list(MAY))
def test_an_act_refuses_everybody_whose_part_it_is_not(cast: Any, action: str) -> None:
    case = brought_to(MAY[action].states[0], cast)
    rightful = {name for name, actions in WHO[State(case.state)].items() if action in actions}
    assert rightful
    for name, user in everybody(cast).items():
        if name in rightful:
            continue
        before = Entry.objects.count()
        with pytest.raises(NotYoursError):
            ACTS[action](case, cast, user)
        assert Entry.objects.count() == before
    case.refresh_from_db()
    assert case.state == MAY[action].states[0]


def as_deputy(deputy: User, principal: User) -> None:
    Delegation.objects.create(
        principal=principal, deputy=deputy, starts_on=TODAY, ends_on=TODAY, reason="出差"
    )


class TestFourEyes:
    def both(self, office: Any, user: User) -> None:
        Grant.objects.create(user=user, role=Role.OFFICE_HEAD, body=office, starts_on=TODAY)

    def test_who_verified_never_reviews(self, cast: Any) -> None:
        self.both(cast.office, cast.li)
        case = warned.reported(warned.disposal(cast), cast)
        assert allowed(cast.li, case, TODAY) == []
        with pytest.raises(NotYoursError, match="does not review it"):
            approve(case, 1, by=cast.li, at=NOW)

    def test_who_verified_an_earlier_round_or_was_released_never_reviews(self, cast: Any) -> None:
        self.both(cast.office, cast.li)
        case = warned.verifying(warned.disposal(cast), cast, joint=[cast.group])
        assign_verifiers(case, [cast.zhou, cast.wang], by=cast.head, at=NOW)
        for step in case.steps.all():
            do_step(case, step, by=cast.zhou, at=NOW, finding="已核对")
        find(case, Finding.RIGHT_PERSON, by=cast.zhou, at=NOW)
        find(case, Finding.UNTRUE, by=cast.zhou, at=NOW)
        warned.sign(case, cast.zhou)
        warned.sign(case, cast.wang)
        report(case, by=cast.zhou, at=NOW, summary="报告")
        with pytest.raises(NotYoursError):
            approve(case, 1, by=cast.li, at=NOW)

    def test_a_deputy_of_who_verified_neither(self, cast: Any) -> None:
        self.both(cast.office, cast.keeper)
        case = warned.reported(warned.disposal(cast), cast)
        assert "approve" in allowed(cast.keeper, case, TODAY)
        as_deputy(cast.keeper, cast.li)
        assert allowed(cast.keeper, case, TODAY) == []

    def test_nor_somebody_for_whom_who_verified_is_deputy(self, cast: Any) -> None:
        as_deputy(cast.li, cast.head)
        case = warned.reported(warned.disposal(cast), cast)
        with pytest.raises(NotYoursError):
            approve(case, 1, by=cast.li, at=NOW)

    def test_who_reviewed_never_verifies(self, cast: Any) -> None:
        Grant.objects.create(user=cast.head, role=Role.VERIFIER, body=cast.office, starts_on=TODAY)
        case = warned.closed(warned.disposal(cast), cast)
        reopen(case, by=cast.standing, at=NOW, reason="复核")
        with pytest.raises(DisposalError, match="has reviewed it"):
            assign_verifiers(case, [cast.head, cast.zhou], by=cast.head, at=NOW)

    def test_two_steps_are_two_people(self, cast: Any) -> None:
        Grant.objects.create(
            user=cast.head, role=Role.STANDING_MEMBER, body=cast.office, starts_on=TODAY
        )
        case = warned.reported(warned.disposal(cast), cast)
        approve(case, 1, by=cast.head, at=NOW)
        with pytest.raises(NotYoursError, match="another person"):
            approve(case, 1, by=cast.head, at=NOW)

    def test_nor_by_a_deputy(self, cast: Any) -> None:
        as_deputy(cast.keeper, cast.head)
        as_deputy(cast.keeper, cast.standing)
        case = warned.reported(warned.disposal(cast), cast)
        approve(case, 1, by=cast.keeper, at=NOW)
        assert (case.reviews.get().on_behalf, case.reviews.get().by) == (cast.head, cast.keeper)
        assert Entry.objects.get(action="disposal.approved").on_behalf == "head"
        with pytest.raises(NotYoursError, match="another person"):
            approve(case, 1, by=cast.keeper, at=NOW)
        approve(case, 1, by=cast.standing, at=NOW)
        assert case.state == State.CLOSED

    def test_verifying_is_nobody_s_but_one_s_own(self, cast: Any) -> None:
        as_deputy(cast.keeper, cast.li)
        case = warned.verifying(warned.disposal(cast), cast)
        with pytest.raises(NotYoursError):
            note(case, "代为记录", by=cast.keeper, at=NOW)

    def test_who_lost_the_role_lost_the_right(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        Grant.objects.filter(user=cast.li).update(withdrawn_at=NOW)
        with pytest.raises(NotYoursError):
            note(case, "记录", by=cast.li, at=NOW)
        assert not visible_to(cast.li, TODAY).exists()


class TestInTheDatabase:
    """Whoever writes past the actions is refused all the same."""

    def review(self, case: Disposal, by: User, **other: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO disposal_review (disposal_id, round, report, role, by_id, on_behalf_id, at,"
                " decision, opinion) VALUES (%s, 1, 1, 'office_head', %s, %s, %s, 'approved', '')",
                [case.pk, by.pk, other.get("on_behalf"), NOW],
            )

    def test_a_verifier_s_review_is_refused(self, cast: Any) -> None:
        case = warned.reported(warned.disposal(cast), cast)
        for by, on_behalf in ((cast.li, None), (cast.keeper, cast.li.pk)):
            with (
                pytest.raises(IntegrityError, match="review_not_by_a_verifier"),
                transaction.atomic(),
            ):
                self.review(case, by, on_behalf=on_behalf)
        self.review(case, cast.head)

    def test_a_reviewer_is_never_seated(self, cast: Any) -> None:
        case = warned.closed(warned.disposal(cast), cast)
        Verifier.objects.filter(disposal=case).update(released_at=NOW)
        with pytest.raises(IntegrityError, match="verifier_not_a_reviewer"), transaction.atomic():
            Verifier.objects.create(disposal=case, user=cast.head, round=2, seat=1)

    @pytest.mark.parametrize("statement", [
        "UPDATE disposal_review SET opinion = '改'",
        "DELETE FROM disposal_review",
        "UPDATE disposal_verifier SET user_id = 1",
        "DELETE FROM disposal_verifier",
    ])  # fmt: skip
    def test_what_was_reviewed_and_by_whom_verified_stays(self, cast: Any, statement: str) -> None:
        warned.closed(warned.disposal(cast), cast)
        with (
            pytest.raises(IntegrityError, match="never"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_a_step_of_the_chain_decides_once(self, cast: Any) -> None:
        case = warned.reported(warned.disposal(cast), cast)
        approve(case, 1, by=cast.head, at=NOW)
        row = {"disposal": case, "round": 1, "report": 1, "at": NOW, "decision": "approved"}
        for role, by in (("office_head", cast.group_head), ("standing_member", cast.head)):
            with pytest.raises(IntegrityError), transaction.atomic():
                Review.objects.create(role=role, by=by, **row)

    def test_findings_that_exclude_each_other_and_third_seats_are_refused(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        find(case, Finding.TRUE, by=cast.li, at=NOW)
        row = {"disposal": case, "round": 1, "found_by": cast.li, "found_at": NOW}
        for aspect, finding in (("fact", "untrue"), ("identity", "true")):
            with pytest.raises(IntegrityError), transaction.atomic():
                case.outcomes.create(aspect=aspect, finding=finding, **row)
        for seat in (1, 3):
            with pytest.raises(IntegrityError), transaction.atomic():
                Verifier.objects.create(disposal=case, user=cast.wang, round=1, seat=seat)
        with pytest.raises(IntegrityError), transaction.atomic():
            Disposal.objects.filter(pk=case.pk).update(extensions=3)


class TestOwnPeople:
    def known(self, user: User, digest: str) -> None:
        user.person = digest * 64
        user.save()

    def test_nobody_sees_or_works_a_warning_about_themself(self, cast: Any) -> None:
        for user, digest in ((cast.fen, "a"), (cast.head, "b"), (cast.standing, "c")):
            self.known(user, digest)
        case = warned.disposal(cast, "a" * 64, "b" * 64, "c" * 64)
        for user in (cast.fen, cast.head, cast.standing):
            assert not visible_to(user, TODAY).exists()
            assert allowed(user, case, TODAY) == []
        with pytest.raises(NotYoursError, match="about you"):
            dispatch(case, cast.office, by=cast.fen, at=NOW)

    def test_nor_about_declared_kin(self, cast: Any) -> None:
        Kin.objects.create(user=cast.li, relation="配偶", person="d" * 64)
        case = warned.signed(warned.disposal(cast, "d" * 64), cast)
        with pytest.raises(DisposalError, match="核查员李 cannot verify"):
            assign_verifiers(case, [cast.li, cast.zhou], by=cast.head, at=NOW)

    def test_kin_declared_meanwhile_end_it(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast, "d" * 64), cast)
        Kin.objects.create(user=cast.li, relation="配偶", person="d" * 64)
        assert not visible_to(cast.li, TODAY).exists()
        with pytest.raises(NotYoursError):
            note(case, "记录", by=cast.li, at=NOW)

    def test_nor_by_a_deputy_for_whom_it_is_about(self, cast: Any) -> None:
        self.known(cast.head, "b")
        other = people.user("other_head", "副主任", Role.OFFICE_HEAD, body=cast.office)
        as_deputy(cast.keeper, cast.head)
        case = warned.dispatched(warned.disposal(cast, "b" * 64), cast)
        assert not visible_to(cast.keeper, TODAY).exists()
        with pytest.raises(NotYoursError):
            sign_for(case, by=cast.keeper, at=NOW)
        sign_for(case, by=other, at=NOW)

    def test_a_warning_about_a_body_s_only_head_never_goes_there(self, cast: Any) -> None:
        self.known(cast.group_head, "e")
        case = warned.disposal(cast, "e" * 64)
        with pytest.raises(DisposalError, match=r"nobody in .* can sign"):
            dispatch(case, cast.group, by=cast.fen, at=NOW)
        with pytest.raises(DisposalError, match=r"nobody in .* can sign"):
            dispatch(case, cast.office, by=cast.fen, at=NOW, joint=[cast.group])
        dispatch(case, cast.office, by=cast.fen, at=NOW)

    def test_a_warning_about_a_unit_s_head_is_nothing_for_their_own_people(self, cast: Any) -> None:
        director = people.user("director", "局长", works_at=cast.industry)
        self.known(director, "f")
        cast.industry.head = director
        cast.industry.save()
        User.objects.filter(pk=cast.group_head.pk).update(
            unit=cast.industry
        )  # on the bureau's payroll
        case = warned.disposal(cast, "f" * 64)
        with pytest.raises(DisposalError, match=r"nobody in .* can sign"):
            dispatch(case, cast.group, by=cast.fen, at=NOW)
        other = warned.disposal(cast, "9" * 64)
        dispatch(other, cast.group, by=cast.fen, at=NOW)

    def test_their_unit_s_contact_is_not_asked_where_that_would_be_themself(
        self, cast: Any
    ) -> None:
        self.known(cast.contact, "f")
        case = warned.verifying(warned.disposal(cast, "f" * 64), cast)
        with pytest.raises(DisposalError, match="no contact who may answer"):
            ask_reply(case, cast.industry, "请说明情况", by=cast.li, at=NOW)
        assert Entry.objects.filter(action="request.asked").count() == 0


class TestSeeing:
    @pytest.mark.parametrize("state", [s for s in State if s != State.RAISED])
    def test_who_sees_a_disposal_that_is_at_work(self, cast: Any, state: State) -> None:
        case = brought_to(state, cast)
        seen_by = {
            name for name, user in everybody(cast).items()
            if visible_to(user, TODAY).filter(pk=case.pk).exists()
        }  # fmt: skip
        verifiers = (
            {"li", "zhou"} if state in (State.VERIFYING, State.REPORTED, State.CLOSED) else set()
        )
        assert seen_by == {"fen", "head", "group_head", "standing", "secretary"} | verifiers

    def test_what_is_not_dispatched_is_the_dispatcher_s(self, cast: Any) -> None:
        warned.disposal(cast)
        assert {n for n, u in everybody(cast).items() if visible_to(u, TODAY).exists()} == {"fen"}

    def test_a_released_verifier_sees_it_no_longer(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast, joint=[cast.group])
        assign_verifiers(case, [cast.zhou, cast.wang], by=cast.head, at=NOW)
        assert not visible_to(cast.li, TODAY).exists()
        assert visible_to(cast.wang, TODAY).get() == case

    def test_another_locality_sees_nothing(self, cast: Any) -> None:
        elsewhere = people.user("else", "县纪委主任", Role.OFFICE_HEAD, body=cast.locality)
        case = warned.verifying(warned.disposal(cast), cast)
        assert not visible_to(elsewhere, TODAY).exists()
        join(case, [cast.locality], by=cast.head, at=NOW)
        assert visible_to(elsewhere, TODAY).get() == case

    def test_a_right_that_ended_shows_nothing(self, cast: Any) -> None:
        warned.verifying(warned.disposal(cast), cast)
        Grant.objects.filter(user=cast.head).update(ends_on=TODAY - timedelta(days=1))
        assert not visible_to(cast.head, TODAY).exists()
