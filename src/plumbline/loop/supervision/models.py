"""Which models are in force, why, and how well they do; one subject's exceptions; what was drawn to check."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import Unit, User


class State(models.TextChoices):
    DRAFT = "draft", say("草稿", "Draft")
    TRIAL = "trial", say("试运行", "Trial")
    LIVE = "live", say("在用", "Live")
    RETIRED = "retired", say("停用", "Retired")


MODEL_FLOW = Flow(
    "model",
    State,
    {
        "try_out": Move(State.DRAFT, State.TRIAL, says="tried_out"),
        "promote": Move(State.TRIAL, State.LIVE, says="promoted"),
        "demote": Move(State.LIVE, State.TRIAL, says="demoted", reason=True),
        "rework": Move(State.TRIAL, State.DRAFT, says="reworked", reason=True),
        "retire": Move({State.DRAFT, State.TRIAL, State.LIVE}, State.RETIRED, says="retired", reason=True),
    },
    ends=frozenset({State.RETIRED}),
)  # fmt: skip


class ModelVersion(models.Model):
    """One version of a supervision model, and its recorded status: what its YAML says is a proposal.

    Attributes:
        fingerprint: of its text; another text is another version.
        bar: lowest precision at which it stays live, in percent.
        proposed_by: who asks for it to go live; somebody else approves.
    """

    model = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    expires_on = models.DateField(null=True)
    bar = models.PositiveSmallIntegerField(default=20)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "fingerprint"], name="model_version_once"),
            models.UniqueConstraint(
                fields=["model"], condition=Q(state=State.LIVE), name="model_live_once"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="model_approved_by_a_second_person",
            ),
            models.CheckConstraint(condition=Q(bar__lte=100), name="model_bar_is_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.version}"


class Sample(models.Model):
    """One result drawn for people to verify: of a trial, or of those not flagged (measured recall).

    Attributes:
        key: the engine's key of the trial's result, or the subject as the store numbers it.
        draw: which draw it came from; `seed` of the draw makes it recomputable.
    """

    class Kind(models.TextChoices):
        TRIAL = "trial", say("试运行结果", "Result on trial")
        UNFLAGGED = "unflagged", say("未预警对象", "Not flagged")

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="samples")
    kind = models.CharField(max_length=10, choices=Kind)
    draw = models.PositiveIntegerField()
    seed = models.CharField(max_length=64)
    key = models.CharField(max_length=100)
    drawn_at = models.DateTimeField()
    verified_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True)  # is there really something?
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "draw", "key"], name="sample_once"),
        ]

    def __str__(self) -> str:
        return self.key


class SubjectException(models.Model):
    """Why one model does not warn about one subject, until when, and who said so.

    Attributes:
        subject: digest of the subject's number; the number itself is not kept here.
    """

    model = models.CharField(max_length=100)  # empty: every model
    subject = models.CharField(max_length=64)
    about = models.CharField(max_length=200)  # masked words to recognise it by
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="exception_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exception_has_a_reason"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("by")),
                name="exception_approved_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return self.about


class WarningBudget(models.Model):
    """How many warnings a unit can work in a week; the others wait, ranked."""

    unit = models.OneToOneField(Unit, models.CASCADE, related_name="budget")
    per_week = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.unit} {self.per_week}"
