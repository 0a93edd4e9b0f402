from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created

from plumbline.bilingual import say


class OrgConfig(AppConfig):
    name = "plumbline.org"
    verbose_name = say("机构与人员", "Organisation")

    def ready(self) -> None:
        from plumbline.org import signing_in, walls  # noqa: PLC0415 -- they need the models

        signing_in.listen()
        register(walls.check_wall, Tags.database)
        connection_created.connect(walls.carry_scope, dispatch_uid="plumbline.org.walls")
