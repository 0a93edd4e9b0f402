"""The database's own wall: who said nothing sees nothing, and a filter that was forgotten shows no stranger's row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from plumbline.loop.warning.models import EarlyWarning, Happening, Party
from plumbline.org import walls
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.org.walls import NOBODY, WORKER, scope, scope_of, stands_behind_the_wall
from tests.people import NOW, TODAY

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a wall of PostgreSQL"),
]


def warning(unit: Unit | None, *parties: str) -> EarlyWarning:
    made = EarlyWarning.objects.create(
        key=f"{EarlyWarning.objects.count():064}", model="honour-despite-offence", version=1, title="荣誉",
        level="red", tier="A", about="王**", sentence="……", supervised="某局", unit=unit,
        theme="honours", raised_at=NOW, changed_at=NOW, as_of=TODAY, run=1,
    )  # fmt: skip
    for person in parties:
        Party.objects.create(warning=made, person=person)
    return made


@pytest.fixture
def behind(cast: Any) -> Iterator[Any]:
    """The cast's city with warnings, asked by a role that is no superuser, as an office's is."""
    cast.of_industry = warning(cast.industry, "甲")
    cast.of_county = warning(cast.county_civil)
    cast.of_nobody = warning(None)
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS plumbline_page")
        cursor.execute("CREATE ROLE plumbline_page")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plumbline_page")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plumbline_page")
        cursor.execute("SET LOCAL ROLE plumbline_page")
    yield cast
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def seen_by(user: User) -> set[EarlyWarning]:
    with scope(scope_of(user, TODAY)):
        return set(EarlyWarning.objects.all())  # the filter is forgotten


class TestScope:
    @pytest.mark.usefixtures("behind")
    def test_a_superuser_is_told_that_the_wall_does_not_hold(self) -> None:
        assert stands_behind_the_wall()
        assert walls.check_wall(databases=["default"]) == []
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        told = walls.check_wall(databases=["default"])
        assert [each.id for each in told] == ([] if stands_behind_the_wall() else ["org.W001"])

    def test_nothing_was_said_so_nothing_is_seen(self, behind: Any) -> None:
        with scope(NOBODY):
            assert not EarlyWarning.objects.exists()
            assert not Party.objects.exists()
            assert EarlyWarning.objects.filter(pk=behind.of_county.pk).update(rank=9) == 0
        with connection.cursor() as cursor:  # and past the program's own wrapper
            cursor.execute("RESET plumbline.scope")
            raw = connection.connection.execute("SELECT count(*) FROM warning_earlywarning")
            assert raw.fetchone()[0] == 0

    @pytest.mark.usefixtures("behind")
    def test_the_worker_sees_all(self) -> None:
        with scope(WORKER):
            assert EarlyWarning.objects.count() == 3

    def test_officers_see_what_their_bodies_supervise(self, behind: Any) -> None:
        assert seen_by(behind.li) == {behind.of_industry, behind.of_county, behind.of_nobody}
        assert seen_by(behind.wang) == {behind.of_industry}
        assert seen_by(behind.qin) == {behind.of_county}

    @pytest.mark.parametrize(
        "who", ["stranger", "provider", "contact", "sysadmin", "secadmin", "auditor"]
    )
    def test_administrators_units_and_strangers_see_none(self, behind: Any, who: str) -> None:
        assert seen_by(getattr(behind, who)) == set()

    def test_about_oneself_not_even_the_database_tells(self, behind: Any) -> None:
        User.objects.filter(pk__in=[behind.wang.pk]).update(person="甲")
        assert seen_by(behind.wang) == set()
        with scope(scope_of(behind.wang, TODAY)):
            assert EarlyWarning.objects.filter(pk=behind.of_industry.pk).update(rank=9) == 0

    def test_a_unit_s_people_are_kept_from_their_kin_without_seeing_the_warning(
        self, behind: Any
    ) -> None:
        with scope(scope_of(behind.contact, TODAY)):  # who excludes by parties must see them
            assert Party.objects.filter(person="甲").exists()
        for nothing in (behind.auditor, behind.stranger):
            with scope(scope_of(nothing, TODAY)):
                assert not Party.objects.exists()

    def test_what_belongs_to_a_warning_is_seen_with_it(self, behind: Any) -> None:
        for each in (behind.of_industry, behind.of_county):
            with scope(WORKER):
                Happening.objects.create(warning=each, kind="raised", run=1, at=NOW)
        with scope(scope_of(behind.qin, TODAY)):
            assert [each.warning for each in Happening.objects.all()] == [behind.of_county]

    def test_nobody_writes_where_they_do_not_see(self, behind: Any) -> None:
        with scope(scope_of(behind.qin, TODAY)):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                warning(behind.industry)
            assert EarlyWarning.objects.filter(unit=behind.industry).delete()[0] == 0


class TestTelling:
    def test_one_after_another_on_one_connection_each_sees_their_own(self, behind: Any) -> None:
        for _ in range(2):
            assert seen_by(behind.wang) == {behind.of_industry}
            assert seen_by(behind.stranger) == set()
            assert seen_by(behind.qin) == {behind.of_county}

    def test_a_rolled_back_transaction_leaves_no_scope_behind(self, behind: Any) -> None:
        with scope(scope_of(behind.wang, TODAY)), transaction.atomic():
            assert EarlyWarning.objects.exists()
            transaction.set_rollback(True)
        assert seen_by(behind.qin) == {behind.of_county}

    @pytest.mark.usefixtures("behind")
    def test_a_web_server_is_closed_outside_of_requests(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(walls, "_outside", WORKER)
        assert EarlyWarning.objects.exists()
        walls.close_outside_requests()
        assert not EarlyWarning.objects.exists()

    def test_a_body_above_sees_below_and_the_topmost_what_has_no_unit(self, behind: Any) -> None:
        top = SupervisionBody.objects.create(name="市纪委监委", kind="locality")
        SupervisionBody.objects.filter(pk=behind.office.pk).update(above=top)
        assert seen_by(behind.li) == {behind.of_industry, behind.of_county}
