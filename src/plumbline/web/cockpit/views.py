"""The cockpit, the rows behind its figures, the office's map, and screens on a wall."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.supervision.policy import READING as MODELS_READING
from plumbline.loop.warning.models import Level
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.org.walls import scope, scope_of
from plumbline.web.cockpit import actions
from plumbline.web.cockpit.forms import ScreenForm
from plumbline.web.cockpit.geo import has_map, read_map, tiles
from plumbline.web.cockpit.models import WallScreen
from plumbline.web.cockpit.period import CHOICES, Period, chosen, months_before
from plumbline.web.cockpit.policy import may_read, may_set_up
from plumbline.web.cockpit.queries import (
    CURRENCY,
    SMALL,
    Counts,
    Late,
    Place,
    Report,
    region_names,
    screens,
    span,
    too_small,
    untold,
)
from plumbline.web.cockpit.rows import BEHIND, PAGE, Asked

_SHADES = 5


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _asked(http: HttpRequest) -> Asked:
    """What a page is to speak of; to whoever reads no figures it does not exist."""
    at = timezone.now()
    on = day_of(at)
    user = _me(http)
    if not may_read(rights_of(user, on)):
        raise Http404
    period = chosen(http.GET, on)
    if period.name == "all" and (known := span(user, on)):
        period = Period("all", known[0], max(known[1], period.last))
    return Asked(user, at, on, period, _place(http.GET))


def _place(said: Mapping[str, str]) -> Place:
    region, model, level = (said.get(name, "") for name in ("region", "model", "level"))
    return Place(
        region if region == "-" or (region.isdecimal() and len(region) == 6) else "",
        model if ModelVersion.objects.filter(model=model).exists() else "",
        level if level in Level.values else "",
    )


# -- the page --------------------------------------------------------------------------------------


@login_required
@require_GET
def page(http: HttpRequest) -> HttpResponse:
    """All figures of a period and a place; each leads to its rows."""
    asked = _asked(http)
    names = region_names(asked.user, asked.on)
    if asked.place.region not in {"", "-", *names}:
        raise Http404
    report = Report(asked.user, asked.at, asked.on, asked.period, asked.place)
    shown = _shown(report, asked, names)
    return render(http, "cockpit/page.html", {
        **shown, "choices": CHOICES, "levels": Level.choices, "may_set_up": may_set_up(asked.user, asked.on),
        "narrowed": [
            (label, _here(asked.period, place)) for label, place in _narrowed(asked.place, names)
        ],
    })  # fmt: skip


def _here(period: Period, place: Place) -> str:
    return f"{reverse('cockpit:page')}?{period.query}{place.query}"


def _behind(name: str, asked: Asked, **narrower: str) -> str:
    place = Place(**{**vars(asked.place), **narrower})
    return f"{reverse('cockpit:rows', args=[name])}?{asked.period.query}{place.query}"


def _narrowed(place: Place, names: Mapping[str, str]) -> list[tuple[str, Place]]:
    """What a page is narrowed down by, each with the place without it."""
    found = []
    if place.region:
        label = _region_name(place.region, names)
        found.append((label, Place(model=place.model, level=place.level)))
    if place.model:
        version = ModelVersion.objects.filter(model=place.model).order_by("-current", "-pk").first()
        found.append(
            (version.name if version else place.model, Place(place.region, "", place.level))
        )
    if place.level:
        found.append((str(Level(place.level).label), Place(place.region, place.model)))
    return found


def _region_name(region: str, names: Mapping[str, str]) -> str:
    if region == "-":
        return str(say("未对应单位", "Unit unknown"))
    name = names.get(region, region)
    return f"{name}{say('本级', ' itself')}" if region.endswith("00") else name


class _Told:
    """Numbers as they may be told: to whoever sees no rows, small ones are not."""

    def __init__(self, report: Report, asked: Asked, *, linked: bool) -> None:
        self._open, self._asked, self._linked = report.sees_rows, asked, linked
        self._nothing = report.is_hidden

    def is_hidden(self, n: int) -> bool:
        return not self._open and n > 0 and (self._nothing or n < SMALL)

    def number(self, n: int, *, beside: bool = False) -> str:
        """With `beside`, it would let a small one be worked out, and is not told either."""
        if not self._open and n and (beside or self._nothing) and n >= SMALL:
            return "—"
        return str(say(f"少于{SMALL}", f"under {SMALL}")) if self.is_hidden(n) else f"{n:,}"

    def share(self, hits: int, of: int) -> str:
        if not of or self.is_hidden(hits) or self.is_hidden(of - hits) or self.is_hidden(of):
            return "—"
        return f"{hits / of:.1%}"

    def url(self, name: str, n: int, **narrower: str) -> str:
        """Where its rows are; none where nobody would be shown any."""
        kind = BEHIND[name].kind
        hidden = kind in {"warning", "disposal", "posting"} and not self._open
        if not n or hidden or not self._linked:
            return ""
        return _behind(name, self._asked, **narrower)


def _shown(
    report: Report, asked: Asked, names: Mapping[str, str], *, linked: bool = True
) -> dict[str, Any]:
    told = _Told(report, asked, linked=linked)
    total, overdue = report.total, report.overdue
    map_url, map_problem = _map(names)
    return {
        "period": asked.period, "place": asked.place, "at": asked.at, "sees_rows": report.sees_rows,
        "small": SMALL, "empty": not (total.raised or total.closed or overdue),
        "headline": _headline(report, told), "work": _work(report, told, overdue),
        "money": _money(report, told), "tiles": _tiles(report, asked, names, told),
        "map_url": map_url, "map_problem": map_problem,
        "map": {
            region: {"name": _region_name(region, names), "n": n.raised, "url": _here(asked.period, Place(region))}
            for region, n in _told_regions(report).items() if region in names
        },
        "trend": _trend(report, asked, told), "trend_rows": _trend_rows(report, asked, told),
        "models": _models(report, told),
        "late": [
            (each, told.number(each.n), _inbox(each, asked.place) if each.kind != "unit" and report.sees_rows else "")
            for each in report.late[:12]
        ],
        "late_more": max(len(report.late) - 12, 0),
    }  # fmt: skip


def _inbox(late: Late, place: Place) -> str:
    """Where the disposals of one body that are over stand; a place without a unit the inbox cannot name."""
    if place.region == "-":
        return ""
    said = {
        "tab": "all" if late.pk else "raised", "due": "over", "sort": "due", "body": late.pk or "",
        "model": place.model, "level": place.level, "region": place.region,
    }  # fmt: skip
    return f"{reverse('disposal:list')}?{urlencode({k: v for k, v in said.items() if v})}"


def _figure(
    label: str, value: str, url: str = "", more: str = "", tone: str = ""
) -> dict[str, str]:
    return {"label": label, "value": value, "url": url, "more": more, "tone": tone}


def _headline(report: Report, told: _Told) -> list[dict[str, str]]:
    """What such work is reported by, in the order in which it is reported."""
    red = report.by_level.get(Level.RED, Counts())
    recovered = next((m.recovered for m in report.money if m.currency == CURRENCY), 0)
    followed = [
        (say("区域性领域性问题", "Governance problems"), "problems", report.problems.count()),
        (say("专项治理", "Campaigns"), "campaigns", report.campaigns.count()),
        (say("制度机制", "Mechanisms"), "mechanisms", report.mechanisms.count()),
    ]
    few = told.is_hidden(red.closed)
    return [
        _figure(say("处置红色预警", "Red warnings disposed"), told.number(red.closed),
                told.url("red", red.closed, level="red"), tone="red"),
        _figure(say("转问题线索", "Passed on as leads"), told.number(red.led),
                told.url("red-led", red.led, level="red")),
        _figure(say("成案率", "Share that led to a lead"), told.share(red.led, red.closed),
                told.url("red-led", red.led, level="red"), say("线索 ÷ 处置", "leads by disposed")),
        _figure(say("挽回损失", "Money recovered"), "—" if few else yuan(recovered),
                told.url("recovered", recovered), tone="green"),
        *(_figure(label, f"{n:,}", told.url(name, n), tone="orange") for label, name, n in followed),
    ]  # fmt: skip


def _work(report: Report, told: _Told, overdue: int) -> list[dict[str, str]]:
    """What became of all warnings: counts of them are no achievement by themselves."""
    total = report.total
    precision = total.precision
    sure = "" if not precision.of else say("95%区间 {low:.0%}–{high:.0%}", "95% interval {low:.0%}–{high:.0%}").format(
        low=precision.interval[0], high=precision.interval[1])  # fmt: skip
    days = total.average_days
    hidden = told.share(precision.hits, precision.of) == "—"
    return [
        _figure(say("产生预警", "Warnings raised"), told.number(total.raised), told.url("raised", total.raised)),
        _figure(say("其中已办结", "Of these closed"), told.share(total.settled, total.raised)),
        _figure(say("查实", "Confirmed"), told.number(total.confirmed), told.url("confirmed", total.confirmed),
                "" if hidden else f"{told.share(precision.hits, precision.of)} · {sure}"),
        _figure(say("澄清", "Cleared"), told.number(total.cleared), told.url("cleared", total.cleared),
                say("查否，还当事人清白", "nothing to answer for")),
        _figure(say("平均办结", "Days to close"), "—" if days is None or told.is_hidden(total.closed) else f"{days:.1f}",
                "", say("天", "on average")),
        _figure(say("超期", "Overdue"), told.number(overdue), told.url("overdue", overdue),
                say("今天", "today"), "orange" if overdue else ""),
    ]  # fmt: skip


def yuan(fen: int) -> str:
    """As it is read: in ten thousands of yuan where it is much."""
    if language() == "zh" and abs(fen) >= 10_000_00:
        return f"{fen / 10_000_00:,.2f} 万元"
    return f"{fen / 100:,.2f} {say('元', 'CNY')}"


def _money(report: Report, told: _Told) -> list[dict[str, Any]]:
    few = told.is_hidden(report.total.closed)
    kinds = ("due", "recovered", "avoided", "written_off")
    return [
        {
            "currency": each.currency,
            "cells": [
                (BEHIND[kind].label, "—" if few else f"{getattr(each, kind) / 100:,.2f}",
                 told.url(kind, getattr(each, kind)) if each.currency == CURRENCY else "")
                for kind in kinds
            ],
            "outstanding": "—" if few else f"{each.outstanding / 100:,.2f}",
        }
        for each in report.money
    ]  # fmt: skip


def _told_regions(report: Report) -> dict[str, Counts]:
    """Regions without those whose counts are too small to be told."""
    if report.sees_rows:
        return report.by_region
    hidden = too_small({region: n.raised for region, n in report.by_region.items()})
    return {region: n for region, n in report.by_region.items() if region not in hidden}


def _tiles(
    report: Report, asked: Asked, names: Mapping[str, str], told: _Told
) -> list[dict[str, Any]]:
    open_ones = _told_regions(report)
    most = max((n.raised for n in open_ones.values()), default=0)
    unknown = {"-"} & set(report.by_region)
    found = []
    for tile in tiles([*names, *unknown]):
        counts = report.by_region.get(tile.region, Counts())
        is_open = tile.region in open_ones or not counts.raised
        precision = counts.precision
        found.append({
            "region": tile.region, "row": tile.row, "column": tile.column,
            "name": _region_name(tile.region, names),
            "n": f"{counts.raised:,}" if is_open else "·",
            "shade": -(-counts.raised * _SHADES // most) if most and is_open else 0,
            "share": told.share(precision.hits, precision.of) if is_open else "—",
            "url": _here(asked.period, Place(tile.region, asked.place.model, asked.place.level)),
            "here": asked.place.region == tile.region,
        })  # fmt: skip
    return found


def _map(names: Mapping[str, str]) -> tuple[str, str]:
    """Where the office's map is, or what is wrong with it."""
    if not has_map():
        return "", ""
    try:
        read_map(_counties(names))
    except PlumblineError as error:
        return "", error.in_(language())
    return reverse("cockpit:map"), ""


