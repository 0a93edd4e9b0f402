"""Which exports somebody sees, which wait for them, and what a list holds at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q, QuerySet

from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.exporting.models import (
    MOST_IN_CLEAR,
    MOST_ROWS,
    RUNNING,
    WAITING,
    Export,
)
from plumbline.loop.disposal.exporting.policy import (
    covered_by,
    may_ask,
    readable,
    right_to_approve,
)
from plumbline.loop.disposal.models import REVIEWERS, Disposal
from plumbline.loop.disposal.queries.disposal import visible_to as disposals_visible_to
from plumbline.loop.disposal.queries.inbox import Wanted, chosen, page, states_of
from plumbline.org.models import User
from plumbline.org.policy import NotYoursError, rights_of


def listed(
    user: User, wanted: Wanted, at: datetime, *, in_clear: bool
) -> tuple[list[Disposal], bool]:
    """The disposals of a list as it stands, in its order, as many as one export holds; and are there more?

    Args:
        in_clear: those alone whose evidence they may ask to see in clear.
    """
    on, most = day_of(at), MOST_IN_CLEAR if in_clear else MOST_ROWS
    found = chosen(user, wanted, at)
    if in_clear:
        found = found.filter(pk__in=readable(user, on).values("pk"))
    shown = page(found, wanted, size=most, states=states_of(user, wanted, on))
    return shown.rows, bool(shown.after)


def visible_to(user: User, on: date) -> QuerySet[Export]:
    """One's own, those that one decided about, and those with names that one could approve; a stranger none."""
    seen = Q(pk__in=())
    if may_ask(user, on):
        seen |= Q(asked_by=user.pk)
    if rights_of(user, on).has(*REVIEWERS):
        seen |= covered_by(user, on) & Q(in_clear=True)
    return Export.objects.filter(seen)


def waiting_for(user: User, on: date) -> QuerySet[Export]:
    """Those that they can let go or refuse; never their own."""
    if not rights_of(user, on).has(*REVIEWERS):
        return Export.objects.none()
    open_ = Export.objects.filter(in_clear=True, state__in=WAITING)
    others = open_.exclude(asked_by=user.pk).exclude(first_by=user.pk).exclude(first_for=user.pk)
    # Every page of a reviewer asks; mostly there is none, and the long question need not be put.
    return others.filter(covered_by(user, on)) if others.exists() else others.none()


def may_approve(export: Export, user: User, at: datetime) -> bool:
    if export.state not in WAITING or not export.in_clear or not export.runs_at(at):
        return False
    try:
        right_to_approve(export, user, day_of(at))
    except NotYoursError:
        return False
    return True


def rows_of(export: Export, user: User, at: datetime) -> list[Disposal]:
    """What is left of a list for somebody at this moment, in the order in which it was asked for."""
    on = day_of(at)
    seen = disposals_visible_to(user, on)
    if export.in_clear:
        seen = seen.filter(pk__in=readable(user, on).values("pk"))
    places = dict(export.lines.values_list("disposal", "place"))
    found = seen.filter(pk__in=export.lines.values("disposal")).select_related("warning", "body")
    return sorted(found, key=lambda each: places[each.pk])


def lapsed(at: datetime) -> Sequence[Export]:
    """Those whose time has run out while nobody acted."""
    return list(Export.objects.filter(state__in=RUNNING, expires_at__lte=at).order_by("pk"))
