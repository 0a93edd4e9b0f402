"""What the database itself refuses about people and their rights."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbline.org.models import ADMINISTRATORS, Grant, Role, User
from tests.people import TODAY

SINCE = date(2026, 1, 1)


def give(user: User, role: Role, **other: Any) -> Grant:
    return Grant.objects.create(user=user, role=role, **{"starts_on": SINCE, **other})


class TestThreeAdministrators:
    def test_nobody_is_two_of_them(self, cast: Any) -> None:
        with pytest.raises(IntegrityError, match="grant_one_administrator_each"):
            give(cast.sysadmin, Role.AUDIT_ADMIN)

    def test_nor_an_officer_beside_it_whichever_came_first(self, cast: Any) -> None:
        with (
            pytest.raises(IntegrityError, match="grant_one_administrator_each"),
            transaction.atomic(),
        ):
            give(cast.sysadmin, Role.VERIFIER, body=cast.office)
        with pytest.raises(IntegrityError, match="grant_one_administrator_each"):
            give(cast.li, Role.SECURITY_ADMIN)

    def test_nor_by_altering_a_grant(self, cast: Any) -> None:
        later = give(
            cast.li, Role.SECURITY_ADMIN, starts_on=TODAY, withdrawn_at="2026-03-18T02:00Z"
        )
        with pytest.raises(IntegrityError, match="grant_one_administrator_each"):
            Grant.objects.filter(pk=later.pk).update(withdrawn_at=None)

    def test_one_after_the_other_they_may(self, cast: Any) -> None:
        Grant.objects.filter(user=cast.li).update(ends_on=TODAY)
        give(cast.li, Role.AUDIT_ADMIN, starts_on=TODAY + timedelta(days=1))

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    @given(
        first=st.tuples(st.integers(0, 12), st.integers(0, 6)),
        second=st.tuples(st.integers(0, 12), st.integers(0, 6)),
        roles=st.tuples(st.sampled_from([*ADMINISTRATORS, Role.VERIFIER]), st.sampled_from(ADMINISTRATORS)),
    )  # fmt: skip
    def test_exactly_when_the_periods_have_a_day_in_common(
        self, cast: Any, first: tuple[int, int], second: tuple[int, int], roles: tuple[Role, Role]
    ) -> None:
        def period(start: int, length: int) -> dict[str, Any]:
            starts = TODAY + timedelta(days=start)
            return {"starts_on": starts, "ends_on": starts + timedelta(days=length)}

        def days(start: int, length: int) -> set[int]:
            return set(range(start, start + length + 1))

        place = {"body": cast.office} if roles[0] == Role.VERIFIER else {}
        refused = False
        with transaction.atomic():
            try:
                with transaction.atomic():
                    give(cast.stranger, roles[0], **place, **period(*first))
                    give(cast.stranger, roles[1], **period(*second))
            except IntegrityError:
                refused = True
            transaction.set_rollback(True)
        assert refused == bool(days(*first) & days(*second))


class TestGrants:
    def test_nobody_grants_themself_a_role(self, cast: Any) -> None:
        with pytest.raises(IntegrityError, match="grant_not_by_oneself"):
            give(cast.li, Role.SECRETARY, body=cast.office, granted_by=cast.li)

    @pytest.mark.parametrize(
        ("role", "place"),
        [
            (Role.VERIFIER, None),
            (Role.VERIFIER, "unit"),
            (Role.DATA_PROVIDER, "body"),
            (Role.AUDIT_ADMIN, "body"),
        ],
    )
    def test_a_role_has_its_own_kind_of_place(
        self, cast: Any, role: Role, place: str | None
    ) -> None:
        where = {"unit": {"unit": cast.civil}, "body": {"body": cast.office}, None: {}}[place]
        with pytest.raises(IntegrityError, match="grant_where_the_role_belongs"):
            give(cast.stranger, role, **where)

    def test_the_same_is_not_given_twice_so_that_withdrawn_is_withdrawn(self, cast: Any) -> None:
        with pytest.raises(IntegrityError, match="grant_once"):
            give(cast.li, Role.VERIFIER, body=cast.office, starts_on=TODAY)

    def test_one_role_in_two_bodies_is_no_repetition(self, cast: Any) -> None:
        give(cast.li, Role.VERIFIER, body=cast.locality)


class TestAccounts:
    def test_one_person_has_one_account(self, cast: Any) -> None:
        User.objects.filter(pk=cast.li.pk).update(person="d" * 64)
        with pytest.raises(IntegrityError):
            User.objects.filter(pk=cast.sysadmin.pk).update(person="d" * 64)

    @pytest.mark.usefixtures("cast")
    def test_names_differ_in_more_than_case(self) -> None:
        with pytest.raises(IntegrityError):
            User.objects.create(username="LI", name="另一人")
