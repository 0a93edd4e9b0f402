"""Addresses of what comes after a warning."""

from __future__ import annotations

from django.urls import path, register_converter

from plumbline.loop.closure.views import pages
from plumbline.loop.closure.views.acts import ACTS


class Noun:
    """One of the kinds of things that are acted on."""

    regex = "|".join(sorted(ACTS))

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Noun, "noun")

app_name = "closure"
urlpatterns = [
    path("problems/", pages.listing, {"noun": "problem"}, name="problems"),
    path("campaigns/", pages.listing, {"noun": "campaign"}, name="campaigns"),
    path("recommendations/", pages.listing, {"noun": "recommendation"}, name="recommendations"),
    path("rectifications/", pages.listing, {"noun": "rectification"}, name="rectifications"),
    path("mechanisms/", pages.listing, {"noun": "mechanism"}, name="mechanisms"),
    path("problems/<int:pk>/", pages.page, {"noun": "problem"}, name="problem"),
    path("campaigns/<int:pk>/", pages.page, {"noun": "campaign"}, name="campaign"),
    path(
        "recommendations/<int:pk>/", pages.page, {"noun": "recommendation"}, name="recommendation"
    ),
    path("rectifications/<int:pk>/", pages.page, {"noun": "rectification"}, name="rectification"),
    path("mechanisms/<int:pk>/", pages.page, {"noun": "mechanism"}, name="mechanism"),
    path("disposals/<int:pk>/", pages.page, {"noun": "disposal"}, name="disposal"),
    path("files/<int:pk>/", pages.file, name="file"),
    path("<noun:noun>/<int:pk>/<slug:action>/", pages.act, name="act"),
]
