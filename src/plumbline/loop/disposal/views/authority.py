"""The system administrator's page of whom the leaders of units answer to (干部管理权限)."""

from __future__ import annotations

from datetime import date
from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions.authority import end_authority, place_leaders
from plumbline.loop.disposal.forms.authority import AuthorityForm
from plumbline.loop.disposal.queries.authority import visible_to
from plumbline.org.forms import EndForm, today_first
from plumbline.org.models import User
from plumbline.org.policy import rights_of


def _keeper(http: HttpRequest, on: date) -> User:
    """Whose page it is; for everybody else there is none."""
    user = cast("User", http.user)
    if not rights_of(user, on).may("place_leaders"):
        raise Http404
    return user


@login_required
def authorities(http: HttpRequest) -> HttpResponse:
    """What is in force or to come, and one more."""
    at = timezone.now()
    on = timezone.localdate(at)
    keeper = _keeper(http, on)
    form = AuthorityForm(http.POST or None, initial=today_first(on))
    if http.method == "POST" and form.is_valid():
        try:
            place_leaders(**form.cleaned_data, by=keeper, at=at)
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(http, say("已添加", "Added"))
            return redirect("disposal:authorities")
    return _page(http, on, form, EndForm(initial={"ends_on": on.isoformat()}))


@login_required
@require_POST
def end(http: HttpRequest, pk: int) -> HttpResponse:
    at = timezone.now()
    on = timezone.localdate(at)
    keeper = _keeper(http, on)
    one = get_object_or_404(visible_to(keeper, on), pk=pk)
    form = EndForm(http.POST)
    if form.is_valid():
        try:
            end_authority(one, **form.cleaned_data, by=keeper, at=at)
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(http, say("已保存", "Saved"))
            return redirect("disposal:authorities")
    for problems in form.errors.values():
        for problem in problems:
            messages.error(http, str(problem))
    return redirect("disposal:authorities")


def _page(http: HttpRequest, on: date, form: forms.Form, end_form: EndForm) -> HttpResponse:
    found = visible_to(cast("User", http.user), on)
    return render(
        http,
        "disposal/authorities.html",
        {"authorities": found, "form": form, "end_form": end_form},
    )
