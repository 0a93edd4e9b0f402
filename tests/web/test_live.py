"""What waits, told anew to pages that stay open: little is asked, nothing is told to whoever has no part."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from plumbline.org.models import Grant, User
from plumbline.web.live import LONGEST
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW

BY_ITSELF = {"Plumbline-By-Itself": "yes"}


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


def ask(client: Client, seen: str = "") -> Any:
    return client.get(reverse("live"), {"seen": seen}, headers=BY_ITSELF)


def n_disposals(told: Any) -> str:
    n: str = told["counts"][reverse("disposal:list")]
    return n


def test_a_page_is_told_what_waits_and_then_only_what_changed(cast: Any) -> None:
    warned.dispatched(warned.disposal(cast), cast)
    client = browser(cast.head)
    told = ask(client).json()
    assert n_disposals(told) == "1"
    again = ask(client, told["seen"])
    assert (again.status_code, again.content) == (204, b"")
    warned.dispatched(warned.disposal(cast), cast)
    assert n_disposals(ask(client, told["seen"]).json()) == "2"


def test_what_it_tells_is_what_the_rail_says(cast: Any) -> None:
    for _ in range(3):
        warned.dispatched(warned.disposal(cast), cast)
    client = browser(cast.head)
    shown = client.get(reverse("home")).content.decode()
    assert f'data-live="{reverse("live")}"' in shown
    assert '<span class="count" aria-hidden="true">3</span>' in shown
    assert n_disposals(ask(client).json()) == "3"


def test_nothing_new_costs_three_questions(cast: Any, django_assert_num_queries: Any) -> None:
    warned.dispatched(warned.disposal(cast), cast)
    client = browser(cast.head)
    seen = ask(client).json()["seen"]
    with django_assert_num_queries(3):  # the session, who it is, the newest act
        assert ask(client, seen).status_code == 204


def test_looking_moves_nothing(cast: Any) -> None:
    case = warned.dispatched(warned.disposal(cast), cast)
    client = browser(cast.head)
    seen = ask(client).json()["seen"]
    assert browser(cast.secretary).get(reverse("disposal:page", args=[case.pk])).status_code == 200
    assert ask(client, seen).status_code == 204


def test_of_what_one_was_told_another_knows_nothing(cast: Any) -> None:
    warned.dispatched(warned.disposal(cast), cast)
    theirs = ask(browser(cast.head)).json()["seen"]
    assert (
        ask(browser(cast.fen), theirs).status_code == 200
    )  # told their own, not that nothing changed
    stranger = browser(cast.stranger)
    assert ask(stranger).status_code == 404
    assert ask(stranger, theirs).status_code == 404
    assert "data-live" not in stranger.get(reverse("home")).content.decode()


def test_who_is_not_signed_in_is_sent_to_sign_in(cast: Any) -> None:
    seen = ask(browser(cast.head)).json()["seen"]
    answer = ask(Client(), seen)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_a_right_that_ended_ends_what_is_told(cast: Any) -> None:
    client = browser(cast.head)
    seen = ask(client).json()["seen"]
    Grant.objects.filter(user=cast.head).update(ends_on=NOW.date())
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        later = browser(cast.head)
        assert ask(later, seen).status_code == 404


def test_it_is_told_anew_after_a_while_though_nobody_did_anything(cast: Any) -> None:
    client = browser(cast.head)
    seen = ask(client).json()["seen"]
    with time_machine.travel(NOW + timedelta(seconds=LONGEST), tick=False):
        assert ask(client, seen).status_code == 200


def test_asking_keeps_no_session_awake(cast: Any) -> None:
    client = browser(cast.head)
    client.get(reverse("home"))
    seen = ask(client).json()["seen"]
    for minutes in range(1, 16):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            ask(client, seen)
    with time_machine.travel(NOW + timedelta(minutes=16), tick=False):
        locked = ask(client, seen)
    assert not locked["Content-Type"].startswith("application/json")
    assert b"counts" not in locked.content
