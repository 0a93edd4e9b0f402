"""The night's work, in a process of its own: what came in, what collides, what is to be warned of."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from plumbline.loop.delivery.intake import load_inbox
from plumbline.loop.delivery.queries import accepted_deliveries, waiting_uploads
from plumbline.loop.disposal.tasks import take_up
from plumbline.loop.supervision.identity.intake import enter_waiting
from plumbline.loop.supervision.identity.queries import waiting_judgements
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.actions import tell_waiting
from plumbline.loop.warning.intake import collide_and_take_in, take_in
from plumbline.loop.warning.runs.intake import run_asked
from plumbline.loop.warning.runs.queries import open_requests


def waits() -> bool:
    """Has anybody asked for something that the worker has to do?"""
    return (
        waiting_uploads().exists() or accepted_deliveries().exists()
        or waiting_judgements().exists() or open_requests().exists()
    )  # fmt: skip


def asked(at: datetime | None = None) -> str:
    """Do what people asked for on pages: load what they uploaded or let in, enter judgements, run models.

    Returns:
        In a word, what came of it.
    """
    at, office = at or timezone.now(), workspace()
    loaded = 0
    if waiting_uploads().exists() or accepted_deliveries().exists():
        loaded = len(load_inbox(office, at).results)
    judged = enter_waiting(office, at)
    if judged:
        take_in(office, at=at)
    ran = run_asked(office, at)
    if judged or ran:
        tell_waiting(at=at)
        take_up.func(at.isoformat())
    return f"files {loaded}, judgements {judged}, runs {ran}"


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
    enter_waiting(office, at)
    if not office.snapshots():
        return "nothing is loaded yet"  # an office on its first nights
    run, _ = collide_and_take_in(office.directory, at=at)
    tell_waiting(at=at)
    take_up.func(at.isoformat())
    return f"files {len(taken.results)}, run {run.number}"
