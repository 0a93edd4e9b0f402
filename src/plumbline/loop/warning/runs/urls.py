"""Addresses of runs."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.warning.runs import views

app_name = "runs"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("compare/", views.compare, name="compare"),
    path("asked/<int:pk>/", views.request, name="request"),
    path("<int:number>/", views.run, name="run"),
    path("<int:number>/accept/<slug:model>/", views.accept, name="accept"),
]
