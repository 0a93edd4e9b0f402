"""The demo's workbench: its officers are appointed, its warnings taken in, and the first of them worked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from plumbline.cli.demo.casework import work
from plumbline.cli.demo.officers import ACCOUNTS, PASSWORD, appoint
from plumbline.engine import Workspace
from plumbline.loop.closure.intake import clauses
from plumbline.loop.disposal.actions.dispatch import dispatch_all_by_rule
from plumbline.loop.disposal.intake import open_new
from plumbline.loop.warning.intake import take_in
from plumbline.loop.warning.models import EarlyWarning
from plumbline.trail.sealing import seal

__all__ = ["ACCOUNTS", "PASSWORD", "Opened", "open_workbench"]

#: The first warnings came this many days ago.
_AGO = timedelta(days=33)


@dataclass(frozen=True)
class Opened:
    """What the workbench holds now: warnings, how many of them were worked on, rows sealed on the trail."""

    warnings: int
    worked: int
    sealed: int


def open_workbench(folder: Path, at: datetime) -> Opened:
    """Fill an empty workbench.

    Django is set up for the workspace in `folder`, and its database is up to date.
    """
    began = at - _AGO
    officers = appoint(began, timezone.localdate(began))
    workspace = Workspace(folder)
    take_in(workspace, at=began)
    open_new(at=began)
    dispatch_all_by_rule(at=began)
    worked = work(officers, clauses(workspace, EarlyWarning.objects.all()), began=began, now=at)
    sealed = seal(at=at)
    return Opened(EarlyWarning.objects.count(), worked, sealed.rows)
