"""Units, bodies and people: who supervises whom, who is called what, and who may see them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import get_default_timezone

from plumbline.org.models import (
    ADMINISTRATORS,
    UNIT_ROLES,
    Grant,
    Oversight,
    Role,
    SupervisionBody,
    Unit,
    User,
)
from plumbline.org.policy import Rights, once, rights_of
from plumbline.trail.actions import READ
from plumbline.trail.models import Entry

#: Those who keep the office's books of people and places, and have no part in warnings.
_BOOKKEEPERS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)


def subtree(unit: Unit) -> QuerySet[Unit]:
    """The unit and all below it."""
    return Unit.objects.filter(path__startswith=unit.path) if unit.path else _none(unit)


def _none(unit: Unit) -> QuerySet[Unit]:
    return Unit.objects.filter(pk=unit.pk)  # not in the tree yet: itself alone


def above(unit: Unit) -> list[int]:
    """Identifiers of the unit and of all above it, nearest first."""
    return [int(part) for part in reversed(unit.path.split("/")) if part] or [unit.pk]


def overseeing(unit: Unit, on: date, sector: str | None = None) -> list[SupervisionBody]:
    """The bodies that supervise a unit on a day, the closest first.

    Closest is who supervises the lowest unit at or above it; of two, who supervises its sector by name.

    Args:
        sector: of the matter at hand; the unit's own without it.
    """
    return once(("overseeing", unit.pk, on, sector), lambda: _overseeing(unit, on, sector))


def _overseeing(unit: Unit, on: date, sector: str | None) -> list[SupervisionBody]:
    steps = {pk: step for step, pk in enumerate(above(unit))}
    wanted = unit.sector if sector is None else sector
    found = (
        oversights_on(on)
        .filter(unit__in=steps, sector__in={"", wanted})
        .select_related("body")
        .order_by("pk")
    )
    ranked = sorted(found, key=lambda each: (steps[each.unit_id], each.sector == ""))
    return list(dict.fromkeys(each.body for each in ranked))


def oversights_on(day: date) -> QuerySet[Oversight]:
    """Which bodies supervise which units on a day."""
    return Oversight.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)


def overseen(bodies: Iterable[int], on: date, unit: str = "unit") -> Q:
    """Condition that a row's unit is supervised by one of the bodies; nothing where there are none.

    Args:
        unit: how the row names its unit; empty if the row is a unit.
    """
    prefix = f"{unit}__" if unit else ""
    inside = Q(pk__in=())
    watched = oversights_on(on).filter(body__in=list(bodies)).exclude(unit__path="")
    for path, sector in set(watched.values_list("unit__path", "sector")):
        place = Q(**{f"{prefix}path__startswith": path})
        inside |= place & Q(**{f"{prefix}sector": sector}) if sector else place
    return inside


# -- names ---------------------------------------------------------------------------------------


def normal_name(name: str) -> str:
    """A unit's name as it is compared: plain width, no spaces, one case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def units_by_name() -> dict[str, int]:
    """Identifier of every unit by its normal name and its former ones, in one query.

    A name that two units share finds neither, unless it is the present name of one of them.
    """
    present: dict[str, set[int]] = {}
    former: dict[str, set[int]] = {}
    for pk, name, others in Unit.objects.values_list("pk", "name", "former_names"):
        present.setdefault(normal_name(name), set()).add(pk)
        for other in others:
            former.setdefault(normal_name(other), set()).add(pk)
    return {
        name: next(iter(units))
        for name, units in (former | present).items()
        if name and len(units) == 1
    }


def unit_named(name: str) -> Unit | None:
    """The one unit that is or was called so; None where there is none, or more than one."""
    found = units_by_name().get(normal_name(name))
    return Unit.objects.filter(pk=found).first() if found else None


# -- heads ---------------------------------------------------------------------------------------


def heads(unit: Unit) -> list[User]:
    """Who heads the unit and the units above it, nearest first; those who may still sign in."""
    places = above(unit)
    found = Unit.objects.filter(pk__in=places, head__is_active=True).select_related("head")
    ranked = sorted(found, key=lambda each: places.index(each.pk))
    return list(dict.fromkeys(each.head for each in ranked if each.head))


def keeps_out_of(user: User, on: date) -> frozenset[str]:
    """Digests of persons whose warnings somebody has no part in, and does not even see.

    Themself, kin, those of whom they stand in for (`Rights.barred`), and whoever heads the unit that one
    of them works in, or a unit above it: a warning about a unit's head is nothing for their own people.
    """
    return once(("keeps out of", user.pk, on), lambda: _keeps_out_of(user, on))


