"""An early warning: a claim with its evidence, for people to verify; never a verdict on a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Exists, OuterRef, Q

from plumbline.bilingual import language, say
from plumbline.errors import Text
from plumbline.org.models import Role, SupervisionBody, Unit, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import keeps_out_of, overseen

#: Who sees all warnings about the units that their body, or one below it, supervises. Verifiers see those
#: that are assigned to them, through the disposal; statisticians see figures; administrators see none.
OVERSEEING = (Role.DISPATCHER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)
#: Who of them also sees its evidence in clear, for a purpose: to send a warning on, nobody needs to.
REVIEWING = (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)


class Level(models.TextChoices):
    RED = "red", say("红", "Red")
    YELLOW = "yellow", say("黄", "Yellow")
    BLUE = "blue", say("蓝", "Blue")


class Standing(models.TextChoices):
    """What the facts say today, whatever people did: that is the disposal's state."""

    OPEN = "open", say("证据仍在", "Evidence stands")
    WITHDRAWN = "withdrawn", say("证据已撤", "Evidence withdrawn")


class EarlyWarningQuerySet(models.QuerySet["EarlyWarning"]):
    def told(self) -> EarlyWarningQuerySet:
        """Those there was room for in a week's budget; the others wait."""
        return self.filter(budgeted_on__isnull=False)

    def visible_to(
        self, user: User, on: date, roles: Sequence[Role] = OVERSEEING
    ) -> EarlyWarningQuerySet:
        """Those about units that somebody's body supervises, in one of the roles; a stranger sees none.

        A warning whose unit the registers name otherwise than the workbench falls to the topmost bodies.
        What is dispatched to a body, or assigned to a verifier, is seen through its disposal. Nobody sees a
        warning whose evidence is about themself, their kin, or the head of the unit they work in.
        """
        bodies = rights_of(user, on).bodies_and_below(*roles)
        if not bodies:
            return self.none()
        seen = overseen(bodies, on)
        if SupervisionBody.objects.filter(pk__in=bodies, above=None).exists():
            seen |= Q(unit=None)
        return self.filter(seen).not_about(keeps_out_of(user, on))

    def not_about(self, people: frozenset[str]) -> EarlyWarningQuerySet:
        """Those whose evidence is about none of these persons, by digest."""
        if not people:
            return self
        about = Party.objects.filter(warning=OuterRef("pk"), person__in=people)
        return self.filter(~Exists(about))


class EarlyWarning(models.Model):
    """A warning that the engine raised.

    Attributes:
        key: the engine's; a second run raises nothing twice.
        version: of the model that last found it.
        run: a run that found it as it is told here, from which it can be reproduced.
        about: what it is about in words, with personal values masked.
        sentence, sentence_en: with personal values masked; what is behind them is read from the store.
        supervised: whose use of power it is about, as the register names it; `unit` where that is known.
        amount_fen: what is at stake, where the model calculates a sum of money.
        title, title_en: of its model, as it stood then.
        change: what the last change was: evidence added or gone, level and version before.
        rank: what is worked first among those of one level, higher first.
        budgeted_on: first day of the week in whose budget it was told; none while it waits for room.
    """

    key = models.CharField(max_length=64, unique=True)
    model = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    level = models.CharField(max_length=10, choices=Level)
    tier = models.CharField(max_length=1)
    standing = models.CharField(max_length=10, choices=Standing, default=Standing.OPEN)
    about = models.CharField(max_length=300)
    sentence = models.TextField()
    sentence_en = models.TextField(blank=True)
    supervised = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="warnings")
    region = models.CharField(max_length=6, blank=True)
    theme = models.CharField(max_length=40)
    amount_fen = models.BigIntegerField(null=True)
    raised_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    as_of = models.DateField()
    run = models.PositiveIntegerField()
    change = models.JSONField(default=dict)
    rank = models.FloatField(default=0)
    budgeted_on = models.DateField(null=True)

    objects = EarlyWarningQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(tier__in=["B", "E"]), name="warning_of_a_tier"),
            models.CheckConstraint(
                condition=~Q(level=Level.RED) | Q(tier="A"), name="warning_red_needs_a_number"
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "-rank"], condition=Q(budgeted_on=None), name="warning_waiting"
            ),
            models.Index(fields=["unit", "budgeted_on"], name="warning_by_budget"),
            models.Index(fields=["-raised_at", "-id"], name="warning_newest"),
            models.Index(fields=["model", "-raised_at", "-id"], name="warning_by_model"),
            models.Index(fields=["unit", "-raised_at", "-id"], name="warning_by_unit"),
            models.Index(fields=["level", "-raised_at", "-id"], name="warning_by_level"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:16]}"

    @property
    def name(self) -> str:
        """Its model's title, in the language of whoever is served."""
        return Text(self.title, self.title_en or self.title).in_(language())

    @property
    def words(self) -> str:
        """Its sentence, likewise, with personal values masked."""
        return Text(self.sentence, self.sentence_en or self.sentence).in_(language())

    @property
    def yuan(self) -> Decimal | None:
        return None if self.amount_fen is None else Decimal(self.amount_fen) / 100

    @property
    def money(self) -> str:
        """What is at stake as it is read, in yuan; empty where no sum is."""
        return "" if self.amount_fen is None else f"{Decimal(self.amount_fen) / 100:,.2f}"


