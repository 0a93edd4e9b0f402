"""A disposal carries one warning from dispatch to closure; its outcomes are several and independent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import Role, SupervisionBody, Unit, User


class State(models.TextChoices):
    RAISED = "raised", say("待分办", "To be dispatched")
    DISPATCHED = "dispatched", say("待签收", "To be signed for")
    SIGNED = "signed", say("已签收", "Signed for")
    VERIFYING = "verifying", say("核查中", "Being verified")
    REPORTED = "reported", say("待审核", "To be reviewed")
    CLOSED = "closed", say("已办结", "Closed")


FLOW = Flow(
    "disposal",
    State,
    {
        "dispatch": Move(State.RAISED, State.DISPATCHED, says="dispatched"),
        "decline": Move(
            State.DISPATCHED, State.RAISED, says="declined", reason=True, stops=["sign"]
        ),
        "sign_for": Move(State.DISPATCHED, State.SIGNED, says="signed_for", stops=["sign"]),
        "assign": Move({State.SIGNED, State.VERIFYING}, State.VERIFYING, says="assigned"),
        "report": Move(State.VERIFYING, State.REPORTED, says="reported", stops=["report"]),
        "approve": Move(State.REPORTED, State.REPORTED, says="approved"),
        "send_back": Move(State.REPORTED, State.VERIFYING, says="sent_back", reason=True),
        "close": Move(State.REPORTED, State.CLOSED, says="closed", stops=["review"]),
        "reopen": Move(State.CLOSED, State.SIGNED, says="reopened", reason=True),
    },
    ends=frozenset({State.CLOSED}),
)


class Disposal(models.Model):
    """What people do about one warning.

    Attributes:
        body: who works it; `joint` adds bodies that work it together (室组地).
        round: 1, and one more each time it is reopened; reports and reviews belong to a round.
        reviewed: how many steps of the review chain have approved this round.
        extensions: how often its deadline was extended.
    """

    warning = models.OneToOneField(EarlyWarning, models.PROTECT, related_name="disposal")
    state = models.CharField(max_length=20, choices=State, default=State.RAISED)
    body = models.ForeignKey(SupervisionBody, models.PROTECT, null=True, related_name="disposals")
    joint = models.ManyToManyField(SupervisionBody, related_name="joint_disposals")
    round = models.PositiveSmallIntegerField(default=1)
    reviewed = models.PositiveSmallIntegerField(default=0)
    extensions = models.PositiveSmallIntegerField(default=0)
    dispatched_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=State.RAISED) | Q(body__isnull=False),
                name="disposal_dispatched_to_a_body",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLOSED) | Q(closed_at__isnull=False),
                name="disposal_closed_has_time",
            ),
        ]
        indexes = [models.Index(fields=["state", "body"], name="disposal_by_state")]

    def __str__(self) -> str:
        return f"{self.warning}"


class Verifier(models.Model):
    """One of the two who verify; whoever verifies never reviews."""

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="verifiers")
    user = models.ForeignKey(User, models.PROTECT, related_name="verifies")
    round = models.PositiveSmallIntegerField()
    signed_at = models.DateTimeField(null=True)  # their own signature under the findings

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disposal", "round", "user"], name="verifier_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}"


class Step(models.Model):
    """A step of the model's `check:`, and whether and by whom it was done."""

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    what = models.TextField()
    what_en = models.TextField(blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    finding = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disposal", "number"], name="step_once"),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="step_done_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.what


class Note(models.Model):
    """What somebody wrote down while verifying; never altered."""

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="notes")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:40]


class Document(models.Model):
    """A file, by the hash of its content."""

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="documents")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="disposal/%Y/%m")
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.name


class Request(models.Model):
    """More data asked of a unit, or the reply of the person or unit concerned (申辩)."""

    class Kind(models.TextChoices):
        DATA = "data", say("补充资料", "More data")
        REPLY = "reply", say("情况说明", "Reply of the person or unit")

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="requests")
    question = models.TextField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.question[:40]


