"""Counts are kept by triggers from here on; what is there already is counted once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from plumbline.web.cockpit.counting import install, recount, uninstall


def count(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    for statement in install():
        schema.execute(statement, params=None)
    recount(datetime.now(UTC))


def forget(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    for statement in uninstall():
        schema.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("cockpit", "0001_initial"), ("disposal", "0005_kept_columns")]
    operations = [migrations.RunPython(count, forget)]