class Party(models.Model):
    """Somebody a warning's evidence is about, by digest: they and their kin never see or work it."""

    warning = models.ForeignKey(EarlyWarning, models.CASCADE, related_name="parties")
    person = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warning", "person"], name="party_once")]

    def __str__(self) -> str:
        return f"{self.warning_id}"


class NamedParty(models.Model):
    """A name in a warning's evidence, by digest (`org.policy.name_digest`), so that it can be looked up."""

    warning = models.ForeignKey(EarlyWarning, models.CASCADE, related_name="names")
    name = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warning", "name"], name="named_party_once")]

    def __str__(self) -> str:
        return f"{self.warning_id}"


class Unmasking(models.Model):
    """That somebody sees some columns of a warning's evidence in clear, for a purpose, for a while.

    Attributes:
        fields: columns, as `fact.column`; what they hold is read from the store and never kept here.
        case: number of the file for which it is needed.
    """

    warning = models.ForeignKey(EarlyWarning, models.CASCADE, related_name="unmaskings")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    fields = models.JSONField()
    purpose = models.TextField()
    case = models.CharField(max_length=100)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "warning", "expires_at"], name="unmasking_of_user")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(case=""), name="unmasking_for_a_purpose"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("at")), name="unmasking_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.warning_id}"


class Happening(models.Model):
    """What a run changed about a warning: raised, new evidence, evidence gone, who is who judged anew.

    Attributes:
        detail: {zh: [words], en: [words]}, people in them masked.
    """

    class Kind(models.TextChoices):
        RAISED = "raised", say("产生预警", "Raised")
        CHANGED = "changed", say("证据有变化", "Evidence changed")
        WITHDRAWN = "withdrawn", say("证据不再成立", "Evidence withdrawn")
        RETURNED = "returned", say("证据重新成立", "Evidence is back")

    warning = models.ForeignKey(EarlyWarning, models.CASCADE, related_name="happenings")
    kind = models.CharField(max_length=20, choices=Kind)
    run = models.PositiveIntegerField()
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["warning", "kind", "run"], name="happening_once_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.kind}"


class Intake(models.Model):
    """A run of the engine that has been taken in, whole, in one transaction."""

    run = models.PositiveIntegerField(primary_key=True)
    at = models.DateTimeField()
    as_of = models.DateField()
    raised = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    withdrawn = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(run__gt=0), name="intake_of_a_run")]

    def __str__(self) -> str:
        return f"{self.run}"
