"""Where somebody can go from every page: only what their roles open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from plumbline.bilingual import say
from plumbline.loop.delivery.queries import tickets_visible_to
from plumbline.loop.disposal.exporting.queries import waiting_for as exports_waiting_for
from plumbline.loop.disposal.queries.disposal import requests_to
from plumbline.loop.disposal.queries.inbox import how_many_wait
from plumbline.loop.disposal.queries.lead import open_leads
from plumbline.loop.disposal.queries.lead import visible_to as leads_visible_to
from plumbline.org.models import Role, SupervisionBody, Unit, User
from plumbline.org.policy import Rights, rights_of

_REVIEWERS = (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)
_OFFICERS = (Role.DISPATCHER, Role.VERIFIER, *_REVIEWERS)
COUNTING = (Role.DISPATCHER, *_REVIEWERS, Role.STATISTICIAN)
_MODELS = (Role.MODEL_AUTHOR, Role.CLAUSE_REVIEWER, Role.MODEL_APPROVER)
_DATA = (Role.DATA_MANAGER, Role.DATA_PROVIDER)
_GOVERNING = (*_OFFICERS, *_MODELS, Role.STATISTICIAN)


@dataclass(frozen=True)
class Place:
    """A link of the rail: its words, its address by name, and whose it is (everybody's without roles)."""

    name: str
    url: str
    roles: tuple[Role, ...] = ()


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        say("工作台", "Workbench"),
        (
            Place(say("今日", "Today"), "home"),
            Place(say("驾驶舱", "Cockpit"), "cockpit:page", COUNTING),
            Place(say("预警", "Warnings"), "warning:list", _OFFICERS),
            Place(say("处置", "Disposals"), "disposal:list", _OFFICERS),
            Place(say("导出", "Exports"), "export:list", _OFFICERS),
            Place(say("问题线索", "Leads"), "disposal:leads", (Role.CASE_MANAGER,)),
            Place(say("澄清", "Clarifications"), "disposal:clarifications",
                  (Role.CLARIFIER, Role.STANDING_MEMBER, Role.SECRETARY)),
            Place(say("答复", "Questions to my unit"), "disposal:requests", (Role.UNIT_CONTACT, Role.DATA_PROVIDER)),
        ),
    ),
    (
        say("治理", "Governance"),
        (
            Place(say("治理问题", "Problems"), "closure:problems", _GOVERNING),
            Place(say("专项治理", "Campaigns"), "closure:campaigns", (*_GOVERNING, Role.UNIT_CONTACT)),
            Place(say("建议与提醒", "Recommendations"), "closure:recommendations", (*_GOVERNING, Role.UNIT_CONTACT)),
            Place(say("整改", "Rectification"), "closure:rectifications", (*_GOVERNING, Role.UNIT_CONTACT)),
            Place(say("制度机制", "Mechanisms"), "closure:mechanisms", _GOVERNING),
        ),
    ),
    (
        say("模型与数据", "Models and data"),
        (
            Place(say("监督模型", "Models"), "supervision:list", (*_OFFICERS, *_MODELS)),
            Place(say("个别例外", "Exceptions"), "supervision:exceptions", (*_MODELS, Role.OFFICE_HEAD)),
            Place(say("数据集", "Datasets"), "delivery:datasets", _DATA),
            Place(say("数据报送", "Deliveries"), "delivery:list", _DATA),
            Place(say("身份判断", "Who is who"), "identity:pairs", (Role.DATA_MANAGER,)),
            Place(say("碰撞运行", "Runs"), "runs:runs", (*_OFFICERS, *_MODELS, Role.DATA_MANAGER)),
            Place(say("数据疑问", "Data errors"), "delivery:tickets", (*_DATA, Role.VERIFIER, Role.OFFICE_HEAD)),
        ),
    ),
    (
        say("管理", "Administration"),
        (
            Place(say("单位", "Units"), "org:units", (Role.SYSTEM_ADMIN,)),
            Place(say("监督机构", "Bodies"), "org:bodies", (Role.SYSTEM_ADMIN,)),
            Place(say("干部管理权限", "Leaders"), "disposal:authorities", (Role.SYSTEM_ADMIN,)),
            Place(say("账号与权限", "Accounts and rights"), "org:users", (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)),
            Place(say("留痕", "Trail"), "audit", (Role.AUDIT_ADMIN,)),
            Place(say("查看个人信息", "Personal data read"), "readings", (Role.AUDIT_ADMIN,)),
        ),
    ),
)  # fmt: skip


