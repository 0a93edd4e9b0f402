"""Which deadlines run, how long they still have, and what was told of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from plumbline.errors import Text
from plumbline.kit.clock.calendar import DAY, Calendar, calendar, close, day_of
from plumbline.kit.clock.models import Due, Level, Notice, Pause

HOUR = timedelta(hours=1)


def running(*subjects: str) -> QuerySet[Due]:
    """Deadlines of these subjects that are not over, the next one first."""
    found = Due.objects.filter(subject__in=subjects, stopped_at=None)
    return found.order_by("due_at", "pk").prefetch_related("pauses")


def _live() -> QuerySet[Due]:
    """Not over and not paused."""
    paused = Pause.objects.filter(due=OuterRef("pk"), ends_at=None)
    return Due.objects.filter(~Exists(paused), stopped_at=None)


def due_between(first: datetime, last: datetime) -> QuerySet[Due]:
    """Deadlines that run and end in this time (both ends count), the next one first."""
    return _live().filter(due_at__gte=first, due_at__lte=last).order_by("due_at", "pk")


def overdue(at: datetime) -> QuerySet[Due]:
    """Deadlines that run and have ended, the longest overdue first; what is paused is not overdue."""
    return _live().filter(due_at__lt=at).order_by("due_at", "pk")


def open_pause(due: Due) -> Pause | None:
    """The pause that holds it now."""
    return next((pause for pause in due.pauses.all() if pause.ends_at is None), None)


@dataclass(frozen=True)
class Remaining:
    """How long there is.

    Attributes:
        working_days: whole working days after today; 0 on the last day, negative once it is over.
        hours: until the end by the clock, rounded down; none once it is over.
        paused: it does not run; the figures are those of the moment it was paused.
    """

    working_days: int
    hours: int
    paused: bool

    @property
    def overdue(self) -> bool:
        return self.hours < 0


def remaining(due: Due, at: datetime, days: Calendar | None = None) -> Remaining:
    """How long a deadline still has at a moment; one that is over, how long it had left then.

    Args:
        days: the calendar, for whoever asks about many at once.
    """
    pause = open_pause(due)
    seen = pause.starts_at if pause else min(at, due.stopped_at) if due.stopped_at else at
    days, last = days or calendar(), day_of(due.due_at)
    if seen <= due.due_at:
        return Remaining(
            days.count(day_of(seen), last), (due.due_at - seen) // HOUR, pause is not None
        )
    return Remaining(min(days.count(day_of(seen), last), 0), -1, pause is not None)


def remark(due: Due) -> Text | None:
    """What must be shown beside a deadline that rests on holidays nobody has announced yet."""
    return calendar().remark(day_of(due.started_at), day_of(due.due_at))


def shift(pauses: Iterable[Pause]) -> int:
    """By how many working days finished pauses move an end; the day it goes on again counts."""
    days = calendar()
    return sum(
        days.count(day_of(each.starts_at) - DAY, day_of(each.ends_at) - DAY)
        for each in pauses
        if each.ends_at is not None
    )


def end_of(due: Due, working_days: int | None = None) -> datetime:
    """When it ends by today's calendar: from its start, what it was given, and what it was paused."""
    given = due.working_days if working_days is None else working_days
    moved = given + shift(due.pauses.all())
    days = calendar()
    # What is counted from a last day that is not worked is counted from the day it really ends with.
    first = days.add(due.until, 0) if due.until else day_of(due.started_at)
    return close(days.add(first, moved))


def notices(
    *, subjects: Iterable[str] | None = None, up_to: Level = Level.SECRETARY
) -> QuerySet[Notice]:
    """What was told of deadlines, the newest first.

    Args:
        subjects: of these alone.
        up_to: not what went higher than this.
    """
    found = Notice.objects.filter(level__lte=up_to).select_related("due")
    if subjects is not None:
        found = found.filter(due__subject__in=subjects)
    return found.order_by("-at", "-pk")
