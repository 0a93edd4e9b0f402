"""What the worker does for closure; each is harmless if it is done twice."""

from __future__ import annotations

import logging
from datetime import datetime

from django_tasks import task

from plumbline.errors import PlumblineError
from plumbline.loop.closure import intake
from plumbline.loop.closure.models import Mechanism
from plumbline.org.models import User

log = logging.getLogger(__name__)


@task()
def propose_problems(at: str) -> int:
    """Propose problems from the findings of this half-year and the one before it.

    Returns:
        How many are new.
    """
    return len(intake.propose(at=datetime.fromisoformat(at)))


@task(queue_name="long")
def measure_effects(at: str) -> int:
    """Measure every mechanism that names a model, where data or model are newer than when it was last done.

    What cannot be measured is logged, and shown as before.

    Returns:
        How many were measured.
    """
    done = 0
    for mechanism in Mechanism.objects.exclude(model="").order_by("pk"):
        try:
            done += intake.measure_anew(mechanism, at=datetime.fromisoformat(at))
        except PlumblineError as error:
            log.warning("mechanism %s: %s", mechanism.pk, error)
    return done


@task(queue_name="long")
def measure_effect(mechanism: int, by: int, at: str) -> int:
    """Measure one mechanism, as somebody asked on its page.

    Returns:
        The measurement's number.
    """
    return intake.measure(
        Mechanism.objects.get(pk=mechanism),
        by=User.objects.get(pk=by),
        at=datetime.fromisoformat(at),
    ).pk
