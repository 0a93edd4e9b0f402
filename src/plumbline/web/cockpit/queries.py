"""What a period came to in the places somebody sees: sums of the tallies, never of the rows.

Counts of warnings are no achievement. Beside every count stands what became of it: how many were confirmed,
how many cleared, and how sure one can be of the share.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import BigIntegerField, Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast, Substr

from plumbline.bilingual import language
from plumbline.errors import Text
from plumbline.kit.clock.queries import overdue
from plumbline.kit.plan import Unindexed
from plumbline.loop.closure.models import (
    Campaign,
    GovernanceProblem,
    Mechanism,
    ProblemState,
    Rectification,
)
from plumbline.loop.closure.queries.seeing import campaigns, mechanisms, problems
from plumbline.loop.disposal.models import Disposal, Request
from plumbline.loop.disposal.models import State as Stage
from plumbline.loop.disposal.queries.inbox import is_over
from plumbline.loop.supervision.models import ModelVersion, State
from plumbline.loop.supervision.queries import Share
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import overseen
from plumbline.web.cockpit.models import Tally, WallScreen
from plumbline.web.cockpit.period import Period
from plumbline.web.cockpit.policy import READING, may_read, sees_rows

CURRENCY = "CNY"
#: A count below this is not told to whoever sees no rows: it could name somebody.
SMALL = 5


# -- what somebody sees ----------------------------------------------------------------------------


def units_seen(user: User, on: date) -> QuerySet[Unit]:
    """The units whose figures somebody sees: those their bodies, and the bodies below, supervise."""
    bodies = rights_of(user, on).bodies_and_below(*READING)
    return Unit.objects.filter(overseen(bodies, on, unit="")) if bodies else Unit.objects.none()


def _of_units(user: User, on: date, unit: str) -> Q:
    """Rows of these units; of no known unit, the topmost bodies'."""
    bodies = rights_of(user, on).bodies_and_below(*READING)
    seen = Q(**{f"{unit}__in": units_seen(user, on)})
    if bodies and SupervisionBody.objects.filter(pk__in=bodies, above=None).exists():
        seen |= Q(**{f"{unit}__isnull": True})
    return seen


def visible_to(user: User, on: date) -> QuerySet[Tally]:
    """The tallies of what they see; a stranger sees none."""
    if not may_read(rights_of(user, on)):
        return Tally.objects.none()
    return Tally.objects.filter(_of_units(user, on, "unit"))


def screens(user: User, on: date) -> QuerySet[WallScreen]:
    """Wall screens of colleagues who read the same figures."""
    bodies = rights_of(user, on).bodies_and_below(*READING)
    return WallScreen.objects.filter(by__grants__body__in=bodies).distinct()


@dataclass(frozen=True)
class Place:
    """Where a page looks; empty for everything that is seen."""

    region: str = ""
    model: str = ""
    level: str = ""

    @property
    def query(self) -> str:
        return "".join(f"&{f.name}={v}" for f in fields(self) if (v := getattr(self, f.name)))

    def of_tallies(self) -> Q:
        found = Q()
        if self.region:
            found &= Q(unit__isnull=True) if self.region == "-" else Q(unit__region=self.region)
        for name in ("model", "level"):
            if said := getattr(self, name):
                found &= Q(**{name: said})
        return found


# -- counts ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """What was counted in one place; see `Tally`."""

    raised: int = 0
    settled: int = 0
    closed: int = 0
    confirmed: int = 0
    unverifiable: int = 0
    led: int = 0
    days: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def cleared(self) -> int:
        """Closed and found to be nothing: the person or unit has nothing to answer for."""
        return self.closed - self.confirmed - self.unverifiable

    @property
    def precision(self) -> Share:
        """Confirmed of those that could be verified."""
        return Share(self.confirmed, self.closed - self.unverifiable)

    @property
    def lead_share(self) -> Share:
        return Share(self.led, self.closed)

    @property
    def settled_share(self) -> Share:
        """Of the warnings raised here, those closed by now."""
        return Share(self.settled, self.raised)

    @property
    def average_days(self) -> float | None:
        return self.days / self.closed if self.closed else None


