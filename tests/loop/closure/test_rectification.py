"""Rectification: asked, reported by the unit, accepted by another, looked back at, asked again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.closure.actions.attachment import File
from plumbline.loop.closure.actions.campaign import ClosureError
from plumbline.loop.closure.actions.rectification import (
    accept_rectification,
    ask_again,
    look_back,
    reject_rectification,
    report_rectification,
)
from plumbline.loop.closure.models import RECTIFICATION_FLOW, Rectification, RectificationState
from plumbline.org.models import Grant, Role
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.loop.disposal import warned
from tests.people import NOW, TODAY


def due(duty: Rectification) -> list[Any]:
    found = Due.objects.filter(subject=f"rectification:{duty.pk}", stopped_at=None)
    return list(found.values_list("kind", flat=True))


def accepted(cast: Any) -> Rectification:
    duty = after.reported(after.asked(cast), cast)
    return accept_rectification(
        duty, look_back_on=after.LATER, by=cast.li, at=NOW, reason="现场核实"
    )


def test_every_state_can_come_to_its_end() -> None:
    def reaches_end(state: str, seen: frozenset[str] = frozenset()) -> bool:
        nexts = {RECTIFICATION_FLOW.moves[m].to for m in RECTIFICATION_FLOW.allowed(state)} - seen
        return state in RECTIFICATION_FLOW.ends or any(
            reaches_end(n, seen | {state}) for n in nexts - {state}
        )

    assert all(reaches_end(state) for state in RectificationState)


def test_from_asking_to_looking_back(cast: Any) -> None:
    duty = after.asked(cast)
    assert (duty.state, due(duty)) == ("asked", ["rectify"])
    proof = File("平台截图.png", b"\x89PNG\r\n\x1a\n...")
    report_rectification(duty, text="平台已上线", files=[proof], by=cast.contact, at=NOW)
    assert (duty.state, due(duty), duty.attachments.count()) == ("reported", [], 1)
    accept_rectification(duty, look_back_on=after.LATER, by=cast.li, at=NOW, reason="现场核实")
    assert (duty.state, due(duty), duty.look_back_on) == ("accepted", ["look_back"], after.LATER)
    look_back(duty, held_up=True, text="抽查20件均已联审", by=cast.zhou, at=NOW)
    assert (duty.state, due(duty), duty.held) == ("looked_back", [], True)
    actions = Entry.objects.filter(subject=f"rectification:{duty.pk}").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "rectification.asked", "rectification.reported", "rectification.accepted",
        "rectification.looked_back",
    ]  # fmt: skip


def test_what_is_not_enough_goes_back_and_both_reports_stay(cast: Any) -> None:
    duty = after.reported(after.asked(cast), cast, "已发文")
    with pytest.raises(ReasonMissingError):
        reject_rectification(duty, ends_on=after.SOON, by=cast.li, at=NOW, reason="")
    reject_rectification(duty, ends_on=after.SOON, by=cast.li, at=NOW, reason="只有发文，没有落实")
    assert (duty.state, duty.round, duty.done_by, due(duty)) == ("asked", 2, None, ["rectify"])
    after.reported(duty, cast, "已落实")
    accept_rectification(duty, look_back_on=after.LATER, by=cast.zhou, at=NOW, reason="已落实")
    assert [
        (each.round, each.text, each.decision, each.decided_by)
        for each in duty.reports.order_by("round")
    ] == [(1, "已发文", "rejected", cast.li), (2, "已落实", "accepted", cast.zhou)]


def test_what_did_not_hold_is_asked_again(cast: Any) -> None:
    duty = accepted(cast)
    look_back(duty, held_up=False, text="又有两件未联审", by=cast.li, at=NOW)
    ask_again(duty, ends_on=after.SOON, by=cast.head, at=NOW, reason="问题反弹")
    assert (duty.state, duty.round, duty.accepted_by, duty.held, due(duty)) == (
        "asked", 2, None, None, ["rectify"],
    )  # fmt: skip
    after.reported(duty, cast)


def test_nobody_accepts_their_own_work(cast: Any) -> None:
    duty = after.asked(cast)
    Grant.objects.create(
        user=cast.contact, role=Role.VERIFIER, body=cast.office, starts_on=TODAY
    )  # as if somebody had moved from the unit to the body meanwhile
    after.reported(duty, cast)
    for act in (accept_rectification, reject_rectification):
        day = {"look_back_on" if act is accept_rectification else "ends_on": after.LATER}
        with pytest.raises(NotYoursError, match="does not accept it"):
            act(duty, by=cast.contact, at=NOW, reason="很好", **day)
    with pytest.raises(IntegrityError, match="rectification_not_accepted_by_who_did_it"):
        Rectification.objects.filter(pk=duty.pk).update(
            state="accepted", accepted_by=cast.contact, accepted_at=NOW, look_back_on=after.LATER
        )


@pytest.mark.parametrize("who", ["li", "provider", "qin", "stranger", "head"])
def test_only_the_units_contact_reports(cast: Any, who: str) -> None:
    duty = after.asked(cast)
    with pytest.raises(NotYoursError):
        report_rectification(duty, text="已整改", by=getattr(cast, who), at=NOW)


@pytest.mark.parametrize("who", ["contact", "qin", "stranger", "figures"])
def test_only_those_who_asked_accept(cast: Any, who: str) -> None:
    duty = after.reported(after.asked(cast), cast)
    with pytest.raises(NotYoursError):
        accept_rectification(
            duty, look_back_on=after.LATER, by=getattr(cast, who), at=NOW, reason="好"
        )


def test_nothing_follows_from_what_is_still_open(cast: Any) -> None:
    case = warned.reported(warned.disposal(cast), cast)
    with pytest.raises(OutOfStepError, match="no ground"):
        after.asked(cast, case)


def test_the_body_has_a_part_in_the_ground(cast: Any) -> None:
    with pytest.raises(ClosureError, match="a body that works it"):
        after.asked(cast, body=cast.locality)


@pytest.mark.parametrize("fields", [{"what": " "}, {"ends_on": TODAY}], ids=["no words", "no time"])
def test_what_and_until_when_are_said(cast: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ClosureError):
        after.asked(cast, **fields)
    assert not Rectification.objects.exists()


def test_a_campaign_and_a_letter_are_grounds_as_well(cast: Any) -> None:
    problem = after.accepted(cast)
    campaign = after.campaign(cast, problem)
    letter = after.sent(after.letter(cast, problem), cast)
    assert after.asked(cast, campaign).campaign == campaign
    assert after.asked(cast, letter).recommendation == letter


def test_of_two_who_decide_one_is_told(cast: Any) -> None:
    duty = after.reported(after.asked(cast), cast)
    same = Rectification.objects.get(pk=duty.pk)
    accept_rectification(duty, look_back_on=after.LATER, by=cast.li, at=NOW, reason="好")
    with pytest.raises(OutOfStepError):
        reject_rectification(same, ends_on=after.SOON, by=cast.zhou, at=NOW, reason="不够")
    assert duty.reports.get().decision == "accepted"
