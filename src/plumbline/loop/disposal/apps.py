from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class DisposalConfig(AppConfig):
    name = "plumbline.loop.disposal"
    label = "disposal"
    verbose_name = say("处置", "Disposal")
