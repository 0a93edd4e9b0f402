"""Whom the leaders of units answer to."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from plumbline.loop.disposal.models import StaffAuthority
from plumbline.org.models import User
from plumbline.org.policy import rights_of


def visible_to(user: User, on: date) -> QuerySet[StaffAuthority]:
    """Those that have not ended, for who keeps them; for everybody else none."""
    if not rights_of(user, on).may("place_leaders"):
        return StaffAuthority.objects.none()
    return (
        StaffAuthority.objects.filter(Q(ends_on=None) | Q(ends_on__gte=on))
        .select_related("body", "unit")
        .order_by("unit__path", "starts_on")
    )
