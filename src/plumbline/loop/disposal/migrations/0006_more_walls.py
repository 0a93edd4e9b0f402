"""On PostgreSQL the walls stand around disposals too, and around all that hangs on them.

The warnings' wall looks into the disposals, so the disposals' own may not look back, nor into what hangs on them:
policies that read each other's tables recurse. So a disposal's row carries what its wall asks for, in columns
of PostgreSQL alone that no model names and triggers keep, whoever writes:

- `joint_bodies`: the bodies that work it jointly, as in `disposal_disposal_joint`;
- `told_bodies`, `told_units`: who has a part in something that rests on it, such as a unit that was asked, or the
  body that keeps its lead. They see its row of states and days, and never write it. A unit sees nothing of what
  hangs on it but what was asked of it.

Who verifies is written by those alone who also see who reviewed, so that the triggers of migration 0002 see both.
"""

# ruff: noqa: S608 -- every word of these statements is this file's own

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from plumbline.org.walls import (
    Besides,
    Telling,
    Wall,
    about_nobody_barred,
    by_answering,
    by_any_answering,
    by_bodies,
    by_body,
    by_unit,
    by_user,
    walled,
)

_COLUMNS = ("joint_bodies", "told_bodies", "told_units")
#: A function that keeps columns sees every row while it does; whoever wrote need not.
_SEEING_ALL = (
    "DECLARE told text := current_setting('plumbline.scope', true);"
    " BEGIN PERFORM set_config('plumbline.scope', 'worker', true); {};"
    " PERFORM set_config('plumbline.scope', coalesce(told, ''), true); RETURN{}; END"
)
_JOINT = (
    "UPDATE disposal_disposal SET joint_bodies = coalesce((SELECT array_agg(j.supervisionbody_id)"
    " FROM disposal_disposal_joint j WHERE j.disposal_id = disposal_disposal.id), '{}')"
)
_TELL = """
    UPDATE disposal_disposal SET
        told_bodies = ARRAY(SELECT b FROM unnest(told_bodies || bodies) b WHERE b IS NOT NULL GROUP BY b ORDER BY b),
        told_units = ARRAY(SELECT u FROM unnest(told_units || units) u WHERE u IS NOT NULL GROUP BY u ORDER BY u)
    WHERE id = of AND NOT (told_bodies @> array_remove(bodies, NULL) AND told_units @> array_remove(units, NULL))"""
_UP = (
    *(
        f"ALTER TABLE disposal_disposal ADD COLUMN {column} bigint[] NOT NULL DEFAULT '{{}}'"
        for column in _COLUMNS
    ),
    (
        "CREATE FUNCTION disposal_tell(of bigint, bodies bigint[], units bigint[]) RETURNS void"
        f" LANGUAGE plpgsql AS $$ {_SEEING_ALL.format(_TELL, '')} $$"
    ),
    (
        "CREATE FUNCTION disposal_joined() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" {_SEEING_ALL.format(f'{_JOINT} WHERE id IN (NEW.disposal_id, OLD.disposal_id)', ' NULL')} $$"
    ),
    (
        "CREATE TRIGGER disposal_joined AFTER INSERT OR UPDATE OR DELETE ON disposal_disposal_joint"
        " FOR EACH ROW EXECUTE FUNCTION disposal_joined()"
    ),
    f"{_JOINT} WHERE id IN (SELECT disposal_id FROM disposal_disposal_joint)",
)
_DOWN = (
    "DROP TRIGGER disposal_joined ON disposal_disposal_joint",
    "DROP FUNCTION disposal_joined()",
    "DROP FUNCTION disposal_tell(bigint, bigint[], bigint[])",
    *(f"ALTER TABLE disposal_disposal DROP COLUMN {column}" for column in _COLUMNS),
)


def keep(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in _UP:
            schema_editor.execute(statement, params=None)


def keep_no_more(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in _DOWN:
            schema_editor.execute(statement, params=None)


def _worked_by(of: str) -> str:
    """Disposals that they dispatch, work, or work jointly."""
    return (
        f"{by_body('body_id', of)} OR {by_unit('unit_id', of)} OR {by_bodies('joint_bodies', of)}"
    )


_NOT_BARRED = about_nobody_barred("warning_party", "warning_id", named_by="warning_id")
_TOLD = f"{by_bodies('told_bodies')} OR {by_any_answering('told_units')}"
#: With its disposal, for the bodies that have to do with it; not for units.
_OF_BODIES = (
    "EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id"
    f" AND ({_worked_by('d')} OR {by_bodies('told_bodies', 'd')}))"
)
_OF_WORKERS = f"EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {{table}}.disposal_id AND ({_worked_by('d')}))"
_ASKED = (
    "EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id)"
    f" AND {by_answering('unit_id')}"
)
_HANDED_IN = "EXISTS (SELECT 1 FROM disposal_request r WHERE r.id = {table}.request_id)"
#: What rests on a disposal that they may not see is not seen either; what rests on none is.
_RESTING = (
    "({table}.disposal_id IS NULL"
    " OR EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id))"
)
_OF_THIS = "EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id)"


class Migration(migrations.Migration):
    dependencies = [("disposal", "0005_kept_columns")]
    operations = [
        migrations.RunPython(keep, keep_no_more),
        walled(
            Telling(
                "disposal_request",
                "disposal_tell(NEW.disposal_id, '{}', ARRAY[NEW.unit_id])",
                when="NEW.disposal_id IS NOT NULL",
            ),
            Telling(
                "disposal_lead",
                "disposal_tell(NEW.disposal_id, ARRAY[NEW.body_id, NEW.assigned_to_id], '{}')",
                when="NEW.disposal_id IS NOT NULL",
            ),
            Wall(
                "disposal_disposal",
                f"({_worked_by('{table}')} OR {_TOLD}) AND {_NOT_BARRED}",
                writes=f"({_worked_by('{table}')}) AND {_NOT_BARRED}",
            ),
            # Pointers alone, which the wall of the warnings reads.
            Wall("disposal_disposal_joint", "true", writes=_OF_THIS),
            Wall("disposal_verifier", _OF_BODIES, writes=_OF_WORKERS),
            *(
                Wall(f"disposal_{what}", _OF_BODIES)
                for what in ("posting", "moneybalance", "writeoff")
            ),
            Wall("disposal_request", f"{_OF_BODIES} OR ({_ASKED})"),
            Wall("disposal_document", f"{_OF_BODIES} OR {_HANDED_IN}"),
            Wall("disposal_leadcounter", by_body("body_id")),
            Wall("disposal_savedview", by_user("user_id")),
            # Who keeps a lead sees it; where it came out of a disposal, only who may see that one too.
            Besides("disposal_lead", _RESTING),
        ),
    ]
