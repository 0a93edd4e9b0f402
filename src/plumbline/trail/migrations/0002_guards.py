"""What was recorded is only added to; and what is recorded waits to be sealed, without anybody's doing."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from plumbline.trail.guards import only_added

_SQLITE = [
    (
        """
        CREATE TRIGGER trail_entry_waits AFTER INSERT ON trail_entry
        BEGIN INSERT INTO trail_unsealed (entry_id) VALUES (NEW.id); END
        """,
        "DROP TRIGGER trail_entry_waits",
    ),
    (
        """
        CREATE TRIGGER trail_unsealed_no_delete BEFORE DELETE ON trail_unsealed
        WHEN NOT EXISTS (SELECT 1 FROM trail_leaf WHERE entry_id = OLD.entry_id)
        BEGIN SELECT RAISE(ABORT, 'an entry waits in trail_unsealed until it is sealed'); END
        """,
        "DROP TRIGGER trail_unsealed_no_delete",
    ),
    (
        """
        CREATE TRIGGER trail_unsealed_no_update BEFORE UPDATE ON trail_unsealed
        BEGIN SELECT RAISE(ABORT, 'an entry waits in trail_unsealed until it is sealed'); END
        """,
        "DROP TRIGGER trail_unsealed_no_update",
    ),
]

# Entries come one by one, and wait for it; of what is sealed twenty thousand leave in one statement.
_POSTGRESQL = [
    (
        """
        CREATE FUNCTION trail_entry_waits() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO trail_unsealed (entry_id) VALUES (NEW.id);
          RETURN NULL;
        END $$
        """,
        "DROP FUNCTION trail_entry_waits()",
    ),
    (
        """
        CREATE TRIGGER trail_entry_waits AFTER INSERT ON trail_entry
        FOR EACH ROW EXECUTE FUNCTION trail_entry_waits()
        """,
        "DROP TRIGGER trail_entry_waits ON trail_entry",
    ),
    (
        """
        CREATE FUNCTION trail_unsealed_waits() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
          first bigint; last bigint; left_ bigint; sealed bigint;
        BEGIN
          SELECT min(entry_id), max(entry_id), count(*) INTO first, last, left_ FROM gone;
          IF left_ = last - first + 1 THEN  -- no number is missing, so that they need not be looked up one by one
            SELECT count(*) INTO sealed FROM trail_leaf WHERE entry_id BETWEEN first AND last;
          ELSE
            SELECT count(*) INTO sealed
            FROM gone JOIN trail_leaf l USING (entry_id) WHERE l.entry_id BETWEEN first AND last;
          END IF;
          IF sealed <> left_ THEN
            RAISE EXCEPTION 'an entry waits in trail_unsealed until it is sealed' USING ERRCODE = '23001';
          END IF;
          RETURN NULL;
        END $$
        """,
        "DROP FUNCTION trail_unsealed_waits()",
    ),
    (
        """
        CREATE TRIGGER trail_unsealed_no_delete AFTER DELETE ON trail_unsealed
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION trail_unsealed_waits()
        """,
        "DROP TRIGGER trail_unsealed_no_delete ON trail_unsealed",
    ),
    (
        """
        CREATE TRIGGER trail_unsealed_no_update BEFORE UPDATE ON trail_unsealed
        FOR EACH STATEMENT EXECUTE FUNCTION plumbline_only_added()
        """,
        "DROP TRIGGER trail_unsealed_no_update ON trail_unsealed",
    ),
]


def _queue(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    del apps
    for statement, _ in _POSTGRESQL if editor.connection.vendor == "postgresql" else _SQLITE:
        editor.execute(statement, params=None)


def _no_queue(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    del apps
    own = _POSTGRESQL if editor.connection.vendor == "postgresql" else _SQLITE
    for _, statement in reversed(own):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_initial")]

    operations = [
        only_added("trail_entry"),
        only_added("trail_reading", keys=[["whom", "entry_id"]]),
        only_added("trail_leaf"),
        only_added("trail_node", keys=[["height", "index"]]),
        only_added("trail_treehead", settable=["anchored_at"], keys=[["size"], ["previous"]]),
        only_added("trail_peerhead", keys=[["peer", "size"], ["peer", "previous"]]),
        migrations.RunPython(_queue, _no_queue),
    ]
