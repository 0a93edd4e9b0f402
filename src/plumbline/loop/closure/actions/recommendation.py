"""Recommendations and letters of reminder: proposed, approved by a second person, numbered, sent, followed up."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from plumbline.errors import Text
from plumbline.kit.clock.actions import Starting, start, stop
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.kit.letter.letter import document_number
from plumbline.loop.closure.actions.attachment import File, keep
from plumbline.loop.closure.actions.campaign import (
    ClosureError,
    must_be_accepted,
    must_be_later,
    say_what,
)
from plumbline.loop.closure.models import (
    RECOMMENDATION_FLOW,
    FollowUp,
    GovernanceProblem,
    LetterCounter,
    Recommendation,
    RecommendationState,
)
from plumbline.loop.closure.policy import OFFICERS, bodies_of_thing, must
from plumbline.loop.closure.queries.letter import letter_of
from plumbline.loop.disposal.models import Disposal, State
from plumbline.loop.disposal.policy import and_above
from plumbline.loop.disposal.queries.letter import as_docx, as_pdf
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.org.policy import rights_of
from plumbline.trail.actions import record

#: Whoever follows up hears of it again after so many working days without a note.
FOLLOW_UP_DAYS = 20
_WORDS = {Recommendation.Kind.RECOMMENDATION: "建", Recommendation.Kind.REMINDER: "提"}


@transaction.atomic
def propose_recommendation(  # noqa: PLR0913 -- to whom, about what, on which ground, by when
    ground: GovernanceProblem | Disposal,
    *,
    kind: Recommendation.Kind,
    unit: Unit,
    body: SupervisionBody,
    title: str,
    situation: str,
    basis: str,
    text: str,
    reply_by: date,
    by: User,
    at: datetime,
) -> Recommendation:
    """Propose a letter to a unit; whoever proposes it follows it up.

    Raises:
        NotYoursError. OutOfStepError: the ground is not accepted, or not closed.
        ClosureError: words are missing, or the body has no part in the ground.
    """
    noun = "disposal" if isinstance(ground, Disposal) else "problem"
    where = f"{noun}:{ground.pk}"
    held = must("propose_recommendation", ground, by=by, at=at)
    if isinstance(ground, GovernanceProblem):
        must_be_accepted(ground)
    elif Disposal.objects.select_for_update(of=("self",)).get(pk=ground.pk).state != State.CLOSED:
        raise OutOfStepError(Text("处置尚未办结", "the disposal is not closed"), where=where)
    if body.pk not in and_above(bodies_of_thing(ground)):
        raise ClosureError(
            Text("应由办理的机构提出", "a body that works it proposes it"), where=where
        )
    must_be_later(reply_by, at, where)
    made = Recommendation.objects.create(
        kind=kind, unit=unit, body=body, title=say_what(title, where),
        situation=say_what(situation, where), basis=say_what(basis, where), text=say_what(text, where),
        reply_by=reply_by, proposed_by=by, proposed_at=at, followed_by=by, **{noun: ground},
    )  # fmt: skip
    record(
        "recommendation.proposed", subject=f"recommendation:{made.pk}", by=by, at=at,
        on_behalf=held.on_behalf, ground=where, kind=str(kind), unit=unit.pk, body=body.pk,
    )  # fmt: skip
    return made


@transaction.atomic
def approve_recommendation(
    recommendation: Recommendation, *, by: User, at: datetime
) -> Recommendation:
    """Agree that it is sent, as a second person.

    Raises:
        NotYoursError: they proposed it, or have no part in it. OutOfStepError.
    """
    held = must("approve", recommendation, by=by, at=at)
    return advance(
        RECOMMENDATION_FLOW, recommendation, "approve", by=by, on_behalf=held.on_behalf, at=at,
        approved_by=by, approved_at=at,
    )  # fmt: skip


@transaction.atomic
def refuse_recommendation(
    recommendation: Recommendation, *, by: User, at: datetime, reason: str
) -> Recommendation:
    """Do not agree; whoever proposed it may write it anew.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
    """
    held = must("refuse", recommendation, by=by, at=at)
    return advance(
        RECOMMENDATION_FLOW, recommendation, "refuse", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason,
    )  # fmt: skip


@transaction.atomic
def propose_again(  # noqa: PLR0913 -- the words that are new, and why
    recommendation: Recommendation,
    *,
    situation: str,
    text: str,
    reply_by: date,
    by: User,
    at: datetime,
    reason: str,
) -> Recommendation:
    """Propose a refused letter in other words.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError, ClosureError.
    """
    where = f"recommendation:{recommendation.pk}"
    held = must("propose_again", recommendation, by=by, at=at)
    must_be_later(reply_by, at, where)
    return advance(
        RECOMMENDATION_FLOW, recommendation, "propose_again", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason, situation=say_what(situation, where), text=say_what(text, where),
        reply_by=reply_by, proposed_by=by, proposed_at=at,
    )  # fmt: skip


@transaction.atomic
def send(recommendation: Recommendation, *, by: User, at: datetime) -> Recommendation:
    """Send it: it gets the next number of its body, kind and year, and is kept as DOCX and PDF.

    Raises:
        NotYoursError, OutOfStepError. LetterError, NoFontError: no letter can be made; no number is used.
    """
    held = must("send", recommendation, by=by, at=at)
    today = day_of(at)
    must_be_later(recommendation.reply_by, at, f"recommendation:{recommendation.pk}")
    serial = _next_serial(recommendation, today.year)
    number = document_number(
        recommendation.body.name + _WORDS[Recommendation.Kind(recommendation.kind)],
        today.year, serial,
    )  # fmt: skip
    letter = letter_of(recommendation, number, on=today)
    digests = keep(
        [File(f"{number}.pdf", as_pdf(letter)), File(f"{number}.docx", as_docx(letter))],
        by=by, at=at, recommendation=recommendation,
    )  # fmt: skip
    return advance(
        RECOMMENDATION_FLOW, recommendation, "send", by=by, on_behalf=held.on_behalf, at=at,
        starts=[Starting("follow_up", until=recommendation.reply_by)], detail={"number": number, "files": digests},
        number=number, year=today.year, serial=serial, sent_by=by, sent_at=at,
    )  # fmt: skip


def _next_serial(recommendation: Recommendation, year: int) -> int:
    """The next number; its row is held until the transaction ends, and a failure gives the number back."""
    counter, _ = LetterCounter.objects.get_or_create(
        body=recommendation.body, kind=recommendation.kind, year=year
    )
    LetterCounter.objects.filter(pk=counter.pk).update(last=F("last") + 1)
    counter.refresh_from_db()
    return counter.last


@transaction.atomic
def follow_up(recommendation: Recommendation, *, text: str, by: User, at: datetime) -> FollowUp:
    """Write down what was learnt; the next reminder is counted anew.

    Raises:
        NotYoursError: somebody else follows it up. OutOfStepError. ClosureError: nothing is said.
    """
    where = f"recommendation:{recommendation.pk}"
    held = must("follow_up", recommendation, by=by, at=at)
    now = Recommendation.objects.select_for_update(of=("self",)).get(pk=recommendation.pk)
    if now.state != RecommendationState.SENT:
        raise OutOfStepError(
            Text(f"现在是“{now.get_state_display()}”", f"it is '{now.get_state_display()}' now"),
            where=where,
        )
    made = FollowUp.objects.create(
        recommendation=recommendation, by=by, at=at, text=say_what(text, where)
    )
    record(
        "recommendation.followed_up", subject=where, by=by, on_behalf=held.on_behalf, at=at,
        note=made.pk, starts={"follow_up": FOLLOW_UP_DAYS},
    )  # fmt: skip
    stop(where, "follow_up", at=at)
    start(where, Starting("follow_up", FOLLOW_UP_DAYS), at=at)
    return made


@transaction.atomic
def hand_over(
    recommendation: Recommendation, *, to: User, by: User, at: datetime, reason: str
) -> Recommendation:
    """Let somebody else follow it up, as when whoever proposed it has left.

    Raises:
        NotYoursError. OutOfStepError: it is concluded, or somebody else was faster.
        ClosureError: no reason, or they have no part in its body.
    """
    where = f"recommendation:{recommendation.pk}"
    held = must("hand_over", recommendation, by=by, at=at)
    told = say_what(reason, where)
    if recommendation.body_id not in rights_of(to, day_of(at)).bodies(*OFFICERS):
        raise ClosureError(
            Text(f"{to.name}不在该机构任职", f"{to.name} has no part in its body"), where=where
        )
    before = recommendation.followed_by_id
    moved = (
        Recommendation.objects.filter(pk=recommendation.pk, followed_by=before)
        .exclude(state=RecommendationState.CONCLUDED)
        .update(followed_by=to)
    )
    if moved != 1:
        raise OutOfStepError(
            Text("已经办结或已交给他人", "it is concluded, or handed over already"), where=where
        )
    record(
        "recommendation.handed_over", subject=where, by=by, on_behalf=held.on_behalf, at=at,
        reason=told, to=to.get_username(),
    )  # fmt: skip
    recommendation.refresh_from_db()
    return recommendation


@transaction.atomic
def conclude(
    recommendation: Recommendation, *, by: User, at: datetime, reason: str
) -> Recommendation:
    """Say that it has been carried out; there is no end of following up but this.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
        ClosureError: what it asked to put right is not accepted yet.
    """
    held = must("conclude", recommendation, by=by, at=at)
    left = recommendation.rectifications.filter(accepted_at=None).count()
    if left:
        raise ClosureError(
            Text(f"还有 {left} 项整改没有销号", f"{left} rectifications are not accepted"),
            where=f"recommendation:{recommendation.pk}",
        )
    return advance(
        RECOMMENDATION_FLOW, recommendation, "conclude", by=by, on_behalf=held.on_behalf, at=at,
        reason=reason,
    )  # fmt: skip