def _counties(names: Mapping[str, str]) -> dict[str, str]:
    return {region: name for region, name in names.items() if not region.endswith("00")}


def _trend(report: Report, asked: Asked, told: _Told) -> dict[str, Any]:
    """For the picture; what may not be told is left out of it."""
    hidden = _hidden_months(report)
    months = report.trend

    def count(month: date, level: str, n: int) -> int | None:
        return None if told.is_hidden(n) or (month, level) in hidden else n

    rates = []
    for _, levels in months:
        whole = sum(levels.values(), Counts())
        few = told.share(whole.settled, whole.raised) == "—"
        rates.append(None if few else round(100 * whole.settled / whole.raised, 1))
    return {
        "months": [f"{month:%Y-%m}" for month, _ in months],
        "levels": [
            {"level": level, "name": str(label),
             "n": [count(month, level, levels.get(level, Counts()).raised) for month, levels in months]}
            for level, label in Level.choices
        ],
        "rate": {"name": str(say("办结率", "Share closed")), "n": rates},
        "urls": [
            _behind_month("raised", month, asked.place) if report.sees_rows else "" for month, _ in months
        ],
    }  # fmt: skip


def _hidden_months(report: Report) -> frozenset[tuple[Any, str]]:
    """Months and levels whose counts are not told."""
    if report.sees_rows:
        return frozenset()
    return untold({
        month: {level: counts.raised for level, counts in levels.items()} for month, levels in report.trend
    })  # fmt: skip


