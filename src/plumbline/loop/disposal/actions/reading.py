"""Reading is an act too: who looked at which disposal, and who took which file away."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from plumbline.loop.disposal.models import Disposal, Document
from plumbline.org.models import User
from plumbline.trail.actions import record, record_once_a_day


@transaction.atomic
def read(disposal: Disposal, *, by: User, at: datetime) -> bool:
    """Note that somebody looks at a disposal: once a day for each reader; False where that was noted before."""
    return record_once_a_day("disposal.read", subject=f"disposal:{disposal.pk}", by=by, at=at)


@transaction.atomic
def take_away(document: Document, *, by: User, at: datetime) -> None:
    """Note that somebody downloads a file."""
    record("document.taken", subject=f"disposal:{document.disposal_id}", by=by, at=at,
           document=document.pk, sha256=document.sha256)  # fmt: skip
