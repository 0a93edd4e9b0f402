"""The demo's workbench: its officers are appointed, its warnings taken in, and the first of them worked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from plumbline.cli.demo.casework import work
from plumbline.cli.demo.officers import ACCOUNTS, PASSWORD, Officers, appoint
from plumbline.engine import Checked, Workspace
from plumbline.loop.closure.intake import clauses
from plumbline.loop.disposal.actions.dispatch import dispatch_all_by_rule
from plumbline.loop.disposal.intake import open_new
from plumbline.loop.supervision import actions as supervision
from plumbline.loop.supervision.actions import Tried
from plumbline.loop.supervision.intake import take_in_catalog
from plumbline.loop.warning.intake import take_in
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.policy import remembering
from plumbline.trail.sealing import seal

__all__ = ["ACCOUNTS", "PASSWORD", "Opened", "open_workbench"]


@dataclass(frozen=True)
class Opened:
    """What the workbench holds now: warnings, how many of them were worked on, rows sealed on the trail."""

    warnings: int
    worked: int
    sealed: int


def open_workbench(
    folder: Path, checked: Iterable[Checked], began: datetime, at: datetime
) -> Opened:
    """Fill an empty workbench.

    Args:
        checked: how the models' cases came out.
        began: when the registers collided; since then people have been at work.

    Django is set up for the workspace in `folder`, and its database is up to date.
    """
    officers = appoint(began, timezone.localdate(began))
    workspace = Workspace(folder)
    _approve_models(workspace, checked, officers, began)
    take_in(workspace, at=began)
    open_new(at=began)
    registers = {
        model.name: model.facts[model.declared.send_to.by.partition(".")[0]].name
        for model in workspace.models.values()
    }
    quoted = clauses(workspace, EarlyWarning.objects.all())
    with remembering():  # nobody's rights change meanwhile
        worked = work(officers, registers, quoted, began=began, now=at)
    dispatch_all_by_rule(at=at - timedelta(days=1))
    sealed = seal(at=at)
    return Opened(EarlyWarning.objects.count(), worked, sealed.rows)


def _approve_models(
    workspace: Workspace, checked: Iterable[Checked], officers: Officers, at: datetime
) -> None:
    """What came along as live was in force elsewhere; two people take it over here, model by model."""
    tried = {
        each.model: Tried(workspace.model(each.model).fingerprint, len(each.outcomes), ())
        for each in checked
        if each.passed
    }
    author, approver = officers["moxing"], officers["shenpi"]
    for version in take_in_catalog(workspace, at=at):
        if version.model not in tried or version.proposal not in {"trial", "live"}:
            continue
        supervision.try_out(version, tried[version.model], by=author, at=at)
        if version.proposal == "live":
            reason = "随软件提供，示例全部通过；演示城市已用其核对过真相"
            supervision.propose(version, by=author, at=at, reason=reason, without_samples=True)
            supervision.promote(version, by=approver, at=at, reason="同意在演示城市启用")
