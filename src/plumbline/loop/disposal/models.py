"""A disposal carries one warning from dispatch to closure; its outcomes are several and independent."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.loop.warning.models import EarlyWarning, Level
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
        "approve": Move(State.REPORTED, State.REPORTED, says="approved", stops=["review"]),
        "send_back": Move(
            State.REPORTED, State.VERIFYING, says="sent_back", reason=True, stops=["review"]
        ),
        "close": Move(State.REPORTED, State.CLOSED, says="closed", stops=["review"]),
        "reopen": Move(State.CLOSED, State.SIGNED, says="reopened", reason=True),
    },
    ends=frozenset({State.CLOSED}),
)

#: Who reviews a report, one after the other, by the level of its warning.
REVIEW_CHAIN: dict[str, tuple[Role, ...]] = {
    Level.RED: (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY),
    Level.YELLOW: (Role.OFFICE_HEAD, Role.STANDING_MEMBER),
    Level.BLUE: (Role.OFFICE_HEAD,),
}
REVIEWERS = REVIEW_CHAIN[Level.RED]
#: Working days of what no model speaks of: each review, a report that was sent back, a unit's answer.
REVIEW_DAYS, AGAIN_DAYS, ANSWER_DAYS = 3, 5, 10
MOST_EXTENSIONS = 2
#: When a disposal is due of which no deadline runs.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Disposal(models.Model):
    """What people do about one warning.

    Attributes:
        level: of the warning when it was opened or last reported; its deadlines and reviewers go by it.
        body: who works it; `joint` adds bodies that work it together (室组地).
        round: 1, and one more each time it is reopened; verifiers, steps and outcomes belong to a round.
        reports: how often it was reported; reviews belong to a report.
        reviewed: how many steps of the review chain have approved the last report.
        extensions: how often its deadline was extended in this round.
        sign_days, report_days: working days, as the model says for its level.
        no_reply: why a breach is reported without the reply of the person or unit concerned.
        model, unit, region, rank: of its warning, and `due_at` of its next running deadline (`NEVER` where
            none runs): kept here by the database itself (migration 0005), so that a million are
            listed by an index.
    """

    warning = models.OneToOneField(EarlyWarning, models.PROTECT, related_name="disposal")
    state = models.CharField(max_length=20, choices=State, default=State.RAISED)
    level = models.CharField(max_length=10, choices=Level)
    body = models.ForeignKey(SupervisionBody, models.PROTECT, null=True, related_name="disposals")
    joint = models.ManyToManyField(SupervisionBody, related_name="joint_disposals")
    round = models.PositiveSmallIntegerField(default=1)
    reports = models.PositiveSmallIntegerField(default=0)
    reviewed = models.PositiveSmallIntegerField(default=0)
    extensions = models.PositiveSmallIntegerField(default=0)
    sign_days = models.PositiveSmallIntegerField(default=2)
    report_days = models.PositiveSmallIntegerField(default=20)
    no_reply = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    model = models.CharField(max_length=100, blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    region = models.CharField(max_length=6, blank=True)
    rank = models.FloatField(default=0)
    due_at = models.DateTimeField(default=NEVER)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=State.RAISED) | Q(body__isnull=False),
                name="disposal_dispatched_to_a_body",
            ),
            models.CheckConstraint(
                condition=Q(state=State.CLOSED, closed_at__isnull=False)
                | (~Q(state=State.CLOSED) & Q(closed_at=None)),
                name="disposal_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.RAISED, State.DISPATCHED])
                | Q(signed_at__isnull=False),
                name="disposal_signed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(extensions__lte=MOST_EXTENSIONS), name="disposal_extended_twice_at_most"
            ),
            models.CheckConstraint(
                condition=Q(sign_days__gt=0, report_days__gt=0), name="disposal_has_days"
            ),
        ]
        # What follows the order is what else a list is narrowed by: rows that do not fit are passed over in the
        # index, without being read.
        indexes = [
            models.Index(fields=["state", "-rank", "-id", "body"], name="disposal_by_rank"),
            models.Index(fields=["state", "due_at", "id", "body", "unit"], name="disposal_by_due"),
            models.Index(
                fields=["state", "-id", "body", "level", "reviewed"], name="disposal_newest"
            ),
            models.Index(fields=["state", "-closed_at", "-id"], name="disposal_closed"),
            models.Index(
                fields=["state", "level", "-rank", "-id", "body"], name="disposal_by_level"
            ),
            models.Index(
                fields=["state", "model", "-rank", "-id", "level", "unit", "body"],
                name="disposal_by_model",
            ),
            models.Index(
                fields=["state", "unit", "-rank", "-id", "level", "body"], name="disposal_by_unit"
            ),
            models.Index(fields=["body", "state", "-rank", "-id"], name="disposal_by_body"),
        ]

    def __str__(self) -> str:
        return f"{self.warning}"

    @property
    def chain(self) -> tuple[Role, ...]:
        """Who reviews its report, one after the other."""
        return REVIEW_CHAIN[self.level]

    @property
    def next_reviewer(self) -> Role | None:
        """Whose turn it is to review."""
        if self.state != State.REPORTED or self.reviewed >= len(self.chain):
            return None
        return self.chain[self.reviewed]


class SavedView(models.Model):
    """A list as somebody likes to see it: its filters and order under a name, for them alone.

    Attributes:
        query: of the list's address.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_named_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class StaffAuthority(models.Model):
    """Which body the leaders of a unit answer to (干部管理权限), for a period."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="staff_authorities")
    body = models.ForeignKey(SupervisionBody, models.CASCADE, related_name="staff_authorities")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)  # the last day; none: open

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="staff_authority_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body} > {self.unit}"


class Verifier(models.Model):
    """One of the two who verify; whoever verified once never reviews (trigger in migration 0002).

    Attributes:
        seat: 1 or 2.
        signed_at: their own signature under the findings; gone when the findings change.
        released_at: when somebody else took the seat.
    """

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="verifiers")
    user = models.ForeignKey(User, models.PROTECT, related_name="verifies")
    round = models.PositiveSmallIntegerField()
    seat = models.PositiveSmallIntegerField()
    signed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["disposal", "user"], condition=Q(released_at=None), name="verifier_once"
            ),
            models.UniqueConstraint(
                fields=["disposal", "seat"],
                condition=Q(released_at=None),
                name="verifier_seat_once",
            ),
            models.CheckConstraint(condition=Q(seat__in=[1, 2]), name="verifier_two_seats"),
        ]

    def __str__(self) -> str:
        return f"{self.user}"


class Step(models.Model):
    """A step of the model's `check:`: done, or left out with the reason in `finding`."""

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="steps")
    round = models.PositiveSmallIntegerField(default=1)
    number = models.PositiveSmallIntegerField()
    what = models.TextField()
    what_en = models.TextField(blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    left_out = models.BooleanField(default=False)
    finding = models.TextField(blank=True)

    class Meta:
        ordering = ["round", "number"]
        constraints = [
            models.UniqueConstraint(fields=["disposal", "round", "number"], name="step_once"),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None, left_out=False)
                | (Q(done_at__isnull=False, done_by__isnull=False) & ~Q(finding="")),
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


class Request(models.Model):
    """More data asked of a unit, or the reply of the person or unit concerned (申辩).

    Attributes:
        asked_by: None where the system asked the holder of the data (blue warnings).
    """

    class Kind(models.TextChoices):
        DATA = "data", say("补充资料", "More data")
        REPLY = "reply", say("情况说明", "Reply of the person or unit")

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="requests")
    question = models.TextField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="request_answered_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["unit", "answered_at"], name="request_by_unit")]

    def __str__(self) -> str:
        return self.question[:40]


