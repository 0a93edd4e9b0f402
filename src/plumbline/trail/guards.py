"""What the database itself refuses: altering and deleting what is only added to.

Whoever owns the database can drop these guards; they are for slips and for programs. That something was altered
all the same is found by `verifying`. Apps above use `only_added` in a migration of their own:

    operations = [only_added("warning_note")]

A later migration that changes a column of such a table on SQLite builds the table anew, without its guards, and
so ends with `only_added` again.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps

_FUNCTION = """
CREATE OR REPLACE FUNCTION plumbline_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to, never altered', TG_TABLE_NAME USING ERRCODE = '23001';
END $$"""


def only_added(
    table: str, *, settable: Sequence[str] = (), keys: Sequence[Sequence[str]] = ()
) -> RunPython:
    """A migration's operation: rows of a table can be inserted, and neither updated nor deleted.

    Args:
        settable: columns that may go from null to a value, once.
        keys: unique columns besides `id`, by which SQLite's REPLACE would find a row to delete. A table without
            any is not guarded against it, which spares a look at each insert.
    """

    def guard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        del apps
        make = _on_postgresql if editor.connection.vendor == "postgresql" else _on_sqlite
        columns = [
            column.name
            for column in editor.connection.introspection.get_table_description(
                editor.connection.cursor(), table
            )
        ]
        for statement in make(table, columns, settable, [["id"], *keys]):
            editor.execute(statement, params=None)

    def unguard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        del apps
        on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
        for what in ("update", "delete", "replace", "truncate"):
            editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what}{on}")

    return RunPython(guard, unguard)


def _on_sqlite(
    table: str, columns: Sequence[str], settable: Sequence[str], keys: Sequence[Sequence[str]]
) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to, never altered'); END"
    found = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {_equal('=', key)})"  # noqa: S608 -- names of our own
        for key in keys
        if set(key) <= set(columns)
    )
    when = f"WHEN NOT ({_once('IS', columns, settable)})" if settable else ""
    guards = [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]
    if found:
        # REPLACE deletes what stands in its way without asking the guard above.
        guards.append(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {found} {refuse}"
        )
    return guards


def _on_postgresql(
    table: str, columns: Sequence[str], settable: Sequence[str], keys: Sequence[Sequence[str]]
) -> list[str]:
    del keys
    refuse = "EXECUTE FUNCTION plumbline_only_added()"
    update = (
        f"FOR EACH ROW WHEN (NOT ({_once('IS NOT DISTINCT FROM', columns, settable)})) {refuse}"
        if settable
        else f"FOR EACH STATEMENT {refuse}"
    )
    return [
        _FUNCTION,
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {update}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH STATEMENT {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def _equal(same: str, columns: Sequence[str]) -> str:
    return " AND ".join(f'"{column}" {same} NEW."{column}"' for column in columns)


def _once(same: str, columns: Sequence[str], settable: Sequence[str]) -> str:
    """Settable columns go from null to a value, all others stay."""
    return " AND ".join(
        f'OLD."{column}" IS NULL AND NEW."{column}" IS NOT NULL'
        if column in settable
        else f'NEW."{column}" {same} OLD."{column}"'
        for column in columns
    )


#: What must stand in the database for the trail to be guarded.
_GUARDS = (
    "trail_entry_waits",
    *(
        f"trail_{table}_no_{what}"
        for table in ("entry", "reading", "leaf", "node", "treehead", "peerhead", "unsealed")
        for what in ("update", "delete")
    ),
)


def missing_guards() -> list[str]:
    """Guards of the trail that somebody dropped or switched off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
            if connection.vendor == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        present = {name for (name,) in cursor.fetchall()}
    return [guard for guard in _GUARDS if guard not in present]
