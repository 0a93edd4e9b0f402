"""The ledger of money of one disposal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions import money as actions
from plumbline.loop.disposal.forms import money as forms
from plumbline.loop.disposal.models import Disposal, Document, Posting, WriteOff
from plumbline.loop.disposal.queries.disposal import visible_to
from plumbline.loop.disposal.queries.money import (
    balances,
    ledger,
    proposals,
    right_to_post,
    right_to_write_off,
    visible_write_offs,
)
from plumbline.org.models import User


def _today() -> date:
    return timezone.localdate()


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _sum(form: forms.SumForm, evidence: Document) -> actions.Sum:
    said = form.cleaned_data
    return actions.Sum(form.fen, evidence, said["key"], said["currency"], said["reason"])


def _post(case: Disposal, form: Any, evidence: Document, **who: Any) -> object:
    return actions.post(case, Posting.Kind(form.cleaned_data["kind"]), _sum(form, evidence), **who)


def _propose(case: Disposal, form: Any, evidence: Document, **who: Any) -> object:
    return actions.propose_write_off(case, _sum(form, evidence), **who)


def _reverse(case: Disposal, form: Any, evidence: Document, **who: Any) -> object:  # noqa: ARG001 -- as the others
    said = form.cleaned_data
    return actions.reverse(
        said["posting"], key=said["key"], reason=said["reason"], evidence=evidence, **who
    )


_ACTS: dict[str, tuple[str, type[forms.EvidenceForm], Callable[..., object]]] = {
    "post": (say("登记一笔", "Post a sum"), forms.PostForm, _post),
    "propose": (say("提出核销", "Propose to write off"), forms.WriteOffForm, _propose),
    "reverse": (say("冲销一笔", "Counter a posting"), forms.ReverseForm, _reverse),
}


@login_required
@require_GET
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """Balances, postings, what is proposed to be written off."""
    return _page(http, _case(http, pk), {})


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Post, counter, or propose to write off; the evidence is kept in the same transaction."""
    case = _case(http, pk)
    if action not in _ACTS or right_to_post(_me(http), case, _today()) is None:
        raise Http404
    _, kind, do = _ACTS[action]
    form = kind(case, http.POST, http.FILES, auto_id=f"{action}-%s")
    if form.is_valid():
        who: dict[str, Any] = {"by": _me(http), "at": timezone.now()}
        try:
            with transaction.atomic():
                evidence = form.cleaned_data["document"]
                if file := form.cleaned_data["file"]:
                    evidence = actions.attach_evidence(case, file.name, file, **who)
                do(case, form, evidence, **who)
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已登记", "Entered"))
            return redirect("disposal:money", case.pk)
    return _page(http, case, {action: form})


@login_required
@require_POST
def decide(http: HttpRequest, pk: int, decision: str) -> HttpResponse:
    """Approve or refuse a write-off, as a second person."""
    found = visible_write_offs(_me(http), _today()).select_related("disposal__body", "proposed_by")
    proposal = get_object_or_404(found, pk=pk)
    if (
        decision not in {"approve", "refuse"}
        or right_to_write_off(_me(http), proposal, _today()) is None
    ):
        raise Http404
    try:
        if decision == "approve":
            actions.approve_write_off(proposal, by=_me(http), at=timezone.now())
        else:
            reason = http.POST.get("reason", "")
            actions.refuse_write_off(proposal, by=_me(http), at=timezone.now(), reason=reason)
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("已办理", "Done"))
    return redirect("disposal:money", proposal.disposal_id)


def _case(http: HttpRequest, pk: int) -> Disposal:
    found = visible_to(_me(http), _today()).select_related("warning", "body")
    return get_object_or_404(found, pk=pk)


def _page(http: HttpRequest, case: Disposal, bound: Mapping[str, Form]) -> HttpResponse:
    me, on = _me(http), _today()
    acts = []
    if right_to_post(me, case, on):
        acts = [
            {"name": name, "says": says, "form": bound.get(name) or kind(case, auto_id=f"{name}-%s"),
             "open": name in bound}
            for name, (says, kind, _) in _ACTS.items()
        ]  # fmt: skip
    return render(http, "disposal/money.html", {
        "case": case,
        "balances": [
            {
                "currency": each.currency, "due": forms.yuan(each.due), "recovered": forms.yuan(each.recovered),
                "written_off": forms.yuan(each.written_off), "outstanding": forms.yuan(each.outstanding),
                "avoided": forms.yuan(each.avoided),
            }
            for each in balances(case)
        ],
        "postings": [(each, forms.yuan(each.fen)) for each in ledger(case)],
        "proposals": [_proposal(me, each, on) for each in proposals(case)],
        "acts": acts,
    })  # fmt: skip


def _proposal(me: User, proposal: WriteOff, on: date) -> dict[str, Any]:
    return {
        "write_off": proposal, "amount": forms.yuan(proposal.fen),
        "may": right_to_write_off(me, proposal, on) is not None,
    }  # fmt: skip
