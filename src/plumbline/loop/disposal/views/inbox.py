"""The inbox: what waits for whoever looks, and everything else they see; signing for several; lists they keep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.actions.dispatch import sign_for_many
from plumbline.loop.disposal.actions.saved import drop_view, save_view
from plumbline.loop.disposal.models import Disposal, SavedView, State, Verifier
from plumbline.loop.disposal.policy import LISTING, MAY
from plumbline.loop.disposal.queries.disposal import deadlines, visible_to
from plumbline.loop.disposal.queries.inbox import (
    DUE,
    NARROWING,
    ORDERS,
    TABS,
    Wanted,
    capped,
    chosen,
    counted_by_state,
    how_many_wait,
    page,
    said_in,
    states_of,
)
from plumbline.loop.disposal.views.rows import drawn
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.models import Level
from plumbline.org.models import SupervisionBody, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import visible_units

_MOST_UNITS = 120


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


@login_required
@require_GET
def listing(http: HttpRequest) -> HttpResponse:
    """Tabs by state, the first for what waits for whoever looks; filters, orders and kept lists."""
    at = timezone.now()
    on, user = day_of(at), _me(http)
    rights, seen = rights_of(user, on), visible_to(user, on)
    if not rights.bodies() and not seen.exists():
        raise Http404
    said = said_in(http.GET)
    wanted = Wanted.said(said)
    found = chosen(user, wanted, at, seen).select_related("warning", "body").only(*_SHOWN)
    shown = page(found, wanted, http.GET.get("at", ""), states=states_of(user, wanted, on))
    signs = rights.has(*MAY["sign_for"].roles)
    here = urlencode(said)
    can_sign = signs and any(each.state == State.DISPATCHED for each in shown.rows)
    return render(http, "disposal/list.html", {
        "rows": drawn(shown.rows, deadlines(shown.rows, at), _hands(shown.rows), here, ticks=can_sign),
        "page": shown, "wanted": wanted, "here": here,
        "tabs": _tabs(http, wanted, said, seen, at),
        "levels": [(name, label, _with(said, "level", name), wanted.level == name) for name, label in Level.choices],
        "dues": [(label, _with(said, "due", name), wanted.due == name) for name, label in DUE.items()],
        "orders": [(name, order.says, wanted.order == name) for name, order in ORDERS.items()],
        "kept": [(name, value) for name, value in said.items() if name in ("tab", "state", "level", "due", "since", "region")],
        "options": _options(user, wanted, at),
        "state": State(wanted.state).label if wanted.state else "",
        "views": [(view, f"{view.query}" == here) for view in SavedView.objects.filter(user=user).order_by("name")],
        "clear": _with({name: value for name, value in said.items() if name not in NARROWING}),
        "can_sign": can_sign, "exports": rights.has(*LISTING),
    })  # fmt: skip


def _with(said: dict[str, str], name: str = "", value: str = "") -> str:
    """The list's address with one thing changed; what was on is taken off."""
    changed = {key: kept for key, kept in said.items() if key != name}
    if name and said.get(name) != value:
        changed[name] = value
    return f"?{urlencode(changed)}"


def _tabs(
    http: HttpRequest, wanted: Wanted, said: dict[str, str], seen: QuerySet[Disposal], at: datetime
) -> list[tuple[Any, ...]]:
    """Words, address, whether it is this one, and how many: of each tab without further narrowing."""
    user = _me(http)
    n_mine = how_many_wait(user, day_of(at), seen)
    # The rail need not count it again.
    http.waiting = {"disposal:list": n_mine}  # type: ignore[attr-defined]
    by_state = counted_by_state(seen, _COUNTED)
    kept = {name: value for name, value in said.items() if name != "tab"}
    return [
        (
            name, says, f"?{urlencode({'tab': name, **kept})}", name == wanted.tab,
            capped(n_mine) if name == "mine"
            else capped(sum(by_state[state] for state in states)) if set(states) <= set(_COUNTED)
            else "",
        )
        for name, (says, states) in TABS.items()
    ]  # fmt: skip


#: What is closed grows for ever, and nobody waits for its number.
_COUNTED = tuple(state for state in State if state != State.CLOSED)
#: What a row says.
_SHOWN = (
    "state", "level", "round", "opened_at", "closed_at", "rank", "due_at", "warning__title", "warning__title_en",
    "warning__about", "warning__supervised", "warning__amount_fen", "warning__standing", "body__name",
)  # fmt: skip


def _hands(cases: Iterable[Disposal]) -> dict[int, list[str]]:
    """Who verifies each."""
    found: dict[int, list[str]] = {}
    seats = Verifier.objects.filter(disposal__in=[each.pk for each in cases], released_at=None)
    for disposal, name in seats.order_by("seat").values_list("disposal", "user__name"):
        found.setdefault(disposal, []).append(name)
    return found


