"""Reading is an act too: who looked at which disposal, and who took which file away."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.models import Disposal, Document
from plumbline.org.models import User
from plumbline.trail.actions import record
from plumbline.trail.models import Entry


@transaction.atomic
def read(disposal: Disposal, *, by: User, at: datetime) -> bool:
    """Note that somebody looks at a disposal: once a day for each reader; False where that was noted before."""
    subject = f"disposal:{disposal.pk}"
    begin = datetime.combine(day_of(at), time.min, timezone.get_default_timezone())
    seen = Entry.objects.filter(
        subject=subject, actor=by.get_username(), action="disposal.read", at__gte=begin
    )
    if seen.exists():
        return False
    record("disposal.read", subject=subject, by=by, at=at)
    return True


@transaction.atomic
def take_away(document: Document, *, by: User, at: datetime) -> None:
    """Note that somebody downloads a file."""
    record("document.taken", subject=f"disposal:{document.disposal_id}", by=by, at=at,
           document=document.pk, sha256=document.sha256)  # fmt: skip
