from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class WarningConfig(AppConfig):
    name = "plumbline.loop.warning"
    label = "warning"
    verbose_name = say("预警", "Warnings")