def _behind_month(name: str, month: date, place: Place) -> str:
    return f"{reverse('cockpit:rows', args=[name])}?{Period('', month, month).query}{place.query}"


def _trend_rows(report: Report, asked: Asked, told: _Told) -> list[dict[str, Any]]:
    found, hidden = [], _hidden_months(report)
    for month, levels in reversed(report.trend):
        whole = sum(levels.values(), Counts())
        cells = []
        for level in Level.values:
            n = levels.get(level, Counts()).raised
            place = Place(asked.place.region, asked.place.model, level)
            cells.append(
                (
                    told.number(n, beside=(month, level) in hidden),
                    _behind_month("raised", month, place) if n and report.sees_rows else "",
                )
            )
        found.append({
            "month": month, "cells": cells, "rate": told.share(whole.settled, whole.raised),
            "closed": (told.number(whole.closed),
                       _behind_month("closed", month, asked.place) if whole.closed and report.sees_rows else ""),
        })  # fmt: skip
    return found


def _models(report: Report, told: _Told) -> list[dict[str, Any]]:
    found = []
    columns = ("raised", "closed", "confirmed", "cleared", "led")
    hidden: dict[str, frozenset[str]] = {
        column: frozenset() if report.sees_rows
        else too_small({each.model: getattr(each.counts, column) for each in report.models})
        for column in columns
    }  # fmt: skip
    for each in report.models:
        counts, precision = each.counts, each.counts.precision
        low, high = precision.interval
        few = each.model in hidden["confirmed"] | hidden["closed"]
        few = few or told.share(precision.hits, precision.of) == "—"
        per_hundred = None if told.is_hidden(counts.closed) else each.per_hundred
        found.append({
            "name": each.name, "model": each.model, "page": each.page if report.sees_rows else None,
            **{
                column: (told.number(n, beside=each.model in hidden[column]), told.url(column, n, model=each.model))
                for column in columns for n in [getattr(counts, column)]
            },
            "precision": "—" if few else f"{precision.hits / precision.of:.0%}",
            "bar": None if few else _bar(precision.hits / precision.of, low, high),
            "interval": "" if few else f"{low:.0%}–{high:.0%}",
            "per_hundred": "—" if per_hundred is None else f"{per_hundred / 100:,.2f}",
        })  # fmt: skip
    return found


