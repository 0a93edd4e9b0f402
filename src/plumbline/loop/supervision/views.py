"""Models and how well they do, samples to verify, exceptions for single subjects, budgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision import actions
from plumbline.loop.supervision.forms import (
    BudgetForm,
    DrawForm,
    ProposeForm,
    ReasonForm,
    SubjectForm,
    VerifyForm,
)
from plumbline.loop.supervision.intake import (
    check,
    draw_passed_over,
    draw_trial,
    find,
    row_told,
    told,
    workspace,
)
from plumbline.loop.supervision.models import (
    SAYS,
    ModelVersion,
    SampleDraw,
    State,
    SubjectException,
    WarningBudget,
)
from plumbline.loop.supervision.policy import READING, allowed, may, may_decide, may_verify
from plumbline.loop.supervision.queries import (
    lacking,
    missed,
    precision,
    recall,
    samples_of,
    trial_precision,
    visible_exceptions,
    visible_samples,
    visible_versions,
)
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.org.queries import keeps_out_of, visible_units


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _today() -> date:
    return day_of(timezone.now())


def _reader(http: HttpRequest) -> None:
    """To somebody without a part in models, these pages do not exist."""
    if not rights_of(_me(http), _today()).has(*READING):
        raise Http404


def _done(http: HttpRequest, act: Callable[[], object], said: str) -> None:
    """Do it, and say what came of it."""
    try:
        act()
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, said)


# -- models --------------------------------------------------------------------------------------


@login_required
@require_GET
def listing(http: HttpRequest) -> HttpResponse:
    """Every model of the catalog, with its state and how well it does."""
    _reader(http)
    versions = visible_versions(_me(http), _today()).filter(Q(current=True) | Q(state=State.LIVE))
    to_verify = Count("samples", filter=Q(samples__verified_at=None))
    rows = versions.annotate(to_verify=to_verify).order_by("model", "-pk")
    return render(http, "supervision/list.html", {
        "rows": [(each, precision(each)) for each in rows], "today": _today(),
        "may_write": may("write", _me(http), _today()),
    })  # fmt: skip


@login_required
@require_GET
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """One version: its line, question, exceptions, cases, samples, precision, and what can be done."""
    me, on = _me(http), _today()
    version = get_object_or_404(visible_versions(me, on), pk=pk)
    forms = {"propose": ProposeForm, "draw_samples": DrawForm, "draw_unflagged": DrawForm}
    acts = [(name, SAYS[name], forms.get(name, ReasonForm)()) for name in allowed(version, me, on)]
    lang = language()
    return render(http, "supervision/page.html", {
        "version": version, "acts": acts, "expired": version.has_expired(on),
        "may_write": may("write", me, on), "facts": [each[lang] for each in version.shown.get("facts", [])],
        "trying": SubjectForm() if may("try_subject", me, on) else None,
        "question": version.shown["question"][lang], "line": version.shown["line"][lang],
        "leave_out": [(e["name"], e["when"], e.get(lang, "")) for e in version.shown["leave_out"]],
        "cannot_tell": [(e["name"], e["when"], e.get(lang, "")) for e in version.shown["cannot_tell"]],
        "innocent": version.shown["innocent"][lang], "steps": version.shown["check"][lang],
        "precision": precision(version), "trial": trial_precision(version), "missed": missed(version),
        "recall": recall(version), "samples": samples_of(version, me, on),
        "lacking": lacking(version) if version.state == State.TRIAL else [],
        "draws": version.draws.select_related("drawn_by").order_by("-pk"),
        "versions": ModelVersion.objects.filter(model=version.model).exclude(pk=pk).order_by("-pk"),
        "exceptions": visible_exceptions(me, on).filter(
            Q(model=version.model) | Q(model="")
        ).in_force(on).select_related("by", "approved_by"),
    })  # fmt: skip


def _try_out(version: ModelVersion, http: HttpRequest) -> object:
    tried = check(workspace(), version.model)
    return actions.try_out(version, tried, by=_me(http), at=timezone.now())


def _propose(version: ModelVersion, http: HttpRequest) -> object:
    form = ProposeForm(http.POST)
    form.is_valid()
    return actions.propose(version, by=_me(http), at=timezone.now(), **form.cleaned_data)


def _draw(version: ModelVersion, http: HttpRequest, *, unflagged: bool) -> object:
    form = DrawForm(http.POST)
    n = form.cleaned_data["n"] if form.is_valid() else 10
    drawing = (draw_passed_over if unflagged else draw_trial)(workspace(), version, n)
    return actions.draw_samples(version, drawing, by=_me(http), at=timezone.now())


def _with_reason(act: Callable[..., object]) -> Callable[[ModelVersion, HttpRequest], object]:
    def done(version: ModelVersion, http: HttpRequest) -> object:
        reason = http.POST.get("reason", "").strip()
        return act(version, by=_me(http), at=timezone.now(), reason=reason)

    return done


_ACTS: dict[str, Callable[[ModelVersion, HttpRequest], object]] = {
    "try_out": _try_out,
    "propose": _propose,
    "draw_samples": lambda version, http: _draw(version, http, unflagged=False),
    "draw_unflagged": lambda version, http: _draw(version, http, unflagged=True),
    "promote": _with_reason(actions.promote),
    "demote": _with_reason(actions.demote),
    "rework": _with_reason(actions.rework),
    "retire": _with_reason(actions.retire),
}


@login_required
@require_POST
def act(http: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing about a version; what somebody may not do does not exist for them."""
    version = get_object_or_404(visible_versions(_me(http), _today()), pk=pk)
    if name not in _ACTS or not may(name, _me(http), _today()):
        raise Http404
    _done(http, lambda: _ACTS[name](version, http), f"{SAYS[name]} ✓")
    return redirect("supervision:page", pk=pk)


