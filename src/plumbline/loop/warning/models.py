"""An early warning: a claim with its evidence, for people to verify; never a verdict on a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.org.models import Unit


class Level(models.TextChoices):
    RED = "red", say("红", "Red")
    YELLOW = "yellow", say("黄", "Yellow")
    BLUE = "blue", say("蓝", "Blue")


class Standing(models.TextChoices):
    """What the facts say today, whatever people did: that is the disposal's state."""

    OPEN = "open", say("证据仍在", "Evidence stands")
    WITHDRAWN = "withdrawn", say("证据已撤", "Evidence withdrawn")


class EarlyWarning(models.Model):
    """A warning that the engine raised.

    Attributes:
        key: the engine's; a second run raises nothing twice.
        version: of the model that last found it.
        run: the last run that found it, from which it can be reproduced.
        about: what it is about in words, with personal values masked.
        sentence, sentence_en: with personal values masked; what is behind them is read from the store.
        supervised: whose use of power it is about, as the register names it; `unit` where that is known.
        amount_fen: what is at stake, where the model calculates a sum of money.
        change: what the last run changed, as the engine says it: evidence added or gone, level, ripples.
        rank: what is worked first among those of one level, higher first.
        budgeted_on: first day of the week in whose budget it was told; none while it waits for room.
    """

    key = models.CharField(max_length=64, unique=True)
    model = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
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

    class Meta:
        indexes = [
            models.Index(fields=["-raised_at", "-id"], name="warning_newest"),
            models.Index(fields=["model", "-raised_at", "-id"], name="warning_by_model"),
            models.Index(fields=["unit", "-raised_at", "-id"], name="warning_by_unit"),
            models.Index(fields=["level", "-raised_at", "-id"], name="warning_by_level"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:16]}"


class Party(models.Model):
    """Somebody a warning's evidence is about, by digest: they and their kin never see or work it."""

    warning = models.ForeignKey(EarlyWarning, models.CASCADE, related_name="parties")
    person = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warning", "person"], name="party_once")]

    def __str__(self) -> str:
        return f"{self.warning_id}"


class Happening(models.Model):
    """What a run changed about a warning: raised, new evidence, evidence gone, who is who judged anew."""

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
            models.UniqueConstraint(fields=["warning", "run"], name="happening_once_a_run"),
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
