from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class IdentityConfig(AppConfig):
    name = "plumbline.loop.supervision.identity"
    label = "identity"
    verbose_name = say("身份判断", "Who is who")
