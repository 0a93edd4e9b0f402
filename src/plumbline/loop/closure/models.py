"""What follows beyond one warning: problems, campaigns, recommendations, rectification, mechanisms, effect."""

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

    The system proposes it, once for each clause, sector, region and half-year; a person decides.

    Attributes:
        clause: the clauses of the line that was in force, as the models that found it name them.
        sector, region: of the units concerned; empty where these have none.
        why: the figures by which it was proposed, as `queries.Cluster.figures` gives them.
        opinion: the reason of the last decision.
        disposals: those whose findings are behind it; what is confirmed later joins them.
    """

    state = models.CharField(max_length=10, choices=ProblemState, default=ProblemState.PROPOSED)
    title = models.CharField(max_length=300)
    clause = models.CharField(max_length=500)
    sector = models.CharField(max_length=40, blank=True)
    region = models.CharField(max_length=6, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    why = models.JSONField(default=dict)
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    opinion = models.TextField(blank=True)
    disposals = models.ManyToManyField(Disposal, related_name="problems")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clause", "sector", "region", "starts_on"], name="problem_proposed_once"
            ),
            models.CheckConstraint(
                condition=Q(state=ProblemState.PROPOSED)
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(opinion="")),
                name="problem_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="problem_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="problem_by_state")]

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
    """A special campaign (专项治理): scope, owner, list, deadline.

    Attributes:
        owner: the unit that is responsible for it (主体责任部门); `body` watches over it and accepts it.
    """

    problem = models.ForeignKey(GovernanceProblem, models.PROTECT, related_name="campaigns")
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.RUNNING)
    title = models.CharField(max_length=200)
    scope = models.TextField()
    owner = models.ForeignKey(Unit, models.PROTECT, related_name="campaigns")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="campaigns")
    ends_on = models.DateField()
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=CampaignState.RUNNING, accepted_at=None, accepted_by=None)
                | Q(
                    state=CampaignState.ACCEPTED,
                    accepted_at__isnull=False,
                    accepted_by__isnull=False,
                ),
                name="campaign_accepted_by_a_person",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="campaign_by_state")]

    def __str__(self) -> str:
        return self.title


class CampaignItem(models.Model):
    """One line of a campaign's list (清单): what is to be looked into or put right, and what came of it.

    Attributes:
        what: for whoever works it, without names of persons.
        row: a pointer into the store, `dataset:batch-position`, where the list names rows.
        result: what was found or done; evidence is in its attachments.
    """

    class Result(models.TextChoices):
        PUT_RIGHT = "put_right", say("已整改", "Put right")
        NOTHING_FOUND = "nothing_found", say("未发现问题", "Nothing found")

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=300)
    disposal = models.ForeignKey(Disposal, models.PROTECT, null=True, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    row = models.CharField(max_length=100, blank=True)
    result = models.CharField(max_length=20, choices=Result, blank=True)
    note = models.TextField(blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaign_item_numbered_once"),
            models.CheckConstraint(
                condition=Q(result="", done_by=None, done_at=None)
                | (~Q(result="") & ~Q(note="") & Q(done_by__isnull=False, done_at__isnull=False)),
                name="campaign_item_done_by_somebody",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.what


class RecommendationState(models.TextChoices):
    PROPOSED = "proposed", say("待审批", "To be approved")
    REFUSED = "refused", say("未同意", "Refused")
    APPROVED = "approved", say("待发出", "To be sent")
    SENT = "sent", say("跟踪中", "Followed up")
    CONCLUDED = "concluded", say("已落实", "Concluded")


RECOMMENDATION_FLOW = Flow(
    "recommendation",
    RecommendationState,
    {
        "approve": Move(RecommendationState.PROPOSED, RecommendationState.APPROVED, says="approved"),
        "refuse": Move(RecommendationState.PROPOSED, RecommendationState.REFUSED, says="refused", reason=True),
        "propose_again": Move(
            RecommendationState.REFUSED, RecommendationState.PROPOSED, says="proposed_again", reason=True
        ),
        "send": Move(RecommendationState.APPROVED, RecommendationState.SENT, says="sent"),
        "conclude": Move(
            RecommendationState.SENT, RecommendationState.CONCLUDED, says="concluded", reason=True,
            stops=["follow_up"],
        ),
    },
    ends=frozenset({RecommendationState.REFUSED, RecommendationState.CONCLUDED}),
)  # fmt: skip


class Recommendation(models.Model):
    """A letter to a unit (纪检监察建议书、提醒函); who proposes it follows it up (谁提出、谁跟踪).

    Attributes:
        number: as people write it; body, kind, year and serial number, without gaps. None until it is sent.
        title: the matter, as the letter's title names it.
        situation, basis, text: what was found, by which rule, and what is recommended or demanded.
        reply_by: until when the unit is to answer.
        followed_by: whoever proposed it, or whom it was handed over to.
    """

    class Kind(models.TextChoices):
        RECOMMENDATION = "recommendation", say("纪检监察建议书", "Recommendation")
        REMINDER = "reminder", say("提醒函", "Letter of reminder")

    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(
        max_length=10, choices=RecommendationState, default=RecommendationState.PROPOSED
    )
    number = models.CharField(max_length=260, unique=True, null=True)  # noqa: DJ001 -- none yet
    year = models.PositiveSmallIntegerField(null=True)
    serial = models.PositiveIntegerField(null=True)
    problem = models.ForeignKey(
        GovernanceProblem, models.PROTECT, null=True, related_name="recommendations"
    )
    disposal = models.ForeignKey(
        Disposal, models.PROTECT, null=True, related_name="recommendations"
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="recommendations")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="recommendations")
    title = models.CharField(max_length=200)
    situation = models.TextField()
    basis = models.TextField()
    text = models.TextField()
    reply_by = models.DateField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    followed_by = models.ForeignKey(User, models.PROTECT, related_name="follows_up")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
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
                condition=Q(state__in=["proposed", "refused"]) | Q(approved_by__isnull=False),
                name="recommendation_approved_before_it_is_sent",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["proposed", "refused", "approved"],
                    number=None, year=None, serial=None, sent_at=None,
                )
                | Q(
                    state__in=["sent", "concluded"], number__isnull=False, year__isnull=False,
                    serial__isnull=False, sent_at__isnull=False, sent_by__isnull=False,
                ),
                name="recommendation_numbered_when_sent",
            ),
            models.UniqueConstraint(
                fields=["body", "kind", "year", "serial"], name="recommendation_numbered_once"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["state", "-id"], name="recommendation_by_state")]

    def __str__(self) -> str:
        return self.number or self.title


class LetterCounter(models.Model):
    """The last serial number of a body's letters of a kind in a year, counted up as one is sent."""

    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Recommendation.Kind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["body", "kind", "year"], name="letter_counter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.kind} {self.year} {self.last}"


