"""Four eyes in the database, whoever writes to it.

Whoever verified a disposal never reviews it, and the other way round; what was reviewed is never altered; who
verified is never forgotten.
"""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_VERIFIED = (
    "SELECT 1 FROM disposal_verifier v WHERE v.disposal_id = NEW.disposal_id"
    " AND v.user_id IN (NEW.by_id, NEW.on_behalf_id)"
)
_REVIEWED = (
    "SELECT 1 FROM disposal_review r WHERE r.disposal_id = NEW.disposal_id"
    " AND NEW.user_id IN (r.by_id, r.on_behalf_id)"
)
#: (trigger, before what, on which table, what must not exist; nothing: it is refused in any case)
_RULES = (
    ("review_not_by_a_verifier", "INSERT", "disposal_review", _VERIFIED),
    ("review_never_altered", "UPDATE", "disposal_review", None),
    ("review_never_removed", "DELETE", "disposal_review", None),
    ("verifier_not_a_reviewer", "INSERT", "disposal_verifier", _REVIEWED),
    ("verifier_never_another", "UPDATE OF user_id, disposal_id, round", "disposal_verifier", None),
    ("verifier_never_forgotten", "DELETE", "disposal_verifier", None),
)


def guard(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, before, table, exists in _RULES:
        if schema_editor.connection.vendor == "sqlite":
            when = f" WHEN EXISTS ({exists})" if exists else ""
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {before} ON {table}{when}"
                f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
            )
            continue
        # The disposal is held, so that of two transactions at once the second sees the first.
        holds = (
            "PERFORM 1 FROM disposal_disposal WHERE id = NEW.disposal_id FOR UPDATE;"
            if exists
            else ""
        )
        when = f"IF EXISTS ({exists}) THEN" if exists else "IF true THEN"
        schema_editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {holds} {when}"
            f" RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {before} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def unguard(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, _before, table, _exists in _RULES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}")
        else:
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("disposal", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