class Document(models.Model):
    """A file, by the hash of its content.

    Attributes:
        request: in answer to which it was handed in; its unit sees those documents alone.
        kind: MIME type, by its content.
    """

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="documents")
    request = models.ForeignKey(Request, models.PROTECT, null=True, related_name="documents")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    file = models.FileField(upload_to="disposal/%Y/%m")
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disposal", "sha256"], name="document_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Aspect(models.TextChoices):
    """What a finding is about; of each something may hold."""

    IDENTITY = "identity", say("身份", "Identity")
    DATA = "data", say("数据", "Data")
    FACT = "fact", say("事实", "Fact")
    RESPONSIBILITY = "responsibility", say("责任", "Responsibility")
    MEASURE = "measure", say("处理", "Measures")
    INSTITUTION = "institution", say("制度", "Institution")


class Finding(models.TextChoices):
    RIGHT_PERSON = "right_person", say("身份无误", "Right person")
    WRONG_PERSON = "wrong_person", say("认错了人", "Wrong person")
    UNDECIDABLE = "undecidable", say("身份无法确认", "Cannot be decided who it is")
    DATA_CORRECT = "data_correct", say("数据无误", "Data correct")
    DATA_STALE = "data_stale", say("数据过时", "Data stale")
    DATA_WRONG = "data_wrong", say("数据有误", "Data wrong")
    DATA_MISSING = "data_missing", say("数据缺失", "Data missing")
    TRUE = "true", say("属实", "True")
    PARTLY_TRUE = "partly_true", say("部分属实", "Partly true")
    UNTRUE = "untrue", say("不属实", "Untrue")
    UNVERIFIABLE = "unverifiable", say("无法查实", "Cannot be verified")
    NOBODY = "nobody", say("无责任", "Nobody is responsible")
    WORK_ERROR = "work_error", say("工作失误", "Error of work")
    BREACH = "breach", say("违纪违法", "Breach")
    CORRECTION_ORDERED = "correction_ordered", say("责令改正", "Correction ordered")
    REPAID = "repaid", say("退缴", "Repaid")
    STOPPED = "stopped", say("停发", "Payment stopped")
    TALKED_TO = "talked_to", say("批评教育、提醒谈话", "Talked to")
    LEAD_TRANSFERRED = "lead_transferred", say("转问题线索", "Passed on as a lead")
    HANDED_OVER = "handed_over", say("移送主管部门、公安、检察", "Handed over to others")
    CASE_FILED = "case_filed", say("立案", "Case filed")
    CLAUSE_UNCLEAR = "clause_unclear", say("条款不明确", "Clause unclear")
    CONTROL_MISSING = "control_missing", say("缺少控制", "Control missing")
    SHARING_MISSING = "sharing_missing", say("缺少数据共享", "Data not shared")


