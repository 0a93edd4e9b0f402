"""The cockpit: whoever sees a region sees its figures, each leads to its rows, and small ones stay untold."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from plumbline.loop.disposal.models import Disposal, Finding
from plumbline.loop.warning.models import EarlyWarning
from plumbline.trail.models import Entry
from plumbline.web.cockpit import actions, rows
from plumbline.web.cockpit.models import WallScreen
from plumbline.web.cockpit.period import Period, chosen
from plumbline.web.cockpit.queries import SMALL, Place, Report, too_small, untold
from tests.loop.closure import after
from tests.loop.closure.test_mechanism import mechanism
from tests.loop.disposal import warned
from tests.people import NOW, TODAY, sign_in, user
from tests.web.cockpit.test_counting import lead

PAGE = "cockpit:page"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' today is the cast's."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(hours=1))


@pytest.fixture
def done(cast: Any) -> Any:
    """Nine warnings: six red of which one led to a lead, one cleared, one of another county, one open."""
    cases = [after.finding(cast, level="red") for _ in range(6)]
    lead(cast, cases[0])
    after.refuted(cast)
    after.finding(cast, cast.county_civil, region="380381")
    warned.disposal(cast)
    problem = after.accepted(cast)  # from three more, confirmed
    after.campaign(cast, problem)
    mechanism(cast, problem)
    return cast


def report(user: Any, **place: str) -> Report:
    return Report(user, NOW, TODAY, chosen({}, TODAY), Place(**place))


def asked(user: Any, **place: str) -> rows.Asked:
    return rows.Asked(user, NOW, TODAY, chosen({}, TODAY), Place(**place))


def test_every_figure_is_the_number_of_its_rows(done: Any) -> None:
    told = report(done.head)
    counted = {
        "raised": told.total.raised, "closed": told.total.closed, "red": told.by_level["red"].closed,
        "confirmed": told.total.confirmed, "cleared": told.total.cleared, "led": told.total.led,
        "unverifiable": told.total.unverifiable, "red-led": told.by_level["red"].led,
        "problems": told.problems.count(), "campaigns": told.campaigns.count(),
        "mechanisms": told.mechanisms.count(), "overdue": told.overdue,
    }  # fmt: skip
    assert counted["raised"] == EarlyWarning.objects.count()
    assert counted["red"] == 6
    assert {name: rows.BEHIND[name].rows(asked(done.head)).count() for name in counted} == counted


@pytest.mark.parametrize("place", [{"region": "380381"}, {"level": "red"}, {"model": "honour-despite-offence"}])  # fmt: skip
def test_so_it_is_in_every_place(done: Any, place: dict[str, str]) -> None:
    told = report(done.head, **place)
    for name in ("raised", "closed", "confirmed", "cleared"):
        assert rows.BEHIND[name].rows(asked(done.head, **place)).count() == getattr(
            told.total, name
        )


def test_who_sees_a_region_sees_its_figures(done: Any) -> None:
    local = user("local_head", "县纪委主任", "office_head", body=done.locality)
    assert report(local).total.raised == 1
    assert set(report(local).by_region) == {"380381"}
    assert set(report(done.head).by_region) == {"380300", "380381"}


def test_figures_are_of_a_time(done: Any) -> None:
    earlier = Report(
        done.head, NOW, TODAY, chosen({"from": "2025-01", "to": "2025-12"}, TODAY), Place()
    )
    assert earlier.total.raised == 0
    assert earlier.problems.count() == 0


@pytest.mark.parametrize("who", ["stranger", "li", "keeper", "contact", "author", "sysadmin"])
def test_to_others_there_is_no_cockpit(done: Any, client: Client, who: str) -> None:
    signed = sign_in(client, getattr(done, who))
    for address in (
        reverse(PAGE),
        reverse("cockpit:rows", args=["raised"]),
        reverse("cockpit:map"),
    ):
        assert signed.get(address).status_code == 404
    assert report(getattr(done, who)).total.raised == 0


def test_the_page_tells_and_links(done: Any, client: Client) -> None:
    page = sign_in(client, done.head).get(reverse(PAGE)).content.decode()
    links = set(re.findall(r'href="(/cockpit/rows/[^"]+)"', page))
    for name in (
        "red",
        "red-led",
        "raised",
        "confirmed",
        "cleared",
        "problems",
        "campaigns",
        "mechanisms",
    ):
        assert any(link.startswith(f"/cockpit/rows/{name}/") for link in links), name
    for link in links:
        assert sign_in(client, done.head).get(link.replace("&amp;", "&")).status_code == 200, link
    assert "不是成绩" in page
    assert "style=" not in page


def test_who_only_counts_opens_no_row_and_sees_no_small_count(done: Any, client: Client) -> None:
    page = sign_in(client, done.figures).get(reverse(PAGE)).content.decode()
    assert not re.findall(r'href="/cockpit/rows/(red|raised|confirmed|led)', page)
    assert f"少于{SMALL}" in page
    assert 'class="tile shade-0"' in page
    shown = sign_in(client, done.figures).get(reverse("cockpit:rows", args=["raised"]))
    assert "没有您可以看的明细" in shown.content.decode()


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), max_size=8))
def test_no_small_count_is_told_or_can_be_worked_out(counts: dict[str, int]) -> None:
    hidden = too_small(counts)
    assert all(counts[place] >= SMALL or counts[place] == 0 for place in counts.keys() - hidden)
    others = [n for n in counts.values() if n >= SMALL]
    assert len(hidden) != 1 or not others


@given(
    st.dictionaries(
        st.sampled_from("123456"),
        st.dictionaries(st.sampled_from(["red", "yellow", "blue"]), st.integers(0, 12)), max_size=6,
    )
)  # fmt: skip
def test_no_cell_can_be_worked_out_along_or_down(table: dict[str, dict[str, int]]) -> None:
    hidden = untold(table)
    cells = {(row, column): n for row, line in table.items() for column, n in line.items() if n}
    assert {cell for cell, n in cells.items() if n < SMALL} <= hidden <= cells.keys()
    for side in (0, 1):
        for value in {cell[side] for cell in cells}:
            line = [cell for cell in cells if cell[side] == value]
            assert len(hidden & set(line)) != 1 or len(line) == 1


def test_what_is_hidden_beside_a_small_count_is_not_told_by_itself(
    cast: Any, client: Client
) -> None:
    """Two red, six yellow, eight blue: with the yellow ones told, the red ones would be known."""
    for level, n in (("red", 2), ("yellow", 6), ("blue", 8)):
        for _ in range(n):
            warned.disposal(cast, level=level)
    assert Report(cast.figures, NOW, TODAY, chosen({}, TODAY), Place()).hidden("level") == {
        "red", "yellow",
    }  # fmt: skip
    signed = sign_in(client, cast.figures)

    def raised(query: str) -> str:
        page = signed.get(reverse(PAGE) + query).content.decode()
        found = re.search(r"产生预警</[^>]+>\s*<[^>]+>([^<]*)<", page)
        assert found, page
        return found[1].strip()

    assert (raised(""), raised("?level=blue")) == ("16", "8")
    assert (raised("?level=red"), raised("?level=yellow")) == (f"少于{SMALL}", "—")
    assert report(cast.head).hidden("level") == frozenset()  # who sees rows may count them


def test_who_is_late_leads_to_exactly_those(
    cast: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned.dispatched(warned.disposal(cast), cast)
    warned.disposal(cast)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=60))
    signed = sign_in(client, cast.head)
    page = signed.get(reverse(PAGE)).content.decode().replace("&amp;", "&")
    [link] = set(re.findall(r'href="(/disposals/[^"]*due=over[^"]*)"', page))
    assert f"body={cast.office.pk}" in link
    assert signed.get(link).content.decode().count('name="disposal"') == 1


def test_an_unknown_figure_or_region_does_not_exist(done: Any, client: Client) -> None:
    signed = sign_in(client, done.head)
    assert signed.get(reverse("cockpit:rows", args=["nonsense"])).status_code == 404
    assert signed.get(reverse(PAGE) + "?region=999999").status_code == 404
    assert signed.get(reverse(PAGE) + "?region=x&model=x&level=x").status_code == 200


def test_an_empty_office_is_told_so(cast: Any, client: Client) -> None:
    page = sign_in(client, cast.head).get(reverse(PAGE)).content.decode()
    assert "没有预警，也没有办结" in page


@pytest.mark.parametrize("name", ["raised", "closed", "problems"])
def test_rows_come_page_by_page_and_each_once(
    done: Any, client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("plumbline.web.cockpit.views.PAGE", 2)
    signed, address, seen = sign_in(client, done.head), reverse("cockpit:rows", args=[name]), []
    while address:
        answer = signed.get(address)
        seen += [each.pk for each in answer.context["rows"]]
        more = answer.context["more"]
        address = f"{reverse('cockpit:rows', args=[name])}?{more}" if more else ""
    assert seen == [each.pk for each in rows.BEHIND[name].rows(asked(done.head))]


def test_overdue_is_told_by_who_is_to_act(cast: Any) -> None:
    warned.dispatched(warned.disposal(cast), cast)
    later = NOW + timedelta(days=60)
    told = Report(cast.head, later, TODAY + timedelta(days=60), chosen({}, TODAY), Place())
    assert [(each.kind, each.name, each.n) for each in told.late] == [("body", cast.office.name, 1)]
    assert told.late[0].longest > 50
    assert report(cast.head).late == []


def test_figures_cost_as_many_queries_for_many_as_for_one(
    cast: Any, client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        after.finding(cast)
    signed = sign_in(client, cast.head)
    with django_assert_max_num_queries(45):
        assert signed.get(reverse(PAGE)).status_code == 200


# -- screens on a wall ---------------------------------------------------------------------------


def test_a_screen_needs_nobody_signed_in_and_names_nobody(done: Any, client: Client) -> None:
    made, secret = actions.set_up_screen(
        "一楼大厅", TODAY + timedelta(days=30), by=done.head, at=NOW
    )
    assert made.key != secret
    page = client.get(reverse("cockpit:wall", args=[secret])).content.decode()
    assert "处置红色预警" in page
    assert 'href="/cockpit' not in page
    assert "王某某" not in page
    part = client.get(
        reverse("cockpit:wall", args=[secret]), HTTP_HX_REQUEST="true"
    ).content.decode()
    assert "<html" not in part
    assert Entry.objects.filter(
        action="wall_screen.set_up", subject=f"wall_screen:{made.pk}"
    ).exists()


def test_a_screen_ends(done: Any, client: Client) -> None:
    made, secret = actions.set_up_screen("大厅", TODAY, by=done.head, at=NOW)
    address = reverse("cockpit:wall", args=[secret])
    assert client.get(address).status_code == 200
    actions.end_screen(made, by=done.secretary, at=NOW)
    assert client.get(address).status_code == 404
    assert client.get(reverse("cockpit:wall", args=["x" * 43])).status_code == 404


def test_a_screen_ends_with_the_role_of_whoever_set_it_up(done: Any, client: Client) -> None:
    _, secret = actions.set_up_screen("大厅", TODAY, by=done.head, at=NOW)
    done.head.grants.update(withdrawn_at=NOW)
    assert client.get(reverse("cockpit:wall", args=[secret])).status_code == 404


def test_screens_are_set_up_on_their_page_by_heads_alone(done: Any, client: Client) -> None:
    said = {"place": "二楼", "ends_on": str(TODAY + timedelta(days=9))}
    signed = sign_in(client, done.head)
    page = signed.post(reverse("cockpit:screens"), said).content.decode()
    (address,) = re.findall(r"http://testserver(/cockpit/wall/[^<]+)<", page)
    assert Client().get(address).status_code == 200
    screen = WallScreen.objects.get()
    assert signed.post(reverse("cockpit:end_screen", args=[screen.pk])).status_code == 302
    assert Client().get(address).status_code == 404
    too_long = {**said, "ends_on": str(TODAY + timedelta(days=200))}
    assert "90" in signed.post(reverse("cockpit:screens"), too_long).content.decode()
    for who in (done.fen, done.figures, done.stranger):
        assert sign_in(client, who).get(reverse("cockpit:screens")).status_code == 404


def test_what_could_not_be_verified_is_counted_on_neither_side(cast: Any) -> None:
    after.finding(cast, None, Finding.UNVERIFIABLE)
    after.finding(cast)
    assert (report(cast.head).total.precision.hits, report(cast.head).total.precision.of) == (1, 1)
    assert Disposal.objects.count() == 2


def test_a_period_is_chosen(done: Any, client: Client) -> None:
    answer = sign_in(client, done.head).get(reverse(PAGE) + "?period=all")
    assert isinstance(answer.context["period"], Period)
    assert answer.context["period"].first == TODAY.replace(day=1)