class Outcome(models.Model):
    """One thing that was found; several may hold at once (A warning can be refuted and still change a rule)."""

    class Aspect(models.TextChoices):
        IDENTITY = "identity", say("身份", "Identity")
        DATA = "data", say("数据", "Data")
        FACT = "fact", say("事实", "Fact")
        RESPONSIBILITY = "responsibility", say("责任", "Responsibility")
        MEASURE = "measure", say("处理", "Measures")
        INSTITUTION = "institution", say("制度", "Institution")

    class Finding(models.TextChoices):
        RIGHT_PERSON = "right_person", say("身份无误", "Right person")
        WRONG_PERSON = "wrong_person", say("认错了人", "Wrong person")
        UNDECIDABLE = "undecidable", say("无法确认", "Cannot be decided")
        DATA_CORRECT = "data_correct", say("数据无误", "Correct")
        DATA_STALE = "data_stale", say("数据过时", "Stale")
        DATA_WRONG = "data_wrong", say("数据有误", "Wrong")
        DATA_MISSING = "data_missing", say("数据缺失", "Missing")
        TRUE = "true", say("属实", "True")
        PARTLY_TRUE = "partly_true", say("部分属实", "Partly true")
        UNTRUE = "untrue", say("不属实", "Untrue")
        UNVERIFIABLE = "unverifiable", say("无法查实", "Cannot be verified")
        NOBODY = "nobody", say("无责任", "Nobody's")
        WORK_ERROR = "work_error", say("工作失误", "Error of work")
        BREACH = "breach", say("违纪违法", "Breach")
        CORRECTION_ORDERED = "correction_ordered", say("责令改正", "Correction ordered")
        REPAID = "repaid", say("退缴", "Repaid")
        STOPPED = "stopped", say("停发", "Payment stopped")
        TALKED_TO = "talked_to", say("批评教育、提醒谈话", "Talked to")
        LEAD_TRANSFERRED = "lead_transferred", say("转问题线索", "Passed on as a lead")
        HANDED_OVER = "handed_over", say("移送主管部门、公安、检察", "Handed over")
        CASE_FILED = "case_filed", say("立案", "Case filed")
        CLAUSE_UNCLEAR = "clause_unclear", say("条款不明确", "Clause unclear")
        CONTROL_MISSING = "control_missing", say("缺少控制", "Control missing")
        SHARING_MISSING = "sharing_missing", say("缺少数据", "Data not shared")

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="outcomes")
    round = models.PositiveSmallIntegerField()
    aspect = models.CharField(max_length=20, choices=Aspect)
    finding = models.CharField(max_length=20, choices=Finding)
    note = models.TextField(blank=True)
    found_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["disposal", "round", "finding"], name="outcome_once_a_round"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_finding_display()}"


#: What may be found of each aspect; where only one of them can hold, `ONE_OF` says so.
FINDINGS: dict[Outcome.Aspect, tuple[Outcome.Finding, ...]] = {
    Outcome.Aspect.IDENTITY: (
        Outcome.Finding.RIGHT_PERSON, Outcome.Finding.WRONG_PERSON, Outcome.Finding.UNDECIDABLE,
    ),
    Outcome.Aspect.DATA: (
        Outcome.Finding.DATA_CORRECT, Outcome.Finding.DATA_STALE, Outcome.Finding.DATA_WRONG,
        Outcome.Finding.DATA_MISSING,
    ),
    Outcome.Aspect.FACT: (
        Outcome.Finding.TRUE, Outcome.Finding.PARTLY_TRUE, Outcome.Finding.UNTRUE,
        Outcome.Finding.UNVERIFIABLE,
    ),
    Outcome.Aspect.RESPONSIBILITY: (
        Outcome.Finding.NOBODY, Outcome.Finding.WORK_ERROR, Outcome.Finding.BREACH,
    ),
    Outcome.Aspect.MEASURE: (
        Outcome.Finding.CORRECTION_ORDERED, Outcome.Finding.REPAID, Outcome.Finding.STOPPED,
        Outcome.Finding.TALKED_TO, Outcome.Finding.LEAD_TRANSFERRED, Outcome.Finding.HANDED_OVER,
        Outcome.Finding.CASE_FILED,
    ),
    Outcome.Aspect.INSTITUTION: (
        Outcome.Finding.CLAUSE_UNCLEAR, Outcome.Finding.CONTROL_MISSING,
        Outcome.Finding.SHARING_MISSING,
    ),
}  # fmt: skip
ONE_OF = frozenset({Outcome.Aspect.IDENTITY, Outcome.Aspect.FACT, Outcome.Aspect.RESPONSIBILITY})


