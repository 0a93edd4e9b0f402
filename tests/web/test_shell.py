"""What stands around every page: who I am and what waits, today, searching, help, and what the auditor sees."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from plumbline.loop.disposal.queries.inbox import Wanted, chosen
from plumbline.loop.warning.models import NamedParty, Party
from plumbline.org.models import Role, User
from plumbline.org.policy import name_digest, person_digest
from plumbline.trail.models import Entry
from plumbline.web.guide import PARTS
from plumbline.web.models import Visit
from plumbline.web.unusual import refused
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW

WEB = Path(__file__).parents[2] / "src" / "plumbline"
NUMBER = "380101199001010015"


@pytest.fixture(autouse=True)
def _office(db: None, settings: Any, tmp_path: Path, private: Path) -> Any:  # noqa: ARG001 -- for their effects
    settings.WORKSPACE = tmp_path / "nowhere"
    settings.SECOND_FACTOR = "optional"
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Any:
    return people.cast()


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return made


def tiles(page: str) -> dict[str, tuple[str, str]]:
    """Of today's figures: words -> figure, address."""
    found = re.findall(
        r'<a class="figure[^"]*" href="([^"]+)"><span class="name">([^<]+)</span><span class="value">([^<]+)<', page
    )  # fmt: skip
    return {says: (n, url.replace("&amp;", "&")) for url, says, n in found}


class TestToday:
    def test_every_figure_opens_exactly_the_rows_it_counts(self, cast: Any) -> None:
        late = warned.dispatched(warned.disposal(cast), cast)
        late.refresh_from_db()
        for _ in range(2):
            warned.dispatched(warned.disposal(cast), cast)
        warned.reported(warned.disposal(cast), cast)
        with time_machine.travel(late.due_at + timedelta(days=1), tick=False):
            client = browser(cast.head)
            shown = client.get(reverse("home")).content.decode()
            figures = tiles(shown)
            assert figures["等我办理"][0] == "4"
            assert figures["其中已超期"][0] == "3"
            assert figures["等我审核"][0] == "1"
            for n, url in figures.values():
                listed = client.get(url).content.decode()
                assert listed.count('<a class="title"') == int(n), url

    def test_what_is_new_since_the_visit_before_is_told(self, cast: Any) -> None:
        client = browser(cast.head)
        assert "上次来后的新情况" not in tiles(client.get(reverse("home")).content.decode())
        with time_machine.travel(NOW + timedelta(hours=3), tick=False):
            case = warned.disposal(cast)
            type(case).objects.filter(pk=case.pk).update(opened_at=NOW + timedelta(hours=3))
            warned.dispatched(case, cast)
        with time_machine.travel(NOW + timedelta(hours=4), tick=False):
            again = browser(cast.head)  # the session was locked meanwhile
            figures = tiles(again.get(reverse("home")).content.decode())
        assert figures["上次来后的新情况"][0] == "1"
        assert Visit.objects.get().last_at == NOW

    def test_the_rail_counts_what_waits_and_leads_to_it(self, cast: Any) -> None:
        for _ in range(3):
            warned.dispatched(warned.disposal(cast), cast)
        shown = browser(cast.head).get(reverse("home")).content.decode()
        link = re.search(rf'<a href="{reverse("disposal:list")}".*?</a>', shown, re.DOTALL)
        assert link is not None
        assert re.search(r'class="count"[^>]*>3<', link[0])
        assert 'title="等您办理：3"' in link[0]
        assert chosen(cast.head, Wanted(), NOW).count() == 3
        assert "室主任 · 第一监督检查室" in shown

    def test_a_hint_is_put_away_and_comes_back(self, cast: Any) -> None:
        client = browser(cast.li)
        step = str(PARTS[Role.VERIFIER].steps[1].title)
        assert step in client.get(reverse("home")).content.decode()
        client.post(reverse("hints"), {"hint": "verifier"})
        assert step not in client.get(reverse("home")).content.decode()
        assert step in browser(cast.zhou).get(reverse("home")).content.decode()
        client.post(reverse("hints"))
        assert step in client.get(reverse("home")).content.decode()

    def test_every_role_has_its_guide_and_every_step_leads_to_a_page(self) -> None:
        assert set(PARTS) == set(Role)
        for part in PARTS.values():
            for step in part.steps:
                assert reverse(step.place)

    @pytest.mark.parametrize("lang", ["zh-hans", "en"])
    def test_everybody_gets_today_and_help(self, cast: Any, lang: str) -> None:
        for name in (
            "fen",
            "li",
            "head",
            "keeper",
            "author",
            "provider",
            "contact",
            "sysadmin",
            "stranger",
        ):
            client = browser(getattr(cast, name))
            for page in ("home", "help"):
                answer = client.get(reverse(page), headers={"accept-language": lang})
                assert answer.status_code == 200, (name, page)