def _options(user: User, wanted: Wanted, at: Any) -> list[tuple[str, str, str, SafeString]]:
    """What the three choosers offer: name, words, what chooses nothing, and the options."""
    versions = ModelVersion.objects.filter(current=True).only("model", "title", "title_en")
    names = {each.model: each.name for each in versions}
    units = visible_units(user, day_of(at)).order_by("path").values_list("pk", "name")
    bodies = SupervisionBody.objects.order_by("name").values_list("pk", "name")
    every = (
        ("unit", say("单位", "Unit"), say("全部单位", "All units"), _and_chosen(units, wanted.unit)),
        ("model", say("模型", "Model"), say("全部模型", "All models"), sorted(names.items(), key=lambda each: each[1])),
        ("body", say("承办机构", "Body"), say("全部机构", "All bodies"), bodies),
    )  # fmt: skip
    return [
        (name, label, empty, _as_options(rows, getattr(wanted, name))) for name, label, empty, rows in every
    ]  # fmt: skip


def _and_chosen(units: Any, chosen_unit: int | None) -> list[tuple[int, str]]:
    """The first of many units, and the one that is chosen, where it is among them."""
    rows = list(units[:_MOST_UNITS])
    if chosen_unit and chosen_unit not in dict(rows):
        rows += units.filter(pk=chosen_unit)
    return rows


def _as_options(rows: Iterable[tuple[Any, str]], value: Any) -> SafeString:
    options = (
        f'<option value="{escape(key)}"{" selected" if key == value else ""}>{escape(says)}</option>'
        for key, says in rows
    )
    return mark_safe("".join(options))  # noqa: S308 -- every value was escaped


# -- several at once -----------------------------------------------------------------------------


@login_required
@require_POST
def sign_many(http: HttpRequest) -> HttpResponse:
    """Sign for everything that was ticked; says what was, what was not, and why."""
    at = timezone.now()
    user, on = _me(http), day_of(at)
    if not rights_of(user, on).has(*MAY["sign_for"].roles):
        raise Http404
    ticked = [int(pk) for pk in http.POST.getlist("disposal") if pk.isdecimal() and len(pk) < 19]
    seen = list(visible_to(user, on).filter(pk__in=ticked).order_by("pk"))
    waiting = [case for case in seen if case.state == State.DISPATCHED]
    over = [case for case in seen if case.state != State.DISPATCHED]
    signed, refused = sign_for_many(waiting, by=user, at=at)
    if signed:
        messages.success(
            http, say("已签收 {} 件：{}", "Signed for {}: {}").format(len(signed), _numbers(signed))
        )
    if over:
        messages.warning(
            http,
            say("{} 件未签收，已由他人签收或已退回：{}", "{} not signed for, since somebody signed or declined before: {}")
            .format(len(over), _numbers(over)),
        )  # fmt: skip
    why: dict[str, list[int]] = {}
    for pk, error in refused.items():
        why.setdefault(error.problem.in_(language()), []).append(pk)
    for reason, pks in why.items():
        messages.error(
            http,
            say("{} 件未签收：{}（{}）", "{} not signed for: {} ({})").format(
                len(pks), reason, _numbers(pks)
            ),
        )
    if not ticked:
        messages.warning(http, say("请先勾选要签收的预警", "Tick what you want to sign for"))
    back = http.POST.get("back", "")
    return redirect(f"{reverse('disposal:list')}?{urlencode(said_in(QueryDict(back)))}")


def _numbers(cases: Iterable[Disposal | int]) -> str:
    return say("第{}号", "number {}").format(
        say("、", ", ").join(str(case if isinstance(case, int) else case.pk) for case in cases)
    )


# -- lists that are kept -------------------------------------------------------------------------


@login_required
@require_POST
def keep_view(http: HttpRequest) -> HttpResponse:
    """Keep the list as it is filtered and sorted."""
    user, at = _me(http), timezone.now()
    if not rights_of(user, day_of(at)).bodies():
        raise Http404
    query = urlencode(said_in(QueryDict(http.POST.get("query", ""))))
    try:
        save_view(http.POST.get("name", ""), query, by=user, at=at)
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("视图已保存", "The view is saved"))
    return redirect(f"{reverse('disposal:list')}?{query}")


@login_required
@require_POST
def forget_view(http: HttpRequest, pk: int) -> HttpResponse:
    """Keep a list no longer."""
    view = get_object_or_404(SavedView, pk=pk, user=http.user)
    drop_view(view, by=_me(http), at=timezone.now())
    messages.success(http, say("视图已删去", "The view is dropped"))
    return redirect("disposal:list")
