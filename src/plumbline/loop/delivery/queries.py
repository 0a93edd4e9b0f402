"""Which deliveries, uploads and tickets somebody sees."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from plumbline.bilingual import say
from plumbline.loop.delivery.models import (
    DataErrorTicket,
    Delivery,
    TicketState,
    Upload,
    UploadState,
)
from plumbline.loop.delivery.policy import asked_by, own_or_watched
from plumbline.org.models import User
from plumbline.trail.models import Entry

#: States in which something is still expected of a ticket.
OPEN = (TicketState.ASKED, TicketState.ANSWERED)


def tickets_visible_to(user: User, on: date) -> QuerySet[DataErrorTicket]:
    """Departments see their own, data managers those they watch, bodies those that they asked; strangers none."""
    seen = own_or_watched(user, on) | asked_by(user, on)
    return DataErrorTicket.objects.filter(seen).select_related("unit", "body")


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
_SHOWN = 50


def course(ticket: DataErrorTicket) -> list[tuple[str, Entry]]:
    """What was done to a ticket, in words, the newest first."""
    entries = Entry.objects.filter(subject=f"ticket:{ticket.pk}").order_by("-pk")[:_SHOWN]
    return [(SAYS.get(entry.action, entry.action), entry) for entry in entries]


def waiting_uploads() -> QuerySet[Upload]:
    return Upload.objects.filter(state=UploadState.STORED).order_by("pk")
