"""A person's word on a pair, its withdrawal, and what the worker made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.supervision.identity.models import (
    JUDGEMENT_FLOW,
    Concerned,
    IdentityJudgement,
    State,
    Verdict,
)
from plumbline.loop.supervision.identity.policy import right_to_judge
from plumbline.org.models import User
from plumbline.trail.actions import record

_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})[0-9]{10}([0-9]{3}[0-9Xx])(?![0-9])")


class JudgementError(PlumblineError):
    """What was said of a pair does not fit."""


@dataclass(frozen=True)
class Judged:
    """What is judged.

    Attributes:
        row, other: names of the two rows.
        about: masked words by which the pair is recognised.
        people: digests of whom it is about.
    """

    row: str
    other: str
    about: str
    people: AbstractSet[str]


def masked(text: str) -> str:
    """Words with every citizen number in them hidden: the workbench keeps none."""
    return _NUMBER.sub(r"\1**********\2", text)


@transaction.atomic
def judge(
    what: Judged, verdict: Verdict, *, by: User, at: datetime, reason: str
) -> IdentityJudgement:
    """Write down somebody's word; the worker enters it, and what rests on it is revisited.

    Raises:
        NotYoursError: they do not judge, or the pair is about themself or their kin.
        JudgementError: no reason is given, or the pair waits to be judged already.
    """
    held = right_to_judge(by, what.people, day_of(at))
    if not reason.strip():
        raise JudgementError(Text("请写明依据", "say what it is based on"), where=what.row)
    try:
        with transaction.atomic():
            made = IdentityJudgement.objects.create(
                row=what.row, other=what.other, about=what.about[:300], verdict=verdict,
                reason=masked(reason.strip()), by=by, at=at,
            )  # fmt: skip
    except IntegrityError:
        raise JudgementError(
            Text("这一对刚有人判断过", "somebody has just judged this pair"), where=what.row
        ) from None
    Concerned.objects.bulk_create(
        Concerned(judgement=made, person=person) for person in sorted(what.people)
    )
    record("judgement.made", subject=f"judgement:{made.pk}", by=by, on_behalf=held.on_behalf, at=at,
           reason=made.reason, verdict=made.verdict, row=made.row, other=made.other)  # fmt: skip
    return made


@transaction.atomic
def withdraw(
    judgement: IdentityJudgement, *, by: User, at: datetime, reason: str
) -> IdentityJudgement:
    """Take a word back: at once where it has not taken effect, else as soon as the worker has.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
    """
    people = set(judgement.concerned.values_list("person", flat=True))
    held = right_to_judge(by, people, day_of(at))
    said = masked(reason.strip())
    move = "drop" if judgement.state == State.JUDGED else "withdraw"
    return advance(
        JUDGEMENT_FLOW, judgement, move, by=by, on_behalf=held.on_behalf, at=at, reason=said,
        withdrawn_by=by, withdrawn_at=at, withdraw_reason=said,
    )  # fmt: skip


@transaction.atomic
def settle(
    judgement: IdentityJudgement, *, at: datetime, number: int, ripples: Mapping[str, Any]
) -> IdentityJudgement:
    """It has taken effect, or was taken back; this came of it."""
    move = "enter" if judgement.state == State.JUDGED else "take_back"
    return advance(
        JUDGEMENT_FLOW, judgement, move, by=None, at=at, number=number, ripples=dict(ripples), problem=[],
        entered_at=judgement.entered_at or at,
        detail={name: n for name, n in ripples.items() if isinstance(n, int)},
    )  # fmt: skip


@transaction.atomic
def refuse(judgement: IdentityJudgement, problem: Text, *, at: datetime) -> IdentityJudgement:
    """It could not take effect, or not be taken back, and says why."""
    move = "refuse" if judgement.state == State.JUDGED else "keep"
    said = Text(masked(problem.zh), masked(problem.en))
    return advance(JUDGEMENT_FLOW, judgement, move, by=None, at=at, reason=said.zh, problem=[*said])
