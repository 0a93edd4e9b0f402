from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class TrailConfig(AppConfig):
    name = "plumbline.trail"
    verbose_name = say("留痕", "Trail")
