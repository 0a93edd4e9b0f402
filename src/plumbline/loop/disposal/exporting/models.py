"""A list that somebody takes away: asked for, approved by two others where it names people, taken once.

The workbench keeps which disposals were asked for and never what the file said: that is read from the store
when it is taken, by what whoever asked may see at that moment. Of the file its digest stays, by which a copy
that turns up somewhere can be told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.loop.disposal.models import Disposal
from plumbline.org.models import User


class State(models.TextChoices):
    ASKED = "asked", say("待批准", "Asked for")
    SECONDED = "seconded", say("一人已批准", "Approved by one")
    APPROVED = "approved", say("可领取", "To be taken")
    TAKEN = "taken", say("已领取", "Taken")
    REFUSED = "refused", say("未批准", "Refused")
    WITHDRAWN = "withdrawn", say("已撤回", "Withdrawn")
    LAPSED = "lapsed", say("已过期", "Lapsed")


class Form(models.TextChoices):
    XLSX = "xlsx", say("XLSX 表格", "XLSX workbook")
    PDF = "pdf", say("PDF", "PDF")


#: Waits for somebody's approval.
WAITING = (State.ASKED, State.SECONDED)
#: Ends by itself when its time is over.
RUNNING = frozenset({State.ASKED, State.SECONDED, State.APPROVED})

EXPORT_FLOW = Flow(
    "export",
    State,
    {
        "second": Move(State.ASKED, State.SECONDED, says="seconded"),
        "approve": Move(State.SECONDED, State.APPROVED, says="approved"),
        "refuse": Move(frozenset(WAITING), State.REFUSED, says="refused", reason=True),
        "withdraw": Move(RUNNING, State.WITHDRAWN, says="withdrawn"),
        "take": Move(State.APPROVED, State.TAKEN, says="taken"),
        "lapse": Move(RUNNING, State.LAPSED, says="lapsed"),
    },
    ends=frozenset({State.TAKEN, State.REFUSED, State.WITHDRAWN, State.LAPSED}),
)

#: Rows of one list, without and with names; a longer one is narrowed first.
MOST_ROWS, MOST_IN_CLEAR = 2000, 200
#: Working days in which two approve, and how long an approved list can be taken.
APPROVE_DAYS = 3
TAKEN_WITHIN = timedelta(hours=24)


class Export(models.Model):
    """A list that somebody asked for.

    Attributes:
        query: of the inbox's address: what the list was narrowed by.
        in_clear: with the subjects' names and numbers; else what is masked stays so.
        rows: disposals that were asked for; `taken_rows` those that were left when it was taken.
        case: number of the file for which it is needed.
        first_for, second_for: whose work a deputy did in approving.
        expires_at: until when it can be approved, and once it is, taken.
        refusal: why it was refused.
        sha256: of the file that was taken.
    """

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    form = models.CharField(max_length=4, choices=Form)
    query = models.CharField(max_length=500, blank=True)
    in_clear = models.BooleanField()
    rows = models.PositiveIntegerField()
    purpose = models.TextField(blank=True)
    case = models.CharField(max_length=100, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    first_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    first_for = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    first_at = models.DateTimeField(null=True)
    second_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_for = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    refusal = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_rows = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rows__gt=0), name="export_of_something"),
            models.CheckConstraint(
                condition=Q(in_clear=False) | (~Q(purpose="") & ~Q(case="")),
                name="export_in_clear_for_a_purpose",
            ),
            # Four eyes twice: without two others nothing in clear is ever to be taken.
            models.CheckConstraint(
                condition=Q(in_clear=False)
                | ~Q(state__in=[State.APPROVED, State.TAKEN])
                | Q(first_by__isnull=False, second_by__isnull=False),
                name="export_in_clear_by_two_others",
            ),
            *(
                models.CheckConstraint(condition=~Q(**{one: F(other)}), name=f"export_{name}")
                for one, other, name in (
                    ("first_by", "asked_by", "first_is_another"),
                    ("second_by", "asked_by", "second_is_another"),
                    ("second_by", "first_by", "second_is_a_third"),
                    ("first_for", "asked_by", "first_for_another"),
                    ("second_for", "asked_by", "second_for_another"),
                    ("second_for", "first_by", "second_for_a_third"),
                    ("second_by", "first_for", "second_not_stood_for"),
                    ("second_for", "first_for", "second_for_others"),
                )
            ),
            models.CheckConstraint(
                condition=~Q(state=State.TAKEN)
                | (Q(taken_at__isnull=False, taken_rows__isnull=False) & ~Q(sha256="")),
                name="export_taken_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.REFUSED) | ~Q(refusal=""), name="export_refused_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["asked_by", "-id"], name="export_of_user"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=[State.ASKED, State.SECONDED, State.APPROVED]),
                name="export_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def number(self) -> str:
        """What stands on the file: the year in which it was asked for, and a serial number."""
        return f"{self.asked_at.year}-{self.pk:05}"

    def runs_at(self, at: datetime) -> bool:
        """Can it still be approved or taken?"""
        return self.state in RUNNING and self.expires_at > at


class Line(models.Model):
    """A disposal of a list, at its place."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="lines")
    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="+")
    place = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["export", "disposal"], name="line_once"),
            models.UniqueConstraint(fields=["export", "place"], name="line_at_its_place"),
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.place}"
