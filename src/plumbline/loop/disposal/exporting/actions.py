"""A list is asked for, approved by two others, refused, withdrawn, taken once, or lapses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import calendar, close, day_of
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.disposal.exporting.models import (
    APPROVE_DAYS,
    EXPORT_FLOW,
    MOST_IN_CLEAR,
    MOST_ROWS,
    TAKEN_WITHIN,
    Export,
    Form,
    Line,
    State,
)
from plumbline.loop.disposal.exporting.policy import right_to_approve, right_to_ask
from plumbline.loop.disposal.exporting.queries import lapsed, listed
from plumbline.loop.disposal.models import REVIEWERS
from plumbline.loop.disposal.queries.inbox import Wanted
from plumbline.org.models import Grant, User
from plumbline.org.policy import NotYoursError
from plumbline.trail.actions import record, record_reading

_BATCH = 500


class ExportError(PlumblineError):
    """This list cannot be made; it says why, and what to do."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to take away.

    Attributes:
        query: of the list's address, as `wanted` was read from it.
        in_clear: with the subjects' names and numbers.
        case: number of the file for which it is needed.
    """

    wanted: Wanted
    query: str
    form: Form
    in_clear: bool
    purpose: str = ""
    case: str = ""


@transaction.atomic
def ask(asked: Asked, *, by: User, at: datetime) -> Export:
    """Ask for a list: masked, it can be taken at once; with names, once two others have approved.

    Raises:
        NotYoursError: they see no lists of disposals.
        ExportError: it is empty or too long, says no purpose, or too few could approve it.
    """
    held = right_to_ask(by, day_of(at))
    purpose, case = asked.purpose.strip(), asked.case.strip()
    if asked.in_clear and not (purpose and case):
        raise ExportError(
            Text("请写明用途和案卷号", "say the purpose and the number of the file"), where="export"
        )
    rows, more = listed(by, asked.wanted, at, in_clear=asked.in_clear)
    if not rows or more:
        raise _of_no_size(more=more, in_clear=asked.in_clear)
    until = close(calendar().add(day_of(at), APPROVE_DAYS)) if asked.in_clear else at + TAKEN_WITHIN
    made = Export.objects.create(
        state=State.ASKED if asked.in_clear else State.APPROVED, form=asked.form, query=asked.query,
        in_clear=asked.in_clear, rows=len(rows), purpose=purpose, case=case, asked_by=by, asked_at=at,
        expires_at=until,
    )  # fmt: skip
    Line.objects.bulk_create(
        (Line(export=made, disposal=row, place=place) for place, row in enumerate(rows, 1)),
        batch_size=_BATCH,
    )
    if asked.in_clear:
        _must_be_approvable(made, at)
    record(
        "export.asked", subject=f"export:{made.pk}", by=by, on_behalf=held.on_behalf, at=at, reason=purpose,
        case=case, form=str(made.form), in_clear=made.in_clear, query=made.query, rows=len(rows),
        disposals=sorted(row.pk for row in rows), until=until.isoformat(),
    )  # fmt: skip
    return made


def _of_no_size(*, more: bool, in_clear: bool) -> ExportError:
    if not more:
        return ExportError(
            Text("清单里没有可以导出的预警", "the list holds nothing that you can take"),
            where="export",
        )
    most = MOST_IN_CLEAR if in_clear else MOST_ROWS
    return ExportError(
        Text(f"清单超过 {most} 行", f"the list has more than {most} rows"), where="export",
        hint=Text("先缩小范围", "narrow it first"),
    )  # fmt: skip


def _must_be_approvable(export: Export, at: datetime) -> None:
    """Two others there must be, else it would wait in vain."""
    able: list[User] = []
    on = day_of(at)
    granted = Grant.objects.on(on).filter(role__in=REVIEWERS).values("user")
    for user in User.objects.filter(pk__in=granted, is_active=True).order_by("pk"):
        try:
            right_to_approve(export, user, on)
        except NotYoursError:
            continue
        able.append(user)
        if len(able) == 2:
            return
    raise ExportError(
        Text(
            "没有另外两人可以批准这份清单", "there are not two others who could approve this list"
        ),
        where="export",
        hint=Text(
            "批准人须审核清单中的全部预警；请缩小范围，或请安全管理员授权",
            "whoever approves reviews every warning of the list: narrow it, or ask the security administrator",
        ),
    )


@transaction.atomic
def approve(export: Export, *, by: User, at: datetime) -> Export:
    """Let a list with names go; after the second of two it can be taken for a day.

    Of two who approve at once, both count; nobody counts twice.

    Raises:
        NotYoursError: it is not theirs to approve.
        OutOfStepError: it no longer waits for anybody.
    """
    _hold(export)
    behalf = right_to_approve(export, by, day_of(at))
    is_first = export.state != State.SECONDED
    who: dict[str, Any] = {"first_by": by, "first_for": behalf, "first_at": at} if is_first else {
        "second_by": by, "second_for": behalf, "second_at": at, "expires_at": at + TAKEN_WITHIN,
    }  # fmt: skip
    return advance(
        EXPORT_FLOW, export, "second" if is_first else "approve", by=by, on_behalf=behalf, at=at,
        provided=Q(in_clear=True, expires_at__gt=at), detail=_told(export), **who,
    )  # fmt: skip


@transaction.atomic
def refuse(export: Export, *, by: User, at: datetime, reason: str) -> Export:
    """Let it not go, and say why.

    Raises:
        NotYoursError: it is not theirs to decide.
        ReasonMissingError: it must say why.
        OutOfStepError: it no longer waits for anybody.
    """
    _hold(export)
    behalf = right_to_approve(export, by, day_of(at))
    said = reason.strip()
    return advance(EXPORT_FLOW, export, "refuse", by=by, on_behalf=behalf, at=at, reason=said,
                   provided=Q(expires_at__gt=at), detail=_told(export), refused_by=by, refusal=said)  # fmt: skip


@transaction.atomic
def withdraw(export: Export, *, by: User, at: datetime) -> Export:
    """Whoever asked needs it no more.

    Raises:
        NotYoursError: somebody else asked for it.
    """
    _hold(export)
    _must_be_own(export, by)
    return advance(EXPORT_FLOW, export, "withdraw", by=by, at=at, detail=_told(export))


@dataclass(frozen=True)
class Taken:
    """What leaves.

    Attributes:
        rows: how many were left of the list.
        whom: digests of everybody whose name or number it holds in clear.
    """

    rows: int
    whom: Collection[str]
    sha256: str


@transaction.atomic
def take(export: Export, taken: Taken, *, by: User, at: datetime) -> Export:
    """Take the list away: once; the trail has it, and whom it names, before anybody has the file.

    Raises:
        NotYoursError: somebody else asked for it.
        OutOfStepError: it is not approved, was taken, or its time has run out.
    """
    _hold(export)
    _must_be_own(export, by)
    held = right_to_ask(by, day_of(at))
    if not taken.rows:
        raise ExportError(
            Text("清单里已没有您可以看的预警", "nothing that you may see is left of the list"),
            where=f"export:{export.pk}",
        )
    if export.in_clear:
        record_reading(
            whom=sorted(taken.whom), where=f"export:{export.pk}", fields=["name", "number"],
            purpose=export.purpose, case=export.case, by=by, on_behalf=held.on_behalf, at=at,
        )  # fmt: skip
    return advance(
        EXPORT_FLOW, export, "take", by=by, on_behalf=held.on_behalf, at=at,
        provided=Q(expires_at__gt=at), detail={**_told(export), "left": taken.rows, "sha256": taken.sha256},
        taken_at=at, taken_rows=taken.rows, sha256=taken.sha256,
    )  # fmt: skip


def lapse(at: datetime) -> int:
    """End what nobody approved or took in time; harmless twice. Gives how many."""
    ended = 0
    for export in lapsed(at):
        try:
            advance(EXPORT_FLOW, export, "lapse", by=None, at=at, provided=Q(expires_at__lte=at),
                    detail=_told(export))  # fmt: skip
        except OutOfStepError:  # somebody acted meanwhile
            continue
        ended += 1
    return ended


def _hold(export: Export) -> None:
    """The row as it is now, held until the transaction ends."""
    export.refresh_from_db(from_queryset=Export.objects.select_for_update())


def _must_be_own(export: Export, by: User) -> None:
    if export.asked_by_id != by.pk:
        raise NotYoursError(
            Text("这不是您申请的", "somebody else asked for it"), where=f"export:{export.pk}"
        )


def _told(export: Export) -> dict[str, Any]:
    """What the trail's reader needs of it beside the move."""
    return {"case": export.case, "in_clear": export.in_clear, "rows": export.rows}
