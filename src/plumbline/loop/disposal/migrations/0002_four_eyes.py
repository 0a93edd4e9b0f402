"""Whoever verified a disposal never reviews it, and the other way round: in the database, whoever writes to it."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: (trigger, table, columns that matter, what must not exist)
_RULES = (
    (
        "review_not_by_a_verifier", "disposal_review", "disposal_id, by_id, on_behalf_id",
        (
            "SELECT 1 FROM disposal_verifier v WHERE v.disposal_id = NEW.disposal_id"
            " AND v.user_id IN (NEW.by_id, NEW.on_behalf_id)"
        ),
    ),
    (
        "verifier_not_a_reviewer", "disposal_verifier", "disposal_id, user_id",
        (
            "SELECT 1 FROM disposal_review r WHERE r.disposal_id = NEW.disposal_id"
            " AND NEW.user_id IN (r.by_id, r.on_behalf_id)"
        ),
    ),
)  # fmt: skip


def watch(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, table, columns, exists in _RULES:
        if schema_editor.connection.vendor == "sqlite":
            for act in ("INSERT", f"UPDATE OF {columns}"):
                schema_editor.execute(
                    f"CREATE TRIGGER {name}_{act[:6].lower()} BEFORE {act} ON {table}"
                    f" WHEN EXISTS ({exists})"
                    f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
                )
        else:
            # The disposal is held, so that of two transactions at once the second sees the first.
            schema_editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " PERFORM 1 FROM disposal_disposal WHERE id = NEW.disposal_id FOR UPDATE;"
                f" IF EXISTS ({exists}) THEN"
                f" RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation';"
                " END IF; RETURN NEW; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {columns} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def unwatch(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, table, _, _ in _RULES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}_insert")
            schema_editor.execute(f"DROP TRIGGER {name}_update")
        else:
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("disposal", "0001_initial")]
    operations = [migrations.RunPython(watch, unwatch)]
