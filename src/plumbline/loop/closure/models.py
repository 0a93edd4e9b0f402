"""What follows beyond one warning: problems, campaigns, recommendations, rectification, mechanisms."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from plumbline.bilingual import say
from plumbline.kit.flow import Flow, Move
from plumbline.loop.disposal.models import Disposal
from plumbline.org.models import SupervisionBody, Unit, User


class ProblemState(models.TextChoices):
    PROPOSED = "proposed", say("系统提出", "Proposed")
    ACCEPTED = "accepted", say("已认定", "Accepted")
    DISMISSED = "dismissed", say("不认定", "Dismissed")
    SOLVED = "solved", say("已解决", "Solved")


PROBLEM_FLOW = Flow(
    "problem",
    ProblemState,
    {
        "accept": Move(ProblemState.PROPOSED, ProblemState.ACCEPTED, says="accepted", reason=True),
        "dismiss": Move(ProblemState.PROPOSED, ProblemState.DISMISSED, says="dismissed", reason=True),
        "solve": Move(ProblemState.ACCEPTED, ProblemState.SOLVED, says="solved", reason=True),
        "take_up_again": Move(
            {ProblemState.SOLVED, ProblemState.DISMISSED}, ProblemState.ACCEPTED,
            says="taken_up_again", reason=True,
        ),
    },
    ends=frozenset({ProblemState.DISMISSED, ProblemState.SOLVED}),
)  # fmt: skip


class GovernanceProblem(models.Model):
    """A regional or sectoral problem (区域性领域性问题): confirmed findings of one clause in one place and time.

    Attributes:
        cluster: what gathers them, so that the system proposes it once: clause, sector, region, period.
    """

    cluster = models.CharField(max_length=300, unique=True)
    state = models.CharField(max_length=10, choices=ProblemState, default=ProblemState.PROPOSED)
    title = models.CharField(max_length=200)
    clause = models.CharField(max_length=200)
    sector = models.CharField(max_length=40)
    region = models.CharField(max_length=6, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    model = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    disposals = models.ManyToManyField(Disposal, related_name="problems")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ProblemState.PROPOSED) | Q(decided_by__isnull=False),
                name="problem_decided_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CampaignState(models.TextChoices):
    RUNNING = "running", say("进行中", "Running")
    ACCEPTED = "accepted", say("已验收", "Accepted")


CAMPAIGN_FLOW = Flow(
    "campaign",
    CampaignState,
    {
        "accept": Move(CampaignState.RUNNING, CampaignState.ACCEPTED, says="accepted", reason=True, stops=["campaign"]),
        "resume": Move(CampaignState.ACCEPTED, CampaignState.RUNNING, says="resumed", reason=True),
    },
    ends=frozenset({CampaignState.ACCEPTED}),
)  # fmt: skip


class Campaign(models.Model):
    """A special campaign (专项治理): scope, owner, list, deadline."""

    problem = models.ForeignKey(GovernanceProblem, models.PROTECT, related_name="campaigns")
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.RUNNING)
    title = models.CharField(max_length=200)
    scope = models.TextField()
    owner = models.ForeignKey(Unit, models.PROTECT, related_name="campaigns")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="campaigns")
    ends_on = models.DateField()
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class RectificationState(models.TextChoices):
    ASKED = "asked", say("整改中", "Being rectified")
    REPORTED = "reported", say("待验收", "To be accepted")
    ACCEPTED = "accepted", say("已销号", "Accepted")
    LOOKED_BACK = "looked_back", say("已回头看", "Looked back")


RECTIFICATION_FLOW = Flow(
    "rectification",
    RectificationState,
    {
        "report": Move(RectificationState.ASKED, RectificationState.REPORTED, says="reported", stops=["rectify"]),
        "reject": Move(RectificationState.REPORTED, RectificationState.ASKED, says="rejected", reason=True),
        "accept": Move(RectificationState.REPORTED, RectificationState.ACCEPTED, says="accepted", reason=True),
        "look_back": Move(
            RectificationState.ACCEPTED, RectificationState.LOOKED_BACK, says="looked_back", reason=True, stops=["look_back"],
        ),
        "ask_again": Move(
            {RectificationState.ACCEPTED, RectificationState.LOOKED_BACK}, RectificationState.ASKED, says="asked_again",
            reason=True, stops=["look_back"],
        ),
    },
    ends=frozenset({RectificationState.LOOKED_BACK}),
)  # fmt: skip


class Recommendation(models.Model):
    """A letter to a unit (纪检监察建议、提醒函); who proposes it follows it up."""

    class Kind(models.TextChoices):
        RECOMMENDATION = "recommendation", say("纪检监察建议书", "Recommendation")
        REMINDER = "reminder", say("提醒函", "Letter of reminder")

    kind = models.CharField(max_length=20, choices=Kind)
    number = models.CharField(max_length=60, unique=True)
    problem = models.ForeignKey(
        GovernanceProblem, models.PROTECT, null=True, related_name="recommendations"
    )
    disposal = models.ForeignKey(
        Disposal, models.PROTECT, null=True, related_name="recommendations"
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="recommendations")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="recommendations")
    text = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(problem__isnull=False) | Q(disposal__isnull=False),
                name="recommendation_has_a_ground",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="recommendation_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(approved_by__isnull=False),
                name="recommendation_approved_before_it_is_sent",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Rectification(models.Model):
    """What a unit puts right (整改), accepted (销号) by those who asked, and looked back at."""

    state = models.CharField(
        max_length=12, choices=RectificationState, default=RectificationState.ASKED
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rectifications")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="rectifications")
    disposal = models.ForeignKey(Disposal, models.PROTECT, null=True, related_name="rectifications")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="rectifications")
    recommendation = models.ForeignKey(
        Recommendation, models.PROTECT, null=True, related_name="rectifications"
    )
    what = models.TextField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done = models.TextField(blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reported_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    look_back_on = models.DateField(null=True)
    look_back = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_by=None) | ~Q(accepted_by=F("done_by")),
                name="rectification_not_accepted_by_who_did_it",
            ),
        ]

    def __str__(self) -> str:
        return self.what[:40]


class Mechanism(models.Model):
    """A rule that changed (制度机制): the document, the clause before and after, and since when."""

    problem = models.ForeignKey(
        GovernanceProblem, models.PROTECT, null=True, related_name="mechanisms"
    )
    disposal = models.ForeignKey(Disposal, models.PROTECT, null=True, related_name="mechanisms")
    title = models.CharField(max_length=200)
    document = models.CharField(max_length=200)  # its number
    clause = models.CharField(max_length=100, blank=True)
    before = models.TextField(blank=True)
    after = models.TextField()
    in_force_from = models.DateField()
    model = models.CharField(max_length=100, blank=True)  # by which its effect is measured
    region = models.CharField(max_length=6, blank=True)  # where it is in force; empty: everywhere
    units = models.ManyToManyField(Unit, related_name="mechanisms")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(problem__isnull=False) | Q(disposal__isnull=False),
                name="mechanism_has_a_ground",
            ),
        ]

    def __str__(self) -> str:
        return self.title