class FollowUp(models.Model):
    """What whoever follows a recommendation up has learnt; never altered."""

    recommendation = models.ForeignKey(Recommendation, models.PROTECT, related_name="follow_ups")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:40]


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


class Rectification(models.Model):
    """What a unit puts right (整改), accepted (销号) by those who asked, and looked back at (回头看).

    Attributes:
        what: what is asked, as the unit reads it.
        round: 1, and one more each time it is asked again; a report belongs to a round.
        done_by: who reported it done in this round; somebody else accepts it.
        look_back_on: the day set at acceptance for seeing whether it held.
        held: whether it had, when somebody looked back.
    """

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
    round = models.PositiveSmallIntegerField(default=1)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reported_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    look_back_on = models.DateField(null=True)
    looked_back_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    looked_back_at = models.DateTimeField(null=True)
    look_back = models.TextField(blank=True)
    held = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(disposal__isnull=False)
                | Q(campaign__isnull=False)
                | Q(recommendation__isnull=False),
                name="rectification_has_a_ground",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None)
                | (Q(done_by__isnull=False) & ~Q(accepted_by=F("done_by"))),
                name="rectification_not_accepted_by_who_did_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "reported"], accepted_by=None)
                | Q(
                    state__in=["accepted", "looked_back"], accepted_by__isnull=False,
                    accepted_at__isnull=False, look_back_on__isnull=False,
                ),
                name="rectification_accepted_with_a_look_back",
            ),
            models.CheckConstraint(
                condition=~Q(state=RectificationState.LOOKED_BACK)
                | (Q(held__isnull=False, looked_back_by__isnull=False) & ~Q(look_back="")),
                name="rectification_looked_back_with_a_result",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["state", "-id"], name="rectification_by_state"),
            models.Index(fields=["unit", "-id"], name="rectification_by_unit"),
        ]

    def __str__(self) -> str:
        return self.what[:40]


