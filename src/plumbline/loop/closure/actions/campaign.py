"""Special campaigns (专项治理): started for a problem, worked along a list, accepted when all of it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.actions import Starting, start
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.closure.actions.attachment import File, keep
from plumbline.loop.closure.models import (
    CAMPAIGN_FLOW,
    Campaign,
    CampaignItem,
    CampaignState,
    GovernanceProblem,
    ProblemState,
)
from plumbline.loop.closure.policy import must
from plumbline.loop.disposal.models import Disposal
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.trail.actions import record


class ClosureError(PlumblineError):
    """Something is missing, or does not fit what it is for."""


@dataclass(frozen=True)
class Line:
    """A line to put on a list: in words, and what it points to."""

    what: str
    disposal: Disposal | None = None
    unit: Unit | None = None
    row: str = ""


def must_be_later(day: date, at: datetime, where: str) -> None:
    """A deadline lies in the future.

    Raises:
        ClosureError: this one does not.
    """
    if day <= day_of(at):
        raise ClosureError(
            Text("期限须在今天之后", "the deadline must lie after today"), where=where
        )


def say_what(text: str, where: str) -> str:
    """Words that must not be missing."""
    if not text.strip():
        raise ClosureError(Text("请写明内容", "say what"), where=where)
    return text.strip()


@transaction.atomic
def start_campaign(  # noqa: PLR0913 -- scope, owner, list, deadline: all that a campaign is
    problem: GovernanceProblem,
    *,
    title: str,
    scope: str,
    owner: Unit,
    body: SupervisionBody,
    ends_on: date,
    lines: Sequence[Line] = (),
    by: User,
    at: datetime,
) -> Campaign:
    """Start a special campaign for an accepted problem; its deadline begins.

    Raises:
        NotYoursError: of the problem, or of the body that is to watch over it.
        OutOfStepError: the problem is not accepted.
        ClosureError: title, scope or deadline is missing.
    """
    where = f"problem:{problem.pk}"
    held = must("start_campaign", problem, by=by, at=at)
    must_be_accepted(problem)
    campaign = Campaign.objects.create(
        problem=problem, title=say_what(title, where), scope=say_what(scope, where), owner=owner,
        body=body, ends_on=ends_on, started_by=by, started_at=at,
    )  # fmt: skip
    must("add_items", campaign, by=by, at=at)
    _put(campaign, lines)
    must_be_later(ends_on, at, where)
    record(
        "campaign.started", subject=f"campaign:{campaign.pk}", by=by, on_behalf=held.on_behalf, at=at,
        problem=problem.pk, owner=owner.pk, body=body.pk, items=len(lines), starts={"campaign": f"{ends_on}"},
    )  # fmt: skip
    start(f"campaign:{campaign.pk}", Starting("campaign", until=ends_on), at=at)
    return campaign


def must_be_accepted(problem: GovernanceProblem, *more: str) -> None:
    """Hold the problem as it is until the transaction ends.

    Raises:
        OutOfStepError: it is not accepted, nor in one of the states `more`.
    """
    held = GovernanceProblem.objects.select_for_update().get(pk=problem.pk)
    if held.state not in {ProblemState.ACCEPTED, *more}:
        now = ProblemState(held.state).label
        raise OutOfStepError(
            Text(f"问题现在是“{now}”", f"the problem is '{now}' now"),
            where=f"problem:{problem.pk}",
            hint=Text("先认定问题", "accept the problem first"),
        )


@transaction.atomic
def add_items(
    campaign: Campaign, lines: Sequence[Line], *, by: User, at: datetime
) -> list[CampaignItem]:
    """Put more on the list.

    Raises:
        NotYoursError; OutOfStepError: it is accepted already; ClosureError: there is nothing to put on it.
    """
    held = must("add_items", campaign, by=by, at=at)
    _running(campaign)
    if not lines:
        raise ClosureError(Text("清单是空的", "the list is empty"), where=f"campaign:{campaign.pk}")
    made = _put(campaign, lines)
    record(
        "campaign.items_added", subject=f"campaign:{campaign.pk}", by=by, on_behalf=held.on_behalf,
        at=at, items=[each.number for each in made],
    )  # fmt: skip
    return made


@transaction.atomic
def settle_item(
    item: CampaignItem,
    *,
    result: CampaignItem.Result,
    note: str,
    files: Sequence[File] = (),
    by: User,
    at: datetime,
) -> CampaignItem:
    """Say what came of a line of the list, with evidence.

    Raises:
        NotYoursError; OutOfStepError: settled already, or the campaign is over; ClosureError: no words.
    """
    campaign = item.campaign
    held = must("settle_item", campaign, by=by, at=at)
    _running(campaign)
    where = f"campaign:{campaign.pk}"
    moved = CampaignItem.objects.filter(pk=item.pk, result="").update(
        result=result, note=say_what(note, where), done_by=by, done_at=at
    )
    if moved != 1:
        raise OutOfStepError(Text("这一项已经办结", "this item is settled already"), where=where)
    digests = keep(files, by=by, at=at, item=item)
    record(
        "campaign.item_settled", subject=where, by=by, on_behalf=held.on_behalf, at=at,
        item=item.number, result=str(result), files=digests,
    )  # fmt: skip
    item.refresh_from_db()
    return item


@transaction.atomic
def reopen_item(item: CampaignItem, *, by: User, at: datetime, reason: str) -> CampaignItem:
    """Put a settled line back on the list; its evidence stays.

    Raises:
        NotYoursError; OutOfStepError: it is not settled, or the campaign is over; ClosureError: no reason.
    """
    campaign = item.campaign
    held = must("reopen_item", campaign, by=by, at=at)
    _running(campaign)
    where = f"campaign:{campaign.pk}"
    told = say_what(reason, where)
    before = item.result
    moved = (
        CampaignItem.objects.filter(pk=item.pk)
        .exclude(result="")
        .update(result="", done_by=None, done_at=None)
    )
    if moved != 1:
        raise OutOfStepError(Text("这一项还没有办结", "this item is not settled"), where=where)
    record(
        "campaign.item_reopened", subject=where, by=by, on_behalf=held.on_behalf, at=at, reason=told,
        item=item.number, result=before,
    )  # fmt: skip
    item.refresh_from_db()
    return item


@transaction.atomic
def accept_campaign(campaign: Campaign, *, by: User, at: datetime, reason: str) -> Campaign:
    """Accept a campaign (验收) of which every line is settled.

    Raises:
        NotYoursError; ReasonMissingError; OutOfStepError: it is accepted already.
        ClosureError: the list is empty, or not all of it is settled.
    """
    held = must("accept", campaign, by=by, at=at)
    Campaign.objects.select_for_update().get(pk=campaign.pk)  # no line is added from here on
    where = f"campaign:{campaign.pk}"
    listed = campaign.items.count()
    left = campaign.items.filter(result="").count()
    if not listed or left:
        raise ClosureError(
            Text(f"清单上还有 {left} 项没有办结", f"{left} items of the list are not settled")
            if listed
            else Text(
                "清单是空的，没有可以验收的内容", "the list is empty, there is nothing to accept"
            ),
            where=where,
        )
    open_items = CampaignItem.objects.filter(campaign=OuterRef("pk"), result="")
    return advance(
        CAMPAIGN_FLOW, campaign, "accept", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        provided=Q(~Exists(open_items)), detail={"items": listed}, accepted_by=by, accepted_at=at,
    )  # fmt: skip


@transaction.atomic
def resume_campaign(
    campaign: Campaign, *, by: User, at: datetime, reason: str, ends_on: date
) -> Campaign:
    """Take an accepted campaign up again, with a new deadline.

    Raises:
        NotYoursError; OutOfStepError; ReasonMissingError; ClosureError: no working day is left.
    """
    held = must("resume", campaign, by=by, at=at)
    must_be_later(ends_on, at, f"campaign:{campaign.pk}")
    return advance(
        CAMPAIGN_FLOW, campaign, "resume", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        starts=[Starting("campaign", until=ends_on)], ends_on=ends_on, accepted_by=None, accepted_at=None,
    )  # fmt: skip


def _running(campaign: Campaign) -> None:
    """Hold a running campaign until the transaction ends, so that its list does not change under others."""
    held = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if held.state != CampaignState.RUNNING:
        raise OutOfStepError(
            Text("专项治理已经验收", "the campaign is accepted already"),
            where=f"campaign:{campaign.pk}",
        )


def _put(campaign: Campaign, lines: Sequence[Line]) -> list[CampaignItem]:
    last = campaign.items.aggregate(n=Max("number"))["n"] or 0
    where = f"campaign:{campaign.pk}"
    return CampaignItem.objects.bulk_create(
        CampaignItem(
            campaign=campaign, number=number, what=say_what(line.what, where)[:300],
            disposal=line.disposal, unit=line.unit, row=line.row,
        )
        for number, line in enumerate(lines, last + 1)
    )  # fmt: skip
