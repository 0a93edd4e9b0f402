from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class SupervisionConfig(AppConfig):
    name = "plumbline.loop.supervision"
    label = "supervision"
    verbose_name = say("监督模型", "Supervision models")
