"""Departments are asked to correct data, and answer; what they deliver and upload is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.actions import Starting, start
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.delivery.models import (
    TICKET_FLOW,
    UPLOAD_FLOW,
    DataErrorTicket,
    Delivery,
    TicketParty,
    Upload,
    UploadState,
)
from plumbline.loop.delivery.policy import (
    right_to,
    right_to_accept,
    right_to_declare,
    right_to_provide,
)
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.trail.actions import record, record_reading
from plumbline.trail.numbers import without_numbers

#: Working days for an answer, counted anew each time a department is asked.
ANSWER_DAYS = 10
#: Rows that a ticket names; of more it says how many.
MOST_ROWS = 500


class TicketError(PlumblineError):
    """What was said of a ticket does not fit."""


# -- tickets -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a department is asked about.

    Attributes:
        key: what it is about: the same is asked once, whoever asks.
        rows: `dataset:batch-position`, as the engine names rows.
        count: how many rows there are, where more than `rows` are meant.
        body: the supervision body that asks.
        people: digests of whoever the rows are about.
    """

    key: str
    origin: DataErrorTicket.Origin
    dataset: str
    question: str
    unit: Unit | None
    rows: Sequence[str] = ()
    count: int = 0
    body: SupervisionBody | None = None
    people: frozenset[str] = frozenset()


@transaction.atomic
def ask(asked: Asked, *, by: User | None, at: datetime) -> DataErrorTicket:
    """Ask a department to check rows; asked before, the same ticket comes back unchanged.

    Args:
        by: who asks; None where the system does.

    Raises:
        TicketError: nothing is asked.
    """
    if not asked.question.strip():
        raise TicketError(Text("请写明要核对什么", "say what is to be checked"), where=asked.key)
    if known := DataErrorTicket.objects.filter(key=asked.key).first():
        return known
    try:
        with transaction.atomic():
            made = DataErrorTicket.objects.create(
                key=asked.key, origin=asked.origin, dataset=asked.dataset, unit=asked.unit,
                body=asked.body, question=without_numbers(asked.question.strip()), rows=list(asked.rows)[:MOST_ROWS],
                count=max(asked.count, len(asked.rows)), asked_by=by, asked_at=at,
            )  # fmt: skip
            TicketParty.objects.bulk_create(
                TicketParty(ticket=made, person=person) for person in sorted(asked.people)
            )
    except IntegrityError:  # asked at the same moment
        return DataErrorTicket.objects.get(key=asked.key)
    record("ticket.asked", subject=f"ticket:{made.pk}", by=by, at=at, dataset=made.dataset,
           origin=made.origin, rows=made.count, unit=made.unit_id or 0)  # fmt: skip
    start(f"ticket:{made.pk}", Starting("answer", ANSWER_DAYS), at=at)
    return made


@transaction.atomic
def answer(ticket: DataErrorTicket, text: str, *, by: User, at: datetime) -> DataErrorTicket:
    """Answer for the department: corrected and delivered anew, or correct as it is, and why."""
    held = right_to("answer", ticket, by=by, on=day_of(at))
    if not text.strip():
        raise TicketError(Text("请写明核对结果", "say what you found"), where=f"ticket:{ticket.pk}")
    return advance(
        TICKET_FLOW, ticket, "answer", by=by, on_behalf=held.on_behalf, at=at, answer=without_numbers(text.strip()),
        answered_by=by, answered_at=at,
    )  # fmt: skip


@transaction.atomic
def ask_again(ticket: DataErrorTicket, *, by: User, at: datetime, reason: str) -> DataErrorTicket:
    """The answer does not settle it; the department is asked anew, and its clock starts anew."""
    held = right_to("ask_again", ticket, by=by, on=day_of(at))
    return advance(
        TICKET_FLOW, ticket, "ask_again", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        starts=[Starting("answer", ANSWER_DAYS)],
    )  # fmt: skip


@transaction.atomic
def resolve(
    ticket: DataErrorTicket, *, by: User, at: datetime, reason: str = ""
) -> DataErrorTicket:
    """The data is corrected."""
    held = right_to("resolve", ticket, by=by, on=day_of(at))
    return advance(
        TICKET_FLOW, ticket, "resolve", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        detail={"batch": ticket.batch},
    )  # fmt: skip


