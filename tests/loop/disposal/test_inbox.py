"""The inbox: its filters, orders and pages, what is beside one, and what the database keeps for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plumbline.kit.clock.models import Due, Pause
from plumbline.loop.disposal.actions.saved import MOST_VIEWS, ViewError, save_view
from plumbline.loop.disposal.models import NEVER, Disposal, SavedView, State
from plumbline.loop.disposal.queries import inbox
from plumbline.loop.disposal.queries.inbox import (
    ORDERS,
    TABS,
    Wanted,
    chosen,
    counted,
    neighbours,
    page,
)
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import User
from plumbline.trail.models import Entry
from tests.loop.disposal import warned
from tests.people import NOW

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(settings: Any, tmp_path: Path, private: Path) -> Any:  # noqa: ARG001 -- for its effect
    settings.WORKSPACE = tmp_path / "nowhere"
    with time_machine.travel(NOW, tick=False):
        yield


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


def plans(ask: Callable[[], object]) -> list[str]:
    """How the database finds the places of a list's rows, for each state that is asked."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN"
        if connection.vendor == "postgresql":  # a table of twelve rows it would read and sort
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
            )
            explain = "EXPLAIN"
        for each in asked.captured_queries:
            if "LIMIT 51" in each["sql"]:
                cursor.execute(f"{explain} {each['sql']}".replace("%", "%%"), [])
                found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    assert found
    return found


def numbers(cases: Any) -> list[int]:
    return [case.pk for case in cases]


class TestKeptColumns:
    """What a list is filtered and sorted by follows what it comes from, whoever writes it."""

    def test_they_come_from_the_warning_and_follow_it(self, cast: Any) -> None:
        case = warned.disposal(cast, rank=12.5)
        assert (case.model, case.unit, case.region, case.rank) == (
            "honour-despite-offence", cast.industry, "380300", 12.5,
        )  # fmt: skip
        EarlyWarning.objects.filter(pk=case.warning_id).update(rank=3, unit=None, region="")
        case.refresh_from_db()
        assert (case.unit, case.region, case.rank) == (None, "", 3)

    def test_the_end_is_that_of_the_next_deadline_that_runs(self, cast: Any) -> None:
        case = warned.disposal(cast)
        assert case.due_at == NEVER
        warned.dispatched(case, cast)
        due = Due.objects.get(subject=f"disposal:{case.pk}", stopped_at=None)
        assert Disposal.objects.get(pk=case.pk).due_at == due.due_at
        earlier = due.due_at - DAY
        Due.objects.filter(pk=due.pk).update(due_at=earlier)
        assert Disposal.objects.get(pk=case.pk).due_at == earlier
        pause = Pause.objects.create(due=due, starts_at=NOW, document="函", reason="等鉴定")
        assert Disposal.objects.get(pk=case.pk).due_at == NEVER
        Pause.objects.filter(pk=pause.pk).update(ends_at=NOW)
        assert Disposal.objects.get(pk=case.pk).due_at == earlier
        Due.objects.filter(pk=due.pk).update(stopped_at=NOW)
        assert Disposal.objects.get(pk=case.pk).due_at == NEVER

    def test_a_deadline_of_something_else_moves_no_disposal(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast), cast)
        Due.objects.create(
            subject=f"request:{case.pk}", kind="answer", started_at=NOW, working_days=1, due_at=NOW
        )
        ends = Due.objects.get(subject=f"disposal:{case.pk}").due_at
        assert Disposal.objects.get(pk=case.pk).due_at == ends


