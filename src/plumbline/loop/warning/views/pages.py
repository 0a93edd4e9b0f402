"""The list of warnings, and one warning with its evidence."""

from __future__ import annotations

from datetime import datetime
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
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.actions import Excepting, except_subject
from plumbline.loop.supervision.intake import Told
from plumbline.loop.supervision.policy import may
from plumbline.loop.supervision.queries import outcomes
from plumbline.loop.warning import actions
from plumbline.loop.warning.forms import ExceptingForm, FilterForm, ReadingForm
from plumbline.loop.warning.intake import evidence, explained
from plumbline.loop.warning.models import OVERSEEING, EarlyWarning
from plumbline.loop.warning.policy import may_read
from plumbline.loop.warning.queries import in_clear, inbox, rank_in_words
from plumbline.loop.warning.views.compared import compared
from plumbline.loop.warning.views.graph import graph
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of

NOT_A_VERDICT = say(
    "预警是需要核实的线索，不是对任何人的结论；可能有错，也可能有正当解释。",
    "A warning is something to verify, not a verdict on anyone; it may be wrong or explained.",
)


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _mine(http: HttpRequest, pk: int) -> EarlyWarning:
    seen = EarlyWarning.objects.visible_to(_me(http), day_of(timezone.now()))
    return get_object_or_404(seen.select_related("unit"), pk=pk)


@login_required
@require_GET
def listing(http: HttpRequest) -> HttpResponse:
    """Newest first; htmx asks for the rows alone."""
    on = day_of(timezone.now())
    if not rights_of(_me(http), on).has(*OVERSEEING, Role.VERIFIER):
        raise Http404
    form = FilterForm(http.GET, _me(http), on)
    form.is_valid()
    said = http.GET.copy()
    after = said.pop("after", [""])[-1]
    page = inbox(_me(http), on, form.cleaned_data, after)
    part = http.headers.get("HX-Request") == "true"
    return render(http, "warning/_rows.html" if part else "warning/list.html", {
        "page": page, "filters": form, "query": said.urlencode(), "first": not after,
    })  # fmt: skip


def context(
    warning: EarlyWarning, user: User, at: datetime, *, may: bool
) -> tuple[Told | None, dict[str, Any]]:
    """What templates that show a warning need; `told` is none where the store cannot be read.

    Args:
        may: see it in clear, by the rights of this moment; what was asked for before ends with them.
    """
    asked = in_clear(warning, user, at) if may else []
    clear = sorted({field for each in asked for field in each.fields})
    told, problem = None, ""
    try:
        told = evidence(warning, clear=clear)
    except PlumblineError as error:
        problem = error.in_(language())
    return told, {
        "warning": warning, "told": told, "problem": problem, **(_line(told) if told else {}),
        "compared": compared(told) if told else None, "graph": graph(told) if told else None,
        "in_clear": asked[-1] if asked else None,
        "not_a_verdict": NOT_A_VERDICT,
        "happenings": [
            (each, each.detail.get(language(), [])) for each in warning.happenings.order_by("run", "pk")
        ],
    }  # fmt: skip


def fields_of(told: Told | None) -> list[tuple[str, str]]:
    """The columns that are masked, to be chosen: `fact.column`, and what they are called."""
    if told is None:
        return []
    return [
        (f"{fact.alias}.{cell.column}", f"{fact.title} · {cell.title}")
        for fact in told.facts
        for cell in fact.rows[0].cells
        if cell.personal and not cell.clear
    ]


def _line(told: Told) -> dict[str, Any]:
    """What the model says, in the language of whoever is served."""
    lang, shown = language(), told.shown
    return {
        "line": shown["line"][lang],
        "innocent": shown["innocent"][lang],
        "steps": shown["check"][lang],
    }


@login_required
@require_GET
@never_cache
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """One warning: what it says, on which rows it rests, which line it holds them against."""
    return _page(http, _mine(http, pk), timezone.now())


def _page(http: HttpRequest, warning: EarlyWarning, at: datetime, **sent: Form) -> HttpResponse:
    """The page, with a form that was sent and refused where there is one; that somebody looks is on the trail."""
    actions.read(warning, by=_me(http), at=at)
    on = day_of(at)
    may_see = may_read(_me(http), warning, on)
    told, shown = context(warning, _me(http), at, may=may_see)
    masked = fields_of(told)
    excepting = may("except_subject", _me(http), on) and told is not None
    reading = ReadingForm(masked) if masked and may_see else None
    return render(http, "warning/page.html", {
        **shown, "reading": reading,
        "excepting": ExceptingForm(initial={"starts_on": on}) if excepting else None,
        "rank": rank_in_words(warning, outcomes().get(warning.model, (0, 0))), **sent,
    }, status=422 if sent else 200)  # fmt: skip


@login_required
@require_GET
@never_cache
def why(http: HttpRequest, pk: int) -> HttpResponse:
    """The verdict slot by slot, worked out again; asked for by itself, since it takes a moment."""
    warning = _mine(http, pk)
    actions.read(warning, by=_me(http), at=timezone.now())
    try:
        found, problem = explained(warning), ""
    except PlumblineError as error:
        found, problem = None, error.in_(language())
    return render(http, "warning/_why.html", {"why": found, "problem": problem})


@login_required
@require_POST
@never_cache
def read(http: HttpRequest, pk: int) -> HttpResponse:
    """Some columns in clear, for a purpose, for half an hour; the trail has it before anything is shown.

    For those who review it. Verifiers do so on the page of its disposal; who only dispatches, nowhere.
    """
    warning, at = _mine(http, pk), timezone.now()
    if not may_read(_me(http), warning, day_of(at)):
        raise Http404
    told, _ = context(warning, _me(http), at, may=True)
    form = ReadingForm(fields_of(told), http.POST)
    if told is None or not form.is_valid():
        return _page(http, warning, at, reading=form)
    actions.unmask(warning, whom=told.people, by=_me(http), at=at, **form.asked)
    return redirect("warning:page", pk)


@login_required
@require_POST
def ask_exception(http: HttpRequest, pk: int) -> HttpResponse:
    """Ask that a model warns no more about this subject; a second person approves."""
    warning = _mine(http, pk)
    form = ExceptingForm(http.POST)
    told, _ = context(warning, _me(http), timezone.now(), may=False)
    if told is None or not form.is_valid():
        return _page(http, warning, timezone.now(), excepting=form)
    said = form.cleaned_data
    asked = Excepting(
        "" if said["every"] else warning.model, warning.key, told.subject, warning.about[:200],
        said["starts_on"], said["ends_on"],
    )  # fmt: skip
    try:
        except_subject(asked, by=_me(http), at=timezone.now(), reason=said["reason"])
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("已提交，待另一人批准", "Asked for; somebody else approves it"))
    return redirect("warning:page", pk=pk)
