"""Pages on which whoever has been cleared is told so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions import clarify as actions
from plumbline.loop.disposal.actions.reading import take_away
from plumbline.loop.disposal.forms import clarify as forms
from plumbline.loop.disposal.models import Clarification
from plumbline.loop.disposal.queries.clarify import allowed, to_clarify, visible_to
from plumbline.loop.disposal.queries.course import SAYS
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import acts_on

_SHOWN = 100
_READERS = (Role.CLARIFIER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)


def _today() -> date:
    return timezone.localdate()


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


@login_required
@require_GET
def listing(http: HttpRequest) -> HttpResponse:
    """Who is to be told, and who was."""
    if not rights_of(_me(http), _today()).has(*_READERS):
        raise Http404
    found = visible_to(_me(http), _today()).select_related("disposal__warning", "disposal__body")
    return render(http, "disposal/clarify_list.html", {
        "rows": found.order_by("-pk")[:_SHOWN],
        "waiting": to_clarify(_me(http), _today()).select_related("warning", "body")[:_SHOWN],
    })  # fmt: skip


@login_required
def propose(http: HttpRequest, pk: int) -> HttpResponse:
    disposal = get_object_or_404(to_clarify(_me(http), _today()).select_related("warning"), pk=pk)
    form = forms.ProposeForm(disposal, http.POST or None)
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = actions.propose(
                disposal, Clarification.Ground(said["ground"]), said["text"],
                requested_on=said["requested_on"], by=_me(http), at=timezone.now(),
            )  # fmt: skip
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已提出，等待审批", "Proposed; it waits for approval"))
            return redirect("disposal:clarification", made.pk)
    return render(http, "disposal/clarify_form.html", {"form": form, "disposal": disposal})


#: Action -> (words, form, what is called with what was sent).
_ACTS: dict[str, tuple[str, type[Form], Callable[..., Clarification]]] = {
    "approve": (say("同意", "Approve"), forms.ApproveForm,
                lambda of, said, **who: actions.approve(of, number=said["number"], **who)),
    "refuse": (say("不同意", "Refuse"), forms.RefuseForm,
               lambda of, said, **who: actions.refuse(of, reason=said["reason"], **who)),
    "make_letter": (say("制作澄清函", "Write the letter"), forms.LetterForm,
                    lambda of, said, **who: actions.make_letter(of, said["name"], **who)),
    "hand_over": (say("登记澄清", "Enter that they were told"), forms.HandOverForm,
                  lambda of, said, **who: actions.hand_over(of, Clarification.Form(said["form"]), said["on"], **who)),
}  # fmt: skip


@login_required
@require_GET
def page(http: HttpRequest, pk: int) -> HttpResponse:
    return _page(http, _one(http, pk), {})


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    one = _one(http, pk)
    if action not in allowed(_me(http), one, _today()):
        raise Http404
    _, kind, do = _ACTS[action]
    form = kind(http.POST, auto_id=f"{action}-%s")
    if form.is_valid():
        try:
            do(one, form.cleaned_data, by=_me(http), at=timezone.now())
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已办理", "Done"))
            return redirect("disposal:clarification", one.pk)
    return _page(http, one, {action: form})


@login_required
@require_GET
def letter(http: HttpRequest, pk: int, ending: str) -> HttpResponseBase:
    """The letter; taking it away is on the trail."""
    one = _one(http, pk)
    document = {"pdf": one.pdf, "docx": one.docx}.get(ending)
    if document is None:
        raise Http404
    take_away(document, by=_me(http), at=timezone.now())
    return FileResponse(
        document.file.open("rb"),
        as_attachment=True,
        filename=document.name,
        content_type=document.kind,
    )


def _one(http: HttpRequest, pk: int) -> Clarification:
    found = visible_to(_me(http), _today()).select_related(
        "disposal__warning", "disposal__body", "pdf", "docx", "proposed_by", "approved_by"
    )
    return get_object_or_404(found, pk=pk)


def _page(http: HttpRequest, one: Clarification, bound: Mapping[str, Form]) -> HttpResponse:
    acts: list[dict[str, Any]] = [
        {"name": name, "says": _ACTS[name][0], "form": bound.get(name) or _ACTS[name][1](auto_id=f"{name}-%s"),
         "open": name in bound}
        for name in allowed(_me(http), one, _today())
    ]  # fmt: skip
    return render(http, "disposal/clarify_page.html", {
        "one": one, "acts": acts,
        "course": acts_on(f"clarification:{one.pk}", SAYS),
    })  # fmt: skip
