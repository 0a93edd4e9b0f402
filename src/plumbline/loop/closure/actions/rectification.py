"""Rectification (整改): asked of a unit, reported by it, accepted by those who asked (销号), looked back at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from plumbline.errors import Text
from plumbline.kit.clock.actions import Starting, start
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.closure.actions.attachment import File, keep
from plumbline.loop.closure.actions.campaign import ClosureError, must_be_later, say_what
from plumbline.loop.closure.models import (
    RECTIFICATION_FLOW,
    Campaign,
    CampaignState,
    Recommendation,
    RecommendationState,
    Rectification,
    RectificationReport,
)
from plumbline.loop.closure.policy import bodies_of_thing, must
from plumbline.loop.disposal.models import Disposal, State
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.trail.actions import record

Ground = Disposal | Campaign | Recommendation

#: In which state something can be the ground on which rectification is asked.
_OPEN = {
    Disposal: State.CLOSED,
    Campaign: CampaignState.RUNNING,
    Recommendation: RecommendationState.SENT,
}
_FIELDS = {Disposal: "disposal", Campaign: "campaign", Recommendation: "recommendation"}


@transaction.atomic
def ask_rectification(  # noqa: PLR0913 -- of whom, what, until when, on which ground
    ground: Ground,
    *,
    unit: Unit,
    body: SupervisionBody,
    what: str,
    ends_on: date,
    by: User,
    at: datetime,
) -> Rectification:
    """Ask a unit to put something right; its deadline begins.

    Args:
        ground: what it follows from.
        body: which asks, and will accept it.

    Raises:
        NotYoursError: of the ground, or of the body.
        OutOfStepError: the ground is not such that anything follows from it.
        ClosureError: there is nothing in it, or no working day.
    """
    field = _FIELDS[type(ground)]
    where = f"{field}:{ground.pk}"
    held = must("ask_rectification", ground, by=by, at=at)
    now = type(ground)._default_manager.select_for_update(of=("self",)).get(pk=ground.pk)  # noqa: SLF001 -- Django's own name
    if now.state != _OPEN[type(ground)]:
        raise OutOfStepError(
            Text(f"现在是“{now.get_state_display()}”，不能据此要求整改",
                 f"it is '{now.get_state_display()}', no ground to ask for rectification"),
            where=where,
        )  # fmt: skip
    if body.pk not in bodies_of_thing(ground):
        raise ClosureError(
            Text("应由办理的机构提出并验收", "a body that works it asks for it and accepts it"),
            where=where,
        )
    asked = Rectification.objects.create(
        unit=unit, body=body, what=say_what(what, where), asked_by=by, asked_at=at,
        **{field: ground},
    )  # fmt: skip
    must_be_later(ends_on, at, where)
    record(
        "rectification.asked", subject=f"rectification:{asked.pk}", by=by, on_behalf=held.on_behalf,
        at=at, ground=where, unit=unit.pk, body=body.pk, starts={"rectify": f"{ends_on}"},
    )  # fmt: skip
    start(f"rectification:{asked.pk}", Starting("rectify", until=ends_on), at=at)
    return asked


@transaction.atomic
def report_rectification(
    rectification: Rectification,
    *,
    text: str,
    files: Sequence[File] = (),
    by: User,
    at: datetime,
) -> Rectification:
    """Say, for the unit, what was done, with evidence.

    Raises:
        NotYoursError: it is not their unit's. OutOfStepError. ClosureError: nothing is said.
    """
    held = must("report", rectification, by=by, at=at)
    told = say_what(text, f"rectification:{rectification.pk}")
    digests = keep(files, by=by, at=at, rectification=rectification)
    moved = advance(
        RECTIFICATION_FLOW, rectification, "report", by=by, on_behalf=held.on_behalf, at=at,
        detail={"round": rectification.round, "files": digests}, done_by=by, reported_at=at,
    )  # fmt: skip
    RectificationReport.objects.create(
        rectification=moved, round=moved.round, by=by, at=at, text=told
    )
    return moved


@transaction.atomic
def accept_rectification(
    rectification: Rectification, *, look_back_on: date, by: User, at: datetime, reason: str
) -> Rectification:
    """Accept what was done (销号), and set the day on which it is looked back at.

    Raises:
        NotYoursError: not of its body, or it is their own work. OutOfStepError. ReasonMissingError.
        ClosureError: the day leaves no working day.
    """
    held = must("accept", rectification, by=by, at=at)
    must_be_later(look_back_on, at, f"rectification:{rectification.pk}")
    moved = advance(
        RECTIFICATION_FLOW, rectification, "accept", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason, starts=[Starting("look_back", until=look_back_on)], accepted_by=by, accepted_at=at,
        look_back_on=look_back_on,
    )  # fmt: skip
    _decide(moved, RectificationReport.Decision.ACCEPTED, by, at, reason)
    return moved


@transaction.atomic
def reject_rectification(
    rectification: Rectification, *, ends_on: date, by: User, at: datetime, reason: str
) -> Rectification:
    """Send it back: what was reported is not enough; a new deadline begins.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError, ClosureError.
    """
    held = must("reject", rectification, by=by, at=at)
    must_be_later(ends_on, at, f"rectification:{rectification.pk}")
    _decide(rectification, RectificationReport.Decision.REJECTED, by, at, reason)
    return advance(
        RECTIFICATION_FLOW, rectification, "reject", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason, starts=[Starting("rectify", until=ends_on)], round=rectification.round + 1,
        done_by=None, reported_at=None,
    )  # fmt: skip


@transaction.atomic
def look_back(
    rectification: Rectification, *, held_up: bool, text: str, by: User, at: datetime
) -> Rectification:
    """Look again, after the day that was set, and say whether it held (回头看).

    Raises:
        NotYoursError, OutOfStepError. ReasonMissingError: nothing is said.
    """
    held = must("look_back", rectification, by=by, at=at)
    return advance(
        RECTIFICATION_FLOW, rectification, "look_back", by=by, on_behalf=held.on_behalf, at=at,
        reason=text, detail={"held": held_up}, looked_back_by=by, looked_back_at=at,
        look_back=text.strip(), held=held_up,
    )  # fmt: skip


@transaction.atomic
def ask_again(
    rectification: Rectification, *, ends_on: date, by: User, at: datetime, reason: str
) -> Rectification:
    """Ask again for what was accepted and did not hold: a new round, with a deadline of its own.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError, ClosureError.
    """
    held = must("ask_again", rectification, by=by, at=at)
    must_be_later(ends_on, at, f"rectification:{rectification.pk}")
    return advance(
        RECTIFICATION_FLOW, rectification, "ask_again", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason, starts=[Starting("rectify", until=ends_on)], round=rectification.round + 1,
        done_by=None, reported_at=None, accepted_by=None, accepted_at=None, look_back_on=None,
        looked_back_by=None, looked_back_at=None, look_back="", held=None,
    )  # fmt: skip


def _decide(
    rectification: Rectification,
    decision: RectificationReport.Decision,
    by: User,
    at: datetime,
    opinion: str,
) -> None:
    RectificationReport.objects.filter(
        rectification=rectification, round=rectification.round, decision=""
    ).update(decision=decision, decided_by=by, decided_at=at, opinion=opinion.strip())
