from __future__ import annotations

from django.apps import AppConfig

from plumbline.bilingual import say


class OrgConfig(AppConfig):
    name = "plumbline.org"
    verbose_name = say("机构与人员", "Organisation")

    def ready(self) -> None:
        from plumbline.org import signing_in  # noqa: PLC0415 -- it needs the models

        signing_in.listen()
