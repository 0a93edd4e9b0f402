from __future__ import annotations

from django.apps import AppConfig


class CockpitConfig(AppConfig):
    name = "plumbline.web.cockpit"
    label = "cockpit"
