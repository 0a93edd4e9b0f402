"""Addresses of deliveries, uploads, quarantine and tickets."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.delivery import views

app_name = "delivery"
urlpatterns = [
    path("", views.deliveries, name="list"),
    path("upload/", views.upload, name="upload"),
    path("quarantine/<slug:dataset>/", views.quarantine, name="quarantine"),
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/<int:pk>/", views.ticket, name="ticket"),
    path("tickets/<int:pk>/rows.xlsx", views.rows, name="rows"),
    path("tickets/<int:pk>/<slug:action>/", views.act, name="act"),
]