_COUNTS = tuple(f.name for f in fields(Counts))
_MONEY = ("due", "recovered", "avoided", "written_off")


def _summed(found: QuerySet[Tally], *by: str) -> dict[tuple[object, ...], Counts]:
    sums = {f"n_{name}": Sum(name) for name in _COUNTS}
    return {
        tuple(each[name] for name in by): Counts(*(each[f"n_{name}"] or 0 for name in _COUNTS))
        for each in found.filter(currency="").values(*by).annotate(**sums).order_by()
    }


@dataclass(frozen=True)
class Money:
    """The four sums of one currency, in fen; they are never added to one another."""

    currency: str
    due: int = 0
    recovered: int = 0
    avoided: int = 0
    written_off: int = 0

    @property
    def outstanding(self) -> int:
        return self.due - self.recovered - self.written_off


def _money(found: QuerySet[Tally]) -> list[Money]:
    rows: Any = (
        found.exclude(currency="").values("currency").annotate(**{f"n_{m}": Sum(m) for m in _MONEY})
    )
    return [
        Money(each["currency"], *(each[f"n_{m}"] or 0 for m in _MONEY))
        for each in rows.order_by("currency")
    ]


@dataclass(frozen=True)
class ModelRow:
    """How one model did.

    Attributes:
        page: identifier of the version whose page tells more; None where the catalog has it no more.
        recovered: fen, in `CURRENCY`.
    """

    model: str
    name: str
    page: int | None
    counts: Counts
    recovered: int

    @property
    def per_hundred(self) -> int | None:
        """Fen recovered for every hundred warnings closed."""
        return self.recovered * 100 // self.counts.closed if self.counts.closed else None


@dataclass(frozen=True)
class Late:
    """Deadlines that are over, of one who is to act.

    Attributes:
        kind: `body` or `unit`, or empty for what nobody was given yet.
        longest: days since the oldest was over.
    """

    kind: str
    pk: int | None
    name: str
    n: int
    longest: int