@transaction.atomic
def refuse(ticket: DataErrorTicket, *, by: User, at: datetime, reason: str) -> DataErrorTicket:
    """The data was correct; the ticket ends with the reason."""
    held = right_to("refuse", ticket, by=by, on=day_of(at))
    return advance(
        TICKET_FLOW, ticket, "refuse", by=by, on_behalf=held.on_behalf, at=at, reason=reason
    )


@transaction.atomic
def touch(ticket: DataErrorTicket, batch: str, *, at: datetime) -> bool:
    """Mark that a later delivery made its rows others; False where that was seen before."""
    seen = DataErrorTicket.objects.filter(pk=ticket.pk, touched_at=None).update(
        touched_at=at, batch=batch
    )
    if seen:
        record("ticket.touched", subject=f"ticket:{ticket.pk}", by=None, at=at, batch=batch)
    return bool(seen)


@transaction.atomic
def renew(ticket: DataErrorTicket, rows: Sequence[str], count: int, *, at: datetime) -> None:
    """A later delivery says the same again: the ticket points to the rows as they are now."""
    if list(ticket.rows) == list(rows) and ticket.count == count:
        return
    ticket.rows, ticket.count = list(rows), count
    ticket.save(update_fields=["rows", "count"])
    record("ticket.renewed", subject=f"ticket:{ticket.pk}", by=None, at=at, rows=count)


