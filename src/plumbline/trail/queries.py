"""Reading the trail: what happened to something, who did what, who looked at whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from plumbline.trail.models import Entry, Leaf, Reading, TreeHead, Unsealed


def history(*subjects: str) -> QuerySet[Entry]:
    """What happened to something, in order; to several things where a page shows them as one."""
    return Entry.objects.filter(subject__in=subjects).order_by("pk")


@dataclass(frozen=True)
class Wanted:
    """What to look for; what is left empty is not asked.

    Attributes:
        action: `warning.signed_for`, or `warning.` for all that was done to warnings.
        since, until: of the act; `until` is no longer part of it.
        whom: digest of a person whose data was read.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    whom: str = ""


def search(
    among: QuerySet[Entry], wanted: Wanted, *, before: int | None = None, most: int = 50
) -> list[Entry]:
    """The newest acts first.

    Args:
        among: those that may be seen (`policy.visible_to`).
        before: the number at which the page before ended.
    """
    found = among.order_by("-pk")
    if wanted.actor:
        found = found.filter(actor=wanted.actor)
    if wanted.action.endswith("."):
        # As a range, which an index serves in any collation that orders ASCII as it is.
        found = found.filter(action__gte=wanted.action, action__lt=f"{wanted.action[:-1]}/")
    elif wanted.action:
        found = found.filter(action=wanted.action)
    if wanted.subject:
        found = found.filter(subject=wanted.subject)
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    if wanted.whom:
        found = found.filter(pk__in=Reading.objects.filter(whom=wanted.whom).values("entry_id"))
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:most])


def readings_of(whom: str) -> QuerySet[Entry]:
    """Who looked at somebody's personal data, newest first."""
    of_them = Reading.objects.filter(whom=whom).values("entry_id")
    return Entry.objects.filter(pk__in=of_them).order_by("-pk")


def positions(entries: Sequence[Entry]) -> dict[int, int]:
    """Number -> place in the tree, of those that are sealed."""
    numbers = [entry.pk for entry in entries]
    sealed = Leaf.objects.filter(entry_id__in=numbers)
    return dict(sealed.values_list("entry_id", "position"))


@dataclass(frozen=True)
class Standing:
    """How far sealing and sending outside have come.

    Attributes:
        waiting: entries in the sealer's queue, and since when the first of them waits.
        anchored: rows up to the last head that every place has.
    """

    sealed: int
    sealed_at: datetime | None
    anchored: int
    anchored_at: datetime | None
    waiting: int
    waiting_since: datetime | None


def standing() -> Standing:
    last = TreeHead.objects.order_by("-size").first()
    outside = TreeHead.objects.filter(anchored_at__isnull=False).order_by("-size").first()
    first = Unsealed.objects.order_by("entry_id").select_related("entry").first()
    return Standing(
        sealed=last.size if last else 0,
        sealed_at=last.at if last else None,
        anchored=outside.size if outside else 0,
        anchored_at=outside.anchored_at if outside else None,
        waiting=Unsealed.objects.count(),
        waiting_since=first.entry.at if first else None,
    )