#: What may be found of each aspect; where only one of them can hold, `ONE_OF` says so.
FINDINGS: dict[Aspect, tuple[Finding, ...]] = {
    Aspect.IDENTITY: (Finding.RIGHT_PERSON, Finding.WRONG_PERSON, Finding.UNDECIDABLE),
    Aspect.DATA: (
        Finding.DATA_CORRECT, Finding.DATA_STALE, Finding.DATA_WRONG, Finding.DATA_MISSING,
    ),
    Aspect.FACT: (Finding.TRUE, Finding.PARTLY_TRUE, Finding.UNTRUE, Finding.UNVERIFIABLE),
    Aspect.RESPONSIBILITY: (Finding.NOBODY, Finding.WORK_ERROR, Finding.BREACH),
    Aspect.MEASURE: (
        Finding.CORRECTION_ORDERED, Finding.REPAID, Finding.STOPPED, Finding.TALKED_TO,
        Finding.LEAD_TRANSFERRED, Finding.HANDED_OVER, Finding.CASE_FILED,
    ),
    Aspect.INSTITUTION: (
        Finding.CLAUSE_UNCLEAR, Finding.CONTROL_MISSING, Finding.SHARING_MISSING,
    ),
}  # fmt: skip
ASPECT_OF = {finding: aspect for aspect, findings in FINDINGS.items() for finding in findings}
ONE_OF = (Aspect.IDENTITY, Aspect.FACT, Aspect.RESPONSIBILITY)
#: Faults of the data: each goes back to the department that delivered it.
DATA_FAULTS = (Finding.DATA_STALE, Finding.DATA_WRONG, Finding.DATA_MISSING)


