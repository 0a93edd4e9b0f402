"""The few pages that belong to no app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from plumbline.bilingual import say
from plumbline.kit.clock.models import Level
from plumbline.kit.clock.queries import notices
from plumbline.loop.delivery.queries import tickets_visible_to
from plumbline.loop.disposal.models import REVIEWERS
from plumbline.loop.disposal.queries.disposal import deadlines, requests_to
from plumbline.loop.disposal.queries.inbox import TABS, Wanted, chosen, counted, page
from plumbline.loop.disposal.queries.lead import open_leads
from plumbline.loop.disposal.queries.lead import visible_to as leads_visible_to
from plumbline.org.models import Role, User
from plumbline.org.policy import Rights, rights_of
from plumbline.web.actions import put_away, visit
from plumbline.web.guide import ORDER, PARTS, Part
from plumbline.web.models import Visit
from plumbline.web.navigation import COUNTING

__all__ = ["help_page", "hints", "home", "set_language"]

_WORKING = (
    Role.DISPATCHER, Role.VERIFIER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY,
)  # fmt: skip
#: How far up a notice goes, by the role that hears of it there.
_HEARS = {
    Role.SECRETARY: Level.SECRETARY, Role.STANDING_MEMBER: Level.STANDING_MEMBER, Role.OFFICE_HEAD: Level.HEAD,
}  # fmt: skip
_SHOWN = 20


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for whoever signs in, by what they are here."""
    user, at = request.user, timezone.now()
    assert isinstance(user, User)
    on = timezone.localdate(at)
    rights, seen = rights_of(user, on), visit(user, at)
    shown: dict[str, Any] = {"rights": rights, "on": on, "hints": _hints(rights, seen)}
    if rights.has(*_WORKING):
        shown |= _mine(user, rights, seen, at)
    if rights.has(Role.UNIT_CONTACT, Role.DATA_PROVIDER):
        shown["requests"] = list(requests_to(user, on).filter(answered_at=None)[:_SHOWN])
    if rights.has(Role.DATA_PROVIDER, Role.DATA_MANAGER):
        shown["tickets"] = list(tickets_visible_to(user, on).filter(answered_at=None)[:_SHOWN])
    if rights.has(Role.CASE_MANAGER):
        shown["leads"] = list(open_leads(leads_visible_to(user, on))[:_SHOWN])
    shown["counts"] = rights.has(*COUNTING)
    return render(request, "web/home.html", shown)


# -- what is mine --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """A figure, and the list of exactly the rows it counts."""

    says: str
    n: str
    url: str
    look: str = ""


def _mine(user: User, rights: Rights, seen: Visit, at: datetime) -> dict[str, Any]:
    """Figures, and the rows that are due next."""
    rows = page(
        chosen(user, Wanted(order="due"), at).select_related("warning", "warning__unit", "body"),
        Wanted(order="due"), size=_SHOWN,
    ).rows  # fmt: skip
    ends = deadlines(rows, at)
    heard = max(
        (level for role, level in _HEARS.items() if rights.has(role)), default=Level.HANDLER
    )
    by_subject = {f"disposal:{case.pk}": case for case in rows}
    told = notices(subjects=list(by_subject), up_to=heard)[:_SHOWN]
    return {
        "tiles": list(_tiles(user, rights, seen, at)),
        "rows": [(case, ends.get(case.pk)) for case in rows],
        "notices": [(notice, by_subject[notice.due.subject]) for notice in told],
        "in_list": urlencode({"tab": "mine", "sort": "due"}),
    }


def _tiles(user: User, rights: Rights, seen: Visit, at: datetime) -> Any:
    wanted: list[tuple[str, dict[str, str], str]] = [
        (say("等我办理", "Waiting for me"), {}, ""),
        (say("其中已超期", "Of these overdue"), {"due": "over"}, "red"),
        (say("其中今天到期", "Of these due today"), {"due": "today"}, "orange"),
        (
            say("其中三个工作日内到期", "Of these due within three working days"),
            {"due": "soon"},
            "orange",
        ),
    ]
    if rights.has(*REVIEWERS):
        wanted.append((say("等我审核", "To review"), {"tab": "mine", "state": "reported"}, ""))
    if seen.last_at:
        wanted.append(
            (
                say("上次来后的新情况", "New since I was last here"),
                {"since": seen.last_at.isoformat()},
                "green",
            )
        )
    for says, narrowed, look in wanted:
        said = {"tab": "mine", **narrowed}
        of = Wanted.said(said)
        n = counted(chosen(user, of, at), TABS[of.tab][1])
        yield Tile(
            says, n, f"{reverse('disposal:list')}?{urlencode(said)}", look if n != "0" else ""
        )


# -- hints and help ------------------------------------------------------------------------------


def _parts(rights: Rights) -> list[Part]:
    """What somebody does here, role by role."""
    held = {each.role for each in rights.holdings}
    return [PARTS[role] for role in ORDER if role in held]


def _hints(rights: Rights, seen: Visit) -> list[Part]:
    """The parts of their work that they have not put away."""
    return [part for part in _parts(rights) if part.role.value not in seen.put_away]


@login_required
@require_POST
def hints(request: HttpRequest) -> HttpResponse:
    """Put a hint away, or have all of them again."""
    assert isinstance(request.user, User)
    name = request.POST.get("hint", "")
    put_away(name if name in Role else "", by=request.user, at=timezone.now())
    return redirect("home")


@login_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What each role does, one's own first; the keys; whom to ask."""
    own = _parts(rights_of(request.user, timezone.localdate()))
    others = [PARTS[role] for role in ORDER if PARTS[role] not in own]
    return render(request, "web/help.html", {"own": own, "others": others})
