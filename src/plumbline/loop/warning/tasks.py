"""What is done of itself: deliveries collide at night, and each week has room for so many warnings."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django_tasks import task

from plumbline.loop.warning.actions import tell_waiting
from plumbline.loop.warning.intake import collide_and_take_in


@task()
def collide(at: str) -> int:
    """Run the models over the newest deliveries and take in what they find; gives the run's number."""
    run, _ = collide_and_take_in(settings.WORKSPACE, at=datetime.fromisoformat(at))
    return run.number


@task()
def tell(at: str) -> int:
    """Tell the warnings for which this week has room; gives how many."""
    return tell_waiting(at=datetime.fromisoformat(at))
