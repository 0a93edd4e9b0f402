"""Campaigns: for an accepted problem, along a list, until all of it is settled."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from plumbline.kit.clock.models import Due
from plumbline.kit.filekind import MOST_BYTES
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.closure.actions.attachment import File, FileRefusedError, keep
from plumbline.loop.closure.actions.campaign import (
    ClosureError,
    Line,
    accept_campaign,
    add_items,
    reopen_item,
    resume_campaign,
    settle_item,
)
from plumbline.loop.closure.models import Campaign, CampaignItem
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.people import NOW, TODAY

PUT_RIGHT = CampaignItem.Result.PUT_RIGHT


def due(campaign: Campaign) -> list[Any]:
    found = Due.objects.filter(subject=f"campaign:{campaign.pk}", stopped_at=None)
    return list(found.values_list("kind", flat=True))


def settle_all(campaign: Campaign, cast: Any) -> None:
    for item in campaign.items.filter(result=""):
        settle_item(item, result=PUT_RIGHT, note="已复核", by=cast.contact, at=NOW)


def test_from_start_to_acceptance(cast: Any) -> None:
    campaign = after.campaign(cast)
    assert (campaign.state, due(campaign)) == ("running", ["campaign"])
    add_items(campaign, [Line("2020年名单")], by=cast.li, at=NOW)
    assert [item.number for item in campaign.items.order_by("number")] == [1, 2, 3]
    first = campaign.items.get(number=1)
    proof = File("复核表.pdf", b"%PDF-1.7 ...")
    settle_item(first, result=PUT_RIGHT, note="逐人复核", files=[proof], by=cast.contact, at=NOW)
    assert (first.result, first.done_by, first.attachments.get().kind) == (
        "put_right", cast.contact, "application/pdf",
    )  # fmt: skip
    with pytest.raises(ClosureError, match="2 items of the list are not settled"):
        accept_campaign(campaign, by=cast.head, at=NOW, reason="完成")
    settle_all(campaign, cast)
    accept_campaign(campaign, by=cast.head, at=NOW, reason="清单全部办结")
    assert (campaign.state, campaign.accepted_by, due(campaign)) == ("accepted", cast.head, [])
    actions = Entry.objects.filter(subject=f"campaign:{campaign.pk}").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "campaign.started", "campaign.items_added", *["campaign.item_settled"] * 3, "campaign.accepted",
    ]  # fmt: skip


def test_only_an_accepted_problem_has_campaigns(cast: Any) -> None:
    with pytest.raises(OutOfStepError, match="accept the problem first"):
        after.campaign(cast, after.problem(cast))
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"title": " "}, {"scope": ""}, {"ends_on": TODAY}, {"lines": [Line(" ")]}],
    ids=["no title", "no scope", "no time", "an empty line"],
)
def test_scope_owner_list_and_deadline_are_said(cast: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ClosureError):
        after.campaign(cast, **fields)
    assert not Campaign.objects.exists()


def test_an_empty_list_is_not_accepted(cast: Any) -> None:
    campaign = after.campaign(cast, lines=[])
    with pytest.raises(ClosureError, match="nothing to accept"):
        accept_campaign(campaign, by=cast.head, at=NOW, reason="完成")


def test_a_settled_line_can_be_put_back(cast: Any) -> None:
    campaign = after.campaign(cast)
    settle_all(campaign, cast)
    item = campaign.items.get(number=1)
    with pytest.raises(OutOfStepError, match="settled already"):
        settle_item(item, result=PUT_RIGHT, note="再报", by=cast.contact, at=NOW)
    with pytest.raises(ClosureError):
        reopen_item(item, by=cast.li, at=NOW, reason=" ")
    reopen_item(item, by=cast.li, at=NOW, reason="漏了两人")
    assert (item.result, item.done_by) == ("", None)
    with pytest.raises(OutOfStepError, match="not settled"):
        reopen_item(item, by=cast.li, at=NOW, reason="再次")


def test_after_acceptance_the_list_is_closed_until_it_is_resumed(cast: Any) -> None:
    campaign = after.campaign(cast)
    settle_all(campaign, cast)
    accept_campaign(campaign, by=cast.standing, at=NOW, reason="完成")
    item = campaign.items.get(number=1)
    with pytest.raises(OutOfStepError):
        add_items(campaign, [Line("又一份")], by=cast.li, at=NOW)
    with pytest.raises(OutOfStepError):
        reopen_item(item, by=cast.li, at=NOW, reason="漏了两人")
    with pytest.raises(ReasonMissingError):
        resume_campaign(campaign, by=cast.head, at=NOW, reason="", ends_on=after.LATER)
    resume_campaign(campaign, by=cast.head, at=NOW, reason="漏了两人", ends_on=after.LATER)
    assert (campaign.state, campaign.accepted_at, due(campaign)) == ("running", None, ["campaign"])
    reopen_item(item, by=cast.li, at=NOW, reason="漏了两人")


def test_nobody_else_has_a_hand_in_it(cast: Any) -> None:
    campaign = after.campaign(cast)
    item = campaign.items.get(number=1)
    for other in (cast.provider, cast.li, cast.stranger, cast.qin):
        with pytest.raises(NotYoursError):
            settle_item(item, result=PUT_RIGHT, note="已复核", by=other, at=NOW)
    for other in (cast.contact, cast.stranger, cast.qin):
        with pytest.raises(NotYoursError):
            add_items(campaign, [Line("又一份")], by=other, at=NOW)
    settle_all(campaign, cast)
    for other in (cast.contact, cast.li, cast.stranger):
        with pytest.raises(NotYoursError):
            accept_campaign(campaign, by=other, at=NOW, reason="完成")


def test_the_database_wants_words_with_a_result(cast: Any) -> None:
    item = after.campaign(cast).items.get(number=1)
    with pytest.raises(IntegrityError, match="campaign_item_done_by_somebody"):
        CampaignItem.objects.filter(pk=item.pk).update(result=PUT_RIGHT)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><script>", b"  <svg onload=x>", b"MZ\x90\x00", b"%PDF-" + bytes(MOST_BYTES)],
    ids=["empty", "page", "picture with script", "program", "too large"],
)
def test_what_a_browser_would_run_is_not_kept(cast: Any, content: bytes) -> None:
    item = after.campaign(cast).items.get(number=1)
    with pytest.raises(FileRefusedError):
        keep([File("证明.pdf", content)], by=cast.contact, at=NOW, item=item)
    assert not item.attachments.exists()
