"""What departments delivered, what they uploaded here, and what they are asked to correct."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import SupervisionBody, Unit, User


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
        rows: rows of the store by the names people write, `dataset:batch-position`; the first ones where
            there are many. `count` says how many there are.
        body: who asked, where a supervision body did.
        batch: the delivery by which its rows became others, once one did, and when that was seen.
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
    body = models.ForeignKey(SupervisionBody, models.PROTECT, null=True, related_name="tickets")
    question = models.TextField()
    rows = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    batch = models.CharField(max_length=150, blank=True)
    touched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=TicketState.ASKED) | ~Q(answer=""),
                name="ticket_answered_has_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "state"], name="ticket_by_unit"),
            models.Index(fields=["dataset", "state"], name="ticket_by_dataset"),
        ]

    def __str__(self) -> str:
        return self.key


class TicketParty(models.Model):
    """Whom the rows of a ticket are about; neither they nor their kin see it, whatever they deliver.

    Attributes:
        person: digest.
    """

    ticket = models.ForeignKey(DataErrorTicket, models.CASCADE, related_name="parties")
    person = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "ticket"], name="ticket_party_once"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}"


class Delivery(models.Model):
    """A delivery as the store holds it: its manifest without any row, so that it can be listed and scoped.

    Attributes:
        batch: the store's name of it; taking the same batch in twice changes nothing.
        reasons: list of {column, zh, en, rows}: why rows wait in quarantine.
        held: list of [zh, en]: the expectations it breaks; then it waits whole.
        accepted_by: who lets it in all the same; the worker then loads it.
    """

    class Status(models.TextChoices):
        LOADED = "loaded", say("已装入", "Loaded")
        HELD = "held", say("整批暂扣", "Held whole")

    batch = models.CharField(max_length=150, unique=True)
    dataset = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="deliveries")
    status = models.CharField(max_length=6, choices=Status)
    source = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    as_of = models.DateField()
    received_at = models.DateTimeField()
    rows = models.PositiveIntegerField()
    loaded = models.PositiveIntegerField()
    quarantined = models.PositiveIntegerField()
    reasons = models.JSONField(default=list)
    held = models.JSONField(default=list)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    accept_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_by=None, accepted_at=None, accept_reason="")
                | (Q(accepted_by__isnull=False, accepted_at__isnull=False) & ~Q(accept_reason="")),
                name="delivery_accepted_by_somebody_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="delivery_newest"),
            models.Index(fields=["dataset", "-received_at", "-id"], name="delivery_by_dataset"),
            models.Index(fields=["unit", "-received_at", "-id"], name="delivery_by_unit"),
        ]

    def __str__(self) -> str:
        return self.batch


class UploadState(models.TextChoices):
    STORED = "stored", say("等待装入", "Waiting to be loaded")
    LOADED = "loaded", say("已装入", "Loaded")
    HELD = "held", say("整批暂扣", "Held whole")
    REFUSED = "refused", say("未能装入", "Could not be loaded")
    DECLARED = "declared", say("已建数据集", "A dataset was made of it")
    DISCARDED = "discarded", say("已放弃", "Discarded")


UPLOAD_FLOW = Flow(
    "upload",
    UploadState,
    {
        "load": Move({UploadState.STORED, UploadState.HELD}, UploadState.LOADED, says="loaded"),
        "hold": Move(UploadState.STORED, UploadState.HELD, says="held"),
        "refuse": Move(UploadState.STORED, UploadState.REFUSED, says="refused"),
        "declare": Move(UploadState.STORED, UploadState.DECLARED, says="declared"),
        "discard": Move(UploadState.STORED, UploadState.DISCARDED, says="discarded"),
    },
    ends=frozenset(
        {
            UploadState.LOADED,
            UploadState.REFUSED,
            UploadState.DECLARED,
            UploadState.DISCARDED,
        }
    ),
)


class Upload(models.Model):
    """A file that a data provider put into the inbox from a page.

    Attributes:
        kind: a delivery, a workbook of rows in quarantine that comes back corrected, or a file of which a
            dataset is to be made; that one lies outside the inbox and belongs to no dataset yet.
        file: its name in the inbox, relative to the workspace.
        problem: [zh, en] why it could not be loaded.
    """

    class Kind(models.TextChoices):
        DELIVERY = "delivery", say("报送", "Delivery")
        CORRECTIONS = "corrections", say("更正", "Corrections")
        SAMPLE = "sample", say("新数据集的样表", "First file of a new dataset")

    state = models.CharField(max_length=9, choices=UploadState, default=UploadState.STORED)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.DELIVERY)
    dataset = models.CharField(max_length=100, blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="uploads")
    name = models.CharField(max_length=200)
    file = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    batch = models.CharField(max_length=150, blank=True)
    problem = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "sha256"],
                condition=Q(state=UploadState.STORED),
                name="upload_waits_once",
            ),
        ]
        indexes = [models.Index(fields=["unit", "-id"], name="upload_by_unit")]

    def __str__(self) -> str:
        return self.name
