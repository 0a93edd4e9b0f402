"""Runs that were taken in, runs that somebody asked for, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from plumbline.loop.warning.models import EarlyWarning, Happening, Intake
from plumbline.loop.warning.runs.models import RunRequest, State
from plumbline.loop.warning.runs.policy import may
from plumbline.org.models import User


def runs_visible_to(user: User, on: date) -> QuerySet[Intake]:
    """Every run, for who may read about models; a stranger sees none."""
    return Intake.objects.all() if may("see", user, on) else Intake.objects.none()


def requests_visible_to(user: User, on: date) -> QuerySet[RunRequest]:
    found = RunRequest.objects.select_related("by")
    return found if may("see", user, on) else found.none()


def open_requests() -> QuerySet[RunRequest]:
    """Those that the worker has to carry out, in order."""
    return RunRequest.objects.filter(state__in=[State.ASKED, State.RUNNING]).order_by("pk")


@dataclass(frozen=True)
class Moved:
    """A warning that is otherwise after a run than before, and why."""

    warning: EarlyWarning
    happening: Happening


@dataclass(frozen=True)
class Between:
    """How the warnings that somebody sees differ between two runs."""

    new: tuple[Moved, ...]
    gone: tuple[Moved, ...]
    changed: tuple[Moved, ...]

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Model -> how many are new, gone, changed."""
        found: dict[str, list[int]] = {}
        for at, moved in enumerate((self.new, self.gone, self.changed)):
            for each in moved:
                found.setdefault(each.warning.model, [0, 0, 0])[at] += 1
        return {
            model: (new, gone, changed) for model, (new, gone, changed) in sorted(found.items())
        }


def between(user: User, on: date, before: int, after: int) -> Between:
    """How warnings stand after one run, and stood after an earlier one.

    What came and went meanwhile is not told: it is the same at both ends.
    """
    happenings = Happening.objects.filter(
        run__gt=before, run__lte=after, warning__in=EarlyWarning.objects.visible_to(user, on)
    )
    by_warning: dict[int, list[Happening]] = {}
    for each in happenings.select_related("warning", "warning__unit").order_by("run", "pk"):
        by_warning.setdefault(each.warning_id, []).append(each)
    new, gone, changed = [], [], []
    kinds = Happening.Kind
    for listed in by_warning.values():
        first, last = listed[0], listed[-1]
        stood = first.kind not in (kinds.RAISED, kinds.RETURNED)
        stands = last.kind != kinds.WITHDRAWN
        moved = Moved(last.warning, last)
        if stands and not stood:
            new.append(Moved(last.warning, first))
        elif stood and not stands:
            gone.append(moved)
        elif stood and stands:
            changed.append(moved)
    return Between(*(tuple(sorted(part, key=lambda m: (m.warning.model, m.warning.pk))) for part in (new, gone, changed)))  # fmt: skip
