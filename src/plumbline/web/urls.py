"""All addresses of the workbench."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from plumbline.web import search, views
from plumbline.web.audit import audit, readings
from plumbline.web.live import live
from plumbline.web.programs.api import interface

#: Address -> app; an app's own addresses stand in its urls.py.
PLACES = {
    "": "plumbline.org",
    "warnings/": "plumbline.loop.warning",
    "disposals/": "plumbline.loop.disposal",
    "exports/": "plumbline.loop.disposal.exporting",
    "deliveries/": "plumbline.loop.delivery",
    "models/": "plumbline.loop.supervision",
    "identity/": "plumbline.loop.supervision.identity",
    "runs/": "plumbline.loop.warning.runs",
    "closure/": "plumbline.loop.closure",
    "cockpit/": "plumbline.web.cockpit",
    "trail/": "plumbline.trail",
    "programs/": "plumbline.web.programs",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("api/v1/", interface.urls),
    path("live/", live, name="live"),
    path("help/", views.help_page, name="help"),
    path("hints/", views.hints, name="hints"),
    path("search/", search.search, name="search"),
    path("search/person/", search.person, name="search_person"),
    path("audit/", audit, name="audit"),
    path("audit/readings/", readings, name="readings"),
    path("language/", views.set_language, name="set_language"),
    *(path(at, include(f"{app}.urls")) for at, app in PLACES.items()),
]
