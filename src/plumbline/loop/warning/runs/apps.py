from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class RunsConfig(AppConfig):
    name = "plumbline.loop.warning.runs"
    label = "runs"
    verbose_name = say("碰撞运行", "Runs")
