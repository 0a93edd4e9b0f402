"""Addresses of exports."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.disposal.exporting import views

app_name = "export"
urlpatterns = [
    path("", views.listing, name="list"),
    path("ask/", views.ask, name="ask"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/take/", views.take, name="take"),
    path("<int:pk>/<slug:action>/", views.act, name="act"),
]
