"""Which deliveries, uploads and tickets somebody sees."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from plumbline.bilingual import say
from plumbline.loop.delivery.models import (
    DataErrorTicket,
    Delivery,
    TicketState,
    Upload,
    UploadState,
)
from plumbline.loop.delivery.policy import asked_by, is_about, own_or_watched
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import keeps_out_of

#: States in which something is still expected of a ticket.
OPEN = (TicketState.ASKED, TicketState.ANSWERED)


def tickets_visible_to(user: User, on: date) -> QuerySet[DataErrorTicket]:
    """Departments see their own, data managers those they watch, bodies those that they asked; strangers none.

    Nobody sees a ticket about themself, their kin, or the head of the unit they work in.
    """
    seen = own_or_watched(user, on) | asked_by(user, on)
    found = DataErrorTicket.objects.filter(seen).exclude(is_about(keeps_out_of(user, on)))
    return found.select_related("unit", "body")


def deliveries_visible_to(user: User, on: date) -> QuerySet[Delivery]:
    """What departments delivered: each its own, data managers those they watch."""
    return Delivery.objects.filter(own_or_watched(user, on)).select_related("unit")


def uploads_visible_to(user: User, on: date) -> QuerySet[Upload]:
    return Upload.objects.filter(own_or_watched(user, on)).select_related("unit", "by")


def open_tickets(datasets: Iterable[str] | None = None) -> QuerySet[DataErrorTicket]:
    """Tickets that wait for a correction nobody has seen yet."""
    found = DataErrorTicket.objects.filter(state__in=OPEN, touched_at=None)
    return found if datasets is None else found.filter(dataset__in=list(datasets))


#: What the trail calls an act on a ticket -> what people call it.
SAYS = {
    "ticket.asked": say("请部门核对", "Department asked"),
    "ticket.answered": say("部门答复", "Answered"),
    "ticket.asked_again": say("再次询问", "Asked again"),
    "ticket.resolved": say("已更正，办结", "Corrected"),
    "ticket.refused": say("数据无误，办结", "Found correct"),
    "ticket.touched": say("已有新报送", "Delivered anew"),
    "ticket.renewed": say("新报送仍有此问题", "Still so in a new delivery"),
    "personal_data.read": say("下载明细", "Rows taken"),
}


def waiting_uploads() -> QuerySet[Upload]:
    """Files that the worker has to load."""
    stored = Upload.objects.filter(state=UploadState.STORED)
    return stored.exclude(kind=Upload.Kind.SAMPLE).order_by("pk")


def samples_visible_to(user: User, on: date) -> QuerySet[Upload]:
    """Files of which a data manager makes a dataset, until it is made."""
    waiting = Upload.objects.filter(kind=Upload.Kind.SAMPLE, state=UploadState.STORED)
    return (
        waiting.filter(by=user.pk) if rights_of(user, on).has(Role.DATA_MANAGER) else waiting.none()
    )


def accepted_deliveries() -> QuerySet[Delivery]:
    """Deliveries that somebody let in and that are not loaded yet."""
    return Delivery.objects.filter(
        status=Delivery.Status.HELD, accepted_at__isnull=False
    ).select_related("accepted_by")


def newest_deliveries(deliveries: QuerySet[Delivery]) -> dict[str, Delivery]:
    """Dataset -> its delivery that came last, be it held."""
    last = deliveries.filter(
        pk=Subquery(
            Delivery.objects.filter(dataset=OuterRef("dataset"))
            .order_by("-received_at", "-pk").values("pk")[:1]
        )
    )  # fmt: skip
    return {each.dataset: each for each in last}


#: What a rhythm is in days, and how late a department may be before that is remarked on.
_DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
_GRACE = {"day": 2, "week": 3}
_USUAL_GRACE = 10


def days_overdue(rhythm: str, as_of: date | None, on: date) -> int:
    """By how many days the next delivery is late; 0 where it is not, or none is expected."""
    if as_of is None or rhythm not in _DAYS:
        return 0
    due = as_of + timedelta(days=_DAYS[rhythm] + _GRACE.get(rhythm, _USUAL_GRACE))
    return max(0, (on - due).days)
