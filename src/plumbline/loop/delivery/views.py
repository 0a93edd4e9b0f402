"""Pages of deliveries, uploads, rows in quarantine and data-error tickets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.queries import remaining, running
from plumbline.loop.delivery import actions, forms, intake
from plumbline.loop.delivery.models import DataErrorTicket, Delivery, TicketState, Upload
from plumbline.loop.delivery.policy import allowed, right_to_provide
from plumbline.loop.delivery.queries import (
    course,
    deliveries_visible_to,
    tickets_visible_to,
    uploads_visible_to,
)
from plumbline.org.models import Role, User
from plumbline.org.policy import NotYoursError, rights_of

_PAGE = 50
_UPLOADS = 20
_DATA = (Role.DATA_PROVIDER, Role.DATA_MANAGER)
_ASKING = (*_DATA, Role.VERIFIER, Role.OFFICE_HEAD)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _today() -> date:
    return timezone.localdate()


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _must_have(http: HttpRequest, *roles: Role) -> None:
    if not rights_of(_me(http), _today()).has(*roles):
        raise Http404


def _before(http: HttpRequest) -> int | None:
    said = http.GET.get("before", "")
    return int(said) if said.isdecimal() else None


# -- deliveries ----------------------------------------------------------------------------------


@login_required
@require_GET
def deliveries(http: HttpRequest) -> HttpResponse:
    """What was delivered: rows, what waits in quarantine and why, what is held whole."""
    _must_have(http, *_DATA)
    found = deliveries_visible_to(_me(http), _today())
    datasets = sorted(set(found.values_list("dataset", "title")), key=lambda each: each[1])
    chosen = http.GET.get("dataset", "")
    if chosen:
        found = found.filter(dataset=chosen)
    if before := _before(http):
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: _PAGE + 1])
    lang = language()
    return render(http, "delivery/list.html", {
        "rows": [_delivery(each, lang) for each in rows[:_PAGE]], "more": len(rows) > _PAGE,
        "datasets": datasets, "chosen": chosen,
        "uploads": [
            {"upload": each, "problem": _in(each.problem, lang)}
            for each in uploads_visible_to(_me(http), _today()).order_by("-pk")[:_UPLOADS]
        ],
    })  # fmt: skip


def _in(pair: list[str], lang: str) -> str:
    return "" if not pair else pair[0] if lang == "zh" else pair[1]


def _delivery(delivery: Delivery, lang: str) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "reasons": [{"column": r["column"], "why": r[lang], "rows": r["rows"]} for r in delivery.reasons],
        "held": [_in(pair, lang) for pair in delivery.held],
    }  # fmt: skip


@login_required
def upload(http: HttpRequest) -> HttpResponse:
    """A file into the inbox; the worker loads it."""
    _must_have(http, *_DATA)
    office = intake.workspace()
    form = forms.UploadForm(_own_datasets(http, office), http.POST or None, http.FILES or None)
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            intake.receive(
                office, said["dataset"], said["file"].name, said["file"], by=_me(http), at=timezone.now(),
                as_of=said["as_of"], kind=Upload.Kind(said["kind"]),
            )  # fmt: skip
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已收到，将自动装入；结果见本页", "Received; it is loaded by itself, and this page says how it went"))  # fmt: skip
            return redirect("delivery:list")
    return render(http, "delivery/upload.html", {"form": form, "most": intake.MOST_BYTES >> 20})


def _own_datasets(http: HttpRequest, office: Any) -> list[tuple[str, str]]:
    """Those of the units somebody provides for or whose data they manage."""
    lang, named = language(), intake.titles(office)
    own = []
    for name, unit in intake.owners(office).items():
        try:
            right_to_provide(_me(http), unit, _today())
        except NotYoursError:
            continue
        own.append((name, named[name].in_(lang)))
    return sorted(own, key=lambda each: each[1])


@login_required
@require_POST
def quarantine(http: HttpRequest, dataset: str) -> HttpResponse:
    """The rows that wait in quarantine, in clear, for the department to correct."""
    _must_have(http, *_DATA)
    office = intake.workspace()
    if dataset not in dict(_own_datasets(http, office)):
        raise Http404
    unit = intake.owners(office)[dataset]
    name = f"{intake.titles(office)[dataset].zh}-待更正.xlsx"

    def write(path: Path) -> None:
        office.export_waiting(dataset, path)
        actions.hand_out_quarantine(dataset, unit, by=_me(http), at=timezone.now())

    return _workbook(name, write)


def _workbook(name: str, write: Callable[[Path], object]) -> HttpResponse:
    """A workbook for taking away; it lies nowhere on the server afterwards."""
    with TemporaryDirectory() as folder, transaction.atomic():
        path = Path(folder) / "rows.xlsx"
        write(path)
        content = path.read_bytes()
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(
        content,
        content_type=_XLSX,
        headers={"Content-Disposition": disposition or "attachment", "Cache-Control": "no-store"},
    )


# -- tickets -------------------------------------------------------------------------------------


@login_required
@require_GET
def tickets(http: HttpRequest) -> HttpResponse:
    """What departments are asked to check."""
    _must_have(http, *_ASKING)
    found = tickets_visible_to(_me(http), _today())
    state = http.GET.get("state", "")
    if state in TicketState.values:
        found = found.filter(state=state)
    else:
        state = ""
    if before := _before(http):
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: _PAGE + 1])
    dues = {due.subject: due for due in running(*(f"ticket:{each.pk}" for each in rows))}
    now = timezone.now()
    return render(http, "delivery/tickets.html", {
        "rows": [
            {"ticket": each, "left": remaining(due, now) if (due := dues.get(f"ticket:{each.pk}")) else None}
            for each in rows[:_PAGE]
        ],
        "state": state, "states": TicketState.choices, "more": len(rows) > _PAGE,
    })  # fmt: skip


#: Action -> (words, form, what is called with what was sent).
_ACTS: dict[str, tuple[str, type[Form], Callable[..., DataErrorTicket]]] = {
    "answer": (say("答复", "Answer"), forms.AnswerForm,
               lambda of, said, **who: actions.answer(of, said["text"], **who)),
    "resolve": (say("已更正，办结", "Corrected: close"), forms.ResolveForm,
                lambda of, said, **who: actions.resolve(of, reason=said["reason"], **who)),
    "ask_again": (say("再次询问", "Ask again"), forms.ReasonForm,
                  lambda of, said, **who: actions.ask_again(of, reason=said["reason"], **who)),
    "refuse": (say("数据无误，办结", "Data correct: close"), forms.ReasonForm,
               lambda of, said, **who: actions.refuse(of, reason=said["reason"], **who)),
}  # fmt: skip


@login_required
@require_GET
def ticket(http: HttpRequest, pk: int) -> HttpResponse:
    """One ticket, with what can be done to it."""
    return _page(http, _one(http, pk), {})


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    one = _one(http, pk)
    if action not in allowed(_me(http), one, _today()):
        raise Http404
    _, kind, do = _ACTS[action]
    form = kind(http.POST)
    if form.is_valid():
        try:
            do(one, form.cleaned_data, by=_me(http), at=timezone.now())
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已办理", "Done"))
            return redirect("delivery:ticket", one.pk)
    return _page(http, one, {action: form})


@login_required
@require_POST
def rows(http: HttpRequest, pk: int) -> HttpResponse:
    """The rows of a ticket as its department delivered them: for that department and its data manager."""
    one = _one(http, pk)
    if not _may_take(http, one):
        raise Http404
    office = intake.workspace()

    def write(path: Path) -> None:
        intake.export_ticket(office, one, path)
        actions.hand_out(one, by=_me(http), at=timezone.now())

    return _workbook(f"{one.dataset}-{one.pk}-待核对.xlsx", write)


def _may_take(http: HttpRequest, one: DataErrorTicket) -> bool:
    try:
        right_to_provide(_me(http), one.unit, _today())
    except NotYoursError:
        return False
    return bool(one.rows)


def _one(http: HttpRequest, pk: int) -> DataErrorTicket:
    return get_object_or_404(tickets_visible_to(_me(http), _today()), pk=pk)


def _page(http: HttpRequest, one: DataErrorTicket, bound: Mapping[str, Form]) -> HttpResponse:
    acts = [
        {"name": name, "says": _ACTS[name][0], "form": bound.get(name) or _ACTS[name][1](), "open": name in bound}
        for name in allowed(_me(http), one, _today())
    ]  # fmt: skip
    due = running(f"ticket:{one.pk}").first()
    return render(http, "delivery/ticket.html", {
        "ticket": one, "acts": acts, "due": due, "left": remaining(due, timezone.now()) if due else None,
        "may_take": _may_take(http, one),
        "course": course(one),
    })  # fmt: skip
