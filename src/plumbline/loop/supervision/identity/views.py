"""Pages of who is who: pairs to judge, one pair side by side, what was judged and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.identity import actions, intake
from plumbline.loop.supervision.identity.forms import JudgeForm, WithdrawForm
from plumbline.loop.supervision.identity.models import IdentityJudgement, State, Verdict
from plumbline.loop.supervision.identity.policy import may_judge
from plumbline.loop.supervision.identity.queries import SAYS, judgements_visible_to
from plumbline.loop.supervision.intake import workspace
from plumbline.org.models import User
from plumbline.org.policy import own_people
from plumbline.org.queries import acts_on

_MOST = 20
_PAGE = 50


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _today() -> date:
    return day_of(timezone.now())


def _judge(http: HttpRequest) -> None:
    """To whoever does not judge, these pages do not exist."""
    if not may_judge(_me(http), _today()):
        raise Http404


@login_required
@require_GET
@never_cache
def pairs(http: HttpRequest) -> HttpResponse:
    """The pairs that are of most use to judge first."""
    _judge(http)
    unsure = bool(http.GET.get("unsure"))
    found = intake.pairs(
        workspace(),
        language(),
        most=_MOST,
        unsure=unsure,
        barred=own_people(_me(http), _today()),
    )
    seen = judgements_visible_to(_me(http), _today())
    return render(http, "identity/pairs.html", {
        "pairs": [(each, _address(each.row, each.other)) for each in found], "unsure": unsure,
        "waiting": seen.filter(state__in=[State.JUDGED, State.WITHDRAWING]).count(),
        "judged": seen.count(), "most": _MOST,
    })  # fmt: skip


def _address(row: str, other: str) -> str:
    return f"{reverse('identity:pair')}?{urlencode({'row': row, 'with': other})}"


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def pair(http: HttpRequest) -> HttpResponse:
    """Two sides with what agrees and differs, and three answers."""
    _judge(http)
    row, other = http.GET.get("row", "").strip(), http.GET.get("with", "").strip()
    of, lang = workspace(), language()
    try:
        told = intake.pair(of, row, other, lang)
    except PlumblineError as error:
        return render(http, "identity/nothing.html", {"why": error.in_(lang)}, status=404)
    if told.people & own_people(_me(http), _today()):
        raise Http404
    form = JudgeForm(http.POST or None)
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = actions.judge(
                actions.Judged(told.row, told.other, told.about, told.people), Verdict(said["verdict"]),
                by=_me(http), at=timezone.now(), reason=said["reason"],
            )  # fmt: skip
        except PlumblineError as error:
            form.add_error(None, error.in_(lang))
        else:
            messages.success(http, say(f"已记下“{made.get_verdict_display()}”，随后生效", f"'{made.get_verdict_display()}' is written down and takes effect shortly"))  # fmt: skip
            return redirect("identity:next")
    return render(http, "identity/pair.html", {
        "pair": told, "form": form, "verdicts": zip("123", Verdict.choices, strict=True),
        "next": f"{reverse('identity:next')}?{urlencode({'row': told.row, 'with': told.other})}",
        "earlier": judgements_visible_to(_me(http), _today()).filter(row=told.row).order_by("-pk")[:_MOST],
    })  # fmt: skip


@login_required
@require_GET
@never_cache
def following(http: HttpRequest) -> HttpResponse:
    """The next pair to judge, behind the one that is passed over; the list, where there is none."""
    _judge(http)
    here = (http.GET.get("row", ""), http.GET.get("with", ""))
    barred = own_people(_me(http), _today())
    found = [
        (each.row, each.other)
        for each in intake.pairs(workspace(), language(), most=_MOST, barred=barred)
    ]
    if not found:
        return redirect("identity:pairs")
    at = found.index(here) + 1 if here in found else 0
    return redirect(_address(*found[at % len(found)]))


@login_required
@require_GET
def judgements(http: HttpRequest) -> HttpResponse:
    """What was judged, by whom, and what came of it."""
    _judge(http)
    found = judgements_visible_to(_me(http), _today())
    state = http.GET.get("state", "")
    state = state if state in State.values else ""
    if state:
        found = found.filter(state=state)
    before = http.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: _PAGE + 1])
    return render(http, "identity/judgements.html", {
        "rows": rows[:_PAGE], "more": len(rows) > _PAGE, "state": state, "states": State.choices,
    })  # fmt: skip


@login_required
@require_GET
def judgement(http: HttpRequest, pk: int) -> HttpResponse:
    """One judgement: its course, its ripples, and its withdrawal."""
    _judge(http)
    one = get_object_or_404(judgements_visible_to(_me(http), _today()), pk=pk)
    lang = language()
    return render(http, "identity/judgement.html", {
        "judgement": one, "course": acts_on(f"judgement:{one.pk}", SAYS), "form": WithdrawForm(),
        "pair": _address(one.row, one.other), **_told(one, lang),
    })  # fmt: skip


def _told(one: IdentityJudgement, lang: str) -> dict[str, Any]:
    at = 0 if lang == "zh" else 1
    return {
        "rows": [pair[at] for pair in one.ripples.get("rows", [])],
        "problem": one.problem[at] if one.problem else "",
        "may_withdraw": one.state in (State.JUDGED, State.ENTERED),
        "waiting": one.state in (State.JUDGED, State.WITHDRAWING),
    }


@login_required
@require_POST
def withdraw(http: HttpRequest, pk: int) -> HttpResponse:
    """Take a judgement back."""
    _judge(http)
    one = get_object_or_404(judgements_visible_to(_me(http), _today()), pk=pk)
    form = WithdrawForm(http.POST)
    if not form.is_valid():
        messages.error(http, say("请写明撤回的理由", "Say why it is withdrawn"))
        return redirect("identity:judgement", pk)
    try:
        actions.withdraw(one, by=_me(http), at=timezone.now(), reason=form.cleaned_data["reason"])
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("已撤回，随后生效", "Withdrawn; it takes effect shortly"))
    return redirect("identity:judgement", pk)
