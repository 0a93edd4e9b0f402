"""Appending to the trail: in the transaction of the change, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import get_default_timezone, localtime

from plumbline.errors import PlumblineError, Text
from plumbline.trail.digest import canonical, hash_by, must_be_plain, written
from plumbline.trail.heads import moment
from plumbline.trail.models import Entry, Reading
from plumbline.trail.numbers import without_numbers
from plumbline.trail.tree import leaf_of

SYSTEM = "system"
READ = "personal_data.read"


class Actor(Protocol):
    """Whoever signs in; the trail knows them by that name alone."""

    def get_username(self) -> str: ...


class OutsideTransactionError(RuntimeError):
    """A programming fault: an act is written down in the transaction of the change it describes."""


class PurposeMissingError(PlumblineError):
    """Personal data is shown to whoever says what for."""


def record(
    action: str,
    *,
    subject: str,
    by: Actor | None,
    at: datetime,
    reason: str = "",
    on_behalf: Actor | None = None,
    **detail: Any,
) -> Entry:
    """Append who did what, when and why.

    Args:
        action: `noun.past_tense`.
        subject: what it was done to, as `noun:id`.
        by: who acted; None where the system did.
        on_behalf: whose work a deputy does.
        reason: in their words; citizen numbers in it are hidden.
        detail: what is needed to understand it: text, whole numbers, lists and dicts of them; no record of
            a person, only pointers. Shares and times are written as text.

    Raises:
        OutsideTransactionError: called outside a transaction.
        NotCanonicalError: the detail would not read the same everywhere.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError(
            f"{action} must be recorded in the transaction of the change it describes"
        )
    entry = Entry(
        at=at,
        actor=by.get_username() if by else SYSTEM,
        on_behalf=on_behalf.get_username() if on_behalf else "",
        action=action,
        subject=subject,
        reason=without_numbers(reason),
        detail=detail,
    )
    must_be_plain([entry.actor, entry.on_behalf, action, subject, entry.reason, detail], action)
    _insert(entry)
    return entry


def record_once_a_day(action: str, *, subject: str, by: Actor, at: datetime) -> bool:
    """As `record`, of what somebody does again and again, such as looking; False where the day has it already."""
    begin = localtime(at, get_default_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)
    seen = Entry.objects.filter(
        subject=subject, actor=by.get_username(), action=action, at__gte=begin
    )
    if seen.exists():
        return False
    record(action, subject=subject, by=by, at=at)
    return True


def content_of(entry: Entry) -> bytes:
    """What an entry says, as it is hashed."""
    return canonical({
        "action": entry.action,
        "actor": entry.actor,
        "at": moment(entry.at),
        "detail": entry.detail,
        "entry": entry.pk,
        "on_behalf": entry.on_behalf,
        "reason": entry.reason,
        "subject": entry.subject,
    })  # fmt: skip


def _insert(entry: Entry) -> None:
    """Number, digest and row: two small statements, since every act of everybody waits for them."""
    with connection.cursor() as cursor:
        # The number is part of what is hashed, so it is known before the row is there.
        cursor.execute(_next_number(connection.vendor))
        [entry.pk] = cursor.fetchone()
        entry.digest = leaf_of(hash_by(settings.TRAIL_DIGEST), content_of(entry))
        cursor.execute(
            _INSERT,
            [
                entry.pk, connection.ops.adapt_datetimefield_value(entry.at), entry.actor, entry.on_behalf,
                entry.action, entry.subject, entry.reason, written(entry.detail), entry.digest,
            ],
        )  # fmt: skip
    entry._state.adding, entry._state.db = False, connection.alias  # noqa: SLF001 -- as Django's own save does


_INSERT = """
    INSERT INTO trail_entry (id, at, actor, on_behalf, action, subject, reason, detail, digest)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@cache
def _next_number(vendor: str) -> str:
    """SQL of the number of the next entry."""
    if vendor == "sqlite":
        # A transaction that writes holds SQLite's only lock, so that nobody else takes the same.
        return (
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'trail_entry'), 0) + 1"
        )
    with connection.cursor() as cursor:  # once a process: PostgreSQL looks long for the name
        cursor.execute("SELECT pg_get_serial_sequence('trail_entry', 'id')")
        [sequence] = cursor.fetchone()
    return f"SELECT nextval('{sequence}')"


def record_reading(  # noqa: PLR0913 -- who, whom, where, what, why, by which file, when
    *,
    whom: Sequence[str],
    where: str,
    fields: Sequence[str],
    purpose: str,
    case: str,
    by: Actor,
    at: datetime,
    on_behalf: Actor | None = None,
) -> Entry:
    """Write down that somebody is about to be shown personal data: once for a page and a purpose.

    It opens a transaction of its own, since nothing else changes; call it before anything is shown.

    Args:
        whom: digests of all persons on the page.
        where: which page, as the `noun:id` it is about.
        fields: what of them is shown in clear, such as `name`, `number`.
        purpose: why, in the reader's words.
        case: number of the file for which it is needed.

    Raises:
        PurposeMissingError: purpose or case is empty.
    """
    if not purpose.strip() or not case.strip():
        raise PurposeMissingError(
            Text("请写明用途和案卷号", "say the purpose and the number of the file"), where=where
        )
    people = sorted(set(whom))
    with transaction.atomic():
        entry = record(
            READ, subject=where, by=by, at=at, reason=purpose.strip(), on_behalf=on_behalf,
            whom=people, fields=sorted(set(fields)), case=case.strip(),
        )  # fmt: skip
        Reading.objects.bulk_create(Reading(entry=entry, whom=person) for person in people)
    return entry