class Review(models.Model):
    """What one step of the review chain decided: 室主任 -> 常委 -> 书记, as configured."""

    class Decision(models.TextChoices):
        APPROVED = "approved", say("同意", "Approved")
        SENT_BACK = "sent_back", say("退回", "Sent back")
        EXTENDED = "extended", say("延期", "Extended")

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="reviews")
    round = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=Role)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    on_behalf = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision)
    opinion = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.role} {self.decision}"


class LeadState(models.TextChoices):
    RECEIVED = "received", say("待处置", "To be disposed of")
    DISPOSED = "disposed", say("处置中", "Being disposed of")
    CONCLUDED = "concluded", say("已了结", "Concluded")


LEAD_FLOW = Flow(
    "lead",
    LeadState,
    {
        "dispose": Move(LeadState.RECEIVED, LeadState.DISPOSED, says="disposed", stops=["lead"]),
        "change_way": Move(LeadState.DISPOSED, LeadState.DISPOSED, says="way_changed", reason=True),
        "conclude": Move(LeadState.DISPOSED, LeadState.CONCLUDED, says="concluded", reason=True),
    },
    ends=frozenset({LeadState.CONCLUDED}),
)


class Lead(models.Model):
    """A problem lead (问题线索): out of a disposal, by hand, or from an old ledger; kept by case management."""

    class Origin(models.TextChoices):
        WARNING = "warning", say("数据预警", "Warning")
        LETTER = "letter", say("信访举报", "Letters and visits")
        LEDGER = "ledger", say("历史台账", "Old ledger")
        OTHER = "other", say("其他", "Other")

    class Way(models.TextChoices):
        """The four ways of disposal (四类处置方式)."""

        INQUIRY = "inquiry", say("谈话函询", "Talk or written inquiry")
        PRELIMINARY = "preliminary", say("初步核实", "Preliminary verification")
        PENDING = "pending", say("暂存待查", "Kept for later")
        CONCLUDED = "concluded", say("予以了结", "Concluded")

    number = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=20, choices=LeadState, default=LeadState.RECEIVED)
    origin = models.CharField(max_length=10, choices=Origin)
    disposal = models.ForeignKey(Disposal, models.PROTECT, null=True, related_name="leads")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="leads")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="leads")
    person = models.CharField(max_length=64, blank=True)  # digest, as of a user
    title = models.CharField(max_length=200)
    text = models.TextField()
    way = models.CharField(max_length=12, choices=Way, blank=True)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    source = models.JSONField(default=dict)  # of an imported row: file, sheet, line

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=LeadState.RECEIVED) | ~Q(way=""), name="lead_disposed_in_a_way"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Posting(models.Model):
    """Money of a disposal, in fen: what is due, and what became of it; a mistake is countered, never edited."""

    class Kind(models.TextChoices):
        DUE = "due", say("应追", "Due")
        RECOVERED = "recovered", say("已追", "Recovered")
        AVOIDED = "avoided", say("避免", "Avoided")
        WRITTEN_OFF = "written_off", say("核销", "Written off")

    disposal = models.ForeignKey(Disposal, models.PROTECT, related_name="postings")
    kind = models.CharField(max_length=12, choices=Kind)
    fen = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    key = models.CharField(max_length=100, unique=True)  # the same receipt is never counted twice
    evidence = models.ForeignKey(Document, models.PROTECT, related_name="+")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses=None, fen__gt=0) | Q(reverses__isnull=False, fen__lt=0),
                name="posting_positive_or_counter",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fen}"
