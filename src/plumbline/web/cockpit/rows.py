"""The rows behind each figure, as far as whoever looks may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from plumbline.bilingual import say
from plumbline.loop.disposal.models import DATA_FAULTS, Disposal, Finding, Lead, Outcome, Posting
from plumbline.loop.disposal.models import State as Stage
from plumbline.loop.disposal.queries.disposal import visible_to as visible_disposals
from plumbline.loop.warning.models import EarlyWarning, Level
from plumbline.org.models import User
from plumbline.web.cockpit.period import Period
from plumbline.web.cockpit.queries import Place, Report, late_disposals

PAGE = 50


@dataclass(frozen=True)
class Asked:
    """Whose rows, of when and where."""

    user: User
    at: datetime
    on: date
    period: Period
    place: Place


@dataclass(frozen=True)
class Behind:
    """What stands behind a figure.

    Attributes:
        kind: which columns its list has: `warning`, `disposal`, `posting`, `problem`, `campaign`, `mechanism`.
        rows: the newest first.
    """

    label: str
    kind: str
    rows: Callable[[Asked], QuerySet[Any]]


def _place(asked: Asked, warning: str) -> Q:
    """The place's condition on a row that names its warning so."""
    place, found = asked.place, Q()
    if place.region:
        found &= (
            Q(**{f"{warning}unit": None}) if place.region == "-"
            else Q(**{f"{warning}unit__region": place.region})
        )  # fmt: skip
    for name in ("model", "level"):
        if said := getattr(place, name):
            found &= Q(**{f"{warning}{name}": said})
    return found


def _raised(asked: Asked) -> QuerySet[EarlyWarning]:
    first, end = asked.period.moments
    seen = EarlyWarning.objects.visible_to(asked.user, asked.on).filter(_place(asked, ""))
    found: QuerySet[EarlyWarning] = seen.filter(raised_at__gte=first, raised_at__lt=end)
    return found.select_related("unit").order_by("-raised_at", "-pk")


def _closed(asked: Asked, *, red: bool = False) -> QuerySet[Disposal]:
    first, end = asked.period.moments
    found = visible_disposals(asked.user, asked.on).filter(
        _place(asked, "warning__"), state=Stage.CLOSED, closed_at__gte=first, closed_at__lt=end
    )
    if red:
        found = found.filter(warning__level=Level.RED)
    return _shown(found).order_by("-closed_at", "-pk")


def _shown(found: QuerySet[Disposal]) -> QuerySet[Disposal]:
    return found.select_related("warning", "warning__unit", "body")


def _holding(*findings: Finding) -> Exists:
    return Exists(
        Outcome.objects.filter(
            disposal=OuterRef("pk"),
            round=OuterRef("round"),
            withdrawn_at=None,
            finding__in=findings,
        )
    )


def _judged(asked: Asked, verdict: str) -> QuerySet[Disposal]:
    open_question = _holding(Finding.UNVERIFIABLE)
    right = Q(_holding(Finding.TRUE, Finding.PARTLY_TRUE)) | Q(
        _holding(*DATA_FAULTS), warning__level=Level.BLUE
    )
    found = _closed(asked)
    if verdict == "unverifiable":
        return found.filter(open_question)
    return found.filter(~open_question).filter(right if verdict == "confirmed" else ~right)


def _led(asked: Asked, *, red: bool = False) -> QuerySet[Disposal]:
    return _closed(asked, red=red).filter(Exists(Lead.objects.filter(disposal=OuterRef("pk"))))


def _posted(asked: Asked, kind: str) -> QuerySet[Posting]:
    first, end = asked.period.moments
    found = Posting.objects.filter(
        _place(asked, "disposal__warning__"), kind=kind, at__gte=first, at__lt=end,
        disposal__in=visible_disposals(asked.user, asked.on),
    )  # fmt: skip
    return found.select_related("disposal__warning", "disposal__body").order_by("-at", "-pk")


def _report(asked: Asked) -> Report:
    return Report(asked.user, asked.at, asked.on, asked.period, asked.place)


def _late(asked: Asked) -> QuerySet[Disposal]:
    seen = visible_disposals(asked.user, asked.on)
    found = late_disposals(asked.user, asked.at, asked.on, asked.place, seen)
    return _shown(found).order_by("-rank", "-pk")


#: Figure, as its address names it -> what stands behind it.
BEHIND: dict[str, Behind] = {
    "raised": Behind(say("产生预警", "Warnings raised"), "warning", _raised),
    "closed": Behind(say("办结预警", "Warnings closed"), "disposal", _closed),
    "red": Behind(
        say("处置红色预警", "Red warnings disposed"), "disposal", lambda a: _closed(a, red=True)
    ),
    "confirmed": Behind(say("查实", "Confirmed"), "disposal", lambda a: _judged(a, "confirmed")),
    "cleared": Behind(say("澄清", "Cleared"), "disposal", lambda a: _judged(a, "cleared")),
    "unverifiable": Behind(
        say("无法查实", "Cannot be verified"), "disposal", lambda a: _judged(a, "unverifiable")
    ),
    "led": Behind(say("转问题线索", "Led to a lead"), "disposal", _led),
    "red-led": Behind(
        say("红色预警转问题线索", "Red warnings that led to a lead"), "disposal", lambda a: _led(a, red=True)
    ),
    "overdue": Behind(say("超期", "Overdue"), "disposal", _late),
    **{
        kind: Behind(label, "posting", lambda a, kind=kind: _posted(a, kind))  # type: ignore[misc]
        for kind, label in Posting.Kind.choices
    },
    "problems": Behind(
        say("区域性领域性问题", "Governance problems"), "problem",
        lambda a: _report(a).problems.order_by("-pk"),
    ),
    "campaigns": Behind(
        say("专项治理", "Campaigns"), "campaign",
        lambda a: _report(a).campaigns.select_related("owner", "body").order_by("-pk"),
    ),
    "mechanisms": Behind(
        say("制度机制", "Mechanisms"), "mechanism",
        lambda a: _report(a).mechanisms.select_related("body").order_by("-pk"),
    ),
}  # fmt: skip
