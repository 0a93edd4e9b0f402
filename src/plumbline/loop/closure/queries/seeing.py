"""Who sees what comes after a warning; a stranger sees nothing.

Officers see what is their bodies'; heads, dispatchers and those who count or write rules also what is of the
bodies below. Contacts of a unit see what was sent to it: letters once they are sent, what it is asked to put
right, campaigns it owns; never the problem's findings or the warning behind it.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from plumbline.loop.closure.models import (
    Attachment,
    Campaign,
    GovernanceProblem,
    Mechanism,
    Recommendation,
    Rectification,
)
from plumbline.loop.closure.policy import READERS
from plumbline.loop.disposal.models import Disposal
from plumbline.loop.disposal.queries.disposal import visible_to as visible_disposals
from plumbline.loop.warning.models import Party
from plumbline.org.models import Role, User
from plumbline.org.policy import Rights, rights_of
from plumbline.org.queries import keeps_out_of

Row = TypeVar("Row", bound=Model)
_BELOW = tuple(role for role in READERS if role is not Role.VERIFIER)


def bodies_seen(rights: Rights) -> frozenset[int]:
    """Whose problems, campaigns, letters and mechanisms somebody reads."""
    return rights.bodies(Role.VERIFIER) | rights.bodies_and_below(*_BELOW)


def problems(user: User, on: date) -> QuerySet[GovernanceProblem]:
    """Problems with a finding behind them that one of their bodies worked, alone or jointly."""
    bodies = bodies_seen(rights_of(user, on))
    if not bodies:
        return GovernanceProblem.objects.none()
    joined = Disposal.joint.through.objects.filter(supervisionbody__in=bodies).values("disposal")
    worked = GovernanceProblem.disposals.through.objects.filter(
        Q(disposal__body__in=bodies) | Q(disposal__in=joined), governanceproblem=OuterRef("pk")
    )
    return GovernanceProblem.objects.filter(Exists(worked))


def campaigns(user: User, on: date) -> QuerySet[Campaign]:
    rights = rights_of(user, on)
    owned = rights.within(Role.UNIT_CONTACT, unit="owner")
    return Campaign.objects.filter(Q(body__in=bodies_seen(rights)) | owned)


def recommendations(user: User, on: date) -> QuerySet[Recommendation]:
    rights = rights_of(user, on)
    sent = rights.within(Role.UNIT_CONTACT) & Q(sent_at__isnull=False)
    seen = Recommendation.objects.filter(Q(body__in=bodies_seen(rights)) | sent)
    return _not_about_them(seen, user, on)


def rectifications(user: User, on: date) -> QuerySet[Rectification]:
    rights = rights_of(user, on)
    asked = rights.within(Role.UNIT_CONTACT)
    seen = Rectification.objects.filter(Q(body__in=bodies_seen(rights)) | asked)
    return _not_about_them(seen, user, on)


def mechanisms(user: User, on: date) -> QuerySet[Mechanism]:
    bodies = bodies_seen(rights_of(user, on))
    return _not_about_them(Mechanism.objects.filter(body__in=bodies), user, on)


def attachments(user: User, on: date) -> QuerySet[Attachment]:
    """Files of what they see."""
    return Attachment.objects.filter(
        Q(item__campaign__in=campaigns(user, on))
        | Q(recommendation__in=recommendations(user, on))
        | Q(rectification__in=rectifications(user, on))
        | Q(mechanism__in=mechanisms(user, on))
    )


def findings_of(problem: GovernanceProblem, user: User, on: date) -> QuerySet[Disposal]:
    """The disposals behind a problem that somebody sees as disposals; the others are only counted."""
    return (
        visible_disposals(user, on)
        .filter(problems=problem)
        .select_related("warning", "warning__unit", "body")
        .order_by("pk")
    )


def grounds(user: User, on: date) -> QuerySet[Disposal]:
    """Disposals from which somebody can let a letter, a rectification or a mechanism follow."""
    return visible_disposals(user, on)


def _not_about_them(found: QuerySet[Row], user: User, on: date) -> QuerySet[Row]:
    """Without what rests on a warning about themself, their kin, or the head of their unit."""
    people = keeps_out_of(user, on)
    if not people:
        return found
    about = Party.objects.filter(warning=OuterRef("disposal__warning"), person__in=people)
    return found.filter(~Exists(about))
