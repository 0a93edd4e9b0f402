"""Addresses of models, samples, exceptions and budgets."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.supervision import views

app_name = "supervision"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/<slug:name>/", views.act, name="act"),
    path("samples/<int:pk>/", views.sample, name="sample"),
    path("exceptions/", views.exceptions, name="exceptions"),
    path("exceptions/<int:pk>/<slug:name>/", views.decide, name="decide"),
    path("budgets/", views.budgets, name="budgets"),
]
