"""A department is asked about its data, answers, and the office judges the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.delivery.actions import (
    Asked,
    TicketError,
    answer,
    ask,
    ask_again,
    refuse,
    resolve,
    touch,
)
from plumbline.loop.delivery.models import TICKET_FLOW, DataErrorTicket, TicketState
from plumbline.loop.delivery.policy import allowed
from plumbline.loop.delivery.queries import SAYS, open_tickets, tickets_visible_to
from plumbline.org.models import Kin, User
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.people import NOW, TODAY

ORIGIN = DataErrorTicket.Origin


def asked(the: Any, key: str = "disposal:1:1", **more: Any) -> DataErrorTicket:
    values = {
        "key": key, "origin": ORIGIN.DISPOSAL, "dataset": "benefits", "question": "请核对发放日期",
        "unit": the.civil, "rows": ["benefits:1-1"], "body": the.office, **more,
    }  # fmt: skip
    return ask(Asked(**values), by=the.li, at=NOW)


def test_a_department_answers_and_the_office_resolves(cast: Any) -> None:
    ticket = asked(cast)
    due = Due.objects.get(subject=f"ticket:{ticket.pk}")
    assert (due.kind, due.working_days) == ("answer", 10)
    assert allowed(cast.provider, ticket, TODAY) == ["answer"]
    assert allowed(cast.data, ticket, TODAY) == []
    answer(ticket, "已更正，将随下期报送", by=cast.provider, at=NOW)
    due.refresh_from_db()
    assert due.stopped_at == NOW
    assert allowed(cast.data, ticket, TODAY) == ["resolve", "ask_again", "refuse"]
    assert allowed(cast.provider, ticket, TODAY) == []
    resolve(ticket, by=cast.data, at=NOW)
    assert ticket.state == TicketState.RESOLVED
    acts = Entry.objects.filter(subject=f"ticket:{ticket.pk}").order_by("pk")
    assert [each.action for each in acts] == ["ticket.asked", "ticket.answered", "ticket.resolved"]


def test_an_answer_that_settles_nothing_is_asked_again(cast: Any) -> None:
    ticket = asked(cast)
    answer(ticket, "没有问题", by=cast.provider, at=NOW)
    with pytest.raises(ReasonMissingError):
        ask_again(ticket, by=cast.li, at=NOW, reason="")
    later = NOW + timedelta(days=3)
    ask_again(ticket, by=cast.li, at=later, reason="请附发放回单")
    running = Due.objects.get(subject=f"ticket:{ticket.pk}", stopped_at=None)
    assert running.started_at == later
    answer(ticket, "附件已寄", by=cast.provider, at=later)
    refuse(ticket, by=cast.head, at=later, reason="回单相符，数据无误")
    assert ticket.state in TICKET_FLOW.ends
    with pytest.raises(OutOfStepError):
        answer(ticket, "再答", by=cast.provider, at=later)


def test_the_same_error_is_asked_about_once(cast: Any) -> None:
    first = asked(cast)
    assert asked(cast, question="换个说法") == first
    assert DataErrorTicket.objects.count() == 1
    assert Entry.objects.filter(action="ticket.asked").count() == 1
    assert Due.objects.count() == 1


def test_a_ticket_asks_something_and_an_answer_says_something(cast: Any) -> None:
    with pytest.raises(TicketError):
        asked(cast, question=" ")
    ticket = asked(cast)
    with pytest.raises(TicketError):
        answer(ticket, " \n", by=cast.provider, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataErrorTicket.objects.filter(pk=ticket.pk).update(state=TicketState.ANSWERED)


@pytest.mark.parametrize("who", ["contact", "industry_provider", "li", "data", "stranger"])
def test_only_its_own_provider_answers(cast: Any, who: str) -> None:
    ticket = asked(cast)
    with pytest.raises(NotYoursError):
        answer(ticket, "已核对", by=getattr(cast, who), at=NOW)
    assert Entry.objects.filter(action="ticket.answered").count() == 0


@pytest.mark.parametrize("who", ["provider", "wang", "clarifier", "stranger"])
def test_nobody_else_judges_the_answer(cast: Any, who: str) -> None:
    ticket = asked(cast)
    answer(ticket, "已更正", by=cast.provider, at=NOW)
    with pytest.raises(NotYoursError):
        resolve(ticket, by=getattr(cast, who), at=NOW)


def test_each_sees_their_own(cast: Any) -> None:
    civil, industry = asked(cast), asked(cast, "disposal:2:1", unit=cast.industry)
    nobodys = asked(cast, "identity:x", unit=None, body=None)

    def seen(who: str) -> set[DataErrorTicket]:
        return set(tickets_visible_to(getattr(cast, who), TODAY))

    assert seen("provider") == {civil}
    assert seen("industry_provider") == {industry}
    assert seen("li") == seen("head") == {civil, industry}
    assert seen("data") == {civil, industry, nobodys}
    for who in ("wang", "contact", "keeper", "sysadmin", "auditor", "stranger"):
        assert seen(who) == set()


def test_a_touched_ticket_is_marked_once(cast: Any) -> None:
    ticket = asked(cast)
    assert touch(ticket, "benefits-2026-03-01-abcdef12", at=NOW)
    assert not touch(ticket, "benefits-2026-04-01-abcdef12", at=NOW)
    ticket.refresh_from_db()
    assert ticket.batch == "benefits-2026-03-01-abcdef12"
    assert not open_tickets().exists()


def test_every_act_has_words() -> None:
    past = {f"ticket.{move.says}" for move in TICKET_FLOW.moves.values()}
    assert past | {"ticket.asked", "ticket.touched", "ticket.renewed"} <= SAYS.keys()


def test_nobody_sees_a_ticket_about_themself_or_their_kin(cast: Any) -> None:
    """Somebody in the department that is asked may be whom the rows are about."""
    mine, other = "a" * 64, "b" * 64
    ticket = asked(cast, people=frozenset({mine, other}))
    kept = asked(cast, key="disposal:2:2", people=frozenset({other}))
    assert set(tickets_visible_to(cast.provider, TODAY)) == {ticket, kept}
    User.objects.filter(pk=cast.provider.pk).update(person=mine)
    cast.provider.refresh_from_db()
    assert list(tickets_visible_to(cast.provider, TODAY)) == [kept]
    with pytest.raises(NotYoursError):
        answer(ticket, "没有问题", by=cast.provider, at=NOW)
    assert allowed(cast.provider, ticket, TODAY) == []
    Kin.objects.create(user=cast.data, person=mine, relation="姐")
    assert list(tickets_visible_to(cast.data, TODAY)) == [kept]
    assert ticket in tickets_visible_to(cast.head, TODAY)