class TestSearch:
    def test_words_find_warnings_one_sees(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast, about="王某某 · 工匠"), cast)
        for words in ("王某某", case.warning.key, str(case.pk), "经济和信息化"):
            shown = browser(cast.head).post(reverse("search"), {"words": words}, follow=True)
            assert f"/disposals/{case.pk}/" in shown.content.decode(), words
        assert browser(cast.group_head).get(reverse("search"), {"q": "王某某"}).status_code == 200
        assert (
            "/disposals/"
            not in (
                browser(cast.qin)
                .get(reverse("search"), {"q": "王某某"})
                .content.decode()
                .split("<main")[1]
            )
        )

    def test_a_number_gets_into_no_address_and_asks_for_a_purpose(self, cast: Any) -> None:
        answer = browser(cast.head).post(reverse("search"), {"words": f" {NUMBER} "})
        assert answer.status_code == 200  # not led on to an address that bears it
        assert f'value="{NUMBER}"' in answer.content.decode()
        assert "用途" in answer.content.decode()
        assert not Entry.objects.exists()

    @pytest.mark.parametrize(
        "said",
        [
            "380101 19000101 0013",
            "３８０１０１１９０００１０１００１３",
            "13800000000",
            "6222 0000 0000 0000",
        ],
    )
    def test_however_it_is_written(self, cast: Any, said: str) -> None:
        assert browser(cast.head).post(reverse("search"), {"words": said}).status_code == 200

    @pytest.mark.parametrize(
        "words", ["split procurement contracts", "2026 年 3 月", "a1b2c3d4e5f6"]
    )
    def test_other_words_lead_to_an_address_that_can_be_kept(self, cast: Any, words: str) -> None:
        assert browser(cast.head).post(reverse("search"), {"words": words}).status_code == 302

    def test_nor_does_a_name(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast, about="王某某 · 工匠"), cast)
        answer = browser(cast.head).post(reverse("search"), {"words": "王某某"})
        assert answer.status_code == 200
        assert f"/disposals/{case.pk}/" in answer.content.decode()

    def test_a_person_is_found_among_what_one_sees_and_it_is_on_the_trail(self, cast: Any) -> None:
        case = warned.dispatched(warned.disposal(cast, person_digest(NUMBER)), cast)
        NamedParty.objects.create(warning=case.warning, name=name_digest("王五"))
        said = {"purpose": "核对", "case": "青纪〔2026〕1号"}
        for person in (NUMBER, "王五"):
            shown = browser(cast.head).post(reverse("search_person"), {"person": person, **said})
            assert f"/disposals/{case.pk}/" in shown.content.decode()
            assert "no-store" in shown["Cache-Control"]
        elsewhere = browser(cast.qin).post(reverse("search_person"), {"person": NUMBER, **said})
        assert f"/disposals/{case.pk}/" not in elsewhere.content.decode()
        assert "您能看到的预警里没有这个人" in elsewhere.content.decode()
        assert [e.actor for e in Entry.objects.filter(subject="search:person")] == [
            "head",
            "head",
            "qin",
        ]

    def test_without_a_purpose_or_about_one_s_own_nothing_is_told(self, cast: Any) -> None:
        User.objects.filter(pk=cast.head.pk).update(person=person_digest(NUMBER))
        case = warned.disposal(cast)
        Party.objects.create(warning=case.warning, person=person_digest(NUMBER))
        client = browser(cast.head)
        for said in ({"purpose": "", "case": "1"}, {"purpose": "看看", "case": "1"}):
            answer = client.post(reverse("search_person"), {"person": NUMBER, **said})
            assert answer.status_code == 422
            assert "/disposals/" not in answer.content.decode().split("<main")[1]
        assert "已留痕" in answer.content.decode()

    @pytest.mark.parametrize(
        "who", ["stranger", "contact", "provider", "sysadmin", "auditor", "figures"]
    )
    def test_to_a_stranger_there_is_no_search(self, cast: Any, who: str) -> None:
        client = browser(getattr(cast, who))
        assert client.get(reverse("search")).status_code == 404
        said = {"person": "王五", "purpose": "看看", "case": "1"}
        assert client.post(reverse("search_person"), said).status_code == 404
        assert 'role="search"' not in client.get(reverse("home")).content.decode()
        assert not Entry.objects.exists()