def _keeps_out_of(user: User, on: date) -> frozenset[str]:
    rights = rights_of(user, on)
    staff = [user, *rights.acts_for]
    units = Unit.objects.filter(pk__in={each.unit_id for each in staff if each.unit_id})
    return rights.barred | {head.person for unit in units for head in heads(unit) if head.person}


# -- who may see them ----------------------------------------------------------------------------


def visible_units(user: User, on: date) -> QuerySet[Unit]:
    """Administrators of accounts and grants see all; officers what their bodies supervise; others their own."""
    rights = rights_of(user, on)
    if rights.has(*_BOOKKEEPERS):
        return Unit.objects.all()
    return Unit.objects.filter(
        overseen(rights.bodies(), on, unit="")
        | rights.within(*UNIT_ROLES, unit="")
        | Q(pk=user.unit_id)
    )


def visible_bodies(user: User, on: date) -> QuerySet[SupervisionBody]:
    """Whoever works in a body may know the others: they hand work on to each other."""
    rights = rights_of(user, on)
    if rights.has(*_BOOKKEEPERS) or rights.bodies():
        return SupervisionBody.objects.all()
    return SupervisionBody.objects.none()


def visible_users(user: User, on: date) -> QuerySet[User]:
    """Administrators of accounts and grants see all; officers those of their bodies; everybody themself."""
    rights = rights_of(user, on)
    if rights.has(*_BOOKKEEPERS):
        return User.objects.all()
    colleagues = Grant.objects.on(on).filter(body__in=rights.bodies()).values("user")
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=colleagues))


def members(role: Role, body: SupervisionBody, on: date) -> QuerySet[User]:
    """Who has a role in a body on a day, by their own grant."""
    granted = Grant.objects.on(on).filter(role=role, body=body).values("user")
    return User.objects.filter(pk__in=granted, is_active=True).order_by("name", "pk")


def acting(role: Role, body: SupervisionBody, on: date) -> list[User]:
    """Who can act in a role in a body on a day: its members, and those who stand in for them."""
    return once(("acting", role, body.pk, on), lambda: _acting(role, body, on))


def _acting(role: Role, body: SupervisionBody, on: date) -> list[User]:
    own = list(members(role, body, on))
    deputies = User.objects.filter(
        stands_in_for__principal__in=own,
        stands_in_for__starts_on__lte=on,
        stands_in_for__ends_on__gte=on,
        stands_in_for__withdrawn_at=None,
        is_active=True,
    )
    candidates = dict.fromkeys([*own, *deputies.distinct().order_by("name", "pk")])
    return [user for user in candidates if _acts(rights_of(user, on), role, body)]


def _acts(rights: Rights, role: Role, body: SupervisionBody) -> bool:
    return rights.holding(role, body=body) is not None


def is_administrator(user: User, on: date) -> bool:
    """Is it one of the three, or will it be on a later day?"""
    return (
        Grant.objects.filter(user=user, role__in=ADMINISTRATORS, withdrawn_at=None)
        .filter(Q(ends_on=None) | Q(ends_on__gte=on))
        .exists()
    )


# -- what was done -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """Something that was done, as a page tells it.

    Attributes:
        by: name of whoever did it; empty where nobody did.
        times: how often they looked that day, for the same purpose; 1 of every other act.
    """

    says: str
    by: str
    at: datetime
    reason: str
    times: int = 1


def acts_on(subject: str, says: Mapping[str, str], most: int = 50) -> list[Act]:
    """What was done to something, the newest first; somebody who looks again and again is told of once a day.

    Args:
        subject: as the trail names it.
        says: what the trail calls an act -> what people call it.
    """
    entries = list(Entry.objects.filter(subject=subject).order_by("-pk")[:most])
    named = User.objects.filter(username__in={entry.actor for entry in entries})
    names, zone = dict(named.values_list("username", "name")), get_default_timezone()
    found: list[Act] = []
    last: tuple[str, ...] = ()
    for entry in entries:
        look = (entry.action, entry.actor, entry.reason, f"{entry.at.astimezone(zone):%Y-%m-%d}")
        if entry.action == READ and look == last:
            found[-1] = replace(found[-1], times=found[-1].times + 1)
        else:
            by = names.get(entry.actor, "")
            found.append(Act(says.get(entry.action, entry.action), by, entry.at, entry.reason))
        last = look
    return found