def _of_its_aspect() -> Q:
    fitting = Q(pk__in=())
    for aspect, findings in FINDINGS.items():
        fitting |= Q(aspect=aspect.value, finding__in=[each.value for each in findings])
    return fitting


class Outcome(models.Model):
    """One thing that was found; several may hold at once (a warning can be refuted and still change a rule).

    Attributes:
        dataset, rows: of a fault of the data, where it stands: `dataset:batch-position`, as the engine names
            rows; of a wrong person, the rows that are not about them.
    """

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="outcomes")
    round = models.PositiveSmallIntegerField()
    aspect = models.CharField(max_length=20, choices=Aspect)
    finding = models.CharField(max_length=20, choices=Finding)
    note = models.TextField(blank=True)
    dataset = models.CharField(max_length=100, blank=True)
    rows = models.JSONField(default=list)
    found_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["disposal", "round", "finding"],
                condition=Q(withdrawn_at=None),
                name="outcome_once_a_round",
            ),
            models.UniqueConstraint(
                fields=["disposal", "round", "aspect"],
                condition=Q(withdrawn_at=None, aspect__in=[each.value for each in ONE_OF]),
                name="outcome_one_of_its_aspect",
            ),
            models.CheckConstraint(condition=_of_its_aspect(), name="outcome_of_its_aspect"),
        ]

    def __str__(self) -> str:
        return f"{self.get_finding_display()}"


class Consequence(models.Model):
    """What the worker still has to do outside the database because of a closed disposal's finding; done once.

    A wrong person is judged apart in every model; a fault of the data goes to the department that delivered it.

    Attributes:
        problem: why it could not be done yet; the next sweep tries again.
    """

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="consequence")
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["made_at"], condition=Q(done_at=None), name="consequence_to_do"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}"


class Review(models.Model):
    """What one step of the review chain decided of one report; `extended` stands outside the chain."""

    class Decision(models.TextChoices):
        APPROVED = "approved", say("同意", "Approved")
        SENT_BACK = "sent_back", say("退回", "Sent back")
        EXTENDED = "extended", say("延期", "Extended")

    disposal = models.ForeignKey(Disposal, models.CASCADE, related_name="reviews")
    round = models.PositiveSmallIntegerField()
    report = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=Role)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    on_behalf = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision)
    opinion = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["disposal", "report", "role"],
                condition=~Q(decision="extended"),
                name="review_once_a_role",
            ),
            models.UniqueConstraint(
                fields=["disposal", "report", "by"],
                condition=~Q(decision="extended"),
                name="review_once_a_person",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf=None) | ~Q(on_behalf=F("by")), name="review_for_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(decision="approved") | ~Q(opinion=""), name="review_says_why"
            ),
        ]

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
        "assign": Move(LeadState.RECEIVED, LeadState.RECEIVED, says="assigned"),
        "pass_on": Move(LeadState.DISPOSED, LeadState.DISPOSED, says="assigned"),
        "dispose": Move(LeadState.RECEIVED, LeadState.DISPOSED, says="disposed", stops=["lead"]),
        "change_way": Move(LeadState.DISPOSED, LeadState.DISPOSED, says="way_changed", reason=True),
        "conclude": Move(LeadState.DISPOSED, LeadState.CONCLUDED, says="concluded", reason=True),
    },
    ends=frozenset({LeadState.CONCLUDED}),
)


