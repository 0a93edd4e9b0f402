"""Who may what, on which day, and about whom they may know nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.types import country_pack, make
from plumbline.org.models import Delegation, Grant, Kin, Role
from plumbline.org.policy import (
    WrongNumberError,
    citizen_number,
    keep_rights,
    own_people,
    person_digest,
    rights_of,
)
from tests import people
from tests.people import NOW, TODAY

DAY = timedelta(days=1)


def lend(principal: Any, deputy: Any, **other: Any) -> Delegation:
    values = {"starts_on": TODAY, "ends_on": TODAY + 7 * DAY, "reason": "休假", **other}
    return Delegation.objects.create(principal=principal, deputy=deputy, **values)


class TestOwnRights:
    def test_a_verifier_verifies_in_their_body_and_nowhere_else(self, cast: Any) -> None:
        rights = rights_of(cast.li, TODAY)
        assert rights.has(Role.VERIFIER)
        assert not rights.has(Role.OFFICE_HEAD)
        assert rights.bodies(Role.VERIFIER) == {cast.office.pk}
        assert rights.holding(Role.VERIFIER, body=cast.office).on_behalf is None  # type: ignore[union-attr]
        assert rights.holding(Role.VERIFIER, body=cast.group) is None

    def test_a_body_s_leaders_reach_below_where_that_is_asked_for(self, cast: Any) -> None:
        rights = rights_of(cast.secretary, TODAY)
        assert rights.bodies(Role.SECRETARY) == {cast.office.pk}
        assert rights.bodies_and_below(Role.SECRETARY) == {
            cast.office.pk, cast.group.pk, cast.locality.pk,
        }  # fmt: skip
        assert rights.bodies_and_below(Role.VERIFIER) == set()

    def test_a_unit_s_people_have_it_and_what_is_below(self, cast: Any) -> None:
        rights = rights_of(cast.provider, TODAY)
        assert rights.units(Role.DATA_PROVIDER) == {cast.civil.pk}
        section = people.unit("低保科", cast.civil)
        assert rights.holding(Role.DATA_PROVIDER, unit=section)
        assert rights.holding(Role.DATA_PROVIDER, unit=cast.industry) is None

    def test_strangers_those_who_left_and_nobody_have_no_right(self, cast: Any) -> None:
        cast.li.is_active = False
        for user in (cast.stranger, cast.li, AnonymousUser()):
            rights = rights_of(user, TODAY)
            assert rights.holdings == ()
            assert rights.bodies() == rights.units() == frozenset()

    def test_an_administrator_has_nothing_beside_it_even_if_it_were_there(self, cast: Any) -> None:
        lend(cast.li, cast.sysadmin)
        rights = rights_of(cast.sysadmin, TODAY)
        assert rights.administers is Role.SYSTEM_ADMIN
        assert [held.role for held in rights.holdings] == [Role.SYSTEM_ADMIN]
        assert rights.may("add_user")
        assert not rights.may("grant")

    @given(start=st.integers(-9, 9), length=st.integers(0, 9), asked=st.integers(-20, 20))
    def test_a_grant_holds_from_its_first_to_its_last_day(
        self, start: int, length: int, asked: int
    ) -> None:
        grant = Grant(
            role=Role.VERIFIER, starts_on=TODAY + start * DAY, ends_on=TODAY + (start + length) * DAY
        )  # fmt: skip
        day = TODAY + asked * DAY
        assert grant.is_on(day) == (start <= asked <= start + length)

    def test_the_database_and_the_row_agree_on_when_a_grant_holds(self, cast: Any) -> None:
        for start, end in ((TODAY, None), (TODAY, TODAY), (TODAY - DAY, TODAY + DAY)):
            Grant.objects.create(
                user=cast.stranger, role=Role.VERIFIER, body=cast.office, starts_on=start, ends_on=end
            )  # fmt: skip
            for day in (TODAY - 2 * DAY, TODAY - DAY, TODAY, TODAY + DAY, TODAY + 2 * DAY):
                (grant,) = Grant.objects.filter(user=cast.stranger)
                assert rights_of(cast.stranger, day).has(Role.VERIFIER) == grant.is_on(day)
            Grant.objects.filter(user=cast.stranger).delete()

    def test_a_withdrawn_grant_gives_nothing(self, cast: Any) -> None:
        Grant.objects.filter(user=cast.li).update(withdrawn_at=NOW)
        assert not rights_of(cast.li, TODAY).has(Role.VERIFIER)


class TestStandingIn:
    def test_a_deputy_has_the_principal_s_roles_for_those_days(self, cast: Any) -> None:
        lend(cast.head, cast.li)
        for day, acts in ((TODAY - DAY, False), (TODAY, True), (TODAY + 7 * DAY, True), (TODAY + 8 * DAY, False)):  # fmt: skip
            assert rights_of(cast.li, day).has(Role.OFFICE_HEAD) is acts
        held = rights_of(cast.li, TODAY).holding(Role.OFFICE_HEAD, body=cast.office)
        assert held is not None
        assert held.on_behalf == cast.head
        assert rights_of(cast.li, TODAY).acts_for == {cast.head: {Role.OFFICE_HEAD}}

    def test_their_own_right_comes_first(self, cast: Any) -> None:
        lend(cast.zhou, cast.li)
        held = rights_of(cast.li, TODAY).holding(Role.VERIFIER, body=cast.office)
        assert held is not None
        assert held.on_behalf is None

    def test_it_is_not_handed_on(self, cast: Any) -> None:
        lend(cast.secretary, cast.head)
        lend(cast.head, cast.li)
        assert not rights_of(cast.li, TODAY).has(Role.SECRETARY)

    def test_no_administrator_s_part_is_lent(self, cast: Any) -> None:
        lend(cast.secadmin, cast.li)
        lend(cast.secadmin, cast.sysadmin)
        assert not rights_of(cast.li, TODAY).has(Role.SECURITY_ADMIN)
        assert not rights_of(cast.sysadmin, TODAY).has(Role.SECURITY_ADMIN)

    def test_who_left_lends_nothing(self, cast: Any) -> None:
        lend(cast.head, cast.li)
        cast.head.is_active = False
        cast.head.save()
        assert not rights_of(cast.li, TODAY).has(Role.OFFICE_HEAD)

    def test_a_withdrawn_delegation_gives_nothing(self, cast: Any) -> None:
        lend(cast.head, cast.li, withdrawn_at=NOW)
        assert not rights_of(cast.li, TODAY).has(Role.OFFICE_HEAD)


class TestOwnPeople:
    def test_oneself_one_s_kin_and_who_declared_one_as_kin(self, cast: Any) -> None:
        cast.li.person, cast.zhou.person = "李", "周"
        cast.li.save()
        cast.zhou.save()
        Kin.objects.create(user=cast.li, relation="配偶", person="妻")
        Kin.objects.create(user=cast.zhou, relation="姐夫", person="李")
        assert own_people(cast.li, TODAY) == {"李", "妻", "周"}
        assert own_people(cast.zhou, TODAY) == {"周", "李"}
        assert own_people(cast.stranger, TODAY) == frozenset()

    def test_a_deputy_s_and_the_principal_s_as_long_as_it_lasts(self, cast: Any) -> None:
        cast.head.person = "主任"
        cast.head.save()
        Kin.objects.create(user=cast.head, relation="儿子", person="儿")
        Kin.objects.create(user=cast.li, relation="配偶", person="妻")
        lend(cast.head, cast.li)
        assert own_people(cast.li, TODAY) == {"主任", "儿", "妻"}
        assert own_people(cast.li, TODAY - DAY) == {"妻"}
        assert own_people(cast.head, TODAY) == {"主任", "儿"}


def test_rights_cost_four_queries_and_in_a_request_once(
    cast: Any, django_assert_num_queries: Any
) -> None:
    for each in (cast.head, cast.secretary, cast.zhou):
        lend(each, cast.li)
    with django_assert_num_queries(4):
        rights_of(cast.li, TODAY)
    keep_rights(cast.li)
    with django_assert_num_queries(4):
        for _ in range(3):
            assert rights_of(cast.li, TODAY).has(Role.SECRETARY)
    with django_assert_num_queries(4):
        rights_of(cast.li, TODAY + DAY)


class TestDigests:
    def test_one_person_however_the_number_is_typed(self, private: Path) -> None:
        digest = person_digest("38030119900101001X")
        assert len(digest) == 64
        for same in ("38030119900101001x", " 380301 19900101 001X", "３８０３０１１９９００１０１００１Ｘ", "'38030119900101001Х"):  # fmt: skip
            assert person_digest(same) == digest
        assert person_digest("380301199001010018") != digest
        assert (private / "person.key").stat().st_mode & 0o777 == 0o600

    def test_another_office_s_key_gives_another_digest(self, settings: Any, tmp_path: Path) -> None:
        settings.PRIVATE = tmp_path / "here"
        here = person_digest("38030119900101001X")
        settings.PRIVATE = tmp_path / "elsewhere"
        assert person_digest("38030119900101001X") != here

    def test_a_typing_error_is_refused_since_it_would_bar_from_nothing(self) -> None:
        assert citizen_number("11010519491231002x") == "11010519491231002X"
        for wrong in ("110105194912310021", "1101051949123100", "", "王伟"):
            with pytest.raises(WrongNumberError) as refused:
                citizen_number(wrong)
            assert not wrong or wrong not in str(refused.value)


def test_a_day_is_a_day(cast: Any) -> None:
    assert rights_of(cast.li, date(2025, 12, 31)).holdings == ()


@pytest.mark.parametrize(
    "raw",
    [
        "38030119900101018X",
        "38030119900101018x",
        "３８０３０１１９９００１０１０１８Ｘ",
        " 380301 19900101 018X ",
        "38030119900101018Х",
        "38030119900101018Χ",
    ],
    ids=["plain", "small", "wide", "spaced", "Cyrillic", "Greek"],
)
def test_numbers_are_read_as_the_registers_are(tmp_path: Path, raw: str) -> None:
    """Were they not, nobody would be kept from a warning about themself, and nothing would say so."""
    (tmp_path / "country.yml").write_text('regions: {"380301": 澜州}\n', "utf-8")
    column = Column.model_validate({"from": "号码", "type": "person.id"})
    read = make(column, country_pack(tmp_path / "country.yml")).parse(raw)
    assert read[0] == citizen_number(raw)
