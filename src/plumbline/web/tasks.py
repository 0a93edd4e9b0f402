"""Tasks of the workbench's own. A task may be done twice when a machine fails, so each is harmless twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from plumbline.web.apart import ApartError, apart
from plumbline.web.night import waits
from plumbline.web.programs.tasks import forget

_KEPT = timedelta(days=30)
_ATTEMPTS = 3
_PAUSE = timedelta(minutes=10)


@task(queue_name="long")
def night(at: str, attempt: int = 1) -> str:
    """Take in deliveries and let them collide; tried again later if the store is held or a step fails."""
    try:
        return apart("plumbline.web.night.work")
    except ApartError:
        if attempt < _ATTEMPTS:
            night.using(run_after=timezone.now() + _PAUSE).enqueue(at, attempt + 1)
        raise


@task(queue_name="long")
def look_ups(at: str) -> str:  # noqa: ARG001 -- every entry of the schedule says when it fell due
    """Hold the reads of personal data against the model of unusual look-ups."""
    return apart("plumbline.web.look_ups.work")


@task(queue_name="long")
def asked(at: str) -> str:  # noqa: ARG001 -- every entry of the schedule says when it fell due
    """Do what people asked for on pages; what cannot be done now, the next one does."""
    return apart("plumbline.web.night.asked")


def ask(at: datetime) -> bool:
    """Put `asked` into the queue where somebody waits for it and it is not there; was it put there?"""
    if not waits():
        return False
    queued = DBTaskResult.objects.filter(
        task_path=asked.module_path, status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING]
    )
    if queued.exists():
        return False
    asked.enqueue(at.isoformat())
    return True


@task()
def tidy(at: str) -> int:
    """Remove sessions that have ended, and tasks and messages to programs that ended a month ago.

    Returns:
        How many tasks were removed.
    """
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    forget(datetime.fromisoformat(at))
    old = DBTaskResult.objects.finished().filter(finished_at__lt=datetime.fromisoformat(at) - _KEPT)
    return old.delete()[0]
