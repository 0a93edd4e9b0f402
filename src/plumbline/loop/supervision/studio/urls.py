"""Addresses of the studio, below those of the models."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.supervision.studio import views

urlpatterns = [
    path("", views.page, name="studio"),
    path("check/", views.check, name="studio_check"),
    path("cases/", views.cases, name="studio_cases"),
    path("preview/", views.preview, name="studio_preview"),
    path("download/", views.download, name="studio_download"),
    path("save/", views.save, name="studio_save"),
]