@transaction.atomic
def hand_out(ticket: DataErrorTicket, *, by: User, at: datetime) -> None:
    """Write down that the rows of a ticket were taken away in clear, as the department delivered them."""
    record_reading(
        whom=[], where=f"ticket:{ticket.pk}", fields=["rows"], purpose="交报送部门核对",
        case=f"ticket:{ticket.pk}", by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def hand_out_quarantine(dataset: str, unit: Unit | None, *, by: User, at: datetime) -> None:
    """Write down that the rows in quarantine of a dataset were taken away in clear.

    Raises:
        NotYoursError: neither the department's provider nor who manages its data.
    """
    right_to_provide(by, unit, day_of(at))
    record_reading(
        whom=[], where=f"quarantine:{dataset}", fields=["rows"], purpose="交报送部门更正",
        case=f"quarantine:{dataset}", by=by, at=at,
    )  # fmt: skip


# -- deliveries ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Manifest:
    """What the store knows of a delivery, without any row of it."""

    batch: str
    dataset: str
    title: str
    unit: Unit | None
    status: Delivery.Status
    source: str
    sha256: str
    as_of: date
    received_at: datetime
    rows: int
    loaded: int
    quarantined: int
    reasons: Sequence[dict[str, Any]]
    held: Sequence[Sequence[str]]


@transaction.atomic
def take_in(manifests: Iterable[Manifest], *, at: datetime) -> int:
    """List deliveries that the store has; what is known already, and as it was, changes nothing.

    Returns:
        How many are new, or were let in since.
    """
    known = dict(Delivery.objects.values_list("batch", "status"))
    changed = 0
    for each in manifests:
        if known.get(each.batch) == each.status:
            continue
        values = {
            "dataset": each.dataset, "title": each.title[:200], "unit": each.unit, "status": each.status,
            "source": each.source[:300], "sha256": each.sha256, "as_of": each.as_of,
            "received_at": each.received_at, "rows": each.rows, "loaded": each.loaded,
            "quarantined": each.quarantined, "reasons": list(each.reasons),
            "held": [list(pair) for pair in each.held],
        }  # fmt: skip
        made, _ = Delivery.objects.update_or_create(batch=each.batch, defaults=values)
        record("delivery.taken_in", subject=f"delivery:{made.pk}", by=None, at=at, batch=each.batch,
               status=made.status, sha256=each.sha256, rows=each.rows, quarantined=each.quarantined)  # fmt: skip
        changed += 1
    return changed


@transaction.atomic
def accept(delivery: Delivery, *, by: User, at: datetime, reason: str) -> Delivery:
    """Let in a delivery that was held back whole; the worker then loads it as it was received.

    Raises:
        NotYoursError: they do not manage its data.
        TicketError: no reason is given.
        OutOfStepError: it is not held any more, or somebody let it in before.
    """
    held = right_to_accept(by, delivery, day_of(at))
    if not reason.strip():
        raise TicketError(Text("请写明放行的理由", "say why it is let in"), where=delivery.batch)
    changed = Delivery.objects.filter(
        pk=delivery.pk, status=Delivery.Status.HELD, accepted_at=None
    ).update(accepted_by=by, accepted_at=at, accept_reason=reason.strip())
    if changed != 1:
        raise OutOfStepError(
            Text("这次报送已放行，或不再暂扣", "it was let in before, or is not held any more"),
            where=f"delivery:{delivery.pk}",
        )
    record("delivery.accepted", subject=f"delivery:{delivery.pk}", by=by, on_behalf=held.on_behalf,
           at=at, reason=reason.strip(), batch=delivery.batch)  # fmt: skip
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def return_acceptance(delivery: Delivery, problem: Text, *, at: datetime) -> None:
    """What was let in could not be loaded: it is held again, and says why."""
    changed = Delivery.objects.filter(
        pk=delivery.pk, status=Delivery.Status.HELD, accepted_at__isnull=False
    ).update(
        accepted_by=None, accepted_at=None, accept_reason="", held=[*delivery.held, [*problem]]
    )
    if changed:
        record("delivery.returned", subject=f"delivery:{delivery.pk}", by=None, at=at, reason=problem.zh,
               batch=delivery.batch)  # fmt: skip


@transaction.atomic
def declare(upload: Upload, dataset: str, *, by: User, at: datetime, sha256: str) -> Upload:
    """Write down that a dataset was made of an uploaded file.

    Args:
        sha256: of the declaration, so that it can be told later which one was saved.
    """
    held = right_to_declare(by, day_of(at))
    return advance(
        UPLOAD_FLOW, upload, "declare", by=by, on_behalf=held.on_behalf, at=at, dataset=dataset,
        detail={"dataset": dataset, "declaration": sha256},
    )  # fmt: skip


@transaction.atomic
def discard(upload: Upload, *, by: User, at: datetime) -> Upload:
    """Make no dataset of an uploaded file."""
    held = right_to_declare(by, day_of(at))
    return advance(UPLOAD_FLOW, upload, "discard", by=by, on_behalf=held.on_behalf, at=at)


@transaction.atomic
def store_upload(  # noqa: PLR0913 -- all that an upload consists of
    dataset: str,
    unit: Unit | None,
    *,
    kind: Upload.Kind,
    name: str,
    file: str,
    sha256: str,
    size: int,
    by: User,
    at: datetime,
) -> Upload:
    """Write down that a file lies in the inbox, whole.

    Raises:
        NotYoursError: they do not provide for this unit.
        TicketError: the same content waits already.
    """
    sample = kind == Upload.Kind.SAMPLE
    held = right_to_declare(by, day_of(at)) if sample else right_to_provide(by, unit, day_of(at))
    try:
        with transaction.atomic():
            made = Upload.objects.create(
                dataset=dataset, unit=unit, kind=kind, name=name, file=file, sha256=sha256, size=size,
                by=by, at=at,
            )  # fmt: skip
    except IntegrityError:
        raise TicketError(
            Text("同样内容的文件已在等待装入", "a file with the same content waits already"),
            where=name,
        ) from None
    record("upload.stored", subject=f"upload:{made.pk}", by=by, on_behalf=held.on_behalf, at=at,
           dataset=dataset, name=name, sha256=sha256, size=size)  # fmt: skip
    return made


@transaction.atomic
def settle_upload(
    upload: Upload,
    to: UploadState,
    *,
    at: datetime,
    batch: str = "",
    problem: Text | None = None,
) -> Upload:
    """Write down what became of an uploaded file."""
    move = {UploadState.LOADED: "load", UploadState.HELD: "hold", UploadState.REFUSED: "refuse"}[to]
    told = [*problem] if problem else []
    return advance(
        UPLOAD_FLOW, upload, move, by=None, at=at, batch=batch, problem=told,
        reason=problem.zh if problem else "", detail={"batch": batch},
    )  # fmt: skip
