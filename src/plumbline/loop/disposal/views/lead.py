"""Pages of leads: the list, entering, importing, receiving, and one lead with what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.queries import remaining, running
from plumbline.loop.disposal.actions import lead as actions
from plumbline.loop.disposal.forms import lead as forms
from plumbline.loop.disposal.models import Lead, LeadState
from plumbline.loop.disposal.queries.course import SAYS
from plumbline.loop.disposal.queries.lead import allowed, awaiting, keepers, passed_on, visible_to
from plumbline.loop.disposal.queries.ledger import read_ledger
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import acts_on

_PAGE = 50
_SHOWN = 500
_READERS = (Role.CASE_MANAGER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)


def _today() -> date:
    return timezone.localdate()


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _refused(form: Form, error: PlumblineError) -> None:
    form.add_error(None, error.in_(language()))


@login_required
@require_GET
def listing(http: HttpRequest) -> HttpResponse:
    """Those somebody sees, the newest first, and what waits to be received."""
    on = _today()
    if not rights_of(_me(http), on).has(*_READERS):
        raise Http404
    found = visible_to(_me(http), on)
    state = http.GET.get("state", "")
    if state in LeadState.values:
        found = found.filter(state=state)
    else:
        state = ""
    if (before := http.GET.get("before", "")).isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found.select_related("body", "unit", "assigned_to").order_by("-pk")[: _PAGE + 1])
    dues = {due.subject: due for due in running(*(f"lead:{each.pk}" for each in rows))}
    now = timezone.now()
    listed = [
        {"lead": each, "left": remaining(due, now) if (due := dues.get(f"lead:{each.pk}")) else None}
        for each in rows[:_PAGE]
    ]  # fmt: skip
    return render(http, "disposal/lead_list.html", {
        "rows": listed, "state": state, "states": LeadState.choices, "more": len(rows) > _PAGE,
        "awaiting": awaiting(_me(http), on).select_related("warning", "body"),
        "keeps": keepers(_me(http), on).exists(),
    })  # fmt: skip


@login_required
def enter(http: HttpRequest) -> HttpResponse:
    """By hand."""
    form = forms.EnterForm(_keepers(http), http.POST or None)
    if http.method == "POST" and form.is_valid():
        try:
            made = actions.enter(
                form.told(), Lead.Origin(form.cleaned_data["origin"]), body=form.cleaned_data["body"],
                by=_me(http), at=timezone.now(),
            )  # fmt: skip
        except PlumblineError as error:
            _refused(form, error)
        else:
            return _made(http, made)
    return render(http, "disposal/lead_form.html", {"form": form, "disposal": None})


@login_required
def receive(http: HttpRequest, pk: int) -> HttpResponse:
    """What a closed disposal passed on."""
    disposal = get_object_or_404(
        awaiting(_me(http), _today()).select_related("warning__unit"), pk=pk
    )
    outcome = passed_on(disposal)
    initial = {
        "title": disposal.warning.about[:200], "text": outcome.note if outcome else "",
        "unit": disposal.warning.unit_id,
    }  # fmt: skip
    form = forms.ToldForm(_keepers(http), http.POST or None, initial=initial)
    if http.method == "POST" and form.is_valid():
        try:
            made = actions.receive_from_disposal(
                disposal, form.told(), body=form.cleaned_data["body"], by=_me(http), at=timezone.now()
            )  # fmt: skip
        except PlumblineError as error:
            _refused(form, error)
        else:
            return _made(http, made)
    return render(http, "disposal/lead_form.html", {"form": form, "disposal": disposal})


@login_required
def import_ledger(http: HttpRequest) -> HttpResponse:
    """An old ledger; every row that was not taken stands below with its reason."""
    form = forms.LedgerForm(_keepers(http), http.POST or None, http.FILES or None)
    done = None
    if http.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            ledger = read_ledger(file.name, file.read(), form.headers)
            done = actions.import_ledger(
                ledger, body=form.cleaned_data["body"], by=_me(http), at=timezone.now()
            )
        except PlumblineError as error:
            _refused(form, error)
    return render(http, "disposal/lead_import.html", {
        "form": form, "done": done, "rejected": done.rejected[:_SHOWN] if done else [],
    })  # fmt: skip


def _keepers(http: HttpRequest) -> Any:
    found = keepers(_me(http), _today())
    if not found.exists():
        raise Http404
    return found


def _made(http: HttpRequest, lead: Lead) -> HttpResponse:
    messages.success(http, say("已登记，编号 {}", "Registered as {}").format(lead.number))
    return redirect("disposal:lead", lead.pk)


# -- one lead ------------------------------------------------------------------------------------

#: Action -> (words, form, what is called with what was sent).
_ACTS: dict[str, tuple[str, type[Form], Callable[..., Lead]]] = {
    "dispose": (
        say("确定处置方式", "Decide on the way"), forms.WayForm,
        lambda lead, said, **who: actions.dispose(lead, Lead.Way(said["way"]), reason=said["reason"], **who),
    ),
    "change_way": (
        say("改变处置方式", "Take another way"), forms.ChangeWayForm,
        lambda lead, said, **who: actions.change_way(lead, Lead.Way(said["way"]), reason=said["reason"], **who),
    ),
    "assign": (
        say("交承办机构", "Pass on to a body"), forms.AssignForm,
        lambda lead, said, **who: actions.assign(lead, said["body"], reason=said["reason"], **who),
    ),
    "conclude": (
        say("了结", "Conclude"), forms.ConcludeForm,
        lambda lead, said, **who: actions.conclude(lead, said["result"], **who),
    ),
}  # fmt: skip


@login_required
@never_cache
@require_GET
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """One lead; that its text was read is on the trail."""
    lead = _lead(http, pk)
    return _page(http, lead, {})


@login_required
@never_cache
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Do something with a lead."""
    lead = _lead(http, pk)
    if action not in _ACTS or action not in allowed(_me(http), lead, _today()):
        raise Http404
    _, kind, do = _ACTS[action]
    form = kind(http.POST, auto_id=f"{action}-%s")
    if form.is_valid():
        try:
            do(lead, form.cleaned_data, by=_me(http), at=timezone.now())
        except PlumblineError as error:
            _refused(form, error)
        else:
            messages.success(http, say("已办理", "Done"))
            return redirect("disposal:lead", lead.pk)
    return _page(http, lead, {action: form})


