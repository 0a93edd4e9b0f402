"""When somebody was here, and which hints they put away."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from plumbline.org.models import User
from plumbline.trail.actions import record
from plumbline.web.models import Visit

#: After so long without a page the next is another visit.
_PAUSE = timedelta(hours=1)
_NOTED_EVERY = timedelta(minutes=2)


def visit(user: User, at: datetime) -> Visit:
    """Note that somebody is here; gives what is known of the visit before. No act: nothing of theirs changes."""
    visit, new = Visit.objects.get_or_create(user=user, defaults={"this_at": at})
    gone = at - visit.this_at
    if not new and gone > _PAUSE:
        visit.last_at = visit.this_at
    if gone > _NOTED_EVERY:
        visit.this_at = at
        visit.save(update_fields=["this_at", "last_at"])
    return visit


@transaction.atomic
def put_away(hint: str, *, by: User, at: datetime) -> None:
    """Show somebody a hint no more; all of them again, if none is named."""
    seen = Visit.objects.select_for_update().get_or_create(user=by, defaults={"this_at": at})[0]
    seen.put_away = sorted({*seen.put_away, hint}) if hint else []
    seen.save(update_fields=["put_away"])
    record(
        "hint.put_away" if hint else "hints.shown_again",
        subject=f"user:{by.pk}",
        by=by,
        at=at,
        hint=hint,
    )
