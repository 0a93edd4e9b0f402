"""What a mechanism brought about: the flag rate before and after, where it is in force and where it is not.

The difference in differences is (concerned after - concerned before) - (untouched after - untouched before):
what changed everywhere, such as another register or a mild winter, is taken out. It is no proof: the units
concerned were not drawn by lot, and facts of one unit are less independent than the interval takes them to be.

Intervals hold no chance and no simulation. A single rate has Wilson's interval (E. B. Wilson, "Probable
inference, the law of succession, and statistical inference", JASA 22, 1927); a sum of rates is put together
from theirs by the method of variance estimates recovery (G. Y. Zou, W. Huang, X. Zhang, "A note on confidence
interval estimation for a linear function of binomial proportions", Computational Statistics and Data Analysis
53, 2009), which for two rates is Newcombe's tenth method (R. G. Newcombe, Statistics in Medicine 17, 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Literal

from django.db.models import Sum

from plumbline.kit.interval import wilson
from plumbline.loop.closure.models import Measurement, Mechanism, Month

#: Fewer facts than this in one of the four groups, and no difference is told.
MINIMUM = 30
#: So many months on either side are compared at most; what lies further back was another time.
WINDOW = 24

Verdict = Literal["less", "more", "not_told", "too_few"]


@dataclass(frozen=True)
class Share:
    """So many flagged of so many facts."""

    flagged: int
    facts: int

    @property
    def rate(self) -> float:
        """Between 0 and 1; 0 where there are no facts."""
        return self.flagged / self.facts if self.facts else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, within 0 and 1; everything, where there are no facts."""
        return wilson(self.flagged, self.facts)

    def __add__(self, other: Share) -> Share:
        return Share(self.flagged + other.flagged, self.facts + other.facts)


@dataclass(frozen=True)
class Difference:
    """A difference of rates, and between which it lies."""

    estimate: float
    low: float
    high: float


def combined(parts: Sequence[tuple[int, Share]]) -> Difference:
    """A sum of rates, each taken once with its sign.

    Args:
        parts: (1 or -1, share).
    """
    estimate = sum(sign * share.rate for sign, share in parts)
    below = above = 0.0
    for sign, share in parts:
        low, high = share.interval
        down, up = share.rate - low, high - share.rate
        below += (down if sign > 0 else up) ** 2
        above += (up if sign > 0 else down) ** 2
    return Difference(estimate, estimate - sqrt(below), estimate + sqrt(above))


@dataclass(frozen=True)
class Point:
    """One month of the picture."""

    month: date
    concerned: Share
    untouched: Share


@dataclass(frozen=True)
class Effect:
    """The four groups and what differs between them.

    Attributes:
        points: the months that were counted, and those that belong to neither side, in order.
        mixed: the month in the middle of which the mechanism came into force; it counts on neither side.
    """

    measurement: Measurement
    concerned_before: Share
    concerned_after: Share
    untouched_before: Share
    untouched_after: Share
    points: tuple[Point, ...]
    mixed: date | None

    @property
    def concerned(self) -> Difference:
        return combined([(1, self.concerned_after), (-1, self.concerned_before)])

    @property
    def untouched(self) -> Difference:
        return combined([(1, self.untouched_after), (-1, self.untouched_before)])

    @property
    def difference(self) -> Difference:
        return combined(
            [
                (1, self.concerned_after),
                (-1, self.concerned_before),
                (-1, self.untouched_after),
                (1, self.untouched_before),
            ]
        )

    @property
    def groups(self) -> tuple[Share, Share, Share, Share]:
        return (
            self.concerned_before,
            self.concerned_after,
            self.untouched_before,
            self.untouched_after,
        )

    @property
    def verdict(self) -> Verdict:
        """Is there less than before, or more, beyond what chance alone would do?"""
        if any(share.facts < MINIMUM for share in self.groups):
            return "too_few"
        if self.difference.high < 0:
            return "less"
        return "more" if self.difference.low > 0 else "not_told"


def effect(mechanism: Mechanism) -> Effect | None:
    """By the newest measurement; None where there is none yet."""
    measurement = mechanism.measurements.order_by("-at", "-pk").first()
    if measurement is None:
        return None
    rows = (
        Month.objects.filter(measurement=measurement)
        .values("starts_on", "concerned")
        .annotate(n=Sum("facts"), f=Sum("flagged"))
        .order_by("starts_on")
    )
    counted = [(r["starts_on"], r["concerned"], Share(r["f"], r["n"])) for r in rows]
    return compared(measurement, mechanism.in_force_from, counted)


def compared(
    measurement: Measurement, in_force_from: date, counted: Iterable[tuple[date, bool, Share]]
) -> Effect:
    """Months laid to the side they belong to.

    Args:
        counted: (first day of the month, in the units concerned?, share).
    """
    turn = in_force_from.replace(day=1)
    mixed = turn if in_force_from.day > 1 else None
    last = WINDOW if mixed else WINDOW - 1
    months: dict[date, dict[bool, Share]] = {}
    for month, concerned, share in counted:
        if -WINDOW <= _apart(month, turn) <= last and month <= measurement.as_of:
            shares = months.setdefault(month, {True: Share(0, 0), False: Share(0, 0)})
            shares[concerned] += share
    sums = {(side, after): Share(0, 0) for side in (True, False) for after in (True, False)}
    for month, shares in months.items():
        if month != mixed:
            for side, share in shares.items():
                sums[side, month >= turn] += share
    points = tuple(Point(m, months[m][True], months[m][False]) for m in sorted(months))
    return Effect(
        measurement, sums[True, False], sums[True, True], sums[False, False], sums[False, True],
        points, mixed,
    )  # fmt: skip


def _apart(month: date, turn: date) -> int:
    return (month.year - turn.year) * 12 + month.month - turn.month
