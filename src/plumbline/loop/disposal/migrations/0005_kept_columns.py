"""What a list is filtered and sorted by stands beside the state, kept by the database whoever writes.

A disposal takes model, unit, region and rank from its warning, and `due_at` from the next of its deadlines that
runs and is not paused. Figures and pages read those columns; the rows they come from stay the truth.
"""

# ruff: noqa: S608 -- every word of these statements is this file's own

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_NEVER = "'9999-12-31 00:00:00+00'"
_SQLITE_NEVER = "'9999-12-31 00:00:00'"


def _next_due(never: str) -> str:
    return (  # the words are this file's own
        "coalesce((SELECT min(d.due_at) FROM clock_due d WHERE d.subject = 'disposal:' || {pk}"
        " AND d.stopped_at IS NULL AND NOT EXISTS (SELECT 1 FROM clock_pause p"
        f" WHERE p.due_id = d.id AND p.ends_at IS NULL)), {never})"
    )


#: (trigger, after what, on which table, when, what it does)
_SQLITE = (
    (
        "disposal_of_warning", "INSERT", "disposal_disposal", "",
        ("UPDATE disposal_disposal SET (model, unit_id, region, rank) ="
        " (SELECT model, unit_id, region, rank FROM warning_earlywarning WHERE id = NEW.warning_id)"
        " WHERE id = NEW.id"),
    ),
    (
        "disposal_with_warning", "UPDATE OF model, unit_id, region, rank", "warning_earlywarning",
        ("WHEN (OLD.model, OLD.region, OLD.rank) <> (NEW.model, NEW.region, NEW.rank)"
        " OR OLD.unit_id IS NOT NEW.unit_id"),
        ("UPDATE disposal_disposal SET model = NEW.model, unit_id = NEW.unit_id, region = NEW.region,"
        " rank = NEW.rank WHERE warning_id = NEW.id"),
    ),
    *(
        (
            f"disposal_due_{what.split()[0].lower()}", what, "clock_due",
            "WHEN NEW.subject LIKE 'disposal:%'",
            (f"UPDATE disposal_disposal SET due_at = {_next_due(_SQLITE_NEVER).format(pk='disposal_disposal.id')}"
            " WHERE id = CAST(substr(NEW.subject, 10) AS INTEGER)"),
        )
        for what in ("INSERT", "UPDATE OF due_at, stopped_at")
    ),
    *(
        (
            f"disposal_pause_{what.split()[0].lower()}", what, "clock_pause", "",
            (f"UPDATE disposal_disposal SET due_at = {_next_due(_SQLITE_NEVER).format(pk='disposal_disposal.id')} WHERE id ="
            " (SELECT CAST(substr(subject, 10) AS INTEGER) FROM clock_due"
            " WHERE clock_due.id = NEW.due_id AND subject LIKE 'disposal:%')"),
        )
        for what in ("INSERT", "UPDATE OF ends_at")
    ),
)  # fmt: skip

#: As above, but for the moment, which is named whole.
_POSTGRESQL = (
    (
        # Before, and so without writing the row twice; nor is there a plan that, made while the table was empty,
        # reads all of it for each row.
        "disposal_of_warning", "BEFORE INSERT", "disposal_disposal", "",
        ("IF EXISTS (SELECT 1 FROM warning_earlywarning WHERE id = NEW.warning_id) THEN"
        " SELECT model, unit_id, region, rank INTO NEW.model, NEW.unit_id, NEW.region, NEW.rank"
        " FROM warning_earlywarning WHERE id = NEW.warning_id; END IF"),
    ),
    (
        "disposal_with_warning", "AFTER UPDATE OF model, unit_id, region, rank", "warning_earlywarning",
        ("WHEN ((OLD.model, OLD.unit_id, OLD.region, OLD.rank)"
        " IS DISTINCT FROM (NEW.model, NEW.unit_id, NEW.region, NEW.rank))"),
        ("UPDATE disposal_disposal SET model = NEW.model, unit_id = NEW.unit_id, region = NEW.region,"
        " rank = NEW.rank WHERE warning_id = NEW.id"),
    ),
    (
        "disposal_due", "AFTER INSERT OR UPDATE OF due_at, stopped_at", "clock_due",
        "WHEN (NEW.subject ~ '^disposal:[0-9]+$')",
        (f"UPDATE disposal_disposal SET due_at = {_next_due(_NEVER).format(pk='disposal_disposal.id')}"
        " WHERE id = substr(NEW.subject, 10)::bigint"),
    ),
    (
        "disposal_pause", "AFTER INSERT OR UPDATE OF ends_at", "clock_pause", "",
        (f"UPDATE disposal_disposal SET due_at = {_next_due(_NEVER).format(pk='disposal_disposal.id')} WHERE id ="
        " (SELECT substr(subject, 10)::bigint FROM clock_due"
        " WHERE clock_due.id = NEW.due_id AND subject ~ '^disposal:[0-9]+$')"),
    ),
)  # fmt: skip


def keep(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for name, after, table, when, does in _SQLITE:
            schema_editor.execute(
                f"CREATE TRIGGER {name} AFTER {after} ON {table} {when} BEGIN {does}; END",
                params=None,
            )
        return
    for name, moment, table, when, does in _POSTGRESQL:
        schema_editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NEW; END $$",
            params=None,
        )
        schema_editor.execute(
            f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {name}()",
            params=None,
        )


def keep_no_more(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for name, *_rest in _SQLITE:
            schema_editor.execute(f"DROP TRIGGER {name}")
        return
    for name, _moment, table, *_rest in _POSTGRESQL:
        schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
        schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [
        ("disposal", "0004_walls"),
        ("clock", "0001_initial"),
        ("warning", "0001_initial"),
    ]
    operations = [migrations.RunPython(keep, keep_no_more)]