def _bar(share: float, low: float, high: float) -> dict[str, str]:
    """Where a share and its interval stand on a line of a hundred."""
    return {
        "value": f"{100 * share:.1f}", "low": f"{100 * low:.1f}", "width": f"{100 * (high - low):.1f}",
    }  # fmt: skip


# -- rows ------------------------------------------------------------------------------------------


@login_required
@require_GET
def rows(http: HttpRequest, name: str) -> HttpResponse:
    """The rows behind a figure, as far as whoever looks may see them."""
    asked = _asked(http)
    names = region_names(asked.user, asked.on)
    if name not in BEHIND or asked.place.region not in {"", "-", *names}:
        raise Http404
    behind = BEHIND[name]
    found = list(_after(behind.rows(asked), http.GET.get("after", ""))[: PAGE + 1])
    query = http.GET.copy()
    query.pop("after", None)
    more = ""
    if len(found) > PAGE:
        more = f"{query.urlencode()}&after={_mark(behind.rows(asked), found[PAGE - 1])}"
    narrowed = [(label, "") for label, _ in _narrowed(asked.place, names)]
    return render(http, "cockpit/rows.html", {
        "behind": behind, "rows": found[:PAGE], "more": more, "period": asked.period,
        "narrowed": narrowed, "back": _here(asked.period, asked.place), "name": name,
        "template": f"cockpit/_{behind.kind}.html", "is_today": name == "overdue",
    })  # fmt: skip


def _ordered_by(found: QuerySet[Any]) -> str:
    """The column that comes before `-pk` in the order of a list; empty where there is none."""
    first = str(found.query.order_by[0]).lstrip("-")
    return "" if first == "pk" else first


def _mark(found: QuerySet[Any], row: Any) -> str:
    """Where a page ended, as an address says it."""
    value: Any = row
    for part in filter(None, _ordered_by(found).split("__")):
        value = getattr(value, part)
    said = value.isoformat() if isinstance(value, datetime) else "" if value is row else repr(value)
    return f"{said}~{row.pk}".replace("+", "%2B")


