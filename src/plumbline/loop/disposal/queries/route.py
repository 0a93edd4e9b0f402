"""Where a warning goes by rule: staff-management authority, sector, region; and who works it jointly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from plumbline.loop.disposal.models import Disposal, StaffAuthority
from plumbline.loop.disposal.policy import can_sign, concerned
from plumbline.loop.warning.models import Level
from plumbline.org.models import SupervisionBody
from plumbline.org.queries import above, overseeing, oversights_on


@dataclass(frozen=True)
class Route:
    """A proposal: who works it, who joins, and by which rule."""

    body: SupervisionBody
    joint: tuple[SupervisionBody, ...]
    rule: str


def is_about_head(disposal: Disposal) -> bool:
    """Is somebody concerned who heads the unit it is about?"""
    unit = disposal.warning.unit
    return unit is not None and unit.head is not None and unit.head.person in concerned(disposal)


def by_staff_authority(disposal: Disposal, on: date) -> list[SupervisionBody]:
    """Of a unit's head: the body that the leaders of the unit answer to (干部管理权限)."""
    unit = disposal.warning.unit
    if unit is None or not is_about_head(disposal):
        return []
    steps = {pk: step for step, pk in enumerate(above(unit))}
    found = StaffAuthority.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=on), unit__in=steps, starts_on__lte=on
    ).select_related("body")
    return [each.body for each in sorted(found, key=lambda each: (steps[each.unit_id], each.pk))]


def by_sector(disposal: Disposal, on: date) -> list[SupervisionBody]:
    """The bodies named for what it is about, in the unit or above it."""
    unit, theme = disposal.warning.unit, disposal.warning.theme
    if unit is None or not theme:
        return []
    steps = {pk: step for step, pk in enumerate(above(unit))}
    found = oversights_on(on).filter(unit__in=steps, sector=theme).select_related("body")
    return [each.body for each in sorted(found, key=lambda each: (steps[each.unit_id], each.pk))]


def by_region(disposal: Disposal, on: date) -> list[SupervisionBody]:
    """The bodies that supervise the unit, the closest first; of an unknown unit, those of the region."""
    if disposal.warning.unit is not None:
        return overseeing(disposal.warning.unit, on)
    if not disposal.warning.region:
        return []
    found = oversights_on(on).filter(
        unit__region=disposal.warning.region, sector__in={"", disposal.warning.theme}
    ).select_related("body", "unit")  # fmt: skip
    ranked = sorted(found, key=lambda each: (len(each.unit.path), each.pk))
    return [each.body for each in ranked]


#: In this order; the first that finds a body decides.
RULES: dict[str, Callable[[Disposal, date], list[SupervisionBody]]] = {
    "staff_authority": by_staff_authority,
    "sector": by_sector,
    "region": by_region,
}


def route(disposal: Disposal, on: date) -> Route | None:
    """Where the rules send it; None where they find nobody who could sign for it.

    A red warning, and one about a unit's head, is worked jointly (室组地): one body of every other kind that
    supervises the unit joins.
    """
    for rule, find in RULES.items():
        able = (body for body in _with_above(find(disposal, on)) if can_sign(body, disposal, on))
        if body := next(able, None):
            return Route(body, joining(disposal, body, on), rule)
    return None


def joining(disposal: Disposal, body: SupervisionBody, on: date) -> tuple[SupervisionBody, ...]:
    """Who works it jointly with a body: the closest able one of every other kind."""
    if disposal.warning.unit is None:
        return ()
    if disposal.warning.level != Level.RED and not is_about_head(disposal):
        return ()
    kinds: dict[str, SupervisionBody] = {body.kind: body}
    for other in overseeing(disposal.warning.unit, on):
        if other.kind not in kinds and can_sign(other, disposal, on):
            kinds[other.kind] = other
    return tuple(each for each in kinds.values() if each != body)


def _with_above(bodies: list[SupervisionBody]) -> list[SupervisionBody]:
    """These, and after all of them the bodies above the first, where nobody in them may act."""
    ranked = list(bodies)
    step = bodies[0].above if bodies else None
    while step is not None and step not in ranked:
        ranked.append(step)
        step = step.above
    return ranked
