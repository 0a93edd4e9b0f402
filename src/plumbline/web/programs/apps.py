from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class ProgramsConfig(AppConfig):
    name = "plumbline.web.programs"
    label = "programs"
    verbose_name = say("接入程序", "Programs")
