"""Whom the leaders of a unit answer to (干部管理权限): dispatch sends what concerns them there."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plumbline.errors import PlumblineError, Text
from plumbline.loop.disposal.models import StaffAuthority
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.org.policy import MAY, NotYoursError, rights_of
from plumbline.trail.actions import record


class AuthorityError(PlumblineError):
    """What was entered does not fit what there is."""


@transaction.atomic
def place_leaders(
    body: SupervisionBody,
    unit: Unit,
    *,
    by: User,
    at: datetime,
    starts_on: date,
    ends_on: date | None = None,
) -> StaffAuthority:
    """Have the leaders of a unit, and of all below it without an authority of their own, answer to a body.

    Raises:
        NotYoursError: only the system administrator keeps this.
        AuthorityError: it ends before it starts, or the unit has one in these days.
    """
    _must("place_leaders", by, at)
    if ends_on is not None and ends_on < starts_on:
        raise AuthorityError(Text("止日早于起日", "it ends before it starts"), where=f"{ends_on}")
    Unit.objects.select_for_update().get(
        pk=unit.pk
    )  # of two who enter at once, the second sees the first
    meeting = StaffAuthority.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=starts_on), unit=unit,
        **({"starts_on__lte": ends_on} if ends_on else {}),
    ).select_related("body")  # fmt: skip
    if there := meeting.first():
        raise AuthorityError(
            Text(f"这段时间已归“{there.body}”管理", f"in these days they answer to '{there.body}'"),
            where=f"{unit}",
            hint=Text("先结束原来的", "end that one first"),
        )
    made = StaffAuthority.objects.create(body=body, unit=unit, starts_on=starts_on, ends_on=ends_on)
    record(
        "staff_authority.begun", subject=f"staff_authority:{made.pk}", by=by, at=at, body=body.pk, unit=unit.pk,
        starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat() if ends_on else None,
    )  # fmt: skip
    return made


@transaction.atomic
def end_authority(
    authority: StaffAuthority, ends_on: date, *, by: User, at: datetime, reason: str
) -> StaffAuthority:
    """Let the day be the last; it may be brought forward, not put off.

    Raises:
        NotYoursError: only the system administrator keeps this.
        AuthorityError: the day is not within its period.
    """
    _must("end_authority", by, at)
    ended = StaffAuthority.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=ends_on), pk=authority.pk, starts_on__lte=ends_on
    ).update(ends_on=ends_on)
    if ended != 1:
        raise AuthorityError(
            Text("这一天不在期间内", "that day is not within its period"), where=f"{ends_on}"
        )
    record(
        "staff_authority.ended", subject=f"staff_authority:{authority.pk}", by=by, at=at, reason=reason,
        ends_on=ends_on.isoformat(),
    )  # fmt: skip
    authority.refresh_from_db()
    return authority


def _must(action: str, by: User, at: datetime) -> None:
    """Whose part it is, asked anew: a right withdrawn a minute ago is none."""
    if not rights_of(User.objects.get(pk=by.pk), timezone.localdate(at)).may(action):
        raise NotYoursError(Text(
            f"只有{MAY[action].label}可以办理", f"only the {MAY[action].label} may do this"
        ))  # fmt: skip