# -- samples -------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def sample(http: HttpRequest, pk: int) -> HttpResponse:
    """One sample with its evidence, to be looked at by somebody who did not write the model."""
    me, on = _me(http), _today()
    drawn = get_object_or_404(visible_samples(me, on).select_related("version", "draw"), pk=pk)
    people: frozenset[str] = frozenset()
    shown: dict[str, Any] = {}
    try:
        if drawn.draw.kind == SampleDraw.Kind.TRIAL:
            known = find(workspace(), drawn.key, "trials")
            result = told(workspace(), known) if known else None
            people = result.people if result else people
            shown["told"] = result
        else:
            fact, people = row_told(workspace(), drawn.key)
            shown["told"] = {"facts": [fact]}
    except PlumblineError as error:
        shown["problem"] = error.in_(language())
    if people & keeps_out_of(me, on):
        raise Http404
    form = VerifyForm(http.POST or None)
    if http.method == "POST" and form.is_valid():
        _done(
            http,
            lambda: actions.verify_sample(
                drawn, by=me, at=timezone.now(), people=people, **form.cleaned_data
            ),
            say("已记录", "Recorded"),
        )
        return redirect("supervision:page", pk=drawn.version_id)
    return render(http, "supervision/sample.html", {
        **shown, "sample": drawn, "form": form if may_verify(drawn, me, on) else None,
    })  # fmt: skip


# -- exceptions ----------------------------------------------------------------------------------


@login_required
@require_GET
def exceptions(http: HttpRequest) -> HttpResponse:
    """What is asked for and what holds, the newest first."""
    _reader(http)
    me, on = _me(http), _today()
    found = visible_exceptions(me, on).select_related("by", "approved_by").order_by("-pk")[:200]
    return render(http, "supervision/exceptions.html", {
        "rows": [
            (each, may_decide(each, me, on) and each.approved_by_id is None,
             each.withdrawn_at is None and may("withdraw_exception", me, on))
            for each in found
        ],
        "today": on,
    })  # fmt: skip


@login_required
@require_POST
def decide(http: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Approve or withdraw an exception."""
    me, on = _me(http), _today()
    exception: SubjectException = get_object_or_404(visible_exceptions(me, on), pk=pk)
    acts: dict[str, Callable[..., object]] = {
        "approve": actions.approve_exception, "withdraw": actions.withdraw_exception,
    }  # fmt: skip
    if name not in acts or not may(f"{name}_exception", me, on):
        raise Http404
    reason = http.POST.get("reason", "").strip()
    _done(
        http,
        lambda: acts[name](exception, by=me, at=timezone.now(), reason=reason),
        say("已记录", "Recorded"),
    )
    return redirect("supervision:exceptions")


# -- budgets -------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def budgets(http: HttpRequest) -> HttpResponse:
    """How many warnings a unit is told of in a week."""
    me, on = _me(http), _today()
    if not may("set_budget", me, on):
        raise Http404
    form = BudgetForm(me, on, http.POST or None)
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        _done(
            http,
            lambda: actions.set_budget(
                said["unit"], said["per_week"], by=me, at=timezone.now(), reason=said["reason"]
            ),
            say("已设定", "Set"),
        )
        return redirect("supervision:budgets")
    rows = WarningBudget.objects.filter(unit__in=visible_units(me, on)).select_related("unit")
    return render(
        http, "supervision/budgets.html", {"rows": rows.order_by("unit__path"), "form": form}
    )
