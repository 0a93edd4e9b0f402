"""The studio's page, what it answers while somebody types, and saving."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.supervision.models import ModelVersion, State
from plumbline.loop.supervision.policy import may
from plumbline.loop.supervision.studio import intake
from plumbline.loop.supervision.studio.slots import (
    GROUPS,
    SHAPES,
    STATUSES,
    Group,
    first_words,
    spare_rows,
    to_form,
    unformed,
)
from plumbline.org.models import User

_LARGEST = 200_000  # characters of a model's text


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _today() -> date:
    return day_of(timezone.now())


def _author(http: HttpRequest) -> None:
    """To whoever writes no models there is no studio."""
    if not may("write", _me(http), _today()):
        raise Http404


def _typed(http: HttpRequest) -> dict[str, str]:
    return {name: str(value)[:_LARGEST] for name, value in http.POST.items()}


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def page(http: HttpRequest) -> HttpResponse:
    """A model in the form or as YAML; posted to, it changes from one to the other and keeps what was typed."""
    _author(http)
    of = workspace()
    if http.method == "POST":
        typed = _typed(http)
        text = intake.text_of(of, typed)
        data, _ = intake.lint(of, text)
        wants = "yaml" if typed.get("to") == "yaml" else "form"
        return _rendered(http, text, typed.get("cases", ""), data, wants, typed.get("of", ""))
    name = http.GET.get("model", "")
    if not name:
        shape = http.GET.get("shape", "meet")
        data = first_words(shape if shape in dict(SHAPES) else "meet", list(of.datasets))
        return _rendered(http, "", "cases: []\n", data, "form", "")
    if name not in of.models:
        raise Http404
    opened = intake.open_model(of, name)
    return _rendered(http, opened.text, opened.cases, opened.data, "form", name)


def _rendered(
    http: HttpRequest, text: str, cases: str, data: Any, mode: str, name: str
) -> HttpResponse:
    of = workspace()
    lost = unformed(data)
    mode = "yaml" if lost else mode
    fields = to_form(data) if mode == "form" else {}
    live = ModelVersion.objects.filter(model=name, state=State.LIVE, current=True).first()
    return render(http, "supervision/studio.html", {
        "mode": mode, "text": text, "cases": cases, "of": name, "live": live,
        "lost": lost if data is not None else [], "not_yaml": data is None and bool(text),
        "groups": [_group(group, fields) for group in GROUPS] if mode == "form" else [],
        "shape": fields.get("shape") or "meet", "columns": intake.columns(of, data),
        "datasets": intake.dataset_choices(of), "shapes": SHAPES, "statuses": STATUSES,
        "comments": "#" in text,
    })  # fmt: skip


def _group(group: Group, fields: dict[str, str]) -> dict[str, Any]:
    """A group with its fields and what stands in them."""
    if not group.rows:
        rows = [[_field(each.path, each, fields) for each in group.fields]]
    else:
        rows = [
            [_field(f"{group.rows}.{number}.{each.path}", each, fields) for each in group.fields]
            for number in spare_rows(fields, group.rows)
        ]
    return {"slot": group.slot, "label": group.label, "hint": group.hint, "rows": rows,
            "many": bool(group.rows), "shape": group.shape}  # fmt: skip


def _field(name: str, field: Any, fields: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "id": f"f-{name.replace('.', '-')}", "label": field.label, "kind": field.kind,
            "value": fields.get(name, "")}  # fmt: skip


@login_required
@require_POST
@never_cache
def check(http: HttpRequest) -> HttpResponse:
    """What the linter says of what was typed so far, at its slot; the YAML; the cases are asked for after it."""
    _author(http)
    of, typed = workspace(), _typed(http)
    text = intake.text_of(of, typed)
    data, wrong = intake.lint(of, text)
    form = typed.get("mode") != "yaml"
    shape = typed.get("shape") or "meet"
    shown = {g.slot for g in GROUPS if form and g.shape in {"", shape}} | {"cases", "whole"}
    return render(http, "supervision/_lint.html", {
        "wrong": wrong, "places": [(slot, wrong if wrong and slot == wrong.slot else None) for slot in sorted(shown)],
        "text": text, "mode": typed.get("mode"), "columns": intake.columns(of, data),
    })  # fmt: skip


@login_required
@require_POST
@never_cache
def cases(http: HttpRequest) -> HttpResponse:
    """How the cases come out for what was typed so far."""
    _author(http)
    of, typed = workspace(), _typed(http)
    told, missing, wrong = intake.try_cases(of, intake.text_of(of, typed), typed.get("cases", ""))
    return render(http, "supervision/_cases.html", {
        "cases": told, "missing": missing, "wrong": wrong, "passed": sum(each.passed for each in told),
    })  # fmt: skip


@login_required
@require_POST
@never_cache
def preview(http: HttpRequest) -> HttpResponse:
    """Masked rows of the facts, and how many of each verdict there would be today; nobody is told of any."""
    _author(http)
    of = workspace()
    samples, verdicts, problem = intake.preview(of, intake.text_of(of, _typed(http)))
    return render(http, "supervision/_preview.html", {
        "samples": samples, "verdicts": verdicts, "problem": problem,
    })  # fmt: skip


@login_required
@require_POST
@never_cache
def download(http: HttpRequest) -> HttpResponse:
    """The YAML of what was typed, as a file."""
    _author(http)
    text = intake.text_of(workspace(), _typed(http))
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{intake.name_in(text)}.yml"'
    return answer


@login_required
@require_POST
def save(http: HttpRequest) -> HttpResponse:
    """Into the workspace's catalog, as a draft; what cannot be saved stays on the page."""
    _author(http)
    of, typed = workspace(), _typed(http)
    text = intake.text_of(of, typed)
    reason = typed.get("reason", "").strip()
    try:
        made = intake.save(
            text, typed.get("cases", ""), by=_me(http), at=timezone.now(), reason=reason
        )
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
        data, _ = intake.lint(of, text)
        return _rendered(
            http, text, typed.get("cases", ""), data, typed.get("mode", "form"), typed.get("of", "")
        )
    messages.success(
        http,
        say(
            "已存为草稿；示例通过后可转入试运行",
            "Saved as a draft; once its cases pass it can go on trial",
        ),
    )
    return redirect("supervision:page", pk=made.pk)
