"""What a period came to, each figure with the rows behind it; nothing is counted that cannot be opened.

The figures are those that such work is reported by: warnings disposed, leads, money recovered, problems,
campaigns, mechanisms. They say what was done, not how well: a small number is no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction

from django.db.models import Model, Q, QuerySet, Sum
from django.utils import timezone

from plumbline.bilingual import say
from plumbline.loop.closure.models import Campaign, GovernanceProblem, Mechanism, ProblemState
from plumbline.loop.closure.queries.seeing import bodies_seen, campaigns, mechanisms, problems
from plumbline.loop.disposal.models import Disposal, Lead, Posting, State
from plumbline.loop.warning.models import Level
from plumbline.org.models import User
from plumbline.org.policy import rights_of

CURRENCY = "CNY"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        value: a count; of money, fen.
        unit: `count`, `fen`, or `share` (then `value` is in tenths of a percent).
        rows: what is behind it.
    """

    name: str
    label: str
    value: int
    unit: str
    rows: QuerySet[Model]

    @property
    def shown(self) -> str:
        """The value as it is read: money in yuan, shares in percent."""
        if self.unit == "fen":
            return f"{say('¥', 'CNY ')}{self.value // 100:,}.{self.value % 100:02d}"
        return (
            f"{self.value // 10}.{self.value % 10}%" if self.unit == "share" else f"{self.value:,}"
        )


def figures(user: User, first: date, last: date) -> list[Figure]:
    """What the bodies whose work somebody reads did from one day through another.

    It tells sums of whole bodies, so warnings about one's own people are counted in them like any other.
    """
    bodies = bodies_seen(rights_of(user, last))
    zone = timezone.get_default_timezone()
    begins, ends = datetime.combine(first, time.min, zone), datetime.combine(last, time.max, zone)
    joint = Disposal.joint.through.objects.filter(supervisionbody__in=bodies).values("disposal")
    worked = Q(body__in=bodies) | Q(pk__in=joint)
    disposed = Disposal.objects.filter(
        worked, state=State.CLOSED, warning__level=Level.RED, closed_at__range=(begins, ends)
    )
    leads = Lead.objects.filter(disposal__in=disposed)
    postings = Posting.objects.filter(
        Q(disposal__body__in=bodies) | Q(disposal__in=joint), kind=Posting.Kind.RECOVERED,
        currency=CURRENCY, at__range=(begins, ends),
    )  # fmt: skip
    recovered = postings.aggregate(fen=Sum("fen"))["fen"] or 0
    closed, led = disposed.count(), leads.values("disposal").distinct().count()
    found: QuerySet[GovernanceProblem] = (
        problems(user, last)
        .filter(state__in=[ProblemState.ACCEPTED, ProblemState.SOLVED])
        .filter(proposed_at__range=(begins, ends))
    )
    run: QuerySet[Campaign] = campaigns(user, last).filter(started_at__range=(begins, ends))
    made: QuerySet[Mechanism] = mechanisms(user, last).filter(recorded_at__range=(begins, ends))
    return [
        Figure(
            "red_disposed", say("处置红色预警", "Red warnings disposed"), closed, "count", disposed
        ),
        Figure("leads", say("转问题线索", "Passed on as leads"), leads.count(), "count", leads),
        Figure(
            "share", say("成案率", "Share that led to a lead"), _tenths(led, closed), "share", leads
        ),
        Figure("recovered", say("挽回损失", "Money recovered"), recovered, "fen", postings),
        Figure(
            "problems",
            say("区域性领域性问题", "Governance problems"),
            found.count(),
            "count",
            found,
        ),
        Figure("campaigns", say("专项治理", "Campaigns"), run.count(), "count", run),
        Figure("mechanisms", say("制度机制", "Mechanisms"), made.count(), "count", made),
    ]


def _tenths(part: int, whole: int) -> int:
    """A share in tenths of a percent, rounded half up; 0 of nothing."""
    return int(Fraction(1000 * part, whole) + Fraction(1, 2)) if whole else 0
