"""Somebody who has an account and no right: whatever address he types, there is nothing."""

from __future__ import annotations

from tests.journeys.desk import Desks

#: Everybody's own.
_THEIRS = ("/account/", "/help/", "/static/")
#: Who opens doors; between them they can go everywhere.
_INSIDERS = ("head", "fen", "standing", "clarifier", "keeper", "data", "author", "bureau", "contact",
             "sysadmin", "secadmin", "auditor")  # fmt: skip


def test_to_a_stranger_no_page_exists(desk: Desks) -> None:
    addresses: dict[str, None] = {}
    for insider in _INSIDERS:
        at = desk(insider)
        addresses |= dict.fromkeys(at.links("navigation"))
    head = desk("head").turn_to("处置").follow("已办结")
    head.page.locator("main").get_by_role("row").get_by_role("link").first.click()
    head.look()
    addresses |= dict.fromkeys([head.path, f"{head.path}money/", *head.links("main")])

    stranger = desk("stranger").misses("预警", "线索")
    nothing = stranger.go("/disposals/987654321/", expects=404).page.locator("body").inner_text()
    stranger.picture("nothing")
    tried = [each for each in addresses if each != "/" and not each.startswith(_THEIRS)]
    assert len(tried) > 20, tried
    for address in tried:
        # Word for word as if it had never been: it is not even said that something is forbidden.
        answered = stranger.go(address, expects=404).page.locator("body").inner_text()
        assert answered == nothing, address


def test_without_signing_in_every_address_leads_to_the_door(desk: Desks) -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415

    inside = desk("head").links("navigation")
    desk("head").page.context.clear_cookies()
    visitor = desk("head")
    for address in inside:
        visitor.go(address)
        assert urlsplit(visitor.page.url).path == "/account/login/"
