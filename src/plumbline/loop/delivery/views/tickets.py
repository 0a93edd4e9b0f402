"""What departments are asked to check, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.queries import remaining, running
from plumbline.loop.delivery import actions, forms, intake
from plumbline.loop.delivery.models import DataErrorTicket, TicketState
from plumbline.loop.delivery.policy import allowed, right_to_provide
from plumbline.loop.delivery.queries import SAYS, tickets_visible_to
from plumbline.loop.delivery.views.asking import DATA, before, me, must_have, today, workbook
from plumbline.org.models import Role
from plumbline.org.policy import NotYoursError
from plumbline.org.queries import acts_on

_PAGE = 50
_ASKING = (*DATA, Role.VERIFIER, Role.OFFICE_HEAD)


@login_required
@require_GET
def tickets(http: HttpRequest) -> HttpResponse:
    """What departments are asked to check."""
    must_have(http, *_ASKING)
    found = tickets_visible_to(me(http), today())
    state = http.GET.get("state", "")
    if state in TicketState.values:
        found = found.filter(state=state)
    else:
        state = ""
    if earlier := before(http):
        found = found.filter(pk__lt=earlier)
    rows = list(found.order_by("-pk")[: _PAGE + 1])
    dues = {due.subject: due for due in running(*(f"ticket:{each.pk}" for each in rows))}
    now = timezone.now()
    return render(http, "delivery/tickets.html", {
        "rows": [
            {"ticket": each, "left": remaining(due, now) if (due := dues.get(f"ticket:{each.pk}")) else None}
            for each in rows[:_PAGE]
        ],
        "state": state, "states": TicketState.choices, "more": len(rows) > _PAGE,
    })  # fmt: skip


#: Action -> (words, form, what is called with what was sent).
_ACTS: dict[str, tuple[str, type[Form], Callable[..., DataErrorTicket]]] = {
    "answer": (say("答复", "Answer"), forms.AnswerForm,
               lambda of, said, **who: actions.answer(of, said["text"], **who)),
    "resolve": (say("已更正，办结", "Corrected: close"), forms.ResolveForm,
                lambda of, said, **who: actions.resolve(of, reason=said["reason"], **who)),
    "ask_again": (say("再次询问", "Ask again"), forms.ReasonForm,
                  lambda of, said, **who: actions.ask_again(of, reason=said["reason"], **who)),
    "refuse": (say("数据无误，办结", "Data correct: close"), forms.ReasonForm,
               lambda of, said, **who: actions.refuse(of, reason=said["reason"], **who)),
}  # fmt: skip


@login_required
@require_GET
def ticket(http: HttpRequest, pk: int) -> HttpResponse:
    """One ticket, with what can be done to it."""
    return _page(http, _one(http, pk), {})


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    one = _one(http, pk)
    if action not in allowed(me(http), one, today()):
        raise Http404
    _, kind, do = _ACTS[action]
    form = kind(http.POST, auto_id=f"{action}-%s")
    if form.is_valid():
        try:
            do(one, form.cleaned_data, by=me(http), at=timezone.now())
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已办理", "Done"))
            return redirect("delivery:ticket", one.pk)
    return _page(http, one, {action: form})


@login_required
@require_POST
def rows(http: HttpRequest, pk: int) -> HttpResponse:
    """The rows of a ticket as its department delivered them: for that department and its data manager."""
    one = _one(http, pk)
    if not _may_take(http, one):
        raise Http404
    office = intake.workspace()

    def write(path: Path) -> None:
        intake.export_ticket(office, one, path)
        actions.hand_out(one, by=me(http), at=timezone.now())

    return workbook(f"{one.dataset}-{one.pk}-待核对.xlsx", write)


def _may_take(http: HttpRequest, one: DataErrorTicket) -> bool:
    try:
        right_to_provide(me(http), one.unit, today())
    except NotYoursError:
        return False
    return bool(one.rows)


def _one(http: HttpRequest, pk: int) -> DataErrorTicket:
    return get_object_or_404(tickets_visible_to(me(http), today()), pk=pk)


def _page(http: HttpRequest, one: DataErrorTicket, bound: Mapping[str, Form]) -> HttpResponse:
    acts = [
        {"name": name, "says": _ACTS[name][0], "form": bound.get(name) or _ACTS[name][1](auto_id=f"{name}-%s"),
         "open": name in bound}
        for name in allowed(me(http), one, today())
    ]  # fmt: skip
    due = running(f"ticket:{one.pk}").first()
    return render(http, "delivery/ticket.html", {
        "ticket": one, "acts": acts, "due": due, "left": remaining(due, timezone.now()) if due else None,
        "may_take": _may_take(http, one),
        "course": acts_on(f"ticket:{one.pk}", SAYS),
    })  # fmt: skip
