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
        ),
    ),
)


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
