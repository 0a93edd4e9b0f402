"""Addresses of warnings."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.warning import views

app_name = "warning"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/why/", views.why, name="why"),
    path("<int:pk>/read/", views.read, name="read"),
    path("<int:pk>/except/", views.ask_exception, name="except"),
]
