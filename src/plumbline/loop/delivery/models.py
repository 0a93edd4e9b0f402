"""Tickets by which a department is asked to correct what it delivered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import Unit, User


class TicketState(models.TextChoices):
    ASKED = "asked", say("待部门核对", "With the department")
    ANSWERED = "answered", say("待复核", "Answered")
    RESOLVED = "resolved", say("已更正", "Corrected")
    REFUSED = "refused", say("数据无误", "Found correct")


TICKET_FLOW = Flow(
    "ticket",
    TicketState,
    {
        "answer": Move(TicketState.ASKED, TicketState.ANSWERED, says="answered", stops=["answer"]),
        "ask_again": Move(TicketState.ANSWERED, TicketState.ASKED, says="asked_again", reason=True),
        "resolve": Move(TicketState.ANSWERED, TicketState.RESOLVED, says="resolved"),
        "refuse": Move(TicketState.ANSWERED, TicketState.REFUSED, says="refused", reason=True),
    },
    ends=frozenset({TicketState.RESOLVED, TicketState.REFUSED}),
)


class DataErrorTicket(models.Model):
    """Rows that a department is asked to check: pointers into the store, never their content.

    Attributes:
        key: what it is about, so that the same error is asked about once.
        rows: list of {dataset, row}: rows of the store.
        batch: the delivery that corrected it, once one did.
    """

    class Origin(models.TextChoices):
        IDENTITY = "identity", say("号码相同、姓名不同", "One number, different names")
        DISPOSAL = "disposal", say("核查发现", "Found while verifying")
        QUARANTINE = "quarantine", say("未能装入的行", "Rows in quarantine")

    key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=TicketState, default=TicketState.ASKED)
    origin = models.CharField(max_length=12, choices=Origin)
    dataset = models.CharField(max_length=100)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="tickets")
    question = models.TextField()
    rows = models.JSONField(default=list)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    batch = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=TicketState.ASKED) | ~Q(answer=""),
                name="ticket_answered_has_answer",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state"], name="ticket_by_unit")]

    def __str__(self) -> str:
        return self.key
