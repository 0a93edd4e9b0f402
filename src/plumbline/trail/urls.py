"""Addresses of the trail."""

from __future__ import annotations

from django.urls import path

from plumbline.trail import views

urlpatterns = [path("heads", views.heads, name="trail_heads")]
