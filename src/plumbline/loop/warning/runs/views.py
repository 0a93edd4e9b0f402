"""Pages of runs: all of them, one with what each model found, one going on, two beside each other."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.models import OVERSEEING
from plumbline.loop.warning.runs import actions, intake
from plumbline.loop.warning.runs.forms import AcceptForm, AskForm, CompareForm
from plumbline.loop.warning.runs.models import State
from plumbline.loop.warning.runs.policy import may
from plumbline.loop.warning.runs.queries import Moved, between, requests_visible_to, runs_visible_to
from plumbline.org.models import User
from plumbline.org.policy import rights_of

_PAGE = 30
_REQUESTS = 5
_LISTED = 100


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _today() -> date:
    return day_of(timezone.now())


def _see(http: HttpRequest) -> None:
    if not may("see", _me(http), _today()):
        raise Http404


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def runs(http: HttpRequest) -> HttpResponse:
    """Every run; sent, one more is asked for."""
    _see(http)
    may_ask = may("ask", _me(http), _today())
    form = AskForm(http.POST or None)
    if http.method == "POST":
        if not may_ask:
            raise Http404
        if form.is_valid():
            try:
                made = actions.ask(
                    by=_me(http), at=timezone.now(), reason=form.cleaned_data["reason"]
                )
            except PlumblineError as error:
                form.add_error(None, error.in_(language()))
            else:
                return redirect("runs:request", made.pk)
    found = runs_visible_to(_me(http), _today())
    before = http.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    listed = list(found.order_by("-pk")[: _PAGE + 1])
    of, lang = workspace(), language()
    manifests = of.runs()
    rows = [
        {
            "run": each,
            "told": intake.run_told(of, manifests[each.pk], lang) if each.pk in manifests else None,
        }
        for each in listed[:_PAGE]
    ]
    return render(http, "runs/runs.html", {
        "rows": rows, "more": len(listed) > _PAGE, "form": form, "may_ask": may_ask,
        "requests": requests_visible_to(_me(http), _today()).order_by("-pk")[:_REQUESTS],
        "latest": [each.pk for each in listed[:2]],
    })  # fmt: skip


@login_required
@require_GET
def run(http: HttpRequest, number: int) -> HttpResponse:
    """One run: what each model found, whether that was expected, and which warnings it moved."""
    _see(http)
    one = get_object_or_404(runs_visible_to(_me(http), _today()), pk=number)
    of, lang = workspace(), language()
    manifest = of.runs().get(number)
    moved = between(_me(http), _today(), number - 1, number)
    earlier = runs_visible_to(_me(http), _today()).filter(pk__lt=number).order_by("-pk").first()
    return render(http, "runs/run.html", {
        "run": one, "told": intake.run_told(of, manifest, lang) if manifest else None,
        "groups": _groups(moved.new, moved.changed, moved.gone), "earlier": earlier,
        "may_accept": may("accept", _me(http), _today()), "form": AcceptForm(), "most": _LISTED,
        "sees": rights_of(_me(http), _today()).has(*OVERSEEING),
    })  # fmt: skip


def _groups(*parts: tuple[Moved, ...]) -> list[dict[str, Any]]:
    """New, changed and gone warnings, each with why, in the language that is served."""
    lang = language()
    names = (
        ("new", say("新增", "New")), ("changed", say("证据有变", "Changed")), ("gone", say("不再成立", "Gone")),
    )  # fmt: skip
    return [
        {
            "key": key, "name": name, "count": len(part),
            "moved": [
                {"warning": m.warning, "kind": m.happening.get_kind_display(), "run": m.happening.run,
                 "why": m.happening.detail.get(lang, [])}
                for m in part[:_LISTED]
            ],
        }
        for (key, name), part in zip(names, parts, strict=True)
    ]  # fmt: skip


@login_required
@require_POST
def accept(http: HttpRequest, number: int, model: str) -> HttpResponse:
    """Let in what a run held back of a model: it runs again, and says why."""
    one = get_object_or_404(runs_visible_to(_me(http), _today()), pk=number)
    if not may("accept", _me(http), _today()):
        raise Http404
    manifest = workspace().runs().get(one.pk)
    held = {r["model"] for r in manifest["results"] if r["held"]} if manifest else set()
    if model not in held:
        raise Http404
    form = AcceptForm(http.POST)
    if not form.is_valid():
        messages.error(http, say("请写明放行的理由", "Say why it is let in"))
        return redirect("runs:run", number)
    reason = form.cleaned_data["reason"]
    try:
        made = actions.ask(
            by=_me(http), at=timezone.now(), reason=reason, only=[model], accept={model: reason}
        )
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
        return redirect("runs:run", number)
    return redirect("runs:request", made.pk)


@login_required
@require_GET
@never_cache
def request(http: HttpRequest, pk: int) -> HttpResponse:
    """A run that was asked for, while it waits and goes on."""
    _see(http)
    one = get_object_or_404(requests_visible_to(_me(http), _today()), pk=pk)
    titles = intake.model_titles(workspace(), language())
    at = 0 if language() == "zh" else 1
    return render(http, "runs/request.html", {
        "request_": one, "current": titles.get(one.current, one.current),
        "problem": one.problem[at] if one.problem else "",
        "going_on": one.state in (State.ASKED, State.RUNNING),
        "only": [titles.get(name, name) for name in one.only],
    })  # fmt: skip


@login_required
@require_GET
def compare(http: HttpRequest) -> HttpResponse:
    """Two runs: what is new, gone and changed, and what they were given that was not the same."""
    _see(http)
    seen = runs_visible_to(_me(http), _today())
    form = CompareForm(http.GET or None)
    context: dict[str, Any] = {"form": form, "runs": seen.order_by("-pk")[:_LISTED]}
    if form.is_valid():
        first, last = sorted((form.cleaned_data["before"], form.cleaned_data["after"]))
        before, after = get_object_or_404(seen, pk=first), get_object_or_404(seen, pk=last)
        of, lang = workspace(), language()
        manifests, titles = of.runs(), intake.model_titles(of, language())
        moved = between(_me(http), _today(), first, last)
        known = first in manifests and last in manifests
        context |= {
            "before": before, "after": after, "most": _LISTED,
            "counts": [(titles.get(name, name), *counts) for name, counts in moved.counts().items()],
            "groups": _groups(moved.new, moved.changed, moved.gone),
            "differs": intake.differences(of, manifests[first], manifests[last], lang) if known else None,
        }  # fmt: skip
    return render(http, "runs/compare.html", context)
