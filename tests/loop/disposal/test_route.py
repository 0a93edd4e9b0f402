"""Where the rules send a warning: staff-management authority, sector, region; and what they leave to a person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from plumbline.loop.disposal.actions.dispatch import (
    decline,
    dispatch_all_by_rule,
    dispatch_by_rule,
)
from plumbline.loop.disposal.models import Disposal, StaffAuthority, State
from plumbline.loop.disposal.queries.route import route
from plumbline.org.models import BodyKind, Oversight, Role, SupervisionBody, Unit, User
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

HEAD = "f" * 64


def headed(unit: Unit) -> User:
    """Somebody heads the unit; their digest is `HEAD`."""
    made = people.user("director", "局长", works_at=unit)
    made.person = HEAD
    made.save()
    unit.head = made
    unit.save()
    return made


def sent(case: Disposal) -> tuple[str, SupervisionBody, list[SupervisionBody]] | None:
    found = route(case, TODAY)
    return (found.rule, found.body, list(found.joint)) if found else None


def test_the_closest_body_works_it_and_of_a_red_one_the_other_kinds_join(cast: Any) -> None:
    assert sent(warned.disposal(cast)) == ("region", cast.group, [])
    assert sent(warned.disposal(cast, level="red")) == ("region", cast.group, [cast.office])


def test_a_body_named_for_the_matter_comes_before_those_of_the_place(cast: Any) -> None:
    welfare = SupervisionBody.objects.create(name="民生监督室", kind=BodyKind.OFFICE)
    people.user("welfare_head", "民生室主任", Role.OFFICE_HEAD, body=welfare)
    Oversight.objects.create(
        body=welfare, unit=cast.city, sector="benefits", starts_on=date(2025, 1, 1)
    )
    case = warned.disposal(cast, unit=cast.county_civil, theme="benefits")
    assert sent(case) == ("sector", welfare, [])
    Oversight.objects.filter(body=welfare).update(ends_on=TODAY - timedelta(days=1))
    people.user("local_head", "县纪委主任", Role.OFFICE_HEAD, body=cast.locality)
    assert sent(case) == ("region", cast.locality, [])


def test_a_unit_s_head_answers_to_whoever_manages_the_staff(cast: Any) -> None:
    headed(cast.industry)
    StaffAuthority.objects.create(body=cast.office, unit=cast.city, starts_on=date(2025, 1, 1))
    assert sent(warned.disposal(cast)) == ("region", cast.group, [])
    assert sent(warned.disposal(cast, HEAD)) == ("staff_authority", cast.office, [cast.group])


def test_it_goes_above_where_nobody_in_the_body_may_act(cast: Any) -> None:
    headed(cast.industry)
    User.objects.filter(pk=cast.group_head.pk).update(unit=cast.industry)  # answers to that head
    assert sent(warned.disposal(cast, HEAD)) == ("region", cast.office, [])


def test_a_unit_that_nobody_knows_goes_by_the_region_or_waits(cast: Any) -> None:
    known = warned.disposal(cast, unit=None, supervised="某厂", region="380381")
    people.user("local_head", "县纪委主任", Role.OFFICE_HEAD, body=cast.locality)
    assert sent(known) == ("region", cast.locality, [])
    for region in ("", "389999"):
        assert sent(warned.disposal(cast, unit=None, supervised="某厂", region=region)) is None


def test_what_the_rules_cannot_place_waits_for_a_person(cast: Any) -> None:
    placed = warned.disposal(cast)
    lost = warned.disposal(cast, unit=None, supervised="某厂", region="")
    assert dispatch_all_by_rule(at=NOW) == (1, 1)
    assert Disposal.objects.get(pk=placed.pk).state == State.DISPATCHED
    assert Disposal.objects.get(pk=lost.pk).state == State.RAISED


def test_what_was_declined_is_not_sent_by_rule_again(cast: Any) -> None:
    case = warned.disposal(cast)
    dispatch_by_rule(case, at=NOW)
    decline(case, by=cast.group_head, at=NOW, reason="不属本组")
    assert dispatch_all_by_rule(at=NOW) == (0, 0)
    assert Disposal.objects.get(pk=case.pk).state == State.RAISED
