"""The night's work, in a process of its own: what came in, what collides, what is to be warned of."""

from __future__ import annotations

from django.utils import timezone

from plumbline.loop.delivery.intake import load_inbox
from plumbline.loop.delivery.models import Delivery
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.intake import collide_and_take_in


def work() -> str:
    """Take in the inbox, let the registers collide under all models in force, take in the warnings.

    Each step may be done twice: what was loaded, found or taken in before is so once.

    Returns:
        In a word, what came of it.
    """
    at, office = timezone.now(), workspace()
    taken = load_inbox(office, at)
    if not Delivery.objects.filter(status=Delivery.Status.LOADED).exists():
        return "nothing is loaded yet"  # an office on its first nights
    run, _ = collide_and_take_in(office.directory, at=at)
    return f"files {len(taken.results)}, run {run.number}"