def _after(found: QuerySet[Any], mark: str) -> QuerySet[Any]:
    """What comes after it; from the beginning where it says nothing that can be read."""
    said, _, pk = mark.rpartition("~")
    if not pk.isdecimal():
        return found
    name = _ordered_by(found)
    if not name:
        return found.filter(pk__lt=int(pk))
    try:
        value: Any = parse_datetime(said) or float(said)
    except ValueError:
        return found
    return found.filter(**{f"{name}__lte": value}).exclude(**{name: value}, pk__gte=int(pk))


# -- a model's own page ----------------------------------------------------------------------------


@login_required
@require_GET
def model_part(http: HttpRequest, name: str) -> HttpResponse:
    """How a model did, for its page: what it warned of by month, what became of it, what it brought back.

    Those who write, review and approve models see sums of the whole office, without rows and small counts.
    """
    at = timezone.now()
    on = day_of(at)
    rights = rights_of(_me(http), on)
    if not rights.has(*MODELS_READING) and not may_read(rights):
        raise Http404
    if not ModelVersion.objects.filter(model=name).exists():
        raise Http404
    period = chosen({"period": "twelve"}, on)
    whole = not may_read(rights)
    report = Report(_me(http), at, on, period, Place(model=name), whole=whole)
    asked = Asked(_me(http), at, on, period, Place(model=name))
    told = _Told(report, asked, linked=True)
    rows = [row for row in _models(report, told) if row["model"] == name]
    return render(http, "cockpit/_model.html", {
        "row": rows[0] if rows else None, "period": period, "trend": _trend(report, asked, told),
    })  # fmt: skip


# -- the office's map ------------------------------------------------------------------------------


@login_required
@require_GET
def map_file(http: HttpRequest) -> HttpResponse:
    """The boundaries that the office has dropped in."""
    asked = _asked(http)
    if not has_map():
        raise Http404
    return JsonResponse(read_map(_counties(region_names(asked.user, asked.on))))


# -- screens on a wall -----------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def wall_screens(http: HttpRequest) -> HttpResponse:
    """Which screens hang where; a new one's address is told once."""
    at = timezone.now()
    on = day_of(at)
    if not may_set_up(_me(http), on):
        raise Http404
    form = ScreenForm(http.POST or None, initial={"ends_on": months_before(on, -3)})
    made, address = None, ""
    if http.method == "POST" and form.is_valid():
        try:
            made, secret = actions.set_up_screen(**form.cleaned_data, by=_me(http), at=at)
            address = http.build_absolute_uri(reverse("cockpit:wall", args=[secret]))
        except PlumblineError as error:
            messages.error(http, error.in_(language()))
    shown = screens(_me(http), on).select_related("by").order_by("-pk")[:100]
    return render(http, "cockpit/screens.html", {
        "rows": [(each, each.is_on(on)) for each in shown], "form": form, "made": made, "address": address,
    })  # fmt: skip


@login_required
@require_POST
def end_screen(http: HttpRequest, pk: int) -> HttpResponse:
    on = day_of(timezone.now())
    if not may_set_up(_me(http), on):
        raise Http404
    screen = get_object_or_404(screens(_me(http), on), pk=pk)
    try:
        actions.end_screen(screen, by=_me(http), at=timezone.now())
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("已停用", "It shows nothing any more"))
    return redirect("cockpit:screens")


@require_GET
@never_cache
def wall(http: HttpRequest, secret: str) -> HttpResponse:
    """A screen on a wall: figures without names, for whoever passes by; htmx asks for it again by itself.

    Nobody is signed in there. It shows what whoever set it up may see at this moment, with small counts
    left out, and nothing of it is a link.
    """
    at = timezone.now()
    on = day_of(at)
    screen = WallScreen.objects.filter(key=actions.digest(secret)).select_related("by").first()
    if screen is None or not screen.is_on(on) or not may_read(rights_of(screen.by, on)):
        raise Http404
    with scope(scope_of(screen.by, on)):
        period = chosen({"period": "twelve"}, on)
        report = Report(screen.by, at, on, period, Place())
        report.sees_rows = False
        asked = Asked(screen.by, at, on, period, Place())
        shown = _shown(report, asked, region_names(screen.by, on), linked=False)
    part = http.headers.get("HX-Request") == "true"
    template = "cockpit/_wall.html" if part else "cockpit/wall.html"
    return render(http, template, {**shown, "screen": screen})
