"""Addresses of who is who."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.supervision.identity import views

app_name = "identity"
urlpatterns = [
    path("", views.pairs, name="pairs"),
    path("pair/", views.pair, name="pair"),
    path("next/", views.following, name="next"),
    path("judgements/", views.judgements, name="judgements"),
    path("judgements/<int:pk>/", views.judgement, name="judgement"),
    path("judgements/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
