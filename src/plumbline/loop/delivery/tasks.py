"""What the worker does for deliveries; it is harmless if it is done twice."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from plumbline.loop.delivery import intake


@task()
def load(at: str) -> list[str]:
    """Take in what is new in the inbox.

    Returns:
        The models that read what is new, to be run again.
    """
    return list(intake.load_inbox(intake.workspace(), datetime.fromisoformat(at)).models)
