"""All addresses of the workbench."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from plumbline.web import views
from plumbline.web.audit import audit

#: Address -> app; an app's own addresses stand in its urls.py.
PLACES = {
    "": "plumbline.org",
    "warnings/": "plumbline.loop.warning",
    "disposals/": "plumbline.loop.disposal",
    "deliveries/": "plumbline.loop.delivery",
    "models/": "plumbline.loop.supervision",
    "closure/": "plumbline.loop.closure",
    "trail/": "plumbline.trail",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("audit/", audit, name="audit"),
    path("language/", views.set_language, name="set_language"),
    *(path(at, include(f"{app}.urls")) for at, app in PLACES.items()),
]
