"""What somebody judged of a pair, from their word to what it brought about in the registers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.org.models import User


class State(models.TextChoices):
    JUDGED = "judged", say("等待生效", "To take effect")
    ENTERED = "entered", say("已生效", "In force")
    REFUSED = "refused", say("未能生效", "Could not take effect")
    WITHDRAWING = "withdrawing", say("等待撤回", "Being withdrawn")
    WITHDRAWN = "withdrawn", say("已撤回", "Withdrawn")


class Verdict(models.TextChoices):
    SAME = "same", say("是同一人（或同一单位）", "The same")
    DIFFERENT = "different", say("不是同一人（或同一单位）", "Not the same")
    UNSURE = "unsure", say("无法判断", "Unsure")


JUDGEMENT_FLOW = Flow(
    "judgement",
    State,
    {
        "enter": Move(State.JUDGED, State.ENTERED, says="entered"),
        "refuse": Move(State.JUDGED, State.REFUSED, says="refused"),
        "withdraw": Move(
            State.ENTERED, State.WITHDRAWING, says="withdrawal_asked", reason=True
        ),
        "drop": Move(State.JUDGED, State.WITHDRAWN, says="dropped", reason=True),
        "take_back": Move(State.WITHDRAWING, State.WITHDRAWN, says="withdrawn"),
        "keep": Move(State.WITHDRAWING, State.ENTERED, says="kept"),
    },
    ends=frozenset({State.REFUSED, State.WITHDRAWN}),
)  # fmt: skip


class IdentityJudgement(models.Model):
    """Somebody's word on one pair: it is entered into the engine's store, which then revisits what rests on it.

    Attributes:
        row, other: rows by the names people write, `dataset:batch-position:column`; the second stands for whoever
            it is about. No number is kept here.
        about: masked words by which the pair is recognised.
        number: the engine's of it, once it is entered.
        ripples: what came of it: {rows: [[zh, en]], tied, raised, changed, withdrawn}.
        problem: [zh, en] why it could not take effect, or not be withdrawn.
    """

    state = models.CharField(max_length=12, choices=State, default=State.JUDGED)
    row = models.CharField(max_length=200)
    other = models.CharField(max_length=200)
    about = models.CharField(max_length=300)
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    number = models.PositiveIntegerField(null=True, unique=True)
    entered_at = models.DateTimeField(null=True)
    ripples = models.JSONField(default=dict)
    problem = models.JSONField(default=list)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdraw_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="judgement_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(state=State.ENTERED) | Q(number__isnull=False),
                name="judgement_in_force_has_a_number",
            ),
            # Two people who look at the same pair at once: the second finds it judged.
            models.UniqueConstraint(
                fields=["row", "other"],
                condition=Q(state=State.JUDGED),
                name="judgement_waits_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="judgement_by_state")]

    def __str__(self) -> str:
        return f"{self.row} {self.verdict}"


class Concerned(models.Model):
    """Somebody whom a judged pair is about, by digest: they and their kin neither see nor judge it."""

    judgement = models.ForeignKey(IdentityJudgement, models.CASCADE, related_name="concerned")
    person = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["judgement", "person"], name="concerned_once")
        ]

    def __str__(self) -> str:
        return f"{self.judgement_id}"
