"""Which warnings somebody sees, how they are found, and which are worked first.

    rank = 1000 x level + 100 x tier + precision x (1 + log10(1 + yuan at stake))

Level comes before tier, tier before all else: red 3, yellow 2, blue 1; tier A 3, C 2, D 1. The last part is the
harm one may expect to be confirmed: how often this model was right, counted with one success and one failure
more than there were (so that a model without outcomes stands at one half), times the order of magnitude of the
money at stake. It stays below 100, as money stays below 10^90 yuan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log10
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from plumbline.errors import Text
from plumbline.loop.warning.models import (
    EarlyWarning,
    EarlyWarningQuerySet,
    NamedParty,
    Party,
    Unmasking,
)
from plumbline.org.models import User

LEVELS = {"red": 3, "yellow": 2, "blue": 1}
TIERS = {"A": 3, "C": 2, "D": 1}


def score(level: str, tier: str, outcomes: tuple[int, int], amount_fen: int | None) -> float:
    """How early a warning is worked; higher first.

    Args:
        outcomes: of its model: how many warnings were confirmed, of how many closed.
    """
    confirmed, closed = outcomes
    precision = (confirmed + 1) / (closed + 2)
    yuan = max(amount_fen or 0, 0) / 100
    expected = precision * (1 + log10(1 + yuan))
    return 1000 * LEVELS[level] + 100 * TIERS.get(tier, 0) + round(expected, 6)


def week_of(day: date) -> date:
    """The Monday of a day's week: budgets are counted from it."""
    return day - timedelta(days=day.weekday())


def rank_in_words(warning: EarlyWarning, outcomes: tuple[int, int]) -> Text:
    """Why a warning stands where it does among those that wait."""
    confirmed, closed = outcomes
    yuan = (warning.amount_fen or 0) / 100
    return Text(
        f"先看级别（{warning.get_level_display()}），再看身份等级（{warning.tier}），再看这个模型查实的多少"
        f"（{confirmed}/{closed}）和涉及金额的大小（{yuan:,.0f}元）",
        f"by level ({warning.level}), then identity tier ({warning.tier}), then how often the model was "
        f"right ({confirmed}/{closed}) and the size of the amount ({yuan:,.0f} yuan)",
    )


# -- the list ------------------------------------------------------------------------------------

PAGE = 50


@dataclass(frozen=True)
class Page:
    """A page of the list, newest first.

    Attributes:
        after: where the next page goes on; empty at the end.
    """

    warnings: list[EarlyWarning]
    after: str


def inbox(user: User, on: date, said: Mapping[str, Any], after: str = "") -> Page:
    """The warnings somebody sees, as far as they are told, narrowed down; a page by key, without counting.

    Args:
        said: level, model, unit, region, standing, waiting, words; what is empty narrows nothing.
    """
    seen = EarlyWarning.objects.visible_to(user, on)
    seen = seen.filter(budgeted_on=None) if said.get("waiting") else seen.told()
    for name in ("level", "model", "standing"):
        if said.get(name):
            seen = seen.filter(**{name: said[name]})
    if unit := said.get("unit"):
        seen = seen.filter(unit__path__startswith=unit.path)
    if region := str(said.get("region") or "").rstrip("0"):
        seen = seen.filter(region__startswith=region)
    if words := str(said.get("words") or "").strip():
        seen = seen.filter(
            Q(about__icontains=words)
            | Q(sentence__icontains=words)
            | Q(key__startswith=words.lower())
        )
    found = list(
        _after(seen, after).select_related("unit").order_by("-raised_at", "-pk")[: PAGE + 1]
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    return Page(found[:PAGE], f"{last.raised_at.isoformat()}~{last.pk}" if last else "")


def about(
    seen: EarlyWarningQuerySet, numbers: Collection[str], names: Collection[str]
) -> EarlyWarningQuerySet:
    """Those whose evidence bears one of these numbers or names, by digest."""
    bearing = Q(pk__in=Party.objects.filter(person__in=numbers).values("warning"))
    named = Q(pk__in=NamedParty.objects.filter(name__in=names).values("warning"))
    return seen.filter(bearing | named)


def in_clear(warning: EarlyWarning, user: User, at: datetime) -> list[Unmasking]:
    """What somebody asked to see in clear of a warning and still may, the longest lasting first."""
    found = Unmasking.objects.filter(warning=warning, user=user.pk, expires_at__gt=at)
    return list(found.order_by("-expires_at"))


def _after(seen: EarlyWarningQuerySet, after: str) -> EarlyWarningQuerySet:
    at, _, pk = after.partition("~")
    try:
        moment: datetime | None = parse_datetime(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not pk.isdecimal():
        return seen
    return seen.filter(Q(raised_at__lt=moment) | Q(raised_at=moment, pk__lt=int(pk)))
