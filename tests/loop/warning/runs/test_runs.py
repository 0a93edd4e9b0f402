"""Runs: what each found, a run that is asked for, what it held back, and how two differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from plumbline.loop.warning.models import Intake
from plumbline.loop.warning.runs.actions import RunRequestError, ask, begin
from plumbline.loop.warning.runs.intake import run_asked
from plumbline.loop.warning.runs.models import RunRequest, State
from plumbline.loop.warning.runs.queries import between
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests import people
from tests.engine.collision.town import HE, Town, honour, offence
from tests.loop.warning.conftest import town
from tests.loop.warning.town import NAME, go_live, run
from tests.people import NOW, TODAY, sign_in

__all__ = ["town"]
PLACE = "/runs/"
ZH = {"Accept-Language": "zh-hans"}
LATER = NOW + timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Any:  # noqa: ARG001 -- pytest-django's, for its effect
    return people.cast()


@pytest.fixture
def ran(town: Town, cast: Any) -> Any:
    """A town whose model has run once."""
    go_live(town, cast)
    run(town)
    return cast


def test_a_run_says_what_each_model_found_and_whether_it_was_expected(
    ran: Any, town: Town, client: Client
) -> None:
    sign_in(client, ran.head)
    one = Intake.objects.get()
    page = client.get(PLACE, headers=ZH).content.decode()
    assert f'href="{PLACE}{one.pk}/"' in page
    assert "都在预期之内" in page
    page = client.get(f"{PLACE}{one.pk}/", headers=ZH).content.decode()
    assert town.now.model(NAME).declared.title.zh in page
    assert "0%..100%" in page
    assert page.count("/warnings/") >= one.raised
    assert client.get(f"{PLACE}99/").status_code == 404


@pytest.mark.parametrize(
    "who", ["provider", "contact", "keeper", "figures", "sysadmin", "stranger"]
)
def test_strangers_find_nothing(ran: Any, client: Client, who: str) -> None:
    sign_in(client, getattr(ran, who))
    for address in ("", "1/", "compare/?before=1&after=1"):
        assert client.get(PLACE + address).status_code == 404
    assert client.post(PLACE, {"reason": "试"}).status_code == 404


def test_a_run_is_asked_for_and_carried_out(ran: Any, town: Town, client: Client) -> None:
    sign_in(client, ran.author)
    assert client.post(PLACE, {"reason": "试"}).status_code == 404
    sign_in(client, ran.data)
    assert client.post(PLACE, {"reason": ""}).status_code == 200
    sent = client.post(PLACE, {"reason": "补报了名单"})
    made = RunRequest.objects.get()
    assert sent["Location"] == f"{PLACE}asked/{made.pk}/"
    again = client.post(PLACE, {"reason": "再来"}, headers={"Accept-Language": "en"})
    assert "a run waits already" in again.content.decode()
    waiting = client.get(f"{PLACE}asked/{made.pk}/").content.decode()
    assert "hx-get" in waiting
    assert run_asked(town.now, LATER) == 1
    made.refresh_from_db()
    assert (made.state, made.number, made.done) == (State.DONE, 2, made.of)
    done = client.get(f"{PLACE}asked/{made.pk}/").content.decode()
    assert "hx-get" not in done
    assert f'href="{PLACE}2/"' in done
    assert [e.action for e in Entry.objects.filter(subject=f"run_request:{made.pk}").order_by("pk")] == [
        "run_request.asked", "run_request.begun", "run_request.finished"
    ]  # fmt: skip
    assert Entry.objects.get(action="run_request.asked").reason == "补报了名单"


def test_one_whose_worker_died_is_begun_again(ran: Any, town: Town) -> None:
    made = ask(by=ran.data, at=NOW, reason="补报")
    begin(made, at=NOW)
    assert made.state == State.RUNNING
    assert run_asked(town.now, LATER) == 1
    made.refresh_from_db()
    assert made.state == State.DONE


def test_who_may_ask_and_who_may_let_in(ran: Any) -> None:
    for who in (ran.li, ran.author, ran.fen, ran.stranger):
        with pytest.raises(NotYoursError):
            ask(by=who, at=NOW, reason="试")
    with pytest.raises(NotYoursError):
        ask(by=ran.data, at=NOW, reason="试", only=[NAME], accept={NAME: "试"})
    with pytest.raises(RunRequestError):
        ask(by=ran.data, at=NOW, reason=" ")


def test_what_is_outside_its_band_is_let_in_by_who_approves_models(
    town: Town, cast: Any, client: Client
) -> None:
    town.model(expect={"flag_rate": "0%..1%", "per": "honour"})
    go_live(town, cast)
    run(town)
    one = Intake.objects.get()
    assert one.raised == 0
    sign_in(client, cast.head)
    page = client.get(f"{PLACE}{one.pk}/", headers=ZH).content.decode()
    assert "暂扣" in page
    assert "/accept/" not in page
    place = f"{PLACE}{one.pk}/accept/{NAME}/"
    assert client.post(place, {"reason": "查过"}).status_code == 404
    sign_in(client, cast.approver)
    assert "/accept/" in client.get(f"{PLACE}{one.pk}/").content.decode()
    assert client.post(f"{PLACE}{one.pk}/accept/another/", {"reason": "x"}).status_code == 404
    client.post(place, {"reason": ""})
    assert not RunRequest.objects.exists()
    client.post(place, {"reason": "名单只有几人"})
    assert run_asked(town.now, LATER) == 1
    assert Intake.objects.get(pk=2).raised == 2
    page = client.get(f"{PLACE}2/", headers=ZH).content.decode()
    assert "名单只有几人" in page


def test_two_runs_beside_each_other(ran: Any, town: Town, client: Client) -> None:
    town.deliver("honours", [honour("1"), honour("9", HE, "何六", title="模范")], "2025-07-31")
    town.deliver("offences", [offence("77", HE, "何六")], "2025-07-31")
    run(town, at=LATER)
    moved = between(ran.head, TODAY, 1, 2)
    assert moved.new or moved.changed or moved.gone
    listed = [m.warning.pk for part in (moved.new, moved.gone, moved.changed) for m in part]
    assert len(listed) == len(set(listed))
    assert between(ran.head, TODAY, 2, 2) == between(ran.stranger, TODAY, 0, 2)
    sign_in(client, ran.head)
    page = client.get(f"{PLACE}compare/?before=2&after=1", headers=ZH).content.decode()
    assert "第 1 次与第 2 次" in page
    assert "2025-07-31" in page
    assert client.get(f"{PLACE}compare/").status_code == 200
    assert client.get(f"{PLACE}compare/?before=1&after=77").status_code == 404
