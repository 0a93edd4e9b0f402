"""Appending to the trail: in the transaction of the change, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from plumbline.trail.digest import leaf
from plumbline.trail.models import Entry, Unsealed

SYSTEM = "system"


class Actor(Protocol):
    """Whoever signs in; the trail knows them by that name alone."""

    def get_username(self) -> str: ...


class OutsideTransactionError(RuntimeError):
    """A programming fault: an act is written down in the transaction of the change it describes."""


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
        detail: JSON values that are needed to understand it; no record of a person, only pointers.

    Raises:
        OutsideTransactionError: called outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransactionError(
            f"{action} must be recorded in the transaction of the change it describes"
        )
    entry = Entry(
        at=at,
        actor=by.get_username() if by else SYSTEM,
        on_behalf=on_behalf.get_username() if on_behalf else "",
        action=action,
        subject=subject,
        reason=reason,
        detail=detail,
    )
    entry.digest = leaf(entry)
    entry.save(force_insert=True)
    Unsealed.objects.bulk_create([Unsealed(entry=entry)])
    return entry
