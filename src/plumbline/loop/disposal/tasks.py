"""What the worker does for disposals; each is harmless if it is done twice."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from plumbline.loop.disposal import intake
from plumbline.loop.disposal.actions.dispatch import dispatch_all_by_rule
from plumbline.loop.disposal.actions.review import reopen_all_for_evidence


@task()
def take_up(at: str) -> tuple[int, int, int]:
    """After an intake: open disposals of new warnings, send them by rule, take up again what has new evidence.

    Returns:
        How many were opened, sent, and taken up again.
    """
    moment = datetime.fromisoformat(at)
    opened = intake.open_new(at=moment)
    sent, _ = dispatch_all_by_rule(at=moment)
    return opened, sent, reopen_all_for_evidence(at=moment)


@task()
def carry_out(at: str) -> int:
    """Tell the engine and the departments what closed disposals found.

    Returns:
        How many findings were carried out.
    """
    return intake.carry_out(at=datetime.fromisoformat(at))
