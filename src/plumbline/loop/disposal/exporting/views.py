"""Pages of exports: a list is asked for; one's own and those that wait for one's approval; one of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.exporting import actions
from plumbline.loop.disposal.exporting.forms import AskForm, RefuseForm
from plumbline.loop.disposal.exporting.intake import composed
from plumbline.loop.disposal.exporting.models import (
    MOST_IN_CLEAR,
    MOST_ROWS,
    WAITING,
    Export,
    Form,
    State,
)
from plumbline.loop.disposal.exporting.policy import may_ask, reviewable
from plumbline.loop.disposal.exporting.queries import (
    listed,
    may_approve,
    visible_to,
    waiting_for,
)
from plumbline.loop.disposal.queries.disposal import visible_to as disposals_visible_to
from plumbline.loop.disposal.queries.inbox import DUE, TABS, Wanted, said_in
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.models import Level
from plumbline.org.models import SupervisionBody, User
from plumbline.org.queries import visible_units

_LISTED = 100
_TYPES = {
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PDF: "application/pdf",
}


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def ask(http: HttpRequest) -> HttpResponse:
    """Ask for the list that the address says; without names it is there at once."""
    user, at = _me(http), timezone.now()
    if not may_ask(user, day_of(at)):
        raise Http404
    said = said_in(http.GET)
    wanted = Wanted.said(said)
    form = AskForm(http.POST or None)
    if http.method == "POST" and form.is_valid():
        asked = actions.Asked(wanted, urlencode(said)[:500], **{
            **form.cleaned_data, "form": Form(form.cleaned_data["form"]),
        })  # fmt: skip
        try:
            made = actions.ask(asked, by=user, at=at)
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(
                http,
                say("已申请，待另外两人批准", "Asked for; two others approve it")
                if made.in_clear
                else say("清单已备好，可领取一次", "The list is ready, to be taken once"),
            )
            return redirect("export:page", made.pk)
    masked, more = listed(user, wanted, at, in_clear=False)
    clear, more_clear = listed(user, wanted, at, in_clear=True)
    return render(http, "export/ask.html", {
        "form": form, "narrowed": _narrowed(wanted, user, day_of(at)), "back": urlencode(said),
        "n": _many(len(masked), more=more), "n_clear": _many(len(clear), more=more_clear),
        "most": MOST_ROWS, "most_clear": MOST_IN_CLEAR,
    }, status=422 if form.errors else 200)  # fmt: skip


def _many(n: int, *, more: bool) -> str:
    return f"{n}+" if more else str(n)


def _narrowed(wanted: Wanted, user: User, on: date) -> list[str]:
    """By what a list is narrowed, in words."""
    model = ModelVersion.objects.filter(model=wanted.model, current=True).first()
    found = [
        str(TABS[wanted.tab][0]),
        str(Level(wanted.level).label) if wanted.level else "",
        str(DUE[wanted.due]) if wanted.due else "",
        model.name if model else wanted.model,
        *visible_units(user, on).filter(pk=wanted.unit or 0).values_list("name", flat=True),
        *SupervisionBody.objects.filter(pk=wanted.body or 0).values_list("name", flat=True),
        wanted.region,
        f"“{wanted.words}”" if wanted.words else "",
    ]
    return [each for each in found if each]


@login_required
@require_GET
@never_cache
def listing(http: HttpRequest) -> HttpResponse:
    """Those that wait for whoever looks, and their own."""
    user, at = _me(http), timezone.now()
    if not may_ask(user, day_of(at)):
        raise Http404
    on = day_of(at)
    waiting = waiting_for(user, on).filter(expires_at__gt=at)
    seen = visible_to(user, on).select_related("asked_by")
    own = seen.filter(asked_by=user.pk).order_by("-pk")[:_LISTED]
    decided = seen.exclude(asked_by=user.pk).exclude(pk__in=waiting.values("pk"))
    return render(http, "export/list.html", {
        "waiting": _shown(waiting.select_related("asked_by").order_by("pk")[:_LISTED], at),
        "own": _shown(own, at), "decided": _shown(decided.order_by("-pk")[:_LISTED], at),
    })  # fmt: skip


def _shown(found: Any, at: datetime) -> list[dict[str, Any]]:
    return [{"export": each, "state": _state(each, at), "narrowed": _words(each)} for each in found]


def _state(export: Export, at: datetime) -> str:
    """As it is at this moment, whether the clock has ended it already or not."""
    running = export.state in (*WAITING, State.APPROVED)
    over = running and not export.runs_at(at)
    return str((State.LAPSED if over else State(export.state)).label)


def _words(export: Export) -> str:
    wanted = Wanted.said(QueryDict(export.query).dict())
    asked_on = day_of(export.asked_at)
    return str(say("、", ", ")).join(_narrowed(wanted, export.asked_by, asked_on))


def _one(http: HttpRequest, pk: int, at: datetime) -> Export:
    found = visible_to(_me(http), day_of(at)).select_related(
        "asked_by", "first_by", "second_by", "refused_by"
    )
    return get_object_or_404(found, pk=pk)


@login_required
@require_GET
@never_cache
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """One of them: what it holds, masked, who let it go, and what can be done."""
    at = timezone.now()
    return _page(http, _one(http, pk, at), at, RefuseForm())


def _page(
    http: HttpRequest, export: Export, at: datetime, form: RefuseForm, status: int = 200
) -> HttpResponse:
    user, on = _me(http), day_of(at)
    own = export.asked_by_id == user.pk
    seen = disposals_visible_to(user, on) if own else reviewable(user, on)
    lines = export.lines.filter(disposal__in=seen.values("pk")).order_by("place")
    return render(http, "export/page.html", {
        "export": export, "state": _state(export, at), "narrowed": _words(export),
        "lines": lines.select_related("disposal__warning", "disposal__body")[:MOST_IN_CLEAR],
        "own": own, "runs": export.runs_at(at), "form": form,
        "takes": own and export.state == State.APPROVED and export.runs_at(at),
        "decides": may_approve(export, user, at),
    }, status=status)  # fmt: skip


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Approve, refuse or withdraw."""
    user, at = _me(http), timezone.now()
    export = _one(http, pk, at)
    form = RefuseForm(http.POST if action == "refuse" else None)
    if action == "refuse" and not form.is_valid():
        return _page(http, export, at, form, 422)
    try:
        if action == "approve":
            actions.approve(export, by=user, at=at)
        elif action == "refuse":
            actions.refuse(export, by=user, at=at, reason=form.cleaned_data["reason"])
        elif action == "withdraw":
            actions.withdraw(export, by=user, at=at)
        else:
            raise Http404
    except PlumblineError as refused:
        messages.error(http, refused.in_(language()))
    else:
        messages.success(http, State(export.state).label)
    return redirect("export:page", pk)


@login_required
@require_POST
@never_cache
def take(http: HttpRequest, pk: int) -> HttpResponse:
    """The file, once; it is read at this moment, and on the trail before it leaves."""
    user, at = _me(http), timezone.now()
    export = get_object_or_404(visible_to(user, day_of(at)), pk=pk, asked_by=user.pk)
    if export.state != State.APPROVED or not export.runs_at(at):
        messages.error(http, say("不能领取：", "It cannot be taken: ") + _state(export, at))
        return redirect("export:page", pk)
    try:
        file = composed(export, by=user, at=at)
        actions.take(export, file.taken, by=user, at=at)
    except PlumblineError as refused:
        messages.error(http, refused.in_(language()))
        return redirect("export:page", pk)
    response = HttpResponse(file.content, content_type=_TYPES[Form(export.form)])
    name = quote(str(say("处置清单-{}.{}", "disposals-{}.{}")).format(export.number, export.form))
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response
