"""The three administrators and the officers never meet in one hand, whatever the program forgets."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_ADMINISTRATORS = "('system_admin', 'security_admin', 'audit_admin')"
_OTHERS = """
    FROM org_grant other
    WHERE other.user_id = NEW.user_id AND other.id <> NEW.id
      AND other.withdrawn_at IS NULL AND NEW.withdrawn_at IS NULL
      AND (NEW.ends_on IS NULL OR other.starts_on <= NEW.ends_on)
      AND (other.ends_on IS NULL OR NEW.starts_on <= other.ends_on)
"""
_TWO_PARTS = f"""{_OTHERS}
      AND other.role <> NEW.role
      AND (other.role IN {_ADMINISTRATORS} OR NEW.role IN {_ADMINISTRATORS})
"""
_TWICE = f"""{_OTHERS}
      AND other.role = NEW.role
      AND coalesce(other.body_id, 0) = coalesce(NEW.body_id, 0)
      AND coalesce(other.unit_id, 0) = coalesce(NEW.unit_id, 0)
"""

_SQLITE = """
CREATE TRIGGER grant_parts_{when} AFTER {what} ON org_grant BEGIN
    SELECT RAISE(ABORT, 'grant_one_administrator_each') WHERE EXISTS (SELECT 1 {two_parts});
    SELECT RAISE(ABORT, 'grant_once') WHERE EXISTS (SELECT 1 {twice});
END;
"""
# The row of the user is locked first: of two that come at once, the second sees what the first did.
_POSTGRES = """
CREATE FUNCTION org_grant_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM org_user WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 {two_parts}) THEN
        RAISE EXCEPTION 'grant_one_administrator_each' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 {twice}) THEN
        RAISE EXCEPTION 'grant_once' USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grant_parts AFTER INSERT OR UPDATE ON org_grant
    FOR EACH ROW EXECUTE FUNCTION org_grant_parts();
"""


def keep_apart(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    words = {"two_parts": _TWO_PARTS, "twice": _TWICE}
    if schema.connection.vendor == "postgresql":
        schema.execute(_POSTGRES.format(**words), params=None)
    else:
        for when, what in (("insert", "INSERT"), ("update", "UPDATE")):
            schema.execute(_SQLITE.format(when=when, what=what, **words), params=None)


def let_go(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    if schema.connection.vendor == "postgresql":
        schema.execute("DROP TRIGGER grant_parts ON org_grant; DROP FUNCTION org_grant_parts();")
    else:
        schema.execute("DROP TRIGGER grant_parts_insert")
        schema.execute("DROP TRIGGER grant_parts_update")


class Migration(migrations.Migration):
    dependencies = [("org", "0001_initial")]
    operations = [migrations.RunPython(keep_apart, let_go)]
