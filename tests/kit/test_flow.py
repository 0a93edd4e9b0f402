"""The one function that moves things, and every flow there is."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connections
from django.db.models import Q

from plumbline.kit.clock.ladder import KINDS
from plumbline.kit.clock.models import Due
from plumbline.kit.flow import Flow, OutOfStepError, ReasonMissingError, Starting, advance
from plumbline.loop.closure import models as closure
from plumbline.loop.delivery import models as delivery
from plumbline.loop.delivery.models import TICKET_FLOW, DataErrorTicket, TicketState
from plumbline.loop.disposal import models as disposal
from plumbline.loop.supervision import models as supervision
from plumbline.loop.warning import models as warning
from plumbline.trail.models import Entry
from tests import people

NOW = people.NOW
FLOWS = {
    flow.noun: flow
    for module in (delivery, supervision, warning, disposal, closure)
    for flow in vars(module).values()
    if isinstance(flow, Flow)
}


def asked(key: str = "identity:1") -> DataErrorTicket:
    return DataErrorTicket.objects.create(
        key=key, origin=DataErrorTicket.Origin.IDENTITY, dataset="honours", question="哪一个对？",
        asked_at=NOW,
    )  # fmt: skip


# -- advance -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_move_changes_the_state_and_its_columns_and_is_told_once() -> None:
    cast, ticket = people.cast(), asked()
    moved = advance(
        TICKET_FLOW, ticket, "answer", by=cast.provider, at=NOW,
        detail={"rows": 2}, answer="已核实", answered_by=cast.provider, answered_at=NOW,
    )  # fmt: skip
    assert moved is ticket
    assert (ticket.state, ticket.answer, ticket.answered_by) == (
        TicketState.ANSWERED, "已核实", cast.provider,
    )  # fmt: skip
    told = Entry.objects.get()
    assert (told.action, told.subject, told.actor) == (
        "ticket.answered", f"ticket:{ticket.pk}", "provider",
    )  # fmt: skip
    assert told.detail == {"from": "asked", "to": "answered", "rows": 2}


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["resolve", "refuse", "ask_again"])
def test_a_state_that_does_not_allow_it_refuses_and_nothing_is_told(action: str) -> None:
    ticket = asked()
    with pytest.raises(OutOfStepError) as refused:
        advance(TICKET_FLOW, ticket, action, by=None, at=NOW, reason="核对无误")
    assert "现在是“待部门核对”" in refused.value.in_("zh")
    assert "it is now 'With the department'" in refused.value.in_("en")
    assert refused.value.where == f"ticket:{ticket.pk}"
    ticket.refresh_from_db()
    assert ticket.state == TicketState.ASKED
    assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_move_that_must_say_why_does_not_go_without(reason: str) -> None:
    ticket = asked()
    advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW, answer="已核实")
    with pytest.raises(ReasonMissingError):
        advance(TICKET_FLOW, ticket, "refuse", by=None, at=NOW, reason=reason)
    ticket.refresh_from_db()
    assert ticket.state == TicketState.ANSWERED
    assert Entry.objects.count() == 1


@pytest.mark.django_db
def test_what_else_must_hold_is_asked_at_the_moment_of_the_move() -> None:
    ticket = asked()
    with pytest.raises(OutOfStepError):
        advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW, answer="x", provided=Q(count__gt=0))
    DataErrorTicket.objects.update(count=1)
    advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW, answer="x", provided=Q(count__gt=0))
    assert ticket.state == TicketState.ANSWERED


@pytest.mark.django_db
def test_deadlines_begin_and_end_with_a_move() -> None:
    ticket = asked()
    advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW, answer="x")
    advance(TICKET_FLOW, ticket, "ask_again", by=None, at=NOW, reason="没有附件",
            starts=[Starting("answer", 5)])  # fmt: skip
    due = Due.objects.get()
    assert (due.subject, due.kind, due.stopped_at) == (f"ticket:{ticket.pk}", "answer", None)
    assert Entry.objects.latest("pk").detail["starts"] == {"answer": 5}
    advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW)
    due.refresh_from_db()
    assert due.stopped_at == NOW
    assert Entry.objects.count() == 3


@pytest.mark.django_db
def test_a_deadline_that_cannot_begin_undoes_the_move() -> None:
    ticket = asked()
    advance(TICKET_FLOW, ticket, "answer", by=None, at=NOW, answer="x")
    with pytest.raises(KeyError):
        advance(TICKET_FLOW, ticket, "resolve", by=None, at=NOW, starts=[Starting("dance", 1)])
    ticket.refresh_from_db()
    assert ticket.state == TicketState.ANSWERED
    assert Entry.objects.count() == 1


@pytest.mark.django_db
def test_who_saw_another_state_is_told_even_if_the_new_one_would_allow_it() -> None:
    """What somebody decided about one state is no decision about another."""
    seen, other = asked(), DataErrorTicket.objects.get()
    advance(TICKET_FLOW, other, "answer", by=None, at=NOW, answer="x")
    with pytest.raises(OutOfStepError):
        advance(TICKET_FLOW, seen, "resolve", by=None, at=NOW)
    assert seen.state == TicketState.ANSWERED  # now they see it
    advance(TICKET_FLOW, seen, "resolve", by=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_thirty_two_who_act_at_once_one_wins_and_leaves_one_row_on_the_trail() -> None:
    ticket, rivals = asked(), 32
    barrier = Barrier(rivals)
    won: list[int] = []
    lost: list[Exception] = []

    def act(number: int) -> None:
        try:
            mine = DataErrorTicket.objects.get(pk=ticket.pk)
            barrier.wait()
            advance(TICKET_FLOW, mine, "answer", by=None, at=NOW, answer=f"{number}")
            won.append(number)
        except Exception as fault:  # noqa: BLE001 -- told below
            lost.append(fault)
        finally:
            connections.close_all()

    threads = [Thread(target=act, args=(number,)) for number in range(rivals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [fault for fault in lost if not isinstance(fault, OutOfStepError)] == []
    assert (len(won), len(lost)) == (1, rivals - 1)
    ticket.refresh_from_db()
    assert ticket.answer == f"{won[0]}"
    assert Entry.objects.filter(action="ticket.answered").count() == 1


# -- every flow there is -------------------------------------------------------------------------


def test_flows_are_found() -> None:
    assert {"ticket", "disposal", "lead", "problem", "campaign", "rectification"} <= set(FLOWS)


@pytest.mark.parametrize("noun", sorted(FLOWS))
def test_every_state_leads_to_an_end(noun: str) -> None:
    """Whatever is begun can be brought to an end, and a state is an end only if it is said to be one."""
    flow = FLOWS[noun]
    reaching, before = set(flow.ends), set[str]()
    while reaching != before:
        before = set(reaching)
        reaching |= {
            state for move in flow.moves.values() if move.to in reaching for state in move.froms
        }
    assert flow.ends
    assert {state.value for state in flow.states} - {str(state) for state in reaching} == set()
    assert {str(end) for end in flow.ends} <= {state.value for state in flow.states}


@pytest.mark.parametrize("noun", sorted(FLOWS))
def test_moves_speak_of_states_that_exist_and_of_deadlines_that_have_a_ladder(noun: str) -> None:
    flow = FLOWS[noun]
    states = {state.value for state in flow.states}
    for name, move in flow.moves.items():
        assert {str(each) for each in move.froms} <= states, name
        assert str(move.to) in states, name
        assert set(move.stops) <= set(KINDS), name
        assert move.says == move.says.lower().replace(" ", "_"), name
    reached = {str(move.to) for move in flow.moves.values()}
    left = {str(state) for move in flow.moves.values() for state in move.froms}
    assert states == reached | left  # no state is forgotten
