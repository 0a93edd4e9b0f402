"""Addresses of deliveries, uploads, quarantine and tickets."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.delivery.views import datasets, deliveries, mapping, tickets

app_name = "delivery"
urlpatterns = [
    path("", deliveries.deliveries, name="list"),
    path("<int:pk>/accept/", deliveries.accept, name="accept"),
    path("upload/", deliveries.upload, name="upload"),
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/new/", mapping.new, name="new"),
    path("datasets/new/<int:pk>/", mapping.mapping, name="mapping"),
    path("datasets/new/<int:pk>/discard/", mapping.discard, name="discard"),
    path("datasets/<slug:name>/", datasets.dataset, name="dataset"),
    path("quarantine/<slug:dataset>/", datasets.quarantine, name="quarantine"),
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets/<int:pk>/", tickets.ticket, name="ticket"),
    path("tickets/<int:pk>/rows.xlsx", tickets.rows, name="rows"),
    path("tickets/<int:pk>/<slug:action>/", tickets.act, name="act"),
]
