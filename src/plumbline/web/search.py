"""Searching: warnings by number, model, unit and words at once; a person only for a purpose that is kept."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.queries.disposal import visible_to
from plumbline.loop.disposal.queries.inbox import about_people, worded
from plumbline.loop.warning.actions import look_up
from plumbline.loop.warning.models import EarlyWarning
from plumbline.loop.warning.policy import may_look_up
from plumbline.loop.warning.queries import about
from plumbline.org.models import User
from plumbline.org.policy import normal_number

_SHOWN = 20
#: What may be somebody's number is not put into an address, which servers and browsers remember: a telephone's
#: eleven digits or more, or fifteen digits and letters of a citizen number, an account, a credit code.
_NUMBER = re.compile(r"(?<![0-9A-Z])[0-9]{11,}|(?=(?:[A-Z]*[0-9]){8})[0-9A-Z]{15,}")


class PersonForm(forms.Form):
    person = forms.CharField(
        label=say("姓名、名称或号码", "Name or number"), max_length=100,
        help_text=say("须完整填写；查询用摘要比对，系统不保存您填写的内容",
                      "in full; it is compared by its digest, and what you write is not kept"),
    )  # fmt: skip
    case = forms.CharField(label=say("案卷号", "Number of the file"), max_length=100)
    purpose = forms.CharField(
        label=say("用途", "Purpose"), max_length=500, widget=forms.Textarea({"rows": 2}),
        help_text=say("谁在何时为何查过，都会留痕", "who looked, when and why is on the trail"),
    )  # fmt: skip


@login_required
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """What words find; words that may be a person's number lead to the look-up, and into no address."""
    _searcher(request)
    if request.method == "POST":
        words = request.POST.get("words", "").strip()
        if _NUMBER.search(normal_number(words)) and not _is_key(words):
            form = PersonForm(initial={"person": words})
            return render(request, "web/search.html", {"form": form, "person_first": True})
        if _is_name(words):  # nor is somebody's name
            return _answer(request, words)
        return redirect(f"{reverse('search')}?{urlencode({'q': words})}")
    return _answer(request, request.GET.get("q", "").strip()[:100])


def _answer(request: HttpRequest, words: str) -> HttpResponse:
    user, on = _searcher(request)
    found: list[Any] = []
    if words:
        seen = worded(visible_to(user, on), words).select_related("warning", "unit", "body")
        found = list(seen.order_by("-pk")[: _SHOWN + 1])
    return render(request, "web/search.html", {
        "words": words, "found": found[:_SHOWN], "more": len(found) > _SHOWN,
        "form": PersonForm(initial={"person": words if _is_name(words) else ""}),
    })  # fmt: skip


@login_required
@never_cache
def person(request: HttpRequest) -> HttpResponse:
    """Warnings whose evidence bears a name or number, among those somebody sees; the look-up is on the trail."""
    user, on = _searcher(request)
    if request.method != "POST":
        return redirect("search")
    form = PersonForm(request.POST)
    shown: dict[str, Any] = {"form": form, "person_first": True}
    if not form.is_valid():
        return render(request, "web/search.html", shown, status=422)
    try:
        said = look_up(by=user, at=timezone.now(), **form.cleaned_data)
    except PlumblineError as error:
        form.add_error("person", error.problem.in_(language()))
        return render(request, "web/search.html", shown, status=422)
    if said.refused:
        form.add_error("person", say("不能查询本人或近亲属；这次查询已留痕",
                                     "nobody looks up themself or their kin; that you tried is on the trail"))  # fmt: skip
        return render(request, "web/search.html", shown, status=422)
    cases = about_people(visible_to(user, on), said.numbers, said.names)
    cases = cases.select_related("warning", "unit", "body").order_by("-pk")
    other = about(EarlyWarning.objects.visible_to(user, on), said.numbers, said.names)
    other = other.filter(disposal=None).select_related("unit").order_by("-pk")
    return render(request, "web/search.html", {
        "looked": True, "by_name": bool(said.names), "found": list(cases[:_SHOWN]),
        "warnings": list(other[:_SHOWN]), "form": PersonForm(),
    })  # fmt: skip


def _searcher(request: HttpRequest) -> tuple[User, date]:
    user, on = request.user, day_of(timezone.now())
    assert isinstance(user, User)
    if not may_look_up(user, on):
        raise Http404
    return user, on


def _is_key(words: str) -> bool:
    """The number of a warning, whole or its beginning: 64 signs, more than any person's number has."""
    return bool(re.fullmatch(r"[0-9a-f]{24,64}", words))


def _is_name(words: str) -> bool:
    return bool(re.fullmatch(r"[\u3400-\u9fff·]{2,4}", words))
