"""What is asked of units: more data, or the reply of the person or unit concerned; and their answers."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from plumbline.errors import Text
from plumbline.kit.clock.actions import Starting, start, stop
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.disposal.actions.holding import hold, lock, refuse, written
from plumbline.loop.disposal.models import ANSWER_DAYS, Disposal, Request, State
from plumbline.loop.disposal.policy import ANSWERING, can_answer, must_answer
from plumbline.org.models import Unit, User
from plumbline.org.walls import WORKER, scope
from plumbline.trail.actions import record


def ask_data(disposal: Disposal, unit: Unit, question: str, *, by: User, at: datetime) -> Request:
    """Ask a unit for more data."""
    return _ask(disposal, Request.Kind.DATA, "ask_data", unit, question, by=by, at=at)


def ask_reply(disposal: Disposal, unit: Unit, question: str, *, by: User, at: datetime) -> Request:
    """Ask the person or unit concerned for their reply (情况说明); a breach is not found without it."""
    return _ask(disposal, Request.Kind.REPLY, "ask_reply", unit, question, by=by, at=at)


@transaction.atomic
def _ask(  # noqa: PLR0913 -- what two verbs share
    disposal: Disposal,
    kind: Request.Kind,
    action: str,
    unit: Unit,
    question: str,
    *,
    by: User,
    at: datetime,
) -> Request:
    hold(disposal, action, by=by, at=at)
    if not can_answer(unit, disposal, day_of(at), ANSWERING[kind]):
        raise refuse(
            disposal,
            f"“{unit.name}”没有可以答复的联系人，或联系人须回避",
            f"'{unit.name}' has no contact who may answer: there is none, or it is about them",
            Text(
                "改向上级单位提出，或请系统管理员登记联系人",
                "ask the unit above, or have a contact named",
            ),
        )
    said = written(disposal, question)
    if Request.objects.filter(
        disposal=disposal, kind=kind, unit=unit, question=said, answered_at=None
    ).exists():
        raise refuse(
            disposal, "已向该单位提出同样的问题", "this unit has been asked the same already"
        )
    asked = Request.objects.create(
        disposal=disposal,
        kind=kind,
        unit=unit,
        question=said,
        asked_by=by,
        asked_at=at,
    )
    record("request.asked", subject=f"request:{asked.pk}", by=by, at=at, disposal=disposal.pk, kind=kind,
           unit=unit.pk, starts={"answer": ANSWER_DAYS})  # fmt: skip
    start(f"request:{asked.pk}", Starting("answer", ANSWER_DAYS), at=at)
    return asked


@transaction.atomic
def answer(request: Request, text: str, *, by: User, at: datetime) -> Request:
    """Answer for a unit; of two who do so at once, one does.

    Raises:
        NotYoursError: it is not asked of their unit.
        OutOfStepError: it is answered, or the disposal is closed.
    """
    held = must_answer(request, by=by, at=at)
    with scope(WORKER):  # a unit sees that row, and does not write it
        lock(request.disposal)
    said = written(request.disposal, text)
    changed = 0
    if request.disposal.state != State.CLOSED:
        changed = Request.objects.filter(pk=request.pk, answered_at=None).update(
            answer=said, answered_by=by, answered_at=at
        )
    if changed != 1:
        raise OutOfStepError(
            Text("已经答复，或事项已办结", "it is answered, or the matter is closed"),
            where=f"request:{request.pk}",
        )
    record("request.answered", subject=f"request:{request.pk}", by=by, on_behalf=held.on_behalf, at=at,
           disposal=request.disposal_id)  # fmt: skip
    stop(f"request:{request.pk}", "answer", at=at)
    request.refresh_from_db()
    return request
