"""The audit administrator reads the trail: every act, and whether it is sealed; never a warning itself."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from plumbline.bilingual import say
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.trail.models import Entry
from plumbline.trail.queries import Wanted, positions, search, standing

_PAGE = 50


class SearchForm(forms.Form):
    actor = forms.CharField(label=say("何人", "Who"), required=False)
    action = forms.CharField(label=say("何事", "What"), required=False)
    subject = forms.CharField(label=say("对象", "To what"), required=False)
    since = forms.DateField(
        label=say("自", "From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label=say("至", "To"), required=False, widget=forms.DateInput({"type": "date"})
    )


@login_required
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Acts, newest first, fifty to a page."""
    assert isinstance(request.user, User)
    if not rights_of(request.user, timezone.localdate()).may("read_trail"):
        raise Http404
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    wanted = Wanted(
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        subject=asked.get("subject", ""),
        since=_midnight(asked.get("since")),
        until=_midnight(asked.get("until"), 1),
    )
    before = request.GET.get("before", "")
    found = search(
        Entry.objects.all(),
        wanted,
        before=int(before) if before.isdigit() else None,
        most=_PAGE + 1,
    )
    page = found[:_PAGE]
    places = positions(page)
    query = request.GET.copy()
    query.pop("before", None)
    return render(
        request,
        "web/audit.html",
        {
            "form": form,
            "rows": [(entry, places.get(entry.pk)) for entry in page],
            "older": page[-1].pk if len(found) > _PAGE else None,
            "query": query.urlencode(),
            "standing": standing(),
        },
    )


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    if day is None:
        return None
    zone = timezone.get_default_timezone()
    return datetime.combine(day + timedelta(days=later), time.min, zone)
