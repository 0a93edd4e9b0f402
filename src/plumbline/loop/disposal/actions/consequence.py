"""What follows when a disposal is closed: departments correct data, pairs are judged apart, leads are passed on."""

from __future__ import annotations

from datetime import datetime

from plumbline.loop.disposal.models import (
    Consequence,
    Disposal,
    Finding,
)
from plumbline.loop.disposal.queries.disposal import found
from plumbline.org.models import User


def follow(disposal: Disposal, *, by: User, at: datetime) -> None:
    """Part of the transaction that closes it; what is outside the database is left to the worker."""
    for outcome in found(disposal):
        if outcome.finding == Finding.WRONG_PERSON:
            Consequence.objects.create(
                disposal=disposal, round=disposal.round, kind=Consequence.Kind.JUDGE_APART,
                rows=outcome.rows, why=outcome.note or str(outcome), by=outcome.found_by, made_at=at,
            )  # fmt: skip
