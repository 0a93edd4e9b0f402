"""Who takes lists away, and who lets a list with names go: two others who may review every disposal of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from plumbline.errors import Text
from plumbline.loop.disposal.exporting.models import Export, Line
from plumbline.loop.disposal.models import REVIEWERS, Disposal, Verifier
from plumbline.loop.disposal.policy import LISTING
from plumbline.loop.disposal.queries.disposal import not_barred, of_bodies
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, Rights, rights_of


def may_ask(user: User, on: date) -> bool:
    return rights_of(user, on).has(*LISTING)


def right_to_ask(user: User, on: date) -> Holding:
    """By which right somebody asks for a list.

    Raises:
        NotYoursError: they have none.
    """
    held = rights_of(user, on).holding(*LISTING)
    if held is None:
        raise NotYoursError(Text("这不是您的职责", "this is not your part"), where="export")
    return held


def readable(user: User, on: date) -> QuerySet[Disposal]:
    """Disposals whose evidence somebody may ask to see in clear (`disposal.policy.may_read`), as a list."""
    rights = rights_of(user, on)
    seats = Verifier.objects.filter(user=user.pk, released_at=None).values("disposal")
    verified = of_bodies(rights.bodies(Role.VERIFIER)) & Q(pk__in=seats)
    return not_barred(
        Disposal.objects.filter(of_bodies(rights.bodies_and_below(*REVIEWERS)) | verified), user, on
    )


def reviewable(user: User, on: date) -> QuerySet[Disposal]:
    """Disposals that they review, and that are about nobody who keeps them out."""
    return _reviewed_by(rights_of(user, on).bodies_and_below(*REVIEWERS), user, on)


def _reviewed_by(bodies: frozenset[int], user: User, on: date) -> QuerySet[Disposal]:
    return not_barred(Disposal.objects.filter(of_bodies(bodies)), user, on)


def covered_by(user: User, on: date) -> Q:
    """Condition on an export: that all disposals of its list are theirs to review."""
    other = Line.objects.filter(export=OuterRef("pk")).exclude(
        disposal__in=reviewable(user, on).values("pk")
    )
    return ~Q(Exists(other))


def right_to_approve(export: Export, user: User, on: date) -> User | None:
    """For whom they approve: nobody but themself, or somebody whom they stand in for.

    Raises:
        NotYoursError: they asked for it, approved it already, or stand in for whoever did; or a disposal of
            the list is not theirs to review, or about somebody near them.
    """
    rights = rights_of(user, on)
    taken = {export.asked_by_id, export.first_by_id, export.first_for_id} - {None}
    asker = rights_of(export.asked_by, on)
    if user.pk not in taken and user not in asker.acts_for:
        for principal in (None, *rights.acts_for):
            free = principal is None or principal.pk not in taken
            if free and _covers(export, rights, principal, user, on):
                return principal
    raise NotYoursError(
        Text("须由另外两人批准，且全部预警都归其审核", "two others approve, who review every warning of the list"),
        where=f"export:{export.pk}",
    )  # fmt: skip


def _covers(export: Export, rights: Rights, principal: User | None, user: User, on: date) -> bool:
    held = tuple(each for each in rights.holdings if each.on_behalf in (None, principal))
    bodies = replace(rights, holdings=held).bodies_and_below(*REVIEWERS)
    theirs = _reviewed_by(bodies, user, on).values("pk")
    return not Line.objects.filter(export=export).exclude(disposal__in=theirs).exists()
