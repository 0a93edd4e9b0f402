"""Who supervises a unit, what it is called, who heads it, and who may see it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from plumbline.org.models import Delegation, Oversight, Role, Unit, User
from plumbline.org.queries import (
    acting,
    acts_on,
    heads,
    members,
    overseeing,
    overseen,
    subtree,
    unit_named,
    visible_bodies,
    visible_units,
    visible_users,
)
from plumbline.trail.actions import record, record_reading
from tests.people import NOW, TODAY

SINCE = date(2025, 1, 1)


class TestOverseeing:
    def test_the_closest_comes_first(self, cast: Any) -> None:
        assert overseeing(cast.industry, TODAY) == [cast.group, cast.office]
        assert overseeing(cast.county_civil, TODAY) == [cast.locality, cast.office]
        assert overseeing(cast.civil, TODAY) == [cast.office]

    def test_of_two_at_one_place_who_supervises_the_sector_by_name(self, cast: Any) -> None:
        Oversight.objects.create(
            body=cast.group, unit=cast.city, sector="benefits", starts_on=SINCE
        )
        assert overseeing(cast.civil, TODAY) == [cast.group, cast.office]
        assert overseeing(cast.civil, TODAY, sector="honours") == [cast.office]

    def test_on_that_day(self, cast: Any) -> None:
        Oversight.objects.filter(body=cast.group).update(ends_on=TODAY)
        assert cast.group in overseeing(cast.industry, TODAY)
        assert cast.group not in overseeing(cast.industry, TODAY + timedelta(days=1))
        assert overseeing(cast.industry, date(2024, 12, 31)) == []

    @pytest.mark.django_db
    def test_a_sibling_whose_number_begins_alike_is_not_below(self) -> None:
        for number in (7, 71, 711):
            Unit.objects.create(pk=number * 1000, name=f"单位{number}", path=f"/{number}/")
        assert [unit.name for unit in subtree(Unit.objects.get(name="单位7"))] == ["单位7"]

    def test_a_unit_outside_the_tree_is_not_above_everything(self, cast: Any) -> None:
        loose = Unit.objects.create(name="尚未归入")
        assert list(subtree(loose)) == [loose]
        Oversight.objects.create(body=cast.group, unit=loose, starts_on=SINCE)
        seen = Unit.objects.filter(overseen([cast.group.pk], TODAY, unit=""))
        assert list(seen) == [cast.industry]
        assert cast.civil.is_within(loose) is False


class TestNames:
    def test_present_former_and_differently_typed(self, cast: Any) -> None:
        cast.industry.former_names = ["澜州市经济贸易委员会"]
        cast.industry.save()
        for name in ("澜州市经济和信息化局", " 澜州市 经济和信息化局", "澜州市经济贸易委员会"):
            assert unit_named(name) == cast.industry
        assert unit_named("澜州市经信委") is None
        assert unit_named("") is None

    def test_a_name_two_units_share_finds_neither_unless_one_is_called_so_today(
        self, cast: Any
    ) -> None:
        for unit in (cast.industry, cast.civil):
            unit.former_names = ["老机关", "青禾县"]
            unit.save()
        assert unit_named("老机关") is None
        assert unit_named("青禾县") == cast.county


class TestHeads:
    def test_nearest_first_and_only_who_is_still_here(self, cast: Any) -> None:
        cast.county_civil.head, cast.county.head, cast.city.head = cast.qin, cast.wang, cast.wang
        for unit in (cast.county_civil, cast.county, cast.city):
            unit.save()
        assert heads(cast.county_civil) == [cast.qin, cast.wang]
        User.objects.filter(pk=cast.qin.pk).update(is_active=False)
        assert heads(cast.county_civil) == [cast.wang]
        assert heads(cast.civil) == [cast.wang]


class TestWhoSees:
    @pytest.mark.parametrize(
        ("who", "units"),
        [
            ("sysadmin", {"city", "industry", "civil", "county", "county_civil"}),
            ("secadmin", {"city", "industry", "civil", "county", "county_civil"}),
            ("auditor", set()),
            ("li", {"city", "industry", "civil", "county", "county_civil"}),
            ("wang", {"industry"}),
            ("qin", {"county", "county_civil"}),
            ("provider", {"civil"}),
            ("stranger", set()),
        ],
    )
    def test_units(self, cast: Any, who: str, units: set[str]) -> None:
        seen = visible_units(getattr(cast, who), TODAY)
        assert set(seen) == {getattr(cast, name) for name in units}

    def test_bodies(self, cast: Any) -> None:
        for who, seen in (("sysadmin", 3), ("li", 3), ("provider", 0), ("auditor", 0), ("stranger", 0)):  # fmt: skip
            assert visible_bodies(getattr(cast, who), TODAY).count() == seen

    def test_users(self, cast: Any) -> None:
        assert cast.stranger in visible_users(cast.secadmin, TODAY)
        assert set(visible_users(cast.wang, TODAY)) == {cast.wang, cast.group_head}
        for alone in (cast.stranger, cast.provider, cast.auditor):
            assert list(visible_users(alone, TODAY)) == [alone]


def test_who_can_act_counts_those_who_stand_in(cast: Any) -> None:
    assert list(members(Role.OFFICE_HEAD, cast.office, TODAY)) == [cast.head]
    for deputy in (cast.zhou, cast.sysadmin):  # an administrator stands in for nobody
        Delegation.objects.create(
            principal=cast.head, deputy=deputy, starts_on=TODAY, ends_on=TODAY, reason="出差"
        )
    assert acting(Role.OFFICE_HEAD, cast.office, TODAY) == [cast.head, cast.zhou]
    assert acting(Role.OFFICE_HEAD, cast.office, TODAY + timedelta(days=1)) == [cast.head]


def test_what_was_done_is_told_by_name_and_looking_once_a_day(cast: Any) -> None:
    for minute in (0, 5, 9):
        record_reading(
            whom=[], where="lead:7", fields=["text"], purpose="办理", case="1", by=cast.li,
            at=NOW + timedelta(minutes=minute),
        )  # fmt: skip
    with transaction.atomic():
        record("lead.concluded", subject="lead:7", by=cast.head, at=NOW + timedelta(minutes=10))
        record("lead.swept", subject="lead:7", by=None, at=NOW + timedelta(minutes=11))
        record("lead.concluded", subject="lead:8", by=cast.head, at=NOW)
    record_reading(
        whom=[], where="lead:7", fields=["text"], purpose="办理", case="1", by=cast.li,
        at=NOW + timedelta(days=1),
    )  # fmt: skip
    told = acts_on("lead:7", {"personal_data.read": "查看", "lead.concluded": "了结"})
    assert [(act.says, act.by, act.times) for act in told] == [
        ("查看", cast.li.name, 1), ("lead.swept", "", 1), ("了结", cast.head.name, 1), ("查看", cast.li.name, 3),
    ]  # fmt: skip