class Report:
    """Everything that a cockpit shows: a handful of sums over the tallies of a period and a place."""

    def __init__(
        self,
        user: User,
        at: datetime,
        on: date,
        period: Period,
        place: Place,
        *,
        whole: bool = False,
    ) -> None:
        """With `whole`, sums of the whole office: for the page of a model, which is no one unit's."""
        self._user, self._at, self._on = user, at, on
        self.period, self.place = period, place
        self.sees_rows = sees_rows(rights_of(user, on)) and not whole
        self._whole = whole
        self._seen = Tally.objects.all() if whole else visible_to(user, on)
        self._all = self._seen.filter(place.of_tallies())
        self._found = self._all.filter(month__gte=period.first, month__lte=period.last)

    @cached_property
    def by_level(self) -> dict[str, Counts]:
        return {str(level): n for (level,), n in _summed(self._found, "level").items()}

    @cached_property
    def total(self) -> Counts:
        return sum(self.by_level.values(), Counts())

    @cached_property
    def trend(self) -> list[tuple[date, dict[str, Counts]]]:
        """Month -> level -> counts; months without anything are there too."""
        months = list(self.period.trend)
        found = self._all.filter(month__gte=months[0], month__lte=months[-1])
        counted = _summed(found, "month", "level")
        return [
            (month, {str(level): n for (m, level), n in counted.items() if m == month})
            for month in months
        ]

    @cached_property
    def by_region(self) -> dict[str, Counts]:
        """Region -> counts; `-` for what is of no known unit. Not narrowed by the place's own region."""
        elsewhere = Place(model=self.place.model, level=self.place.level)
        found = visible_to(self._user, self._on).filter(
            elsewhere.of_tallies(), month__gte=self.period.first, month__lte=self.period.last
        )
        regions = dict(units_seen(self._user, self._on).values_list("pk", "region"))
        sums: dict[str, Counts] = {}
        for (unit,), n in _summed(found, "unit").items():
            region = "-" if unit is None else regions.get(unit, "") or "-"  # type: ignore[call-overload]
            sums[region] = sums.get(region, Counts()) + n
        return sums

    @cached_property
    def models(self) -> list[ModelRow]:
        """The models that warned or were disposed of, the most warnings first."""
        counted = _summed(self._found, "model")
        money: dict[Any, int] = dict(
            self._found.filter(currency=CURRENCY).values("model").annotate(n=Sum("recovered"))
            .order_by().values_list("model", "n")
        )  # fmt: skip
        versions = {
            each.model: each
            for each in ModelVersion.objects.filter(Q(current=True) | Q(state=State.LIVE)).order_by(
                "pk"
            )
        }
        rows = []
        for (model,), counts in counted.items():
            version = versions.get(str(model))
            name = version.name if version else str(model)
            page = version.pk if version else None
            rows.append(ModelRow(str(model), name, page, counts, money.get(model, 0) or 0))
        return sorted(rows, key=lambda row: (-row.counts.raised, row.model))

    @cached_property
    def money(self) -> list[Money]:
        return _money(self._found) or [Money(CURRENCY)]

    # -- what follows from warnings ------------------------------------------------------------------

    @cached_property
    def problems(self) -> QuerySet[GovernanceProblem]:
        first, end = self.period.moments
        found = problems(self._user, self._on).filter(
            state__in=[ProblemState.ACCEPTED, ProblemState.SOLVED],
            proposed_at__gte=first, proposed_at__lt=end,
        )  # fmt: skip
        return found.filter(region=self.place.region) if self.place.region else found

    @cached_property
    def campaigns(self) -> QuerySet[Campaign]:
        first, end = self.period.moments
        found = campaigns(self._user, self._on).filter(started_at__gte=first, started_at__lt=end)
        return found.filter(owner__region=self.place.region) if self.place.region else found

    @cached_property
    def mechanisms(self) -> QuerySet[Mechanism]:
        first, end = self.period.moments
        found = mechanisms(self._user, self._on).filter(recorded_at__gte=first, recorded_at__lt=end)
        if self.place.model:
            found = found.filter(model=self.place.model)
        return found.filter(region=self.place.region) if self.place.region else found

    # -- overdue ---------------------------------------------------------------------------------------

    @cached_property
    def late(self) -> list[Late]:
        """Who is late today, whatever the period: bodies with disposals, units with answers and repairs."""
        found: list[Late] = []
        cases = late_disposals(self._user, self._at, self._on, self.place).order_by()
        # Grouped by the body as it is read: by its index SQLite would walk through all there are.
        groups = cases.annotate(worked_by=Unindexed("body")).values("worked_by")
        counted = groups.annotate(n=Count("pk"), since=Min("due_at"))
        bodies = list(counted.values_list("worked_by", "n", "since"))
        names = dict(
            SupervisionBody.objects.filter(pk__in=[body for body, *_ in bodies if body])
            .values_list("pk", "name")
        )  # fmt: skip
        nobody = Text("待分办", "To be dispatched").in_(language())
        found += [
            Late("body" if body else "", body, names[body] if body else nobody, n, self._age(since))
            for body, n, since in bodies
        ]
        units: dict[tuple[int, str], list[datetime]] = {}
        mine = units_seen(self._user, self._on)
        if self.place.region:
            mine = mine.filter(region=self.place.region)
        for noun, rows in (("request", Request.objects), ("rectification", Rectification.objects)):
            since = dict(_late(noun, self._at))
            late = rows.filter(pk__in=list(since), unit__in=mine)
            for pk, owner, called in late.values_list("pk", "unit", "unit__name"):
                units.setdefault((owner, called), []).append(since[pk])
        found += [
            Late("unit", owner, called, len(times), self._age(min(times)))
            for (owner, called), times in units.items()
        ]
        return sorted(found, key=lambda each: (-each.n, -each.longest, each.name))

    @cached_property
    def overdue(self) -> int:
        """Disposals whose deadline is over, as the inbox tells it; what units owe stands beside them in `late`."""
        return sum(each.n for each in self.late if each.kind != "unit")

    # -- what may be told without rows -----------------------------------------------------------------

    def hidden(self, by: str) -> frozenset[str]:
        """Values of `region`, `level` or `model` whose counts are not told to whoever sees no rows.

        It is the same wherever they look: narrowed to one value, they are not told what was hidden beside the others.
        """
        if self.sees_rows or self._whole:
            return frozenset()
        if by == "region":
            return too_small({region: n.raised for region, n in self.by_region.items()})
        place = replace(self.place, **{by: ""})
        found = self._seen.filter(
            place.of_tallies(), month__gte=self.period.first, month__lte=self.period.last
        )
        return too_small({str(value): n.raised for (value,), n in _summed(found, by).items()})

    @cached_property
    def is_hidden(self) -> bool:
        """Is the page narrowed to something whose counts are not told?"""
        return any(
            said and said in self.hidden(by.name)
            for by in fields(Place) if (said := getattr(self.place, by.name))
        )  # fmt: skip

    def _age(self, since: datetime) -> int:
        return (self._at - since).days


