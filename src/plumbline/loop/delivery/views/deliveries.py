"""What was delivered, what is uploaded, what is held back and let in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.delivery import actions, forms, intake
from plumbline.loop.delivery.models import Delivery, Upload
from plumbline.loop.delivery.policy import right_to_accept
from plumbline.loop.delivery.queries import deliveries_visible_to, uploads_visible_to
from plumbline.loop.delivery.views.asking import (
    DATA,
    before,
    me,
    must_have,
    named,
    own_datasets,
    today,
)
from plumbline.org.policy import NotYoursError

_PAGE = 50
_UPLOADS = 20


@login_required
@require_GET
def deliveries(http: HttpRequest) -> HttpResponse:
    """What was delivered: rows, what waits in quarantine and why, what is held whole."""
    must_have(http, *DATA)
    found = deliveries_visible_to(me(http), today())
    datasets = sorted(set(found.values_list("dataset", "title")), key=lambda each: each[1])
    chosen = http.GET.get("dataset", "")
    if chosen:
        found = found.filter(dataset=chosen)
    if http.GET.get("held"):
        found = found.filter(status=Delivery.Status.HELD)
    if earlier := before(http):
        found = found.filter(pk__lt=earlier)
    rows = list(found.order_by("-pk")[: _PAGE + 1])
    lang = language()
    return render(http, "delivery/list.html", {
        "rows": [told(http, each) for each in rows[:_PAGE]], "more": len(rows) > _PAGE,
        "datasets": datasets, "chosen": chosen, "held": http.GET.get("held", ""),
        "uploads": [
            {"upload": each, "problem": in_(each.problem, lang)}
            for each in uploads_visible_to(me(http), today()).exclude(kind=Upload.Kind.SAMPLE)
            .order_by("-pk")[:_UPLOADS]
        ],
    })  # fmt: skip


def in_(pair: list[str], lang: str) -> str:
    return "" if not pair else pair[0] if lang == "zh" else pair[1]


def told(http: HttpRequest, delivery: Delivery) -> dict[str, Any]:
    """A delivery as a row of a list, with what may be done to it."""
    lang = language()
    return {
        "delivery": delivery,
        "reasons": [
            {"column": r["column"], "why": r[lang], "key": r["zh"], "rows": r["rows"]}
            for r in delivery.reasons
        ],
        "held": [in_(pair, lang) for pair in delivery.held],
        "may_accept": _may_accept(http, delivery),
        "form": forms.AcceptForm(auto_id=f"accept_{delivery.pk}_%s"),
    }  # fmt: skip


def _may_accept(http: HttpRequest, delivery: Delivery) -> bool:
    if delivery.status != Delivery.Status.HELD or delivery.accepted_at:
        return False
    try:
        right_to_accept(me(http), delivery, today())
    except NotYoursError:
        return False
    return True


@login_required
@require_POST
def accept(http: HttpRequest, pk: int) -> HttpResponse:
    """Let in a delivery that was held back whole."""
    one = get_object_or_404(deliveries_visible_to(me(http), today()), pk=pk)
    if not _may_accept(http, one):
        raise Http404
    form = forms.AcceptForm(http.POST)
    if not form.is_valid():
        messages.error(http, say("请写明放行的理由", "Say why it is let in"))
        return redirect("delivery:dataset", one.dataset)
    try:
        actions.accept(one, by=me(http), at=timezone.now(), reason=form.cleaned_data["reason"])
    except PlumblineError as error:
        messages.error(http, error.in_(language()))
    else:
        messages.success(http, say("已放行，随后装入", "Let in; it is loaded shortly"))
    return redirect("delivery:dataset", one.dataset)


@login_required
@require_http_methods(["GET", "POST"])
def upload(http: HttpRequest) -> HttpResponse:
    """A file into the inbox; the worker loads it."""
    must_have(http, *DATA)
    office = intake.workspace()
    own = named(office, own_datasets(http, office))
    initial = {
        "dataset": http.GET.get("dataset", ""),
        "kind": http.GET.get("kind", Upload.Kind.DELIVERY),
    }
    form = forms.UploadForm(own, http.POST or None, http.FILES or None, initial=initial)
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            intake.receive(
                office, said["dataset"], said["file"].name, said["file"], by=me(http), at=timezone.now(),
                as_of=said["as_of"], kind=Upload.Kind(said["kind"]),
            )  # fmt: skip
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已收到，将自动装入；结果见本页", "Received; it is loaded by itself, and this page says how it went"))  # fmt: skip
            return redirect("delivery:list")
    return render(http, "delivery/upload.html", {
        "form": form, "most": intake.MOST_BYTES >> 20, "endings": "、".join(sorted(intake.TAKEN)),
    })  # fmt: skip
