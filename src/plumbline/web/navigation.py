"""Where somebody can go from every page: only what their roles open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from plumbline.bilingual import say
from plumbline.org.models import Role
from plumbline.org.policy import rights_of

_REVIEWERS = (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)
_OFFICERS = (Role.DISPATCHER, Role.VERIFIER, *_REVIEWERS)
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
            Place(say("预警", "Warnings"), "warning:list", _OFFICERS),
            Place(say("处置", "Disposals"), "disposal:list", _OFFICERS),
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
            Place(say("数据报送", "Deliveries"), "delivery:list", _DATA),
            Place(say("数据疑问", "Data errors"), "delivery:tickets", (*_DATA, Role.VERIFIER, Role.OFFICE_HEAD)),
        ),
    ),
    (
        say("管理", "Administration"),
        (
            Place(say("单位", "Units"), "org:units", (Role.SYSTEM_ADMIN,)),
            Place(say("监督机构", "Bodies"), "org:bodies", (Role.SYSTEM_ADMIN,)),
            Place(say("账号与权限", "Accounts and rights"), "org:users", (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)),
            Place(say("留痕", "Trail"), "audit", (Role.AUDIT_ADMIN,)),
        ),
    ),
)  # fmt: skip


def navigation(request: HttpRequest) -> dict[str, Any]:
    """For every template: the parts of the rail that hold anything for whoever is served."""
    if not request.user.is_authenticated:
        return {"navigation": []}
    rights = rights_of(request.user, timezone.localdate())
    parts = []
    for name, places in PLACES:
        open_to_them = [
            {
                "name": place.name,
                "url": reverse(place.url),
                "here": request.path == reverse(place.url)
                or (place.url != "home" and request.path.startswith(reverse(place.url))),
            }
            for place in places
            if not place.roles or rights.has(*place.roles)
        ]
        if open_to_them:
            parts.append({"name": name, "places": open_to_them})
    return {"navigation": parts}
