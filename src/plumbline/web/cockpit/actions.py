"""Screens on a wall are set up and ended."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta

from django.db import transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.org.models import User
from plumbline.trail.actions import record
from plumbline.web.cockpit.models import WallScreen
from plumbline.web.cockpit.policy import must_set_up

#: A screen ends by itself after so many days at most; whoever still wants it sets it up again.
LONGEST = 90


def digest(secret: str) -> str:
    """By what a screen's address is known without being kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def set_up_screen(place: str, ends_on: date, *, by: User, at: datetime) -> tuple[WallScreen, str]:
    """Let a screen show figures without anybody signed in there.

    Returns:
        The screen, and the secret of its address, which is told this once.

    Raises:
        NotYoursError. PlumblineError: no place, or too long.
    """
    right = must_set_up(by, day_of(at))
    if not place.strip():
        raise PlumblineError(Text("请写明挂在哪里", "say where it hangs"), where="wall screen")
    if not day_of(at) <= ends_on <= day_of(at) + timedelta(days=LONGEST):
        raise PlumblineError(
            Text(f"最长 {LONGEST} 天", f"for {LONGEST} days at most"), where="wall screen"
        )
    secret = secrets.token_urlsafe(32)
    made = WallScreen.objects.create(
        key=digest(secret), place=place.strip(), by=by, made_at=at, ends_on=ends_on
    )
    record(
        "wall_screen.set_up", subject=f"wall_screen:{made.pk}", by=by, at=at,
        on_behalf=right.on_behalf, place=made.place, ends_on=str(ends_on),
    )  # fmt: skip
    return made, secret


@transaction.atomic
def end_screen(screen: WallScreen, *, by: User, at: datetime) -> WallScreen:
    """Let a screen show nothing any more.

    Raises:
        NotYoursError. PlumblineError: it has ended before.
    """
    right = must_set_up(by, day_of(at))
    if WallScreen.objects.filter(pk=screen.pk, ended_at=None).update(ended_at=at) != 1:
        raise PlumblineError(
            Text("已经停用", "it has ended before"), where=f"wall_screen:{screen.pk}"
        )
    record(
        "wall_screen.ended", subject=f"wall_screen:{screen.pk}", by=by, at=at,
        on_behalf=right.on_behalf,
    )  # fmt: skip
    screen.refresh_from_db()
    return screen
