"""Ledgers, and one page for each problem, campaign, letter, rectification and mechanism."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Model, Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.clock.ladder import KINDS
from plumbline.kit.clock.queries import remaining, running
from plumbline.kit.interval import CONFIDENCE
from plumbline.loop.closure.actions.attachment import take_away
from plumbline.loop.closure.forms.acts import ActForm
from plumbline.loop.closure.models import (
    Campaign,
    CampaignState,
    GovernanceProblem,
    Mechanism,
    ProblemState,
    Recommendation,
    RecommendationState,
    Rectification,
    RectificationState,
)
from plumbline.loop.closure.policy import READERS, Thing, allowed
from plumbline.loop.closure.queries import seeing
from plumbline.loop.closure.queries.clusters import models_behind, units_behind
from plumbline.loop.closure.queries.effect import MINIMUM, WINDOW, effect
from plumbline.loop.closure.views.acts import ACTS, INLINE
from plumbline.loop.closure.views.chart import chart_of
from plumbline.loop.disposal.models import Disposal
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of

_PAGE = 50


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


@dataclass(frozen=True)
class Ledger:
    """One kind of thing: who sees which, under which tabs, and what its page needs besides itself.

    Attributes:
        tabs: state -> words; of all states where nothing is chosen.
        with_: relations that a row of the list needs.
        more: what else its own page shows.
    """

    seen: Callable[[User, date], QuerySet[Any]]
    tabs: type[Any] | None
    with_: tuple[str, ...]
    more: Callable[[Any, User, date], dict[str, Any]]


def _problem(of: GovernanceProblem, user: User, on: date) -> dict[str, Any]:
    return {
        "findings": seeing.findings_of(of, user, on),
        "unseen": of.disposals.count() - seeing.findings_of(of, user, on).count(),
        "units": units_behind(of),
        "models": models_behind(of),
        "campaigns": seeing.campaigns(user, on).filter(problem=of).select_related("owner"),
        "recommendations": seeing.recommendations(user, on)
        .filter(problem=of)
        .select_related("unit"),
        "mechanisms": seeing.mechanisms(user, on).filter(problem=of),
    }


def _campaign(of: Campaign, user: User, on: date) -> dict[str, Any]:
    items = of.items.select_related("unit", "done_by").prefetch_related("attachments")
    return {
        "items": list(items.order_by("number")),
        "left": of.items.filter(result="").count(),
        "officer": rights_of(user, on).has(*READERS),
        "rectifications": seeing.rectifications(user, on)
        .filter(campaign=of)
        .select_related("unit"),
    }


def _recommendation(of: Recommendation, user: User, on: date) -> dict[str, Any]:
    officer = of.body_id in seeing.bodies_seen(rights_of(user, on))
    return {
        "officer": officer,
        "notes": of.follow_ups.select_related("by").order_by("pk") if officer else (),
        "files": of.attachments.order_by("pk"),
        "rectifications": seeing.rectifications(user, on)
        .filter(recommendation=of)
        .select_related("unit"),
    }


def _rectification(of: Rectification, user: User, on: date) -> dict[str, Any]:
    return {
        "officer": of.body_id in seeing.bodies_seen(rights_of(user, on)),
        "reports": of.reports.select_related("by", "decided_by").order_by("round"),
        "files": of.attachments.order_by("pk"),
    }


def _mechanism(of: Mechanism, user: User, on: date) -> dict[str, Any]:
    found = effect(of)
    written = list(of.written.order_by("pk"))
    raised = EarlyWarning.objects.visible_to(user, on).filter(
        model__in=[each.model for each in written]
    )
    counts = raised.values_list("model", "level").annotate(n=Count("pk")).order_by("model")
    return {
        "problem": seeing.problems(user, on).filter(mechanisms=of).first(),
        "disposal": seeing.grounds(user, on).filter(mechanisms=of).first(),
        "units": of.units.order_by("path"),
        "files": of.attachments.order_by("pk"),
        "written": [(each, [(lv, n) for m, lv, n in counts if m == each.model]) for each in written],
        "effect": found,
        "chart": chart_of(found, of.in_force_from) if found else None,
        "minimum": MINIMUM, "window": WINDOW, "confidence": round(100 * CONFIDENCE),
    }  # fmt: skip


def _disposal(of: Disposal, user: User, on: date) -> dict[str, Any]:
    return {
        "recommendations": seeing.recommendations(user, on)
        .filter(disposal=of)
        .select_related("unit"),
        "rectifications": seeing.rectifications(user, on)
        .filter(disposal=of)
        .select_related("unit"),
        "mechanisms": seeing.mechanisms(user, on).filter(disposal=of),
        "problems": seeing.problems(user, on).filter(disposals=of),
    }


LEDGERS: Mapping[str, Ledger] = {
    "problem": Ledger(seeing.problems, ProblemState, (), _problem),
    "campaign": Ledger(seeing.campaigns, CampaignState, ("owner", "body"), _campaign),
    "recommendation": Ledger(
        seeing.recommendations,
        RecommendationState,
        ("unit", "body", "followed_by"),
        _recommendation,
    ),
    "rectification": Ledger(
        seeing.rectifications, RectificationState, ("unit", "body"), _rectification
    ),
    "mechanism": Ledger(seeing.mechanisms, None, ("body",), _mechanism),
    "disposal": Ledger(seeing.grounds, None, ("warning", "body"), _disposal),
}
#: Who has a ledger at all; for everybody else there is no such page.
_FOR_UNITS = frozenset({"campaign", "recommendation", "rectification"})


@login_required
@require_GET
def listing(http: HttpRequest, noun: str) -> HttpResponse:
    """A ledger by state, the newest first."""
    at = timezone.now()
    on = day_of(at)
    ledger, rights = LEDGERS[noun], rights_of(_me(http), on)
    if not rights.has(*READERS) and not (noun in _FOR_UNITS and rights.has(Role.UNIT_CONTACT)):
        raise Http404
    found = ledger.seen(_me(http), on)
    tab = http.GET.get("tab", "")
    tabs: list[tuple[str, str, int]] = []
    if ledger.tabs is not None:
        counts = dict(found.values_list("state").annotate(n=Count("pk")).order_by())
        tabs = [(value, label, counts.get(value, 0)) for value, label in ledger.tabs.choices]
        tabs.insert(0, ("", say("全部", "All"), sum(counts.values())))
        if tab in ledger.tabs.values:
            found = found.filter(state=tab)
    if noun == "campaign":
        found = found.annotate(
            listed=Count("items"), settled=Count("items", filter=~Q(items__result=""))
        )
    before = http.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found.select_related(*ledger.with_).order_by("-pk")[: _PAGE + 1])
    due = _deadlines(noun, rows[:_PAGE], at)
    return render(http, f"closure/{noun}s.html", {
        "rows": [(row, due.get(row.pk)) for row in rows[:_PAGE]],
        "tabs": tabs, "tab": tab, "noun": noun,
        "older": rows[_PAGE - 1].pk if len(rows) > _PAGE else None,
        "officer": rights.has(*READERS),
    })  # fmt: skip


@login_required
@require_GET
def page(http: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """One thing, and what whoever looks may do with it."""
    at = timezone.now()
    return render(http, f"closure/{noun}.html", _context(http, noun, _seen(http, noun, pk, at), at))


@login_required
@require_http_methods(["GET", "POST"])
def act(http: HttpRequest, noun: str, pk: int, action: str) -> HttpResponse:
    """Do one thing; what the rules refuse is said beside its form, and nothing was changed."""
    at = timezone.now()
    thing = _seen(http, noun, pk, at)
    if http.method == "GET":  # a page that was reloaded after it was refused
        return redirect(_address(noun), pk)
    doing = ACTS[noun].get(action)
    if doing is None or action not in allowed(_me(http), thing, day_of(at)):
        raise Http404
    form = doing.form(thing, _me(http), day_of(at), http.POST, http.FILES, auto_id=f"{action}-%s")
    if form.is_valid():
        try:
            doing.do(thing, by=_me(http), at=at, **form.said())
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(http, say("已办理：{}", "Done: {}").format(doing.says))
            seen = LEDGERS[noun].seen(_me(http), day_of(at)).filter(pk=pk).exists()
            return redirect(_address(noun), pk) if seen else redirect("closure:problems")
    context = _context(http, noun, _seen(http, noun, pk, at), at, {action: form})
    return render(http, f"closure/{noun}.html", context, status=422)


@login_required
@require_GET
def file(http: HttpRequest, pk: int) -> FileResponse:
    """A file of something they see, to be kept, never shown by the browser; taking it away is on the trail."""
    found = get_object_or_404(seeing.attachments(_me(http), timezone.localdate()), pk=pk)
    take_away(found, by=_me(http), at=timezone.now())
    handed = FileResponse(
        found.file.open(), as_attachment=True, filename=found.name, content_type=found.kind
    )
    handed["X-Content-Type-Options"] = "nosniff"
    return handed


def _address(noun: str) -> str:
    return f"closure:{noun}"


def _seen(http: HttpRequest, noun: str, pk: int, at: datetime) -> Any:
    ledger = LEDGERS[noun]
    found = ledger.seen(_me(http), day_of(at)).select_related(*ledger.with_)
    return get_object_or_404(found, pk=pk)


def _context(
    http: HttpRequest,
    noun: str,
    thing: Thing,
    at: datetime,
    sent: Mapping[str, ActForm] | None = None,
) -> dict[str, Any]:
    on, sent = day_of(at), sent or {}
    may = allowed(_me(http), thing, on)
    made = [
        {
            "name": name,
            "says": doing.says,
            "look": doing.look,
            "form": sent.get(name) or doing.form(thing, _me(http), on, auto_id=f"{name}-%s"),
            "open": name in sent,
            "url": reverse("closure:act", args=[noun, thing.pk, name]),
        }
        for name, doing in ACTS[noun].items()
        if name in may
    ]
    return {
        "thing": thing,
        "noun": noun,
        "acts": [each for each in made if each["name"] not in INLINE],
        "inline": {each["name"]: each for each in made if each["name"] in INLINE},
        "due": _deadlines(noun, [thing], at).get(thing.pk),
        **LEDGERS[noun].more(thing, _me(http), on),
    }


def _deadlines(
    noun: str, rows: list[Model] | list[Thing], at: datetime
) -> dict[int, dict[str, Any]]:
    """The next running deadline of each row, in two queries."""
    subjects = {f"{noun}:{row.pk}": row.pk for row in rows}
    found: dict[int, dict[str, Any]] = {}
    for due in running(*subjects):
        left = remaining(due, at)
        found.setdefault(
            subjects[due.subject], {"kind": KINDS[due.kind], "on": day_of(due.due_at), "left": left}
        )
    return found
