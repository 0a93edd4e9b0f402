"""Disposals for programs: how far each warning is worked; signing for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from plumbline.loop.disposal.actions.dispatch import sign_for
from plumbline.loop.disposal.models import Disposal, Finding, State
from plumbline.loop.disposal.queries.disposal import deadlines, found, visible_to
from plumbline.loop.warning.models import Level
from plumbline.org.models import User

router = Router(tags=["disposals"])
signing = Router(tags=["disposals"])

_PAGE = 50
_MOST = 2**63 - 1  # what a database calls a number


class Case(Schema):
    """What people do about one warning.

    Attributes:
        warning: its key.
        body: who works it, by name; `joint` who works it together with them (室组地).
        due_at: of the next running deadline.
        findings: what was found, by aspect: several may hold.
    """

    number: int
    warning: str
    state: State
    level: Level
    body: str
    joint: list[str]
    round: int
    opened_at: datetime
    dispatched_at: datetime | None
    signed_at: datetime | None
    reported_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    findings: list[Finding]


class Cases(Schema):
    """A page, newest first.

    Attributes:
        next: what `before` asks for to go on; none at the end.
    """

    rows: list[Case]
    next: int | None


class Asked(Schema):
    """By what the list is narrowed down; what is left out narrows nothing."""

    state: State | None = None
    level: Level | None = None
    before: int | None = Field(None, ge=1, le=_MOST)


@router.get("", response=Cases, operation_id="list_disposals")
def listing(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The disposals that the token's person sees, fifty to a page."""
    seen = visible_to(cast("User", request.user), timezone.localdate())
    narrowed = {"state": asked.state, "level": asked.level, "pk__lt": asked.before}
    seen = seen.filter(**{name: value for name, value in narrowed.items() if value is not None})
    rows = list(
        seen.select_related("warning", "body")
        .prefetch_related("joint")
        .order_by("-pk")[: _PAGE + 1]
    )
    return {"rows": _told(rows[:_PAGE]), "next": rows[_PAGE - 1].pk if len(rows) > _PAGE else None}


@router.get("/{number}", response=Case, operation_id="get_disposal")
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """One disposal by its number."""
    return _told([_seen(request, number)])[0]


@signing.post("/{number}/sign-for", response=Case, operation_id="sign_for_disposal")
def sign(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take responsibility for it in the name of the token's person (签收)."""
    case = _seen(request, number)
    sign_for(case, by=cast("User", request.user), at=timezone.now())
    return _told([_seen(request, number)])[0]


def _seen(request: HttpRequest, number: int) -> Disposal:
    seen = visible_to(cast("User", request.user), timezone.localdate())
    return get_object_or_404(seen.select_related("warning", "body"), pk=min(max(number, 0), _MOST))


def _told(cases: list[Disposal]) -> list[dict[str, Any]]:
    ends = deadlines(cases, timezone.now())
    plain = ("state", "level", "round", "opened_at", "dispatched_at", "signed_at", "reported_at", "closed_at")  # fmt: skip
    return [
        {
            **{name: getattr(case, name) for name in plain},
            "number": case.pk,
            "warning": case.warning.key,
            "body": case.body.name if case.body else "",
            "joint": [body.name for body in case.joint.all()],
            "due_at": ends[case.pk].due.due_at if case.pk in ends else None,
            "findings": sorted({outcome.finding for outcome in found(case)}),
        }
        for case in cases
    ]