def _late(noun: str, at: datetime) -> Any:
    """Deadlines of such things that run and are over: (the thing's identifier, when it was to end)."""
    found = overdue(at).filter(subject__startswith=f"{noun}:").order_by()
    of = Cast(Substr("subject", len(noun) + 2), BigIntegerField())
    return found.annotate(of=of).values_list("of", "due_at")


def late_disposals(
    user: User, at: datetime, on: date, place: Place, among: QuerySet[Disposal] | None = None
) -> QuerySet[Disposal]:
    """Disposals with a deadline that is over, of the units somebody sees; of all there are, or of these."""
    # A closed one has no deadline; the other states, named, are found by an index.
    found = (
        (Disposal.objects.all() if among is None else among)
        .alias(of=Unindexed("unit"))
        .filter(_of_units(user, on, "of"), is_over(at), state__in=set(Stage) - {Stage.CLOSED})
    )
    if place.region:
        found = found.filter(unit__region=place.region)
    if place.model:
        found = found.filter(model=place.model)
    return found.filter(warning__level=place.level) if place.level else found


def span(user: User, on: date) -> tuple[date, date] | None:
    """The first and the last month of which anything is counted."""
    found = visible_to(user, on).aggregate(first=Min("month"), last=Max("month"))
    return (found["first"], found["last"]) if found["first"] else None


def region_names(user: User, on: date) -> dict[str, str]:
    """Region -> its name, by the topmost unit of it among those that are seen."""
    names: dict[str, str] = {}
    units = units_seen(user, on).exclude(region="").order_by("path").values_list("region", "name")
    for region, name in units:
        names.setdefault(region, name)
    return names


# -- small counts ------------------------------------------------------------------------------------


def too_small(counts: Mapping[str, int], *, whole_is_told: bool = True) -> frozenset[str]:
    """Which places' counts are not told where no rows are seen.

    Those of 1 to 4; and where only one is hidden while the whole is told, the next smallest too, or one could
    work it out.
    """
    hidden = {place for place, n in counts.items() if 0 < n < SMALL}
    rest = [(n, place) for place, n in counts.items() if n >= SMALL]
    if whole_is_told and len(hidden) == 1 and rest:
        hidden.add(min(rest)[1])
    return frozenset(hidden)


def untold(table: Mapping[Hashable, Mapping[str, int]]) -> frozenset[tuple[Hashable, str]]:
    """Which cells of a table are not told where no rows are seen, its sums along and down being told.

    As `too_small`, along every line and down every column, until none has one hidden cell alone that another
    could be hidden beside.
    """
    cells = {(row, column): n for row, line in table.items() for column, n in line.items() if n}
    hidden = {cell for cell, n in cells.items() if n < SMALL}
    lines = [
        [cell for cell in cells if cell[side] == value]
        for side in (0, 1) for value in dict.fromkeys(cell[side] for cell in cells)
    ]  # fmt: skip
    grows = True
    while grows:
        grows = False
        for line in lines:
            rest = [cell for cell in line if cell not in hidden]
            if len(line) - len(rest) == 1 and rest:
                hidden.add(min(rest, key=lambda cell: (cells[cell], str(cell))))
                grows = True
    return frozenset(hidden)
