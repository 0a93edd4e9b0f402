from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class ClockConfig(AppConfig):
    name = "plumbline.kit.clock"
    label = "clock"
    verbose_name = say("期限", "Deadlines")
