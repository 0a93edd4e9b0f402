"""The few pages that belong to no app."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.i18n import set_language

from plumbline.kit.clock.models import Level
from plumbline.kit.clock.queries import notices
from plumbline.loop.closure.queries.figures import figures
from plumbline.loop.delivery.queries import tickets_visible_to
from plumbline.loop.disposal.queries.disposal import requests_to, today
from plumbline.loop.disposal.queries.lead import open_leads
from plumbline.loop.disposal.queries.lead import visible_to as leads_visible_to
from plumbline.org.models import Role, User
from plumbline.org.policy import Rights, rights_of

__all__ = ["home", "set_language"]

_WORKING = (
    Role.DISPATCHER, Role.VERIFIER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY,
)  # fmt: skip
#: How far up a notice goes, by the role that hears of it there.
_HEARS = {
    Role.SECRETARY: Level.SECRETARY, Role.STANDING_MEMBER: Level.STANDING_MEMBER, Role.OFFICE_HEAD: Level.HEAD,
}  # fmt: skip
_SHOWN = 20


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """What waits for whoever signs in, by what they are here."""
    user, at = request.user, timezone.now()
    assert isinstance(user, User)
    on = timezone.localdate(at)
    rights = rights_of(user, on)
    shown = {"rights": rights, "on": on}
    if rights.has(*_WORKING):
        mine = today(user, at)
        subjects = [f"disposal:{each.pk}" for each in mine.waiting]
        heard = max(
            (level for role, level in _HEARS.items() if rights.has(role)), default=Level.HANDLER
        )
        shown |= {
            "mine": mine,
            "rows": [(each, mine.deadlines.get(each.pk)) for each in mine.waiting[:_SHOWN]],
            "notices": list(notices(subjects=subjects, up_to=heard)[:_SHOWN]),
        }
    if rights.has(Role.UNIT_CONTACT, Role.DATA_PROVIDER):
        shown["requests"] = list(requests_to(user, on).filter(answered_at=None)[:_SHOWN])
    if rights.has(Role.DATA_PROVIDER, Role.DATA_MANAGER):
        shown["tickets"] = list(tickets_visible_to(user, on).filter(answered_at=None)[:_SHOWN])
    if rights.has(Role.CASE_MANAGER):
        shown["leads"] = list(open_leads(leads_visible_to(user, on))[:_SHOWN])
    if _reads_figures(rights):
        shown["figures"] = figures(user, date(on.year, 1, 1), on)
    return render(request, "web/home.html", shown)


def _reads_figures(rights: Rights) -> bool:
    return rights.has(*_HEARS, Role.STATISTICIAN, Role.DISPATCHER)