@login_required
@never_cache
@require_POST
def informant(http: HttpRequest, pk: int) -> HttpResponse:
    """Who told of it, to case management, for a reason."""
    lead = _lead(http, pk)
    form = forms.InformantForm(http.POST, auto_id="informant-%s")
    told = None
    if form.is_valid():
        try:
            told = actions.read_informant(
                lead, by=_me(http), at=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except PlumblineError as error:
            _refused(form, error)
    return _page(http, lead, {"informant": form}, informant=told)


def _lead(http: HttpRequest, pk: int) -> Lead:
    found = visible_to(_me(http), _today()).select_related(
        "body", "unit", "assigned_to", "found_by"
    )
    return get_object_or_404(found, pk=pk)


def _page(
    http: HttpRequest, lead: Lead, bound: Mapping[str, Form], informant: str | None = None
) -> HttpResponse:
    now = timezone.now()
    may = allowed(_me(http), lead, _today())
    acts = [
        {"name": name, "says": _ACTS[name][0], "form": bound.get(name) or _ACTS[name][1](auto_id=f"{name}-%s"),
         "open": name in bound}
        for name in may
    ]  # fmt: skip
    due = running(f"lead:{lead.pk}").first()
    return render(http, "disposal/lead_page.html", {
        "lead": lead, "text": actions.read_text(lead, by=_me(http), at=now), "acts": acts, "due": due,
        "left": remaining(due, now) if due else None,
        "keeps": keepers(_me(http), _today()).filter(pk=lead.body_id).exists(),
        "informant_form": bound.get("informant") or forms.InformantForm(auto_id="informant-%s"), "informant": informant,
        "course": acts_on(f"lead:{lead.pk}", SAYS),
    })  # fmt: skip
