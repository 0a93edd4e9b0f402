"""Disposals and what hangs on them behind the database's wall: what a forgotten filter shows, and to whom nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from plumbline.loop.disposal.actions import lead as leads
from plumbline.loop.disposal.actions.dispatch import decline, dispatch, join
from plumbline.loop.disposal.actions.document import attach, hand_in
from plumbline.loop.disposal.actions.request import answer, ask_data
from plumbline.loop.disposal.actions.verify import note
from plumbline.loop.disposal.models import (
    Disposal,
    Document,
    Finding,
    Lead,
    MoneyBalance,
    Note,
    Request,
    Review,
    SavedView,
    State,
    Step,
    Verifier,
)
from plumbline.loop.disposal.queries.disposal import requests_to, visible_to
from plumbline.loop.disposal.queries.lead import visible_to as visible_leads
from plumbline.org.models import Role, User
from plumbline.org.policy import NotYoursError
from plumbline.org.walls import NOBODY, WORKER, scope, scope_of
from tests.behind import keys, no_superuser, raw, without_wall
from tests.loop.closure import after
from tests.loop.disposal import warned
from tests.people import NOW, TODAY, user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a wall of PostgreSQL"),
]

OFFICERS = [
    "fen", "li", "zhou", "wang", "qin", "head", "group_head", "standing", "secretary", "keeper", "clarifier",
    "author", "jurist", "approver", "data", "figures",
]  # fmt: skip
OTHERS = ["provider", "contact", "sysadmin", "secadmin", "auditor", "stranger"]


@pytest.fixture
def behind(cast: Any) -> Iterator[Any]:
    """Disposals of the city's and of the county's units, at several places of their course."""
    cast.raised = warned.disposal(cast)
    cast.of_county = warned.disposal(cast, unit=cast.county_civil, supervised="青禾县民政局")
    cast.of_nobody = warned.disposal(cast, unit=None, supervised="某局")
    cast.worked = warned.verifying(warned.disposal(cast, "甲"), cast)
    cast.county_head = user("county_head", "县纪委书记", Role.OFFICE_HEAD, body=cast.locality)
    cast.joint = warned.dispatched(warned.disposal(cast), cast, joint=[cast.locality])
    cast.asked = ask_data(cast.worked, cast.industry, "请补充", by=cast.li, at=NOW)
    cast.closed = after.finding(cast, None, Finding.TRUE, Finding.LEAD_TRANSFERRED)
    note(cast.worked, "记录", by=cast.li, at=NOW)
    with no_superuser():
        yield cast


def as_(who: User) -> Any:
    return scope(scope_of(who, TODAY))


class TestNothing:
    def test_no_table_was_forgotten(self) -> None:
        # Which body a unit's leaders answer to is of the office's order, and holds of no case.
        assert without_wall(list(apps.get_app_config("disposal").get_models())) == {
            "disposal_staffauthority"
        }

    @pytest.mark.usefixtures("behind")
    def test_nothing_was_said_so_nothing_is_seen(self) -> None:
        with scope(NOBODY):
            for model in apps.get_app_config("disposal").get_models():
                assert not model._default_manager.exists()
            assert not Disposal.joint.through.objects.exists()

    def test_nor_written(self, behind: Any) -> None:
        with scope(NOBODY):
            assert Disposal.objects.update(rank=9) == 0
            assert Step.objects.update(finding="……") == 0
            assert Disposal.joint.through.objects.all().delete()[0] == 0
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Note.objects.create(disposal=behind.worked, by=behind.li, at=NOW, text="……")

    @pytest.mark.parametrize("who", ["sysadmin", "secadmin", "auditor", "stranger"])
    def test_administrators_and_strangers_get_nothing(self, behind: Any, who: str) -> None:
        for model in apps.get_app_config("disposal").get_models():
            assert raw(model, getattr(behind, who)) == set()

    @pytest.mark.usefixtures("behind")
    def test_the_worker_gets_all(self) -> None:
        with scope(WORKER):
            assert Disposal.objects.count() == 6
            assert Request.objects.count() == 1


class TestWhoSees:
    @pytest.mark.parametrize("who", [*OFFICERS, *OTHERS])
    def test_the_wall_is_nowhere_narrower_than_what_somebody_sees(
        self, behind: Any, who: str
    ) -> None:
        who_asks = getattr(behind, who)
        for seen in (visible_to, requests_to, visible_leads):
            with scope(WORKER):
                by_right = keys(seen(who_asks, TODAY))
            with as_(who_asks):
                assert keys(seen(who_asks, TODAY)) == by_right
            assert by_right <= raw(seen(who_asks, TODAY).model, who_asks)

    def test_a_forgotten_filter_shows_no_other_body_s(self, behind: Any) -> None:
        assert raw(Disposal, behind.qin) == {behind.of_county.pk, behind.joint.pk}
        assert raw(Disposal, behind.wang) == {
            each.pk for each in (behind.raised, behind.worked, behind.joint, behind.closed)
        }
        for model in (Note, Verifier, Request):
            assert raw(model, behind.qin) == set()
            assert raw(model, behind.wang)

    def test_what_no_unit_is_known_of_falls_to_the_topmost(self, behind: Any) -> None:
        assert behind.of_nobody.pk in raw(Disposal, behind.fen)
        assert behind.of_nobody.pk not in raw(Disposal, behind.wang)

    def test_about_oneself_not_even_its_days(self, behind: Any) -> None:
        User.objects.filter(pk=behind.head.pk).update(person="甲")
        assert behind.worked.pk not in raw(Disposal, behind.head)
        with scope(WORKER):
            of_it = keys(Step.objects.filter(disposal=behind.worked))
        assert not of_it & raw(Step, behind.head)
        with as_(behind.head), pytest.raises(NotYoursError):
            note(behind.worked, "……", by=behind.head, at=NOW)

    def test_a_unit_sees_what_it_was_asked_and_nothing_else(self, behind: Any) -> None:
        assert raw(Disposal, behind.contact) == {behind.worked.pk}
        assert raw(Request, behind.contact) == {behind.asked.pk}
        for model in (Note, Step, Verifier, Review, MoneyBalance, Document):
            assert raw(model, behind.contact) == set()
        assert raw(Disposal, behind.provider) == set()
        with as_(behind.contact):
            assert Disposal.objects.update(rank=9) == 0

    def test_lists_of_their_own_are_nobody_else_s(self, behind: Any) -> None:
        kept = SavedView.objects.create(user=behind.li, name="红色")
        assert raw(SavedView, behind.li) == {kept.pk}
        assert raw(SavedView, behind.zhou) == set()


class TestActs:
    def test_a_body_gives_back_what_it_does_not_see_afterwards(self, behind: Any) -> None:
        with as_(behind.fen):
            dispatch(behind.of_county, behind.group, by=behind.fen, at=NOW, joint=[behind.office])
        with as_(behind.group_head):
            decline(behind.of_county, by=behind.group_head, at=NOW, reason="不属本组")
        assert behind.of_county.state == State.RAISED
        assert behind.of_county.pk not in raw(Disposal, behind.group_head)
        assert behind.of_county.pk in raw(Disposal, behind.fen)
        assert not Disposal.joint.through.objects.filter(disposal=behind.of_county).exists()

    def test_who_joins_sees_it_from_then_on(self, behind: Any) -> None:
        assert behind.worked.pk not in raw(Disposal, behind.qin)
        with as_(behind.head):
            join(behind.worked, [behind.locality], by=behind.head, at=NOW)
        assert behind.worked.pk in raw(Disposal, behind.qin)
        assert raw(Note, behind.qin)

    def test_a_unit_hands_in_and_answers(self, behind: Any) -> None:
        with as_(behind.contact):
            hand_in(behind.asked, "明细.csv", BytesIO("姓名\n".encode()), by=behind.contact, at=NOW)
            answer(behind.asked, "见附件", by=behind.contact, at=NOW)
            assert [each.name for each in Document.objects.all()] == ["明细.csv"]

    def test_what_others_have_handed_in_is_refused_in_words_though_the_unit_does_not_see_it(
        self, behind: Any
    ) -> None:
        content = "姓名\n".encode()
        with as_(behind.li):
            attach(behind.worked, "甲.csv", BytesIO(content), by=behind.li, at=NOW)
        with as_(behind.contact), pytest.raises(Exception, match="there already"):
            hand_in(behind.asked, "乙.csv", BytesIO(content), by=behind.contact, at=NOW)

    def test_a_lead_is_received_and_never_seen_by_whom_it_is_about(self, behind: Any) -> None:
        with as_(behind.keeper):
            made = leads.receive_from_disposal(
                behind.closed,
                leads.Told("线索", "……"),
                body=behind.office,
                by=behind.keeper,
                at=NOW,
            )
            assert list(Lead.objects.all()) == [made]
        with scope(WORKER):
            behind.closed.warning.parties.create(person="乙")
        User.objects.filter(pk=behind.keeper.pk).update(person="乙")
        assert raw(Lead, behind.keeper) == set()

    def test_nobody_writes_where_they_do_not_see(self, behind: Any) -> None:
        with as_(behind.qin):
            assert Disposal.objects.filter(pk=behind.raised.pk).update(rank=9) == 0
            for make in (
                lambda: Note.objects.create(
                    disposal=behind.worked, by=behind.qin, at=NOW, text="……"
                ),
                lambda: Verifier.objects.create(
                    disposal=behind.worked, user=behind.qin, round=1, seat=1
                ),
                lambda: MoneyBalance.objects.create(disposal=behind.worked, currency="CNY"),
                lambda: behind.worked.joint.add(behind.locality),
            ):
                with pytest.raises(DatabaseError), transaction.atomic():
                    make()

    def test_nobody_gives_away_past_the_acts(self, behind: Any) -> None:
        with (
            as_(behind.qin),
            pytest.raises(DatabaseError, match="row-level security"),
            transaction.atomic(),
        ):
            Disposal.objects.filter(pk=behind.of_county.pk).update(unit=behind.industry)

    def test_of_an_act_s_rollback_no_wider_scope_is_left(self, behind: Any) -> None:
        with as_(behind.qin):
            with transaction.atomic():
                with scope(WORKER):
                    assert Disposal.objects.count() == 6
                transaction.set_rollback(True)
            assert Disposal.objects.count() == 2
