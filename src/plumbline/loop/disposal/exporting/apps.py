from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class ExportingConfig(AppConfig):
    name = "plumbline.loop.disposal.exporting"
    label = "export"
    verbose_name = say("导出", "Exports")
