"""Who may read the trail. It knows people by name alone; whoever knows their roles says who audits."""

from __future__ import annotations

from django.db.models import QuerySet

from plumbline.trail.models import Entry


def visible_to(username: str, *, audits: bool) -> QuerySet[Entry]:
    """All acts for whoever audits; for anybody else their own, and those done in their name.

    What was done to a case is shown on its page, to whoever may see the case.
    """
    entries = Entry.objects.all()
    if audits:
        return entries
    if not username:
        return entries.none()
    return entries.filter(actor=username) | entries.filter(on_behalf=username)
