"""A warning comes to the people who work it: opened, dispatched, declined, joined, signed for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.actions import Starting, start
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.disposal.actions.holding import hold, lock, refuse
from plumbline.loop.disposal.models import (
    ANSWER_DAYS,
    FLOW,
    Disposal,
    Request,
    State,
    Step,
)
from plumbline.loop.disposal.policy import ANSWERING, can_answer, can_sign
from plumbline.loop.disposal.queries.route import route
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.org.policy import remembering
from plumbline.org.walls import WORKER, scope
from plumbline.trail.actions import record

_BATCH = 1000


@dataclass(frozen=True)
class Plan:
    """What the model says about working a warning.

    Attributes:
        sign_days, report_days: working days, for its level.
        steps: (Chinese, English) of the model's `check:`.
        holder, question: of a blue warning: who holds the data, and what they are asked.
    """

    warning: EarlyWarning
    sign_days: int
    report_days: int
    steps: Sequence[tuple[str, str]]
    holder: Unit | None = None
    question: str = ""


@transaction.atomic
def open_disposals(plans: Iterable[Plan], *, at: datetime) -> int:
    """Open one for every warning that has none; the holder of the data of a blue one is asked at once.

    Returns:
        How many were opened.
    """
    wanted = {plan.warning.pk: plan for plan in plans}
    known = Disposal.objects.filter(warning__in=wanted).values_list("warning", flat=True)
    for pk in known:
        del wanted[pk]
    if not wanted:
        return 0
    opened = Disposal.objects.bulk_create(
        (
            Disposal(
                warning=plan.warning, level=plan.warning.level, opened_at=at,
                sign_days=plan.sign_days, report_days=plan.report_days,
            )
            for plan in wanted.values()
        ),
        batch_size=_BATCH,
    )  # fmt: skip
    Step.objects.bulk_create(
        (
            Step(disposal=disposal, number=number, what=zh, what_en=en)
            for disposal in opened
            for number, (zh, en) in enumerate(wanted[disposal.warning_id].steps, start=1)
        ),
        batch_size=_BATCH,
    )
    asked = sum(_ask_holder(each, wanted[each.warning_id], at) for each in opened)
    record("disposal.opened", subject="disposal:all", by=None, at=at, count=len(opened), asked=asked,
           first=opened[0].pk, last=opened[-1].pk)  # fmt: skip
    return len(opened)


def _ask_holder(disposal: Disposal, plan: Plan, at: datetime) -> bool:
    """Ask who holds the data, where there is somebody to ask; else it waits for whoever works it."""
    if plan.holder is None or not plan.question:
        return False
    roles = ANSWERING[Request.Kind.DATA]
    if not can_answer(plan.holder, disposal, day_of(at), roles):
        return False
    asked = Request.objects.create(
        disposal=disposal,
        kind=Request.Kind.DATA,
        unit=plan.holder,
        question=plan.question,
        asked_at=at,
    )
    start(f"request:{asked.pk}", Starting("answer", ANSWER_DAYS), at=at)
    return True


@transaction.atomic
def dispatch(
    disposal: Disposal,
    body: SupervisionBody,
    *,
    by: User,
    at: datetime,
    joint: Sequence[SupervisionBody] = (),
    reason: str = "",
) -> Disposal:
    """Send it centrally to a body, and to others that work it jointly (室组地).

    Raises:
        NotYoursError: it is not theirs to dispatch.
        DisposalError: nobody in the body could sign for it but those it is about.
        OutOfStepError: it was dispatched before.
    """
    on_behalf = hold(disposal, "dispatch", by=by, at=at)
    return _send(disposal, body, joint, by=by, on_behalf=on_behalf, at=at, reason=reason, rule="")


@transaction.atomic
def dispatch_by_rule(disposal: Disposal, *, at: datetime) -> Disposal | None:
    """Send it where staff-management authority, sector or region point; None where they point nowhere."""
    lock(disposal)
    found = route(disposal, day_of(at))
    if found is None or disposal.state != State.RAISED:
        return None
    return _send(
        disposal,
        found.body,
        found.joint,
        by=None,
        on_behalf=None,
        at=at,
        reason="",
        rule=found.rule,
    )


def dispatch_all_by_rule(*, at: datetime) -> tuple[int, int]:
    """Send every open one by rule, each in its own transaction; what was declined waits for a person.

    Returns:
        How many were sent, and how many wait for a dispatcher.
    """
    sent = kept = 0
    with remembering():
        waiting = Disposal.objects.filter(state=State.RAISED, dispatched_at=None)
        for disposal in (
            waiting.select_related("warning__unit__head").order_by("pk").iterator(_BATCH)
        ):
            if dispatch_by_rule(disposal, at=at):
                sent += 1
            else:
                kept += 1
    return sent, kept


def _send(  # noqa: PLR0913 -- all that dispatching consists of
    disposal: Disposal,
    body: SupervisionBody,
    joint: Sequence[SupervisionBody],
    *,
    by: User | None,
    on_behalf: User | None,
    at: datetime,
    reason: str,
    rule: str,
) -> Disposal:
    joined = [each for each in dict.fromkeys(joint) if each != body]
    for each in (body, *joined):
        _reaches_somebody(disposal, each, at)
    advance(
        FLOW, disposal, "dispatch", by=by, on_behalf=on_behalf, at=at, reason=reason,
        starts=[Starting("sign", disposal.sign_days)], body=body, dispatched_at=at,
        detail={"body": body.pk, "joint": [each.pk for each in joined], "rule": rule},
    )  # fmt: skip
    disposal.joint.set(joined)
    return disposal


def _reaches_somebody(disposal: Disposal, body: SupervisionBody, at: datetime) -> None:
    """A warning about the head of a unit, or about whoever leads a body, never goes to them alone."""
    if not can_sign(body, disposal, day_of(at)):
        raise refuse(
            disposal,
            f"“{body.name}”没有可以签收的人：没有负责人，或负责人须回避",
            f"nobody in '{body.name}' can sign for it: it has no head, or the head must stay away",
            Text(
                "改派上级机构，或另设一位室主任", "send it to the body above, or name another head"
            ),
        )


@transaction.atomic
def decline(disposal: Disposal, *, by: User, at: datetime, reason: str) -> Disposal:
    """Give it back to the dispatcher, who then sends it by hand: the rules do not send it again."""
    on_behalf = hold(disposal, "decline", by=by, at=at)
    declined = disposal.body_id
    with scope(WORKER):  # nobody gives away by themself what they then no longer see
        advance(FLOW, disposal, "decline", by=by, on_behalf=on_behalf, at=at, reason=reason, body=None,
                detail={"body": declined})  # fmt: skip
        disposal.joint.clear()
    return disposal


@transaction.atomic
def join(
    disposal: Disposal,
    bodies: Sequence[SupervisionBody],
    *,
    by: User,
    at: datetime,
    reason: str = "",
) -> Disposal:
    """Have other bodies work it jointly (室组地)."""
    on_behalf = hold(disposal, "join", by=by, at=at)
    new = [body for body in dict.fromkeys(bodies) if body.pk != disposal.body_id]
    if not new:
        raise refuse(disposal, "请选择另一个机构", "choose another body")
    for body in new:
        _reaches_somebody(disposal, body, at)
    disposal.joint.add(*new)
    record("disposal.joined", subject=f"disposal:{disposal.pk}", by=by, on_behalf=on_behalf, at=at,
           reason=reason, bodies=[body.pk for body in new])  # fmt: skip
    return disposal


@transaction.atomic
def sign_for(disposal: Disposal, *, by: User, at: datetime) -> Disposal:
    """Take responsibility for it (签收); of several who do so at once, one does.

    Raises:
        NotYoursError: it was not sent to them.
        OutOfStepError: somebody signed before.
    """
    on_behalf = hold(disposal, "sign_for", by=by, at=at)
    return advance(
        FLOW, disposal, "sign_for", by=by, on_behalf=on_behalf, at=at, signed_at=at,
        starts=[Starting("report", disposal.report_days)],
    )  # fmt: skip


def sign_for_many(
    disposals: Iterable[Disposal], *, by: User, at: datetime
) -> tuple[list[Disposal], dict[int, PlumblineError]]:
    """Sign for several, each by itself: what one refuses does not keep the others.

    Returns:
        Those signed for, and why the others were not, by their identifier.
    """
    signed, refused = [], {}
    for disposal in disposals:
        try:
            signed.append(sign_for(disposal, by=by, at=at))
        except PlumblineError as error:
            refused[disposal.pk] = error
    return signed, refused
