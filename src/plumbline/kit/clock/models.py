"""A deadline is a row, not a job in a queue: it can be read, paused with a document, and is never lost."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say


class Due(models.Model):
    """Until when something is to be done.

    Attributes:
        subject: what it is about, as the trail names it: `disposal:12`.
        kind: which of its deadlines, such as `sign` or `report`; its ladder stands in `ladder.py`.
        working_days: how many it was given, extensions among them; the day it starts on is none of them.
        until: the day it ends by the calendar, where it is no matter of working days (one month); extensions
            in working days count from there.
        due_at: the end of the last working day, moved by pauses and extensions.
        next_at: when the sweep looks at it next; none once it is over.
        step: how many steps of its ladder have been taken.
    """

    subject = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    working_days = models.PositiveSmallIntegerField()
    until = models.DateField(null=True)
    due_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(stopped_at=None), name="due_to_sweep"),
            models.Index(fields=["subject"], name="due_by_subject"),
            models.Index(fields=["due_at"], condition=Q(stopped_at=None), name="due_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(working_days__gt=0) | Q(until__isnull=False), name="due_has_days"
            ),
            models.UniqueConstraint(
                fields=["subject", "kind"], condition=Q(stopped_at=None), name="due_runs_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind}"


class Pause(models.Model):
    """The time during which a deadline does not run, and the document that says so."""

    due = models.ForeignKey(Due, models.CASCADE, related_name="pauses")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    document = models.CharField(max_length=200)
    reason = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(document=""), name="pause_has_a_document"),
            models.UniqueConstraint(
                fields=["due"], condition=Q(ends_at=None), name="pause_runs_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="pause_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.document


class Level(models.IntegerChoices):
    """To whom a notice goes: those who work it, and upwards."""

    HANDLER = 0, say("经办", "Handler")
    HEAD = 1, say("室主任", "Head of office")
    STANDING_MEMBER = 2, say("常委", "Standing member")
    SECRETARY = 3, say("书记", "Secretary")


class Notice(models.Model):
    """A reminder, or an overdue deadline told upwards; each step of a ladder once for each end it had.

    Attributes:
        skipped: steps before it that nobody was told of, since the system was not running then.
    """

    due = models.ForeignKey(Due, models.CASCADE, related_name="notices")
    due_at = models.DateTimeField()  # the end it speaks of
    step = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(choices=Level)
    at = models.DateTimeField()
    working_days = models.SmallIntegerField()  # before the end (negative) or after it
    skipped = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["due", "step", "due_at"], name="notice_once")
        ]
        indexes = [models.Index(fields=["-at"], name="notice_newest")]

    def __str__(self) -> str:
        return f"{self.due} {self.working_days}"


class WorkingCalendar(models.Model):
    """The calendar that running deadlines were counted with, from then on; the newest is in force."""

    fingerprint = models.CharField(max_length=64)
    years = models.JSONField()  # whose holidays were announced
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="calendar_newest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.fingerprint[:8]}"
