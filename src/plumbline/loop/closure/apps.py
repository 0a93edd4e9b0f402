from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class ClosureConfig(AppConfig):
    name = "plumbline.loop.closure"
    label = "closure"
    verbose_name = say("整改与治理", "Closure")
