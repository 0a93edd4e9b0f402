"""Leads (问题线索) are received, entered or imported by case management, and disposed of in one of four ways."""

from __future__ import annotations

import calendar
import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.actions import Starting, start
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.kit.letter.letter import document_number
from plumbline.loop.disposal.models import LEAD_FLOW, Disposal, Lead, LeadCounter, LeadState, State
from plumbline.loop.disposal.queries.lead import awaiting, must_keep, must_work, passed_on
from plumbline.loop.disposal.queries.ledger import Ledger, Rejected, Row
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.trail.actions import record, record_reading
from plumbline.trail.numbers import without_numbers

#: Within a month of its receipt there is an opinion on how a lead is disposed of.
MONTHS = 1


class LeadError(PlumblineError):
    """What was said of a lead does not fit; it says what is missing."""


@dataclass(frozen=True)
class Told:
    """What is known of a lead when it is received.

    Attributes:
        person: digest of whom it is about, where that is known.
        informant: who told of it; case management alone reads it.
    """

    title: str
    text: str
    unit: Unit | None = None
    person: str = ""
    informant: str = ""


@transaction.atomic
def receive_from_disposal(
    disposal: Disposal, told: Told, *, body: SupervisionBody, by: User, at: datetime
) -> Lead:
    """Take over what a closed disposal passed on (转问题线索); its finder keeps no part in it.

    Args:
        body: whose case management keeps it.

    Raises:
        NotYoursError: they do not belong to its case management.
        LeadError: it passed nothing on, it was received before, or who would receive it found it.
    """
    on = day_of(at)
    where = f"disposal:{disposal.pk}"
    held = must_keep(body, by=by, on=on, where=where)
    Disposal.objects.select_for_update().get(pk=disposal.pk)
    disposal.refresh_from_db()
    outcome = passed_on(disposal)
    if disposal.state != State.CLOSED or outcome is None:
        raise LeadError(
            Text("该处置没有移交线索，或尚未办结", "it passed no lead on, or is not closed"),
            where=where,
        )
    if Lead.objects.filter(disposal=disposal).exists():
        raise LeadError(Text("该线索已经接收", "it was received before"), where=where)
    if not awaiting(by, on).filter(pk=disposal.pk).exists():
        raise LeadError(
            Text("发现线索的人、须回避的人不得接收", "who found it, or has to stand aside, does not receive it"),
            where=where,
        )  # fmt: skip
    lead = _register(
        told, Lead.Origin.WARNING, body=body, by=by, at=at, disposal=disposal,
        found_by=outcome.found_by, key=_digest("disposal", disposal.pk, disposal.round),
    )  # fmt: skip
    record("lead.received", subject=f"lead:{lead.pk}", by=by, on_behalf=held.on_behalf, at=at,
           number=lead.number, disposal=disposal.pk)  # fmt: skip
    return lead


@transaction.atomic
def enter(
    told: Told, origin: Lead.Origin, *, body: SupervisionBody, by: User, at: datetime
) -> Lead:
    """Enter a lead by hand: letters and visits, or from elsewhere."""
    held = must_keep(body, by=by, on=day_of(at), where="lead")
    lead = _register(told, origin, body=body, by=by, at=at)
    record("lead.entered", subject=f"lead:{lead.pk}", by=by, on_behalf=held.on_behalf, at=at,
           number=lead.number, origin=lead.origin)  # fmt: skip
    return lead


@dataclass(frozen=True)
class Imported:
    """What became of a ledger's rows: each is accepted, there already, or rejected with its reason."""

    accepted: list[Lead]
    repeated: int
    rejected: list[Rejected]


@transaction.atomic
def import_ledger(ledger: Ledger, *, body: SupervisionBody, by: User, at: datetime) -> Imported:
    """Take an old ledger's rows in; the good part is kept, and the same row is never taken in twice.

    A row is known again by its number in the old ledger, or else by all that it says.
    """
    held = must_keep(body, by=by, on=day_of(at), where=ledger.file)
    accepted, repeated = [], 0
    for row in ledger.rows:
        key = _digest("ledger", body.pk, *row.identity)
        if Lead.objects.filter(key=key).exists():
            repeated += 1
            continue
        try:
            with transaction.atomic():
                lead = _from_row(row, key, body=body, by=by, at=at)
        except IntegrityError:  # another import had it first
            repeated += 1
            continue
        record("lead.imported", subject=f"lead:{lead.pk}", by=by, on_behalf=held.on_behalf, at=at,
               number=lead.number, file=ledger.file, sheet=row.sheet, line=row.line)  # fmt: skip
        accepted.append(lead)
    record("ledger.imported", subject=f"ledger:{ledger.sha256}", by=by, on_behalf=held.on_behalf, at=at,
           file=ledger.file, accepted=len(accepted), repeated=repeated,
           rejected=len(ledger.rejected))  # fmt: skip
    return Imported(accepted, repeated, ledger.rejected)