class RectificationReport(models.Model):
    """What a unit says it did in one round, and what those who asked decided about it."""

    class Decision(models.TextChoices):
        ACCEPTED = "accepted", say("验收通过", "Accepted")
        REJECTED = "rejected", say("退回再整改", "Rejected")

    rectification = models.ForeignKey(Rectification, models.PROTECT, related_name="reports")
    round = models.PositiveSmallIntegerField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    opinion = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rectification", "round"], name="rectification_reported_once_a_round"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None)
                | (~Q(decision="") & Q(decided_by__isnull=False) & ~Q(decided_by=F("by"))),
                name="rectification_report_decided_by_another",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text[:40]


class Mechanism(models.Model):
    """A rule that changed (制度机制): the document, the clause before and after, and since when.

    Attributes:
        before: the clause as it was; empty where there was none.
        in_force_from: the first day on which it holds.
        model: the supervision model by whose flag rate its effect is measured; empty: not measured.
        units: where it is in force, with all below them; none: wherever `region` says.
        region: where no units are named: units of this region; empty, everywhere.
    """

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
    model = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=6, blank=True)
    units = models.ManyToManyField(Unit, related_name="mechanisms")
    body = models.ForeignKey(SupervisionBody, models.PROTECT, related_name="mechanisms")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(problem__isnull=False) | Q(disposal__isnull=False),
                name="mechanism_has_a_ground",
            ),
            models.CheckConstraint(
                condition=~Q(after="") & ~Q(document="") & ~Q(after=F("before")),
                name="mechanism_says_what_changed",
            ),
            models.UniqueConstraint(
                fields=["document", "clause", "in_force_from"], name="mechanism_recorded_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class WrittenModel(models.Model):
    """A supervision model that was written from a mechanism: the new rule is supervised in its turn."""

    mechanism = models.ForeignKey(Mechanism, models.PROTECT, related_name="written")
    model = models.CharField(max_length=100)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mechanism", "model"], name="model_written_once"),
        ]

    def __str__(self) -> str:
        return self.model


class Measurement(models.Model):
    """The months of one look at a mechanism's effect, as the engine counted them.

    Attributes:
        as_of: the day on which the model was asked; `version` of the model judged all months.
        undated: facts whose date does not say their month; they count in none.
        unplaced: facts of units that the workbench does not know; they count on neither side.
    """

    mechanism = models.ForeignKey(Mechanism, models.CASCADE, related_name="measurements")
    at = models.DateTimeField()
    as_of = models.DateField()
    model = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    undated = models.PositiveBigIntegerField()
    unplaced = models.PositiveBigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["mechanism", "-at"], name="measurement_newest")]

    def __str__(self) -> str:
        return f"{self.mechanism_id} {self.as_of}"


class Month(models.Model):
    """Facts and flagged facts of one month: in the units concerned, or in the untouched ones."""

    measurement = models.ForeignKey(Measurement, models.CASCADE, related_name="months")
    starts_on = models.DateField()
    concerned = models.BooleanField()
    facts = models.PositiveBigIntegerField()
    flagged = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measurement", "starts_on", "concerned"], name="month_once"
            ),
            models.CheckConstraint(
                condition=Q(flagged__lte=F("facts")), name="month_flags_no_more_than_its_facts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} {self.flagged}/{self.facts}"


class Attachment(models.Model):
    """A file, by the hash of its content: evidence of what was done, a letter as it was sent, a rule's text."""

    item = models.ForeignKey(CampaignItem, models.PROTECT, null=True, related_name="attachments")
    recommendation = models.ForeignKey(
        Recommendation, models.PROTECT, null=True, related_name="attachments"
    )
    rectification = models.ForeignKey(
        Rectification, models.PROTECT, null=True, related_name="attachments"
    )
    mechanism = models.ForeignKey(Mechanism, models.PROTECT, null=True, related_name="attachments")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=100)  # MIME type
    size = models.PositiveBigIntegerField()
    file = models.FileField(upload_to="closure/%Y/%m", max_length=300)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(item__isnull=False, recommendation=None, rectification=None, mechanism=None)
                | Q(item=None, recommendation__isnull=False, rectification=None, mechanism=None)
                | Q(item=None, recommendation=None, rectification__isnull=False, mechanism=None)
                | Q(item=None, recommendation=None, rectification=None, mechanism__isnull=False),
                name="attachment_of_one_thing",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
