"""Addresses of warnings."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.warning.views import pages

app_name = "warning"
urlpatterns = [
    path("", pages.listing, name="list"),
    path("<int:pk>/", pages.page, name="page"),
    path("<int:pk>/why/", pages.why, name="why"),
    path("<int:pk>/read/", pages.read, name="read"),
    path("<int:pk>/except/", pages.ask_exception, name="except"),
]
