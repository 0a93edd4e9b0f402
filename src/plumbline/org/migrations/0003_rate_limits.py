"""Where attempts to sign in are counted, for all processes together."""

from __future__ import annotations

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    call_command("createcachetable", database=schema.connection.alias, verbosity=0)


def remove(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    schema.execute("DROP TABLE plumbline_cache")


class Migration(migrations.Migration):
    dependencies = [("org", "0002_parts")]
    operations = [migrations.RunPython(make, remove)]
