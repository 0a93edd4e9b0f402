"""Tasks of the workbench's own. A task may be done twice when a machine fails, so each is harmless twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django_tasks import task
from django_tasks_db.models import DBTaskResult

_KEPT = timedelta(days=30)


@task()
def tidy(at: str) -> int:
    """Remove sessions that have ended, and tasks that ended a month ago.

    Returns:
        How many tasks were removed.
    """
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    old = DBTaskResult.objects.finished().filter(finished_at__lt=datetime.fromisoformat(at) - _KEPT)
    return old.delete()[0]
