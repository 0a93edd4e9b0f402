"""Which deliveries, uploads and tickets somebody sees."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from plumbline.loop.delivery.models import (
    DataErrorTicket,
    Delivery,
    TicketState,
    Upload,
    UploadState,
)
from plumbline.loop.delivery.policy import asked_by, own_or_watched
from plumbline.org.models import User

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


def waiting_uploads() -> QuerySet[Upload]:
    return Upload.objects.filter(state=UploadState.STORED).order_by("pk")