class Lead(models.Model):
    """A problem lead (问题线索): out of a disposal, by hand, or from an old ledger; kept by case management.

    Attributes:
        number: body, year and serial number as people write them; without gaps in a body and year.
        body: whose case management keeps it.
        found_by: who found it; they never register or work it.
        assigned_to: the body that carries out what was decided; it reads the lead, and does not work it.
        person: digest of whom it is about, as of a user: they and their kin never see it.
        informant: who told of it; shown to case management alone.
        key: by what the same row of a ledger, or the same finding, is known again.
        source: of an imported row: file, sheet, line, and its number in the old ledger.
    """

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

    number = models.CharField(max_length=240, unique=True)
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=LeadState, default=LeadState.RECEIVED)
    origin = models.CharField(max_length=10, choices=Origin)
    disposal = models.ForeignKey(Disposal, models.PROTECT, null=True, related_name="leads")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="leads")
    assigned_to = models.ForeignKey(
        SupervisionBody, models.PROTECT, null=True, related_name="assigned_leads"
    )
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="leads")
    person = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    informant = models.TextField(blank=True)
    way = models.CharField(max_length=12, choices=Way, blank=True)
    found_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    disposed_at = models.DateTimeField(null=True)
    concluded_at = models.DateTimeField(null=True)
    result = models.TextField(blank=True)
    key = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 -- by hand: none
    source = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["body", "year", "serial"], name="lead_numbered_once"),
            models.CheckConstraint(
                condition=Q(state=LeadState.RECEIVED) | ~Q(way=""), name="lead_disposed_in_a_way"
            ),
            models.CheckConstraint(
                condition=Q(found_by=None) | ~Q(found_by=F("received_by")),
                name="lead_not_kept_by_its_finder",
            ),
            models.CheckConstraint(
                condition=~Q(state=LeadState.CONCLUDED)
                | (Q(concluded_at__isnull=False) & ~Q(result="")),
                name="lead_concluded_with_a_result",
            ),
        ]
        indexes = [models.Index(fields=["body", "state", "-id"], name="lead_by_state")]

    def __str__(self) -> str:
        return self.number


class LeadCounter(models.Model):
    """The last serial number of a body's leads in a year, counted up in the transaction of the lead."""

    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["body", "year"], name="lead_counter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.year} {self.last}"


