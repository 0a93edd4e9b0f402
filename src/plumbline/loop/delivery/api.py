"""Deliveries for programs: a department's system hands a file in, and reads what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, BinaryIO, cast

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import File, Form, Query, Router, Schema, UploadedFile
from pydantic import Field

from plumbline.kit.day import Day
from plumbline.loop.delivery import intake
from plumbline.loop.delivery.models import Delivery, Upload, UploadState
from plumbline.loop.delivery.queries import deliveries_visible_to, uploads_visible_to
from plumbline.org.models import User

router = Router(tags=["deliveries"])
delivering = Router(tags=["deliveries"])

_PAGE = 50
_MOST = 2**63 - 1  # what a database calls a number


class Reason(Schema):
    """Why rows wait in quarantine, and how many for this reason."""

    column: str
    zh: str
    en: str
    rows: int


class Received(Schema):
    """A delivery as the store holds it.

    Attributes:
        sha256: of the file.
        held: why it waits whole, each as [zh, en].
    """

    number: int
    dataset: str
    title: str
    status: Delivery.Status
    source: str
    sha256: str
    as_of: date
    received_at: datetime
    rows: int
    loaded: int
    quarantined: int
    reasons: list[Reason]
    held: list[list[str]]


class Deliveries(Schema):
    """A page, newest first; `next` is what `before` asks for to go on, none at the end."""

    rows: list[Received]
    next: int | None


class Handed(Schema):
    """A file that was handed in, and what became of it.

    Attributes:
        problem: why it could not be loaded, as [zh, en]; else empty.
    """

    number: int
    dataset: str
    name: str
    sha256: str
    size: int
    state: UploadState
    problem: list[str]


class Asked(Schema):
    """By what the list is narrowed down; what is left out narrows nothing."""

    dataset: str = ""
    before: int | None = Field(None, ge=1, le=_MOST)


@router.get("", response=Deliveries, operation_id="list_deliveries")
def listing(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The deliveries of the units that the token's person provides for or whose data they manage."""
    seen = deliveries_visible_to(cast("User", request.user), timezone.localdate())
    if asked.dataset:
        seen = seen.filter(dataset=asked.dataset)
    if asked.before is not None:
        seen = seen.filter(pk__lt=asked.before)
    rows = list(seen.order_by("-pk")[: _PAGE + 1])
    last = rows[_PAGE - 1].pk if len(rows) > _PAGE else None
    return {"rows": [_told(each) for each in rows[:_PAGE]], "next": last}


@router.get("/{number}", response=Received, operation_id="get_delivery")
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """One delivery by its number."""
    seen = deliveries_visible_to(cast("User", request.user), timezone.localdate())
    return _told(get_object_or_404(seen, pk=min(max(number, 0), _MOST)))


@router.get("/files/{number}", response=Handed, operation_id="get_file")
def handed(request: HttpRequest, number: int) -> dict[str, Any]:
    """What became of a file that was handed in."""
    seen = uploads_visible_to(cast("User", request.user), timezone.localdate())
    return _handed(get_object_or_404(seen, pk=min(max(number, 0), _MOST)))


@delivering.post("/{dataset}/files", response={201: Handed}, operation_id="deliver")
def deliver(
    request: HttpRequest,
    dataset: str,
    file: File[UploadedFile],
    as_of: Form[Day | None] = None,
) -> dict[str, Any]:
    """Hand in a file for a dataset; it is loaded by itself soon after.

    `as_of` is the day it speaks of, where its name does not say it.
    """
    office = intake.workspace()
    if dataset not in intake.own_datasets(office, cast("User", request.user), timezone.localdate()):
        raise Http404
    stored = intake.receive(
        office, dataset, file.name or "", cast("BinaryIO", file.file), by=cast("User", request.user), at=timezone.now(),
        as_of=as_of,
    )  # fmt: skip
    return _handed(stored)


def _told(delivery: Delivery) -> dict[str, Any]:
    plain = ("dataset", "title", "status", "source", "sha256", "as_of", "received_at", "rows", "loaded",
             "quarantined", "reasons", "held")  # fmt: skip
    return {"number": delivery.pk, **{name: getattr(delivery, name) for name in plain}}


def _handed(upload: Upload) -> dict[str, Any]:
    plain = ("dataset", "name", "sha256", "size", "state", "problem")
    return {"number": upload.pk, **{name: getattr(upload, name) for name in plain}}
