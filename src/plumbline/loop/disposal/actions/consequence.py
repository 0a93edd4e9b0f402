"""What follows when a disposal is closed: departments correct data, pairs are judged apart, models are judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from plumbline.loop.disposal.models import DATA_FAULTS, Consequence, Disposal, Finding
from plumbline.loop.disposal.queries.disposal import found
from plumbline.loop.disposal.queries.precision import outcomes_of
from plumbline.loop.supervision.actions import judge_precision
from plumbline.trail.actions import record


def follow(disposal: Disposal, *, at: datetime) -> None:
    """Part of the transaction that closes it; what lies outside the database is left to the worker."""
    faults = found(disposal).filter(finding__in=[Finding.WRONG_PERSON, *DATA_FAULTS])
    Consequence.objects.bulk_create(Consequence(outcome=each, made_at=at) for each in faults)
    model = disposal.warning.model
    judge_precision(outcomes_of([model]), at=at)


@transaction.atomic
def carried_out(consequence: Consequence, *, at: datetime, **detail: Any) -> bool:
    """Note that it was done outside; False where another worker was faster."""
    done = Consequence.objects.filter(pk=consequence.pk, done_at=None).update(
        done_at=at, problem=""
    )
    if done:
        record("consequence.carried_out", subject=f"disposal:{consequence.outcome.disposal_id}", by=None,
               at=at, outcome=consequence.outcome_id, finding=consequence.outcome.finding, **detail)  # fmt: skip
    return bool(done)


@transaction.atomic
def not_carried_out(consequence: Consequence, problem: str, *, at: datetime) -> None:
    """Note why it could not be done; told once for each reason."""
    changed = (
        Consequence.objects.filter(pk=consequence.pk, done_at=None)
        .exclude(problem=problem)
        .update(problem=problem)
    )
    if changed:
        record("consequence.failed", subject=f"disposal:{consequence.outcome.disposal_id}", by=None, at=at,
               reason=problem, outcome=consequence.outcome_id)  # fmt: skip
