"""The list of warnings, and one warning with its evidence."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
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
from plumbline.loop.warning.forms import ExceptingForm, FilterForm, ReadingForm
from plumbline.loop.warning.intake import evidence, explained
from plumbline.loop.warning.models import OVERSEEING, EarlyWarning
from plumbline.loop.warning.queries import inbox, rank_in_words
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.trail.actions import record_reading


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


def context(warning: EarlyWarning, *, unmasked: bool = False) -> tuple[Told | None, dict[str, Any]]:
    """What templates that show a warning need; `told` is none where the store cannot be read."""
    try:
        told, problem = evidence(warning, unmasked=unmasked), ""
    except PlumblineError as error:
        told, problem = None, error.in_(language())
    return told, {
        "warning": warning, "told": told, "problem": problem, **(_line(told) if told else {}),
        "happenings": [
            (each, each.detail.get(language(), [])) for each in warning.happenings.order_by("run", "pk")
        ],
    }  # fmt: skip


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
    warning = _mine(http, pk)
    told, shown = context(warning)
    on = day_of(timezone.now())
    excepting = may("except_subject", _me(http), on) and told is not None
    return render(http, "warning/page.html", {
        **shown, "reading": ReadingForm(),
        "excepting": ExceptingForm(initial={"starts_on": on}) if excepting else None,
        "rank": rank_in_words(warning, outcomes().get(warning.model, (0, 0))),
    })  # fmt: skip


@login_required
@require_GET
@never_cache
def why(http: HttpRequest, pk: int) -> HttpResponse:
    """The verdict slot by slot, worked out again; asked for by itself, since it takes a moment."""
    warning = _mine(http, pk)
    try:
        found, problem = explained(warning), ""
    except PlumblineError as error:
        found, problem = None, error.in_(language())
    return render(http, "warning/_why.html", {"why": found, "problem": problem})


@login_required
@require_POST
@never_cache
def read(http: HttpRequest, pk: int) -> HttpResponse:
    """The evidence in clear, for a purpose; that it was read is on the trail before anything is shown."""
    warning = _mine(http, pk)
    form = ReadingForm(http.POST)
    told, shown = context(warning)
    if told is None or not form.is_valid():
        return render(http, "warning/page.html", {**shown, "reading": form}, status=422)
    personal = {
        c.column for fact in told.facts for row in fact.rows for c in row.cells if c.personal
    }
    record_reading(
        whom=sorted(told.people), where=f"warning:{warning.pk}", fields=sorted(personal),
        by=_me(http), at=timezone.now(), **form.cleaned_data,
    )  # fmt: skip
    _, shown = context(warning, unmasked=True)
    return render(http, "warning/page.html", {**shown, "reading": None})


@login_required
@require_POST
def ask_exception(http: HttpRequest, pk: int) -> HttpResponse:
    """Ask that a model warns no more about this subject; a second person approves."""
    warning = _mine(http, pk)
    form = ExceptingForm(http.POST)
    told, shown = context(warning)
    if told is None or not form.is_valid():
        return render(
            http,
            "warning/page.html",
            {**shown, "reading": ReadingForm(), "excepting": form},
            status=422,
        )
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
