"""Which models are in force, why, and how well they do; one subject's exceptions; what was drawn to check."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import language, say
from plumbline.errors import Text
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import Unit, User


class State(models.TextChoices):
    DRAFT = "draft", say("草稿", "Draft")
    TRIAL = "trial", say("试运行", "Trial")
    LIVE = "live", say("在用", "Live")
    RETIRED = "retired", say("停用", "Retired")


#: What pages call each act on a model.
SAYS = {
    "try_out": say("转入试运行", "Put on trial"),
    "draw_samples": say("抽取样本", "Draw samples"),
    "draw_unflagged": say("抽查未预警对象", "Draw from those not flagged"),
    "propose": say("提请启用", "Propose to go live"),
    "promote": say("批准启用", "Let it go live"),
    "demote": say("退回试运行", "Back on trial"),
    "rework": say("退回修改", "Back to its author"),
    "retire": say("停用", "Retire"),
}

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
        shown: what the pages tell of it: {theme, question, line, basis, check, innocent, ...}, each {zh, en}.
        author: who took it out of draft, having written or reworked it; verifies no sample of it.
        bar: lowest precision at which it stays live, in percent.
        cases: how many cases passed when it was last tried.
        tried_in: the last run in which it was on trial; `tried_found` how many results that had.
        proposed_by: who asks for it to go live; somebody else approves.
        without_samples: it goes live on what another office found of it; the reason is on the trail.
        confirmed, closed: outcomes of its warnings when it was last judged.
    """

    model = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    proposal = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    shown = models.JSONField(default=dict)
    current = models.BooleanField(default=True)  # is it the text that the catalog has?
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cases = models.PositiveIntegerField(default=0)
    cases_passed_at = models.DateTimeField(null=True)
    tried_in = models.PositiveIntegerField(null=True)
    tried_found = models.PositiveIntegerField(null=True)
    without_samples = models.BooleanField(default=False)
    confirmed = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    judged_at = models.DateTimeField(null=True)
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
            models.UniqueConstraint(
                fields=["model"], condition=Q(current=True), name="model_current_once"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.LIVE) | Q(approved_by__isnull=False),
                name="model_live_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.TRIAL, State.LIVE])
                | Q(cases_passed_at__isnull=False),
                name="model_on_trial_passed_its_cases",
            ),
            models.CheckConstraint(
                condition=Q(confirmed__lte=F("closed")), name="model_confirmed_of_closed"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="model_approved_by_a_second_person",
            ),
            models.CheckConstraint(condition=Q(bar__lte=100), name="model_bar_is_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.version}"

    @property
    def name(self) -> str:
        """Its title in the language of whoever is served."""
        return Text(self.title, self.title_en or self.title).in_(language())

    def has_expired(self, day: date) -> bool:
        return self.expires_on is not None and self.expires_on < day


class SampleDraw(models.Model):
    """A draw that anyone can repeat: the lowest values of HMAC-SHA256(seed, key) over what a run left.

    Attributes:
        run: of the engine, whose results or passed-over subjects were drawn from.
        of: how many there were to draw from; `flagged` how many subjects the run flagged.
        seed: hexadecimal, 32 bytes.
    """

    class Kind(models.TextChoices):
        TRIAL = "trial", say("试运行结果", "Results on trial")
        UNFLAGGED = "unflagged", say("未预警对象", "Not flagged")

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="draws")
    kind = models.CharField(max_length=10, choices=Kind)
    run = models.PositiveIntegerField()
    seed = models.CharField(max_length=64)
    of = models.PositiveIntegerField()
    flagged = models.PositiveIntegerField()
    drawn_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "run", "seed"], name="draw_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind}"


class Sample(models.Model):
    """One result drawn for people to verify: of a trial, or of those not flagged (measured recall).

    Attributes:
        key: the engine's key of the trial's result, or the name of a row about the subject.
        draw: which draw it came from.
        about: masked words to recognise it by.
        persons: digests of whoever it is about, who and whose kin do not see it.
    """

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="samples")
    draw = models.ForeignKey("SampleDraw", models.CASCADE, related_name="samples")
    key = models.CharField(max_length=200)
    about = models.CharField(max_length=300, blank=True)
    persons = models.JSONField(default=list)
    verified_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True)  # is there really something?
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "key"], name="sample_once"),
            models.CheckConstraint(
                condition=Q(verified_by=None, verified_at=None, confirmed=None)
                | Q(verified_by__isnull=False, verified_at__isnull=False, confirmed__isnull=False),
                name="sample_verified_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SubjectExceptionQuerySet(models.QuerySet["SubjectException"]):
    def in_force(self, day: date) -> SubjectExceptionQuerySet:
        """Approved, not withdrawn, and the day is within their time."""
        return self.approved().filter(starts_on__lte=day, ends_on__gte=day)

    def approved(self) -> SubjectExceptionQuerySet:
        return self.filter(approved_by__isnull=False, withdrawn_at=None)


class SubjectException(models.Model):
    """Why one model does not warn about one subject, until when, and who said so.

    Attributes:
        model: empty for every model whose warnings are about the same kind of subject.
        warning: the engine's key of a warning about the subject, whose number the engine's store has.
        subject: digest of the subject, where it is a person or an organisation: nobody decides about kin.
    """

    model = models.CharField(max_length=100, blank=True)
    warning = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, blank=True)
    about = models.CharField(max_length=200)  # masked words to recognise it by
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = SubjectExceptionQuerySet.as_manager()

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