class TestPages:
    @pytest.fixture
    def cases(self, cast: Any) -> list[Disposal]:
        """Of two states, several of one rank, some without a deadline."""
        made = [warned.disposal(cast, rank=n // 3) for n in range(12)]
        for case in made[::2]:
            warned.dispatched(case, cast)
        return list(Disposal.objects.order_by("pk"))

    @pytest.mark.parametrize("order", list(ORDERS))
    def test_pages_follow_each_other_forth_and_back_without_gap_or_repeat(
        self, cast: Any, cases: list[Disposal], order: str
    ) -> None:
        wanted = Wanted(tab="all", order=order)
        found = chosen(cast.fen, wanted, NOW)
        column, down = ORDERS[order].column, ORDERS[order].down
        right = sorted(cases, key=lambda case: (getattr(case, column), case.pk), reverse=down)
        forth, mark, marks = [], "", []
        for _ in range(3):
            shown = page(found, wanted, mark, size=5)
            forth.append(numbers(shown.rows))
            marks.append(shown.before)
            mark = shown.after
        assert [pk for each in forth for pk in each] == numbers(right)
        assert (mark, marks[0]) == ("", "")
        back = page(found, wanted, marks[2], size=5)
        assert numbers(back.rows) == forth[1]
        first = page(found, wanted, back.before, size=5)
        assert (numbers(first.rows), first.before) == (forth[0], "")
        assert numbers(page(found, wanted, first.after, size=5).rows) == forth[1]

    @pytest.mark.parametrize("order", list(ORDERS))
    def test_beside_one_stand_those_before_and_after_it(
        self, cast: Any, cases: list[Disposal], order: str
    ) -> None:
        wanted = Wanted(tab="all", order=order)
        found = chosen(cast.fen, wanted, NOW)
        row = page(found, wanted, size=len(cases)).rows
        for n, case in enumerate(row):
            before, after = neighbours(found, wanted, case)
            assert before == (row[n - 1] if n else None)
            assert after == (row[n + 1] if n + 1 < len(row) else None)

    @pytest.mark.usefixtures("cases")
    @pytest.mark.parametrize("mark", ["", "x", ">", ">x~y", ">1~", "<~", ">2026-13-01~1", ">nan"])
    def test_a_mark_that_is_none_begins_anew(self, cast: Any, mark: str) -> None:
        for order in ORDERS:
            wanted = Wanted(tab="all", order=order)
            found = chosen(cast.fen, wanted, NOW)
            assert numbers(page(found, wanted, mark).rows) == numbers(page(found, wanted).rows)

    @pytest.mark.parametrize("order", list(ORDERS))
    @pytest.mark.parametrize("tab", [name for name in TABS if name != "mine"])
    @pytest.mark.parametrize("mark", ["first", "next"])
    def test_each_is_read_along_an_index_and_nothing_is_sorted(
        self, cast: Any, cases: list[Disposal], tab: str, order: str, mark: str
    ) -> None:
        wanted = Wanted(tab=tab, order=order)
        place = "" if mark == "first" else f">{inbox.mark_of(ORDERS[order], cases[4])}"
        for plan in plans(lambda: page(chosen(cast.fen, wanted, NOW), wanted, place)):
            assert re.search(r"disposal_(by|newest)", plan), plan
            assert not re.search(r"SCAN disposal_disposal|Seq Scan on disposal_disposal\b", plan), (
                plan
            )
            assert not re.search(r"TEMP B-TREE|\bSort\b", plan), plan

    def test_counting_stops(self, cast: Any, cases: list[Disposal]) -> None:
        found = chosen(cast.fen, Wanted(tab="all"), NOW)
        assert counted(found, TABS["all"][1]) == str(len(cases))
        assert counted(found, TABS["all"][1], most=7) == "7+"
        assert counted(found, (), most=7) == "0"


class TestFilters:
    @pytest.mark.parametrize("most", [inbox.MOST, 1])  # few of each value; many
    def test_each_narrows_and_nonsense_does_not(
        self, cast: Any, most: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "MOST", most)
        first = warned.dispatched(warned.disposal(cast, about="王某某", level="red"), cast)
        second = warned.disposal(
            cast, about="李某某", unit=cast.county_civil, region="380381", model="other-model",
            supervised=cast.county_civil.name,
        )  # fmt: skip
        both = {first.pk, second.pk}
        for said, wanted in [
            ({}, both), ({"level": "red"}, {first.pk}), ({"level": "crimson"}, both),
            ({"model": "other-model"}, {second.pk}), ({"unit": str(cast.county.pk)}, {second.pk}),
            ({"unit": "99999"}, set()), ({"unit": "x"}, both), ({"region": "380381"}, {second.pk}),
            ({"region": "380000"}, both), ({"body": str(cast.office.pk)}, {first.pk}),
            ({"q": "王某"}, {first.pk}), ({"q": str(second.pk)}, {second.pk}),
            ({"q": first.warning.key[:40]}, both if most > 1 else {first.pk}), ({"q": first.warning.key}, {first.pk}),
            ({"q": "青禾县民政"}, {second.pk}), ({"state": "dispatched"}, {first.pk}),
            ({"since": "2026-03-17T00:00:00+00:00"}, both), ({"since": "2026-03-19T00:00:00+00:00"}, set()),
            ({"since": "gestern"}, both), ({"due": "soon"}, {first.pk}), ({"due": "over"}, set()),
        ]:  # fmt: skip
            for order in ORDERS:
                asked = Wanted.said({"tab": "all", "sort": order, **said})
                found = chosen(cast.fen, asked, NOW)
                assert set(found.values_list("pk", flat=True)) == wanted, (said, order)

    def test_what_is_due_is_found_by_when(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast), cast)
        end = Disposal.objects.get(pk=case.pk).due_at
        for at, held in [
            (NOW, {"soon", "week"}), (end, {"today", "soon", "week"}), (end + DAY, {"over"}),
        ]:  # fmt: skip
            found = {
                name
                for name in ("over", "today", "soon", "week")
                if chosen(cast.head, Wanted(due=name), at).exists()
            }
            assert found == held, at

    def test_what_is_beyond_one_s_rights_is_in_no_list(self, cast: Any) -> None:
        warned.dispatched(warned.disposal(cast), cast)
        for name in ("qin", "keeper", "figures", "auditor", "stranger"):
            assert not chosen(getattr(cast, name), Wanted(tab="all"), NOW).exists(), name

    def test_a_verifier_sees_what_is_theirs(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        warned.signed(warned.disposal(cast), cast)
        assert numbers(chosen(cast.li, Wanted(), NOW)) == [case.pk]


class TestThePage:
    def test_it_asks_the_database_little_however_much_there_is(
        self, cast: Any, django_assert_num_queries: Any
    ) -> None:
        for _ in range(12):
            warned.dispatched(warned.disposal(cast), cast)
        client = browser(cast.head)
        client.get(reverse("home"))
        told = 2 if connection.vendor == "postgresql" else 0  # its walls are told who asks
        with django_assert_num_queries(23 + told):
            shown = client.get(reverse("disposal:list")).content.decode()
        assert shown.count('name="disposal"') == 12
        warned.dispatched(warned.disposal(cast), cast)
        with django_assert_num_queries(23 + told):
            client.get(reverse("disposal:list"))

    def test_signing_says_what_was_signed_and_what_not_and_why(self, cast: Any) -> None:
        theirs = warned.dispatched(warned.disposal(cast), cast)
        over = warned.signed(warned.disposal(cast), cast)
        group = warned.disposal(cast)
        from plumbline.loop.disposal.actions.dispatch import dispatch  # noqa: PLC0415

        dispatch(group, cast.group, by=cast.fen, at=NOW)
        answer = browser(cast.head).post(
            reverse("disposal:sign_many"),
            {"disposal": [theirs.pk, over.pk, group.pk], "back": "tab=dispatched&level=yellow&x=1"},
            follow=True,
        )
        shown = answer.content.decode()
        assert f"已签收 1 件：第{theirs.pk}号" in shown
        assert f"1 件未签收，已由他人签收或已退回：第{over.pk}号" in shown
        assert f"第{group.pk}号" in shown
        assert answer.redirect_chain[-1][0].endswith("?tab=dispatched&level=yellow")
        states = dict(Disposal.objects.values_list("pk", "state"))
        assert (states[theirs.pk], states[group.pk]) == (State.SIGNED, State.DISPATCHED)

    def test_the_next_of_my_list_is_one_click_away(self, cast: Any) -> None:
        cases = [warned.dispatched(warned.disposal(cast, rank=n), cast) for n in range(3)]
        shown = browser(cast.head).get(
            reverse("disposal:page", args=[cases[1].pk]), {"in": "tab=dispatched"}
        ).content.decode()  # fmt: skip
        for beside in (cases[0], cases[2]):
            assert f'href="/disposals/{beside.pk}/?in=tab%3Ddispatched"' in shown


class TestSavedViews:
    def test_a_list_is_kept_under_a_name_for_oneself_alone(self, cast: Any) -> None:
        client = browser(cast.head)
        said = {"name": "红色超期", "query": "tab=mine&level=red&due=over&at=x"}
        assert client.post(reverse("disposal:keep_view"), said).status_code == 302
        view = SavedView.objects.get()
        assert (view.user, view.query) == (cast.head, "tab=mine&level=red&due=over")
        assert "红色超期" in client.get(reverse("disposal:list")).content.decode()
        assert (
            "红色超期" not in browser(cast.secretary).get(reverse("disposal:list")).content.decode()
        )
        drop = reverse("disposal:forget_view", args=[view.pk])
        assert browser(cast.secretary).post(drop).status_code == 404
        assert client.post(drop).status_code == 302
        assert not SavedView.objects.exists()
        assert list(Entry.objects.order_by("pk").values_list("action", flat=True)) == [
            "view.saved", "view.dropped",
        ]  # fmt: skip

    def test_one_of_the_same_name_is_written_anew_and_there_are_not_too_many(
        self, cast: Any
    ) -> None:
        for n in range(MOST_VIEWS):
            save_view(f"{n}", "tab=mine", by=cast.head, at=NOW)
        save_view("0", "tab=all", by=cast.head, at=NOW)
        assert SavedView.objects.get(name="0").query == "tab=all"
        for name in ("zu viel", " "):
            with pytest.raises(ViewError):
                save_view(name, "", by=cast.head, at=NOW)
        assert SavedView.objects.count() == MOST_VIEWS


@pytest.mark.django_db
def test_the_lists_are_served_by_an_index() -> None:
    """On SQLite the plan says so; on PostgreSQL it depends on how many rows there are."""
    if connection.vendor != "sqlite":
        pytest.skip("the plan depends on the number of rows")
    for order in ORDERS:
        found = Disposal.objects.filter(state=State.CLOSED).order_by(*ORDERS[order].columns())[:50]
        assert "TEMP B-TREE" not in found.explain(), order


@pytest.mark.django_db
def test_many_of_one_unit_are_not_sorted_for_a_page(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a county there are tens of thousands: they are read in the order of the list until the page is full."""
    if connection.vendor != "sqlite":
        pytest.skip("the plan depends on the number of rows")
    monkeypatch.setattr(inbox, "MOST", 1)
    for unit in (cast.county, cast.county_civil, cast.county_civil):
        warned.disposal(cast, unit=unit)
    wanted = Wanted(tab="all", unit=cast.county.pk)
    found = chosen(cast.fen, wanted, NOW).filter(state=State.RAISED)
    assert found.count() == 3
    listed = found.order_by(*ORDERS["rank"].columns())[:50]
    assert "TEMP B-TREE FOR ORDER BY" not in listed.explain()