#: Their pictures, by the name of their address.
_ICONS = {
    "home": "gauge", "export:list": "download", "warning:list": "triangle-alert", "disposal:list": "inbox", "disposal:leads": "file-search",
    "disposal:clarifications": "shield-check", "disposal:requests": "message-square-reply",
    "closure:problems": "target", "closure:campaigns": "flag", "closure:recommendations": "mail",
    "closure:rectifications": "wrench", "closure:mechanisms": "scale", "supervision:list": "boxes",
    "supervision:exceptions": "shield-off", "delivery:list": "upload", "delivery:datasets": "database", "identity:pairs": "git-compare",
    "runs:runs": "play", "delivery:tickets": "file-warning",
    "org:units": "building-2", "org:bodies": "network", "disposal:authorities": "users-round", "org:users": "key-round", "audit": "scroll-text",
    "readings": "eye", "cockpit:page": "layout-dashboard", "programs:programs": "plug",
}  # fmt: skip
#: What waits there for somebody: the very rows with which the page begins.
_WAITING: dict[str, Callable[[User, date], int]] = {
    "disposal:list": lambda user, on: how_many_wait(user, on, most=_MOST),
    "export:list": lambda user, on: _up_to(exports_waiting_for(user, on)),
    "disposal:requests": lambda user, on: _up_to(requests_to(user, on).filter(answered_at=None)),
    "disposal:leads": lambda user, on: _up_to(open_leads(leads_visible_to(user, on))),
    "delivery:tickets": lambda user, on: _up_to(
        tickets_visible_to(user, on).filter(answered_at=None)
    ),
}
_MOST = 99


def _up_to(found: QuerySet[Any]) -> int:
    """How many there are, as far as anybody counts."""
    return found.order_by()[: _MOST + 1].count()


def navigation(request: HttpRequest) -> dict[str, Any]:
    """For every template: the parts of the rail that hold anything for whoever is served, and who they are."""
    user = request.user
    if not isinstance(user, User):
        return {"navigation": [], "demo": settings.DEMO}
    on = timezone.localdate()
    rights = rights_of(user, on)
    parts = []
    for name, places in PLACES:
        open_to_them = [
            {
                "name": place.name,
                "url": _addresses()[place.url],
                "icon": _ICONS.get(place.url, "circle"),
                "here": _is_here(request.path, place.url),
                "count": _waiting(place.url, request, on),
            }
            for place in places
            if not place.roles or rights.has(*place.roles)
        ]
        if open_to_them:
            parts.append({"name": name, "places": open_to_them})
    return {
        "navigation": parts,
        "searches": rights.has(*_OFFICERS),
        "post": _post(rights),
        "stays_open": bool(rights.holdings),
        "demo": settings.DEMO,
    }


@cache
def _addresses() -> dict[str, str]:
    """Of every place; addresses are the same for everybody and all the time."""
    return {place.url: reverse(place.url) for _, places in PLACES for place in places}


def _is_here(path: str, name: str) -> bool:
    """Is a page this place's, or one below it that is no other place's?"""
    fitting = [
        each for each, address in _addresses().items()
        if path == address or (each != "home" and path.startswith(address))
    ]  # fmt: skip
    return name == max(fitting, key=lambda each: len(_addresses()[each]), default="")


def waiting(request: HttpRequest, on: date) -> dict[str, str]:
    """Of the places open to whoever is served at which something can wait: address -> how much does."""
    assert isinstance(request.user, User)
    rights = rights_of(request.user, on)
    return {
        _addresses()[place.url]: _waiting(place.url, request, on)
        for _, places in PLACES for place in places
        if place.url in _WAITING and rights.has(*place.roles)
    }  # fmt: skip


def _waiting(name: str, request: HttpRequest, on: date) -> str:
    """How much waits there, as far as anybody counts; empty where nothing does."""
    if name not in _WAITING:
        return ""
    n = getattr(request, "waiting", {}).get(name)  # where the page itself counted it
    if n is None:
        assert isinstance(request.user, User)
        n = _WAITING[name](request.user, on)
    return f"{_MOST}+" if n > _MOST else str(n or "")


def _post(rights: Rights) -> str:
    """What somebody is, and where."""
    if not rights.holdings:
        return ""
    held = min(rights.holdings, key=lambda each: each.on_behalf is not None)
    places = (
        SupervisionBody.objects.filter(pk=held.body or 0).values_list("name", flat=True),
        Unit.objects.filter(pk=held.unit or 0).values_list("name", flat=True),
    )
    place = places[held.body is None].first()
    return " · ".join(str(part) for part in (held.role.label, place) if part)
