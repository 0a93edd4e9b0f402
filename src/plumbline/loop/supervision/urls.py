"""Addresses of models, samples, exceptions and budgets."""

from __future__ import annotations

from django.urls import include, path

from plumbline.loop.supervision import views
from plumbline.loop.supervision.studio import reading

app_name = "supervision"
urlpatterns = [
    path("", views.listing, name="list"),
    path("studio/", include("plumbline.loop.supervision.studio.urls")),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/try/", reading.try_subject, name="try"),
    path("<int:pk>/cases/", reading.cases, name="cases"),
    path("<int:pk>/against/<int:other>/", reading.differences, name="differences"),
    path("<int:pk>/<slug:name>/", views.act, name="act"),
    path("samples/<int:pk>/", views.sample, name="sample"),
    path("exceptions/", views.exceptions, name="exceptions"),
    path("exceptions/<int:pk>/<slug:name>/", views.decide, name="decide"),
    path("budgets/", views.budgets, name="budgets"),
]
