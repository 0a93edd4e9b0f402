"""Addresses of the cockpit."""

from __future__ import annotations

from django.urls import path

from plumbline.web.cockpit import views

app_name = "cockpit"
urlpatterns = [
    path("", views.page, name="page"),
    path("rows/<slug:name>/", views.rows, name="rows"),
    path("model/<slug:name>/", views.model_part, name="model"),
    path("map.json", views.map_file, name="map"),
    path("screens/", views.wall_screens, name="screens"),
    path("screens/<int:pk>/end/", views.end_screen, name="end_screen"),
    path("wall/<str:secret>/", views.wall, name="wall"),
]
