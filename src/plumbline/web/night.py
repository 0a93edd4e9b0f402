"""The night's work, in a process of its own: what came in, what collides, what is to be warned of."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from plumbline.loop.delivery.intake import load_inbox
from plumbline.loop.disposal.tasks import take_up
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.actions import tell_waiting
from plumbline.loop.warning.intake import collide_and_take_in


def work(at: datetime | None = None) -> str:
    """Take in the inbox, let the registers collide under all models in force, open what there is to work.

    Each step may be done twice: what was loaded, found or taken in before is so once.

    Args:
        at: when; now, if it is not said.

    Returns:
        In a word, what came of it.
    """
    at, office = at or timezone.now(), workspace()
    taken = load_inbox(office, at)
    if not office.snapshots():
        return "nothing is loaded yet"  # an office on its first nights
    run, _ = collide_and_take_in(office.directory, at=at)
    tell_waiting(at=at)
    take_up.func(at.isoformat())
    return f"files {len(taken.results)}, run {run.number}"