class Posting(models.Model):
    """Money of a disposal, in fen: what is due, and what became of it; a mistake is countered, never edited.

    Triggers of both databases refuse to alter or remove one. Every posting moves the `MoneyBalance` of its
    currency in the same transaction.
    """

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
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses=None, fen__gt=0) | Q(reverses__isnull=False, fen__lt=0),
                name="posting_positive_or_counter",
            ),
            models.CheckConstraint(
                condition=~Q(kind="written_off")
                | Q(reverses__isnull=False)
                | (Q(approved_by__isnull=False) & ~Q(approved_by=F("by"))),
                name="posting_written_off_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fen}"


class MoneyBalance(models.Model):
    """The sums of a disposal's postings in one currency: the row that every posting must get past.

    It is moved by a conditional UPDATE, so that of two who would recover the same fen one is told; and the
    database itself refuses sums that cannot be.
    """

    disposal = models.ForeignKey(Disposal, models.PROTECT, related_name="balances")
    currency = models.CharField(max_length=3)
    due = models.BigIntegerField(default=0)
    recovered = models.BigIntegerField(default=0)
    avoided = models.BigIntegerField(default=0)
    written_off = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disposal", "currency"], name="money_balance_once"),
            models.CheckConstraint(
                condition=Q(due__gte=0, recovered__gte=0, avoided__gte=0, written_off__gte=0),
                name="money_balance_not_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(due__gte=F("recovered") + F("written_off")),
                name="money_balance_no_more_than_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disposal_id} {self.currency}"

    @property
    def outstanding(self) -> int:
        """What is still to be recovered, in fen."""
        return self.due - self.recovered - self.written_off


class WriteOffState(models.TextChoices):
    PROPOSED = "proposed", say("待审批", "To be approved")
    APPROVED = "approved", say("已核销", "Written off")
    REFUSED = "refused", say("未同意", "Refused")


WRITE_OFF_FLOW = Flow(
    "write_off",
    WriteOffState,
    {
        "approve": Move(WriteOffState.PROPOSED, WriteOffState.APPROVED, says="approved"),
        "refuse": Move(WriteOffState.PROPOSED, WriteOffState.REFUSED, says="refused", reason=True),
    },
    ends=frozenset({WriteOffState.APPROVED, WriteOffState.REFUSED}),
)


class WriteOff(models.Model):
    """A proposal to write money off (核销); a second person decides, and only then it is posted."""

    disposal = models.ForeignKey(Disposal, models.PROTECT, related_name="write_offs")
    state = models.CharField(max_length=10, choices=WriteOffState, default=WriteOffState.PROPOSED)
    fen = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    key = models.CharField(max_length=100, unique=True)
    evidence = models.ForeignKey(Document, models.PROTECT, related_name="+")
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    posting = models.OneToOneField(Posting, models.PROTECT, null=True, related_name="write_off")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fen__gt=0), name="write_off_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="write_off_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="write_off_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state=WriteOffState.PROPOSED) | Q(decided_by__isnull=False),
                name="write_off_decided_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disposal_id} {self.fen}"


class ClarificationState(models.TextChoices):
    PROPOSED = "proposed", say("待审批", "To be approved")
    APPROVED = "approved", say("待送达", "To be handed over")
    REFUSED = "refused", say("未同意", "Refused")
    HANDED_OVER = "handed_over", say("已澄清", "Handed over")


CLARIFICATION_FLOW = Flow(
    "clarification",
    ClarificationState,
    {
        "approve": Move(ClarificationState.PROPOSED, ClarificationState.APPROVED, says="approved"),
        "refuse": Move(
            ClarificationState.PROPOSED, ClarificationState.REFUSED, says="refused", reason=True
        ),
        "hand_over": Move(
            ClarificationState.APPROVED, ClarificationState.HANDED_OVER, says="handed_over"
        ),
    },
    ends=frozenset({ClarificationState.REFUSED, ClarificationState.HANDED_OVER}),
)


class Clarification(models.Model):
    """That somebody has been cleared, in a letter to them (澄清), and how they were told.

    Attributes:
        text: what was found, for the letter; it names nobody. Who it is for stands in the letter alone.
        pdf, docx: the letter as it was approved and handed over.
    """

    class Ground(models.TextChoices):
        WRONG_PERSON = "wrong_person", say("认错了人", "Wrong person")
        REFUTED = "refuted", say("查无其事", "Refuted")

    class Form(models.TextChoices):
        """As the opinion of 2020 on clarification lists them."""

        IN_PERSON = "in_person", say("当面", "In person")
        IN_WRITING = "in_writing", say("书面", "In writing")
        MEETING = "meeting", say("会议", "At a meeting")
        CIRCULAR = "circular", say("通报", "By circular")

    disposal = models.ForeignKey(Disposal, models.PROTECT, related_name="clarifications")
    state = models.CharField(
        max_length=12, choices=ClarificationState, default=ClarificationState.PROPOSED
    )
    ground = models.CharField(max_length=12, choices=Ground)
    requested_on = models.DateField(null=True)  # where the person asked for it
    text = models.TextField()
    number = models.CharField(max_length=60, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    pdf = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    docx = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    form = models.CharField(max_length=12, choices=Form, blank=True)
    handed_over_on = models.DateField(null=True)
    handed_over_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="clarification_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "handed_over"]) | Q(approved_by__isnull=False),
                name="clarification_approved_before_it_is_used",
            ),
            models.CheckConstraint(
                condition=~Q(state="handed_over")
                | (Q(handed_over_on__isnull=False, pdf__isnull=False) & ~Q(form="")),
                name="clarification_handed_over_in_a_form",
            ),
            models.UniqueConstraint(
                fields=["disposal"],
                condition=Q(state__in=["proposed", "approved"]),
                name="clarification_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disposal_id} {self.ground}"
