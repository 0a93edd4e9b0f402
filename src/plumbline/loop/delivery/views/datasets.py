"""What is received: every dataset, one dataset in words, rows that wait in quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from plumbline.bilingual import language
from plumbline.loop.delivery import actions, intake
from plumbline.loop.delivery.models import Delivery
from plumbline.loop.delivery.queries import (
    days_overdue,
    deliveries_visible_to,
    newest_deliveries,
    samples_visible_to,
)
from plumbline.loop.delivery.views.asking import (
    DATA,
    me,
    must_have,
    named,
    one_dataset,
    own_datasets,
    today,
    workbook,
)
from plumbline.loop.delivery.views.deliveries import told
from plumbline.org.models import Role
from plumbline.org.policy import rights_of

_MANY = 200
_DELIVERIES = 24
#: Of a bar over time: its height in the picture.
_HIGH = 60
_WIDE = 20


#: Which datasets a figure of the page leads to.
_SHOW: dict[str, Callable[[dict[str, Any]], object]] = {
    "late": lambda row: row["late"],
    "held": lambda row: row["held"],
    "never": lambda row: row["last"] is None,
    "waiting": lambda row: row["waiting"],
}


@login_required
@require_GET
def datasets(http: HttpRequest) -> HttpResponse:
    """Every dataset: who delivers it, when it came last, what is late, what waits."""
    must_have(http, *DATA)
    office, lang, on = intake.workspace(), language(), today()
    own = own_datasets(http, office)
    seen = deliveries_visible_to(me(http), on)
    newest = newest_deliveries(seen)
    with_faults = set(
        seen.filter(dataset__in=own, quarantined__gt=0).values_list("dataset", flat=True)
    )
    waiting: dict[str, int] = {}
    for each in intake.waiting(office, sorted(with_faults & set(own)), lang):
        waiting[each.dataset] = waiting.get(each.dataset, 0) + each.rows
    counted = intake.rows_now(office, own)
    rows: list[dict[str, Any]] = []
    for name, title in named(office, own):
        last = newest.get(name)
        every, rhythm, department = intake.rhythm(office, name, lang)
        late = days_overdue(every, last.as_of if last else None, on)
        rows.append({
            "name": name, "title": title, "unit": own[name], "department": department,
            "rhythm": rhythm, "last": last, "late": late, "rows": counted.get(name, 0),
            "waiting": waiting.get(name, 0), "held": last is not None and last.status == Delivery.Status.HELD,
        })  # fmt: skip
    only = http.GET.get("show", "")
    figures = {
        "all": len(rows),
        "never": sum(row["last"] is None for row in rows),
        "late": sum(bool(row["late"]) for row in rows),
        "held": sum(row["held"] for row in rows),
        "waiting": sum(row["waiting"] for row in rows),
    }
    keep = _SHOW.get(only)
    return render(http, "delivery/datasets.html", {
        "rows": [row for row in rows if keep is None or keep(row)], "show": only, "figures": figures,
        "may_declare": rights_of(me(http), on).has(Role.DATA_MANAGER),
        "samples": samples_visible_to(me(http), on).order_by("-pk"),
    })  # fmt: skip


@login_required
@require_GET
def dataset(http: HttpRequest, name: str) -> HttpResponse:
    """One dataset: on which ground it is held, its columns in words, its deliveries over time."""
    office, lang = intake.workspace(), language()
    unit = one_dataset(http, office, name)
    shown = intake.dataset_told(office, name, lang)
    found = deliveries_visible_to(me(http), today()).filter(dataset=name)
    listed = list(found.select_related("accepted_by").order_by("-received_at", "-pk")[:_DELIVERIES])
    last = listed[0] if listed else None
    return render(http, "delivery/dataset.html", {
        "dataset": shown, "unit": unit, "rows": intake.rows_now(office, [name]).get(name, 0),
        "late": days_overdue(shown.every, last.as_of if last else None, today()), "last": last,
        "deliveries": [told(http, each) for each in listed], "bars": _bars(listed[::-1]),
        "waiting": intake.waiting(office, [name], lang), "more": found.count() - len(listed),
    })  # fmt: skip


def _bars(deliveries: list[Delivery]) -> dict[str, Any]:
    """A picture of deliveries over time: what was loaded, and above it what is in quarantine."""
    most = max((each.rows for each in deliveries), default=0)
    bars = []
    for at, each in enumerate(deliveries):
        whole = each.loaded + each.quarantined
        good, bad = (
            (-(-part * _HIGH // most) if part and most else 0)
            for part in (each.loaded, each.quarantined)
        )
        held = -(-each.rows * _HIGH // most) if most and each.status == Delivery.Status.HELD else 0
        bars.append({
            "x": at * _WIDE + 3, "good": good, "bad": bad, "held": held, "whole": whole, "delivery": each,
            "good_y": _HIGH - good, "bad_y": _HIGH - good - bad, "held_y": _HIGH - held,
        })  # fmt: skip
    return {"bars": bars, "width": max(len(bars) * _WIDE, _WIDE), "high": _HIGH + 12, "most": most}


@login_required
@require_http_methods(["GET", "POST"])
def quarantine(http: HttpRequest, dataset: str) -> HttpResponse:
    """The rows that wait in quarantine, masked; sent for, in clear, for the department to correct."""
    office = intake.workspace()
    unit = one_dataset(http, office, dataset)
    title = intake.titles(office)[dataset]
    if http.method == "POST":
        return workbook(f"{title.zh}-待更正.xlsx", lambda path: (
            office.export_waiting(dataset, path),
            actions.hand_out_quarantine(dataset, unit, by=me(http), at=timezone.now()),
        ))  # fmt: skip
    lang = language()
    reasons = intake.waiting(office, [dataset], lang)
    batch, reason = http.GET.get("batch", ""), http.GET.get("reason", "")
    batch = batch if batch in {each.batch for each in reasons} else ""
    rows = intake.waiting_rows(office, dataset, lang, batch=batch, reason=reason, most=_MANY)
    return render(http, "delivery/quarantine.html", {
        "dataset": dataset, "title": title.in_(lang), "reasons": reasons, "rows": rows, "batch": batch,
        "reason": reason, "most": _MANY, "chosen": next((r.reason for r in reasons if r.key == reason), reason),
    })  # fmt: skip
