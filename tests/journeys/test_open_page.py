"""An inbox that stays open is told what came meanwhile, and brings it when asked to."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys import casework
from tests.journeys.desk import Desk, Desks
from tests.journeys.registers import late

SHE = late("褚来娣")


def test_an_open_inbox_offers_what_came_meanwhile(desk: Desks) -> None:
    li = desk("li")
    li.page.clock.install()
    li.turn_to("处置")
    news = li.page.locator("[data-news]")
    told = minutes_pass(li, 2)
    assert told == 200, "the first time it is told where things stand"
    expect(news).to_be_hidden()

    casework.taken_on(desk, SHE)
    assert minutes_pass(li, 2) == 200
    expect(news).to_be_visible()
    expect(li.page.locator("#rail nav a", has_text="处置").locator(".count")).not_to_have_text("")
    li.look()
    assert minutes_pass(li, 3) == 204, "nothing was done since"

    news.click()
    li.look()
    expect(li.page.locator("[data-news]")).to_be_hidden()
    li.open(SHE).reads("核查中")


def minutes_pass(desk: Desk, minutes: int) -> int:
    """Gives the status of what the page is told by then."""
    with desk.page.expect_response(lambda answer: "/live/" in answer.url) as told:
        desk.page.clock.fast_forward(minutes * 60_000)
    return told.value.status
