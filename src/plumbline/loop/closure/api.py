"""Figures for programs: what the bodies of the token's person did in a time."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, cast

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from plumbline.kit.day import Day
from plumbline.loop.closure.queries.figures import figures
from plumbline.loop.closure.queries.seeing import bodies_seen
from plumbline.org.models import User
from plumbline.org.policy import rights_of

router = Router(tags=["figures"])

#: Days beyond these have no beginning or end in every time zone, and nothing happened then.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2999, 12, 31)


class Figure(Schema):
    """One figure.

    Attributes:
        unit: `count`; `fen` (1/100 CNY); `share`, then `value` is in tenths of a percent.
    """

    name: str
    value: int
    unit: Literal["count", "fen", "share"]


class Figures(Schema):
    """The figures from one day through another."""

    first: date
    last: date
    figures: list[Figure]


class Asked(Schema):
    """From one day through another; without them, this year through today."""

    first: Day | None = None
    last: Day | None = None


@router.get("", response=Figures, operation_id="get_figures")
def of_a_time(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Red warnings disposed, leads, money recovered, problems, campaigns, mechanisms: this year's by default."""
    user, today = cast("User", request.user), timezone.localdate()
    if not bodies_seen(rights_of(user, today)):
        raise Http404
    first, last = asked.first or date(today.year, 1, 1), asked.last or today
    first, last = min(max(first, _EARLIEST), _LATEST), max(min(last, _LATEST), _EARLIEST)
    told = [{"name": f.name, "value": f.value, "unit": f.unit} for f in figures(user, first, last)]
    return {"first": first, "last": last, "figures": told}