class TestReadings:
    def test_the_auditor_sees_who_looked_what_for_and_never_at_whom(self, cast: Any) -> None:
        said = {"person": NUMBER, "purpose": "核对身份", "case": "青纪〔2026〕1号"}
        browser(cast.head).post(reverse("search_person"), said)
        shown = browser(cast.auditor).get(reverse("readings")).content.decode()
        for each in ("室主任", "核对身份", "青纪〔2026〕1号", "查询人员"):
            assert each in shown
        assert (NUMBER in shown, person_digest(NUMBER) in shown) == (False, False)
        narrowed = {"actor": "nobody"}, {"case": "另一件"}, {"since": "2026-03-19"}
        for by in narrowed:
            assert (
                "核对身份"
                not in browser(cast.auditor).get(reverse("readings"), by).content.decode()
            )
        for other in (cast.head, cast.sysadmin, cast.stranger):
            assert browser(other).get(reverse("readings")).status_code == 404


class TestRefused:
    def test_who_tried_to_look_up_their_own_is_always_told_of(self, cast: Any) -> None:
        User.objects.filter(pk=cast.head.pk).update(person=person_digest(NUMBER))
        said = {"person": NUMBER, "purpose": "看看", "case": "1"}
        browser(cast.head).post(reverse("search_person"), said)
        (tried,) = refused(NOW)
        assert (tried.reader, tried.times) == ("head", 1)
        shown = browser(cast.auditor).get(reverse("readings")).content.decode()
        assert "1次查询本人或近亲属" in shown


class TestLook:
    def test_every_icon_is_in_the_sprite_and_none_is_carried_for_nothing(self) -> None:
        static = WEB / "web" / "static"
        drawn = set(re.findall(r'<symbol id="([\w-]+)"', (static / "icons.svg").read_text("utf-8")))
        pages = " ".join(p.read_text("utf-8") for p in WEB.rglob("*.html"))
        named = set(re.findall(r'{% icon "([\w-]+)"', pages))
        named |= set(
            re.findall(r'": "([\w-]+)",', (WEB / "web" / "navigation.py").read_text("utf-8"))
        )
        assert named - drawn <= set()
        assert "ISC License" in (static / "icons.LICENSE").read_text("utf-8")

    def test_the_demo_says_that_it_is_one(self, cast: Any, settings: Any) -> None:
        page = reverse("home")
        assert "虚构" not in browser(cast.li).get(page).content.decode()
        settings.DEMO = True
        assert "虚构" in browser(cast.li).get(page).content.decode()
        assert "虚构" in Client().get(reverse("account_login")).content.decode()

    def test_a_page_that_is_not_there_says_so_in_words(self, cast: Any) -> None:
        answer = browser(cast.li).get("/disposals/999999/")
        assert (answer.status_code, "没有这个页面，或您无权查看" in answer.content.decode()) == (
            404,
            True,
        )
