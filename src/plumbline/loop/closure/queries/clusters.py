"""Regional and sectoral problems (区域性领域性问题): confirmed findings, gathered by clause, sector, region, half-year.

A finding is a closed disposal whose last round says that the fact is true or partly true, or that the clause
is unclear or a control is missing: what a warning refutes about people may still be wrong with a rule. A
cluster is proposed where one of two rules holds, each explained by the figures that are kept with it:

- spread: at least `FINDINGS` findings in at least `UNITS` units;
- share: at least `FINDINGS` findings, and findings are `TIMES` times as frequent among the closed
  disposals of this clause as in all other regions together, with at least `CLOSED` closed on either side.

The figures are ours and small on purpose: a proposal costs a person five minutes, a missed one a year.
Shares are compared by multiplying, so that no rounding decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from plumbline.loop.closure.models import GovernanceProblem
from plumbline.loop.disposal.models import Disposal, Finding, Outcome, State
from plumbline.org.models import Unit

FINDINGS = 3
UNITS = 2
CLOSED = 5
TIMES = 2

#: What makes a closed disposal a finding.
CONFIRMING = (
    Finding.TRUE,
    Finding.PARTLY_TRUE,
    Finding.CLAUSE_UNCLEAR,
    Finding.CONTROL_MISSING,
)


@dataclass(frozen=True, order=True)
class HalfYear:
    """The first or second half of a year, by the days on which disposals were closed."""

    year: int
    half: int

    @classmethod
    def of(cls, day: date) -> HalfYear:
        return cls(day.year, 1 if day.month <= 6 else 2)

    @property
    def starts_on(self) -> date:
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def ends_on(self) -> date:
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    @property
    def before(self) -> HalfYear:
        return HalfYear(self.year, 1) if self.half == 2 else HalfYear(self.year - 1, 2)

    def __str__(self) -> str:
        return f"{self.starts_on}..{self.ends_on}"


@dataclass(frozen=True)
class Cluster:
    """Closed disposals of one clause in one place and time.

    Attributes:
        findings: those that confirm something, in order.
        units: where they were found.
        closed: all closed disposals of the clause in the place, findings or not.
        elsewhere: (findings, closed) of the same clause and sector in all other regions.
    """

    clause: str
    sector: str
    region: str
    period: HalfYear
    findings: tuple[int, ...]
    units: frozenset[int]
    closed: int
    elsewhere: tuple[int, int]

    @property
    def is_spread(self) -> bool:
        return len(self.findings) >= FINDINGS and len(self.units) >= UNITS

    @property
    def stands_out(self) -> bool:
        found, closed = self.elsewhere
        return (
            len(self.findings) >= FINDINGS
            and min(self.closed, closed) >= CLOSED
            and len(self.findings) * closed >= TIMES * found * self.closed
        )

    @property
    def is_proposed(self) -> bool:
        return self.is_spread or self.stands_out

    @property
    def figures(self) -> dict[str, Any]:
        """Why it is proposed, to be kept with the problem."""
        found, closed = self.elsewhere
        return {
            "rules": [name for name, holds in (("spread", self.is_spread), ("share", self.stands_out)) if holds],
            "findings": len(self.findings),
            "units": len(self.units),
            "closed": self.closed,
            "findings_elsewhere": found,
            "closed_elsewhere": closed,
        }  # fmt: skip


def closed_in(period: HalfYear) -> QuerySet[Disposal]:
    """Disposals that were closed in the half-year and still are."""
    zone = timezone.get_default_timezone()
    first = datetime.combine(period.starts_on, time.min, zone)
    last = datetime.combine(period.ends_on, time.max, zone)
    return Disposal.objects.filter(state=State.CLOSED, closed_at__range=(first, last)).order_by(
        "pk"
    )


def confirming() -> QuerySet[Outcome]:
    """What confirms something in the last round of a disposal."""
    return Outcome.objects.filter(
        round=F("disposal__round"), withdrawn_at=None, finding__in=CONFIRMING
    )


def clusters(period: HalfYear, clauses: Mapping[str, str]) -> list[Cluster]:
    """Everything that was closed in a half-year, gathered; proposed or not, the largest first.

    Args:
        clauses: key of a warning -> clause of its line, as `intake.clauses` reads them; a warning
            whose clause is not known is not gathered.
    """
    rows = closed_in(period).select_related("warning__unit")
    confirmed = set(confirming().filter(disposal__in=rows).values_list("disposal", flat=True))
    findings: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    units: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
    closed: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for disposal in rows:
        warning, unit = disposal.warning, disposal.warning.unit
        if not (clause := clauses.get(warning.key)):
            continue
        sector, region = (unit.sector, unit.region) if unit else ("", "")
        place = (clause, sector or warning.theme, region or warning.region)
        closed[place] += 1
        if disposal.pk in confirmed:
            findings[place].append(disposal.pk)
            if unit is not None:
                units[place].add(unit.pk)
    made = [
        Cluster(
            *place, period, tuple(findings[place]), frozenset(units[place]), n,
            _elsewhere(place, findings, closed),
        )
        for place, n in closed.items()
    ]  # fmt: skip
    return sorted(
        made, key=lambda each: (-len(each.findings), each.clause, each.sector, each.region)
    )


def _elsewhere(
    place: tuple[str, str, str],
    findings: Mapping[tuple[str, str, str], list[int]],
    closed: Mapping[tuple[str, str, str], int],
) -> tuple[int, int]:
    clause, sector, region = place
    others = [p for p in closed if p[:2] == (clause, sector) and p[2] != region]
    return sum(len(findings[p]) for p in others if p in findings), sum(closed[p] for p in others)


def units_behind(problem: GovernanceProblem) -> QuerySet[Unit]:
    """The units in which its findings were made."""
    return Unit.objects.filter(warnings__disposal__problems=problem).distinct().order_by("name")


def models_behind(problem: GovernanceProblem) -> list[str]:
    """The supervision models that found what is behind it."""
    found = problem.disposals.values_list("warning__model", flat=True)
    return sorted(set(found))
