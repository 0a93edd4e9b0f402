"""What changes units, bodies, accounts and rights; who may not; and what the trail says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from plumbline.org import actions
from plumbline.org.actions import RefusedError
from plumbline.org.models import BodyKind, Grant, Kin, Oversight, Role, Unit, User
from plumbline.org.policy import MAY, NotYoursError, WrongNumberError, own_people, rights_of
from plumbline.org.queries import overseeing, unit_named
from plumbline.trail.models import Entry
from tests import people
from tests.examples import at_most
from tests.people import NOW, TODAY

LI, WIFE, OTHER = "38030119900101018X", "380301199001010024", "380301199001010032"

pytestmark = pytest.mark.usefixtures("private")


def the_last() -> Entry:
    return Entry.objects.order_by("-pk")[0]


class TestWhosePartItIs:
    @pytest.mark.parametrize("who", ["secadmin", "auditor", "li", "secretary", "stranger"])
    def test_accounts_and_units_are_the_system_administrator_s(self, cast: Any, who: str) -> None:
        by = getattr(cast, who)
        for refused in (
            lambda: actions.add_user("new", "新人", by=by, at=NOW),
            lambda: actions.add_unit("新单位", by=by, at=NOW),
            lambda: actions.add_body("新机构", BodyKind.OFFICE, by=by, at=NOW),
            lambda: actions.deactivate_user(cast.zhou, by=by, at=NOW, reason="离职"),
            lambda: actions.renew_password(cast.zhou, by=by, at=NOW, reason="忘记"),
        ):
            with pytest.raises(NotYoursError):
                refused()
        assert not Entry.objects.exists()

    @pytest.mark.parametrize("who", ["sysadmin", "auditor", "secretary", "stranger"])
    def test_grants_are_the_security_administrator_s(self, cast: Any, who: str) -> None:
        by, given = getattr(cast, who), Grant.objects.get(user=cast.li)
        for refused in (
            lambda: actions.grant(cast.stranger, Role.AUDIT_ADMIN, by=by, at=NOW, starts_on=TODAY),
            lambda: actions.withdraw_grant(given, by=by, at=NOW, reason="调离"),
            lambda: actions.renew_second_factor(cast.li, by=by, at=NOW, reason="手机丢失"),
        ):
            with pytest.raises(NotYoursError):
                refused()
        assert not Entry.objects.exists()

    def test_every_part_is_one_administrator_s(self) -> None:
        assert set(MAY.values()) == {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}

    def test_a_right_that_was_just_withdrawn_is_none(self, cast: Any) -> None:
        assert rights_of(cast.sysadmin, TODAY).may("add_user")
        Grant.objects.filter(user=cast.sysadmin).update(withdrawn_at=NOW)
        with pytest.raises(NotYoursError):
            actions.add_user("new", "新人", by=cast.sysadmin, at=NOW)


class TestUnits:
    def test_a_move_takes_along_what_is_below(self, cast: Any) -> None:
        office = actions.add_unit("低保科", cast.county_civil, by=cast.sysadmin, at=NOW)
        actions.move_unit(cast.county_civil, cast.civil, by=cast.sysadmin, at=NOW, reason="划转")
        office.refresh_from_db()
        assert office.path == f"{cast.civil.path}{cast.county_civil.pk}/{office.pk}/"
        assert overseeing(office, TODAY) == [cast.office]
        assert the_last().action == "unit.moved"

    def test_not_below_itself(self, cast: Any) -> None:
        with pytest.raises(RefusedError, match="below itself"):
            actions.move_unit(cast.city, cast.county_civil, by=cast.sysadmin, at=NOW, reason="误")

    def test_registers_go_on_finding_a_renamed_unit(self, cast: Any) -> None:
        actions.rename_unit(cast.industry, "澜州市工业局", by=cast.sysadmin, at=NOW, reason="改革")
        assert unit_named("澜州市经济和信息化局") == unit_named("澜州市工业局") == cast.industry
        with pytest.raises(RefusedError, match="that name"):
            actions.rename_unit(cast.civil, "澜州市 工业局", by=cast.sysadmin, at=NOW, reason="误")

    @at_most(8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(moves=st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 5)), max_size=12))
    def test_whatever_is_moved_every_path_is_the_way_from_the_top(
        self, cast: Any, moves: list[tuple[int, int]]
    ) -> None:
        tree = [cast.city, cast.industry, cast.civil, cast.county, cast.county_civil]
        cast.civil.refresh_from_db()  # an example before this one may have moved it
        tree.append(people.unit(f"科{Unit.objects.count()}-{Entry.objects.count()}", cast.civil))
        for moved, above in moves:
            try:
                actions.move_unit(
                    tree[moved], tree[above] if above >= 0 else None, by=cast.sysadmin, at=NOW, reason="试"
                )  # fmt: skip
            except RefusedError:
                continue
        for unit in Unit.objects.select_related("parent"):
            assert unit.path == f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"

    def test_a_head_is_set_and_taken_away(self, cast: Any) -> None:
        actions.set_head(cast.civil, cast.provider, by=cast.sysadmin, at=NOW)
        assert cast.civil.head == cast.provider
        actions.set_head(cast.civil, None, by=cast.sysadmin, at=NOW)
        assert the_last().detail == {"before": "provider", "after": ""}


class TestOversight:
    def test_it_begins_and_ends(self, cast: Any) -> None:
        body = actions.add_body("第二监督检查室", BodyKind.OFFICE, by=cast.sysadmin, at=NOW)
        begun = actions.oversee(body, cast.civil, by=cast.sysadmin, at=NOW, starts_on=TODAY)
        assert overseeing(cast.civil, TODAY) == [body, cast.office]
        actions.end_oversight(begun, TODAY, by=cast.sysadmin, at=NOW, reason="分工调整")
        assert overseeing(cast.civil, TODAY + timedelta(days=1)) == [cast.office]
        for day in (TODAY + timedelta(days=9), TODAY - timedelta(days=1)):
            with pytest.raises(RefusedError, match="within its period"):
                actions.end_oversight(begun, day, by=cast.sysadmin, at=NOW, reason="误")

    def test_not_backwards(self, cast: Any) -> None:
        with pytest.raises(RefusedError, match="ends before"):
            actions.oversee(
                cast.group, cast.civil, by=cast.sysadmin, at=NOW, starts_on=TODAY, ends_on=TODAY - timedelta(days=1)
            )  # fmt: skip
        assert Oversight.objects.count() == 3


class TestAccounts:
    def test_a_new_one_has_no_password_no_role_and_no_number_in_clear(self, cast: Any) -> None:
        made = actions.add_user("Chen", "陈", by=cast.sysadmin, at=NOW, unit=cast.civil, number=LI)
        assert (made.username, made.has_usable_password()) == ("chen", False)
        assert rights_of(made, TODAY).holdings == ()
        assert len(made.person) == 64
        assert LI not in str(the_last().detail)

    def test_one_person_one_account_and_one_name(self, cast: Any) -> None:
        actions.add_user("chen", "陈", by=cast.sysadmin, at=NOW, number=LI)
        with pytest.raises(RefusedError, match="has an account"):
            actions.add_user("chen2", "陈", by=cast.sysadmin, at=NOW, number=LI.lower())
        with pytest.raises(RefusedError, match="taken"):
            actions.add_user("CHEN", "陈", by=cast.sysadmin, at=NOW)

    def test_who_left_has_nothing_and_comes_back_with_nothing(self, cast: Any) -> None:
        actions.set_person(cast.zhou, LI, by=cast.zhou, at=NOW)
        actions.delegate(
            cast.li, cast.zhou, by=cast.li, at=NOW, starts_on=TODAY, ends_on=TODAY, reason="出差"
        )
        actions.deactivate_user(cast.zhou, by=cast.sysadmin, at=NOW, reason="离职")
        assert the_last().detail == {"grants": 1, "delegations": 1}
        with pytest.raises(RefusedError, match="closed"):
            actions.deactivate_user(cast.zhou, by=cast.sysadmin, at=NOW, reason="离职")
        back = actions.readmit_user(cast.zhou, by=cast.sysadmin, at=NOW, reason="返聘")
        assert rights_of(back, TODAY).holdings == ()
        with pytest.raises(RefusedError, match="open"):
            actions.readmit_user(back, by=cast.sysadmin, at=NOW, reason="返聘")

    @pytest.mark.parametrize("who", ["sysadmin", "secadmin", "auditor"])
    def test_an_administrator_s_part_is_withdrawn_first(self, cast: Any, who: str) -> None:
        with pytest.raises(RefusedError, match="withdraws their part first"):
            actions.deactivate_user(getattr(cast, who), by=cast.sysadmin, at=NOW, reason="离职")

    def test_a_renewed_password_ends_the_old_one(self, cast: Any) -> None:
        actions.set_password(cast.li, "雨过天青云破处", at=NOW)
        assert actions.renew_password(
            cast.li, by=cast.sysadmin, at=NOW, reason="忘记"
        ).has_usable_password() is False  # fmt: skip
        assert [e.action for e in Entry.objects.order_by("pk")] == [
            "user.password_set", "user.password_renewed",
        ]  # fmt: skip

    @pytest.mark.django_db
    def test_the_first_three_are_appointed_at_the_machine_and_only_they(self) -> None:
        first = actions.appoint_first(
            Role.SECURITY_ADMIN, "sec", "安全员", LI, at=NOW, reason="启用"
        )
        assert rights_of(first, TODAY).administers is Role.SECURITY_ADMIN
        assert the_last().actor == "system"
        with pytest.raises(RefusedError):
            actions.appoint_first(
                Role.SECURITY_ADMIN, "sec2", "另一人", WIFE, at=NOW, reason="再来"
            )
        with pytest.raises(RefusedError):
            actions.appoint_first(Role.VERIFIER, "v", "核查员", WIFE, at=NOW, reason="误")
        with pytest.raises(RefusedError, match="has an account"):  # the three are three people
            actions.appoint_first(Role.AUDIT_ADMIN, "aud", "审计员", LI, at=NOW, reason="启用")


class TestGrants:
    def known(self, cast: Any) -> User:
        return actions.set_person(cast.stranger, OTHER, by=cast.sysadmin, at=NOW)

    def test_from_today_to_its_last_day(self, cast: Any) -> None:
        user = self.known(cast)
        actions.grant(
            user, Role.VERIFIER, by=cast.secadmin, at=NOW, body=cast.office, starts_on=TODAY, ends_on=TODAY
        )  # fmt: skip
        assert rights_of(user, TODAY).has(Role.VERIFIER)
        assert not rights_of(user, TODAY + timedelta(days=1)).has(Role.VERIFIER)
        assert the_last().action == "grant.given"
        with pytest.raises(RefusedError, match="in the past"):
            actions.grant(
                user, Role.DISPATCHER, by=cast.secadmin, at=NOW, body=cast.office, starts_on=TODAY - timedelta(days=1)
            )  # fmt: skip

    def test_nobody_to_themself_nor_from_themself(self, cast: Any) -> None:
        with pytest.raises(RefusedError, match="themself"):
            actions.grant(
                cast.secadmin, Role.AUDIT_ADMIN, by=cast.secadmin, at=NOW, starts_on=TODAY
            )
        own = Grant.objects.get(user=cast.secadmin)
        with pytest.raises(RefusedError, match="their own"):
            actions.withdraw_grant(own, by=cast.secadmin, at=NOW, reason="误")

    def test_who_could_not_be_kept_from_their_own_warnings_is_no_officer(self, cast: Any) -> None:
        with pytest.raises(RefusedError, match="number is unknown"):
            actions.grant(
                cast.stranger, Role.VERIFIER, by=cast.secadmin, at=NOW, body=cast.office, starts_on=TODAY
            )  # fmt: skip

    @pytest.mark.parametrize("role", [Role.AUDIT_ADMIN, Role.SECURITY_ADMIN])
    def test_an_administrator_is_nothing_else(self, cast: Any, role: Role) -> None:
        for user in (cast.sysadmin, cast.li):
            with pytest.raises(RefusedError, match="no other role"):
                actions.grant(user, role, by=cast.secadmin, at=NOW, starts_on=TODAY)
        actions.set_person(cast.auditor, OTHER, by=cast.sysadmin, at=NOW)
        with pytest.raises(RefusedError, match="no other role"):
            actions.grant(
                cast.auditor, Role.VERIFIER, by=cast.secadmin, at=NOW, body=cast.office, starts_on=TODAY
            )  # fmt: skip

    def test_a_role_is_given_where_it_belongs(self, cast: Any) -> None:
        user = self.known(cast)
        for role, place in (
            (Role.VERIFIER, {}),
            (Role.VERIFIER, {"unit": cast.civil}),
            (Role.DATA_PROVIDER, {"body": cast.office}),
            (Role.AUDIT_ADMIN, {"body": cast.office}),
        ):
            with pytest.raises(RefusedError, match="is given in"):
                actions.grant(user, role, by=cast.secadmin, at=NOW, starts_on=TODAY, **place)

    def test_withdrawn_once_and_at_once(self, cast: Any) -> None:
        given = Grant.objects.get(user=cast.li)
        actions.withdraw_grant(given, by=cast.secadmin, at=NOW, reason="调离")
        assert not rights_of(cast.li, TODAY).has(Role.VERIFIER)
        with pytest.raises(RefusedError, match="has been withdrawn"):
            actions.withdraw_grant(given, by=cast.secadmin, at=NOW, reason="调离")
        assert Entry.objects.count() == 1


class TestStandingIn:
    def lend(self, principal: User, deputy: User, by: User, **other: Any) -> Any:
        days = {"starts_on": TODAY, "ends_on": TODAY + timedelta(days=5), **other}
        return actions.delegate(principal, deputy, by=by, at=NOW, reason="休假", **days)

    def known(self, *users: User) -> None:
        for number, user in enumerate(users):
            User.objects.filter(pk=user.pk).update(person=f"{number:064}")
            user.refresh_from_db()

    def test_by_oneself_to_somebody_of_the_same_body(self, cast: Any) -> None:
        self.known(cast.zhou)
        lent = self.lend(cast.head, cast.zhou, cast.head)
        assert rights_of(cast.zhou, TODAY).has(Role.OFFICE_HEAD)
        for either in (cast.head, cast.zhou):
            assert lent.withdrawn_at is None
            actions.withdraw_delegation(lent, by=either, at=NOW, reason="提前返岗")
            with pytest.raises(RefusedError, match="has been withdrawn"):
                actions.withdraw_delegation(lent, by=either, at=NOW, reason="提前返岗")
            lent = self.lend(cast.head, cast.zhou, cast.head)

    def test_not_to_elsewhere_not_to_oneself_not_in_the_past(self, cast: Any) -> None:
        self.known(cast.zhou, cast.wang, cast.stranger)
        for deputy in (cast.wang, cast.stranger):
            with pytest.raises(RefusedError, match="same body"):
                self.lend(cast.head, deputy, cast.head)
        with pytest.raises(RefusedError, match="themself"):
            self.lend(cast.head, cast.head, cast.head)
        with pytest.raises(RefusedError, match="in the past"):
            self.lend(cast.head, cast.zhou, cast.head, starts_on=date(2026, 1, 1))

    def test_not_by_anybody_else_but_the_security_administrator(self, cast: Any) -> None:
        self.known(cast.zhou)
        for other in (cast.zhou, cast.secretary, cast.sysadmin, cast.stranger):
            with pytest.raises(NotYoursError):
                self.lend(cast.head, cast.zhou, other)
        lent = self.lend(cast.head, cast.zhou, cast.secadmin)
        for other in (cast.li, cast.sysadmin, cast.stranger):
            with pytest.raises(NotYoursError):
                actions.withdraw_delegation(lent, by=other, at=NOW, reason="误")

    def test_no_administrator_lends_or_borrows(self, cast: Any) -> None:
        for principal, deputy in ((cast.secadmin, cast.auditor), (cast.head, cast.sysadmin)):
            with pytest.raises(RefusedError, match="neither lends nor borrows"):
                self.lend(principal, deputy, principal)

    def test_the_deputy_s_number_must_be_known(self, cast: Any) -> None:
        with pytest.raises(RefusedError, match="number is unknown"):
            self.lend(cast.head, cast.zhou, cast.head)


class TestWhomTheyMayNotJudge:
    def test_one_s_own_number_once_and_then_only_the_administrator(self, cast: Any) -> None:
        actions.set_person(cast.li, LI, by=cast.li, at=NOW)
        with pytest.raises(NotYoursError):
            actions.set_person(cast.li, OTHER, by=cast.li, at=NOW, reason="想看")
        with pytest.raises(RefusedError, match="why"):
            actions.set_person(cast.li, OTHER, by=cast.sysadmin, at=NOW)
        actions.set_person(cast.li, OTHER, by=cast.sysadmin, at=NOW, reason="录入有误")
        assert [entry.detail["first"] for entry in Entry.objects.order_by("pk")] == [True, False]
        assert all(
            number not in str(vars(e)) for e in Entry.objects.all() for number in (LI, OTHER)
        )

    def test_kin_is_declared_by_oneself_and_not_taken_back_by_oneself(self, cast: Any) -> None:
        actions.set_person(cast.li, LI, by=cast.li, at=NOW)
        kin = actions.declare_kin(cast.li, "配偶", WIFE, at=NOW)
        assert len(own_people(cast.li, TODAY)) == 2
        for twice in (LI, WIFE):
            with pytest.raises(RefusedError):
                actions.declare_kin(cast.li, "配偶", twice, at=NOW)
        with pytest.raises(WrongNumberError):
            actions.declare_kin(cast.li, "儿子", LI[:-1] + "0", at=NOW)
        for other in (cast.li, cast.sysadmin):
            with pytest.raises(NotYoursError):
                actions.withdraw_kin(kin, by=other, at=NOW, reason="想看")
        with pytest.raises(RefusedError, match="why"):
            actions.withdraw_kin(kin, by=cast.secadmin, at=NOW, reason=" ")
        actions.withdraw_kin(kin, by=cast.secadmin, at=NOW, reason="离婚判决")
        assert not Kin.objects.exists()


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do them in threads that start together; what each came to."""
    together = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> str:
        try:
            together.wait()
            act()
        except RefusedError as refused:
            return type(refused).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(one, acts))


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_an_administrator_and_an_officer_in_one_moment(self, cast: Any) -> None:
        User.objects.filter(pk=cast.stranger.pk).update(person="d" * 64)
        second = people.user("secadmin2", "另一安全管理员", Role.SECURITY_ADMIN)
        outcome = at_once(
            lambda: actions.grant(cast.stranger, Role.AUDIT_ADMIN, by=cast.secadmin, at=NOW, starts_on=TODAY),
            lambda: actions.grant(cast.stranger, Role.VERIFIER, by=second, at=NOW, starts_on=TODAY, body=cast.office),
        )  # fmt: skip
        assert outcome == ["RefusedError", "done"]
        assert Grant.objects.filter(user=cast.stranger).count() == 1
        assert Entry.objects.filter(action="grant.given").count() == 1

    def test_two_units_each_below_the_other(self, cast: Any) -> None:
        outcome = at_once(
            lambda: actions.move_unit(cast.civil, cast.industry, by=cast.sysadmin, at=NOW, reason="一"),
            lambda: actions.move_unit(cast.industry, cast.civil, by=cast.sysadmin, at=NOW, reason="二"),
        )  # fmt: skip
        assert outcome == ["RefusedError", "done"]
        for unit in Unit.objects.select_related("parent"):
            assert unit.path == f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"

    def test_one_grant_is_withdrawn_once(self, cast: Any) -> None:
        given = Grant.objects.get(user=cast.li)
        second = people.user("secadmin2", "另一安全管理员", Role.SECURITY_ADMIN)
        outcome = at_once(*(
            lambda by=by: actions.withdraw_grant(given, by=by, at=NOW, reason="调离")  # type: ignore[misc]
            for by in (cast.secadmin, second)
        ))  # fmt: skip
        assert outcome == ["RefusedError", "done"]
        assert Entry.objects.filter(action="grant.withdrawn").count() == 1