def _from_row(row: Row, key: str, *, body: SupervisionBody, by: User, at: datetime) -> Lead:
    told = Told(row.title, row.text, row.unit, row.person, row.informant)
    source = {"file": row.file, "sheet": row.sheet, "line": row.line, "number": row.old_number,
              "received": row.received}  # fmt: skip
    return _register(
        told, row.origin, body=body, by=by, at=at, key=key, way=row.way,
        source={name: value for name, value in source.items() if value},
    )  # fmt: skip


@transaction.atomic
def dispose(lead: Lead, way: Lead.Way, *, by: User, at: datetime, reason: str = "") -> Lead:
    """Decide on one of the four ways; the clock of one month ends."""
    held = must_work(lead, by=by, on=day_of(at))
    return advance(
        LEAD_FLOW, lead, "dispose", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        detail={"way": Lead.Way(way).value}, way=Lead.Way(way), disposed_at=at,
    )  # fmt: skip


@transaction.atomic
def change_way(lead: Lead, way: Lead.Way, *, by: User, at: datetime, reason: str) -> Lead:
    """Take another of the four ways, such as a preliminary verification of what was kept for later."""
    held = must_work(lead, by=by, on=day_of(at))
    if way == lead.way:
        raise LeadError(Text("处置方式没有变化", "it is the same way"), where=f"lead:{lead.pk}")
    return advance(
        LEAD_FLOW, lead, "change_way", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        provided=Q(way=lead.way), detail={"way": Lead.Way(way).value, "before": lead.way},
        way=Lead.Way(way), disposed_at=at,
    )  # fmt: skip


@transaction.atomic
def conclude(lead: Lead, result: str, *, by: User, at: datetime) -> Lead:
    """End it with its result, which is the reason on the trail too."""
    held = must_work(lead, by=by, on=day_of(at))
    return advance(
        LEAD_FLOW, lead, "conclude", by=by, on_behalf=held.on_behalf, at=at, reason=result,
        result=without_numbers(result.strip()), concluded_at=at,
    )  # fmt: skip


@transaction.atomic
def assign(lead: Lead, body: SupervisionBody, *, by: User, at: datetime, reason: str = "") -> Lead:
    """Pass it on to the body that carries the way out; its heads read it, case management keeps it."""
    held = must_work(lead, by=by, on=day_of(at))
    move = "assign" if lead.state == LeadState.RECEIVED else "pass_on"
    return advance(
        LEAD_FLOW, lead, move, by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        detail={"body": body.pk}, assigned_to=body,
    )  # fmt: skip


def read_text(lead: Lead, *, by: User, at: datetime) -> str:
    """What a lead says, for whoever sees it; that they read it is on the trail."""
    record_reading(
        whom=[lead.person] if lead.person else [], where=f"lead:{lead.pk}", fields=["text"],
        purpose="办理问题线索", case=lead.number, by=by, at=at,
    )  # fmt: skip
    return lead.text


def read_informant(lead: Lead, *, by: User, at: datetime, reason: str) -> str:
    """Who told of it: for case management alone, with a reason, on the trail.

    Raises:
        NotYoursError: they do not work this lead.
        PurposeMissingError: no reason.
    """
    held = must_work(lead, by=by, on=day_of(at))
    record_reading(
        whom=[], where=f"lead:{lead.pk}", fields=["informant"], purpose=reason, case=lead.number,
        by=by, on_behalf=held.on_behalf, at=at,
    )  # fmt: skip
    return lead.informant


# -- numbers -------------------------------------------------------------------------------------


def _register(  # noqa: PLR0913 -- all that a lead is made of
    told: Told,
    origin: Lead.Origin,
    *,
    body: SupervisionBody,
    by: User,
    at: datetime,
    disposal: Disposal | None = None,
    found_by: User | None = None,
    key: str | None = None,
    way: str = "",
    source: dict[str, object] | None = None,
) -> Lead:
    title, text = without_numbers(told.title.strip()), without_numbers(told.text.strip())
    if not title or not text:
        raise LeadError(Text("请写明标题和内容", "say what it is, in title and text"), where="lead")
    year, serial = _next_number(body, day_of(at).year)
    lead = Lead.objects.create(
        number=document_number(body.name, year, serial), year=year, serial=serial, origin=origin,
        disposal=disposal, body=body, unit=told.unit, person=told.person, title=title, text=text,
        informant=told.informant.strip(), way=way, found_by=found_by, received_at=at, received_by=by,
        key=key, source=source or {}, state=LeadState.DISPOSED if way else LeadState.RECEIVED,
        disposed_at=at if way else None,
    )  # fmt: skip
    if not way:
        start(f"lead:{lead.pk}", Starting("lead", until=month_after(day_of(at))), at=at)
    return lead


def _next_number(body: SupervisionBody, year: int) -> tuple[int, int]:
    """The next serial number; whoever comes at once waits for this transaction, so that none is left out."""
    LeadCounter.objects.get_or_create(body=body, year=year)
    counter = LeadCounter.objects.filter(body=body, year=year)
    counter.update(last=F("last") + 1)
    return year, counter.get().last


def month_after(day: date, months: int = MONTHS) -> date:
    """The same day of a later month, or its last one (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
