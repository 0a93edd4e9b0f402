from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class OrgConfig(AppConfig):
    name = "plumbline.org"
    verbose_name = say("机构与人员", "Organisation")
