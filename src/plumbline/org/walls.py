"""A second wall behind `visible_to`: on PostgreSQL the database itself shows a request only its own rows.

    operations = [walled(Wall("warning_earlywarning", by_unit("unit_id")), ...)]      # in a migration

The application says with every statement for whom it is made (`scope`): what a row shows then depends on the
units their bodies supervise and on the persons they may not judge. Where nothing was said, no row is shown:
to a page that forgot its filter, to a tool that connects by itself, to whoever stole the application's
password. The wall holds for the owner of the tables too; it does not hold for a superuser of PostgreSQL, which
the application must therefore not be (`check_wall` says so whenever tables are brought up to date). SQLite has no such wall.

Background work is not done for one person and sees everything: `scope(WORKER)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.checks import Warning  # noqa: A004 -- Django's name of it
from django.db import connection, migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from plumbline.org.models import SupervisionBody, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import oversights_on


@dataclass(frozen=True)
class Scope:
    """For whom statements are made.

    Attributes:
        kind: `worker` sees all; `user` what follows; empty nothing.
        paths: of the units that their bodies supervise, as prefixes.
        bodies: in which they work, and those below.
        top: do they work in a topmost body, to which rows without a unit fall?
        barred: digests of persons about whom they may know nothing.
        answers: paths of the units they answer for, as prefixes.
        user: who they are; 0 nobody.
    """

    kind: str
    paths: tuple[str, ...] = ()
    bodies: tuple[int, ...] = ()
    top: bool = False
    barred: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    user: int = 0


NOBODY, WORKER = Scope(""), Scope("worker")
#: Outside a request: command line and worker are of the machine, and see all; a web server closes this.
_outside = WORKER
_scope: ContextVar[Scope | None] = ContextVar("plumbline.scope", default=None)


def close_outside_requests() -> None:
    """In a process that serves pages: what is not said to be done for somebody is done for nobody."""
    global _outside  # noqa: PLW0603 -- one process, one answer
    _outside = NOBODY


@contextmanager
def scope(of: Scope) -> Iterator[None]:
    """What is asked of the database meanwhile is asked for these."""
    before = _scope.set(of)
    try:
        yield
    finally:
        _scope.reset(before)


def scope_of(user: User | AnonymousUser, on: date) -> Scope:
    """What somebody's rights open on a day; a sector is left to `visible_to`, which is the finer sieve."""
    rights = rights_of(user, on)
    if not rights.holdings or rights.administers:
        return NOBODY
    bodies = rights.bodies_and_below()  # none for a unit's own people, who see no warning
    paths = (
        oversights_on(on).filter(body__in=bodies).values_list("unit__path", flat=True).distinct()
    )
    top = SupervisionBody.objects.filter(pk__in=bodies, above=None).exists()
    answers = {held.path for held in rights.holdings if held.path}
    return Scope(
        "user", tuple(sorted(path for path in paths if path)), tuple(sorted(bodies)), top,
        tuple(sorted(rights.barred)), tuple(sorted(answers)), user.pk or 0,
    )  # fmt: skip


# -- the application's side: every statement carries its scope ------------------------------------


def carry_scope(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """For each new connection (`connection_created`): compare before every statement, tell where it differs."""
    if connection.vendor == "postgresql":
        connection.told_scope = None  # type: ignore[attr-defined]
        if _tell not in connection.execute_wrappers:
            connection.execute_wrappers.append(_tell)


#: psycopg's number of a transaction that failed and waits for its end.
_FAILED = 3


def _tell(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
    to: Any = context["connection"]
    wanted = _scope.get() or _outside
    failed = to.connection.info.transaction_status == _FAILED  # it is rolled back first
    if to.told_scope != wanted and not failed:
        with to.connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('plumbline.scope', %s, false), set_config('plumbline.paths', %s, false),"
                " set_config('plumbline.bodies', %s, false), set_config('plumbline.top', %s, false),"
                " set_config('plumbline.barred', %s, false), set_config('plumbline.answers', %s, false),"
                " set_config('plumbline.user', %s, false)",
                [
                    wanted.kind, ",".join(wanted.paths), ",".join(map(str, wanted.bodies)),
                    "yes" if wanted.top else "", ",".join(wanted.barred), ",".join(wanted.answers),
                    str(wanted.user or ""),
                ],
            )  # fmt: skip
        # A transaction that is rolled back takes the setting back with it, so inside one it is told each time.
        to.told_scope = None if to.in_atomic_block else wanted
    return execute(sql, params, many, context)


# -- the database's side -------------------------------------------------------------------------

#: `(SELECT ...)` is evaluated once a statement, not once a row.
_IS_WORKER = "(SELECT current_setting('plumbline.scope', true)) = 'worker'"
_IS_USER = "(SELECT current_setting('plumbline.scope', true)) = 'user'"


def _units(paths: str) -> str:
    return (
        "(SELECT org_unit.id FROM org_unit WHERE EXISTS (SELECT 1 FROM unnest(string_to_array("  # noqa: S608 -- a setting's name
        f"current_setting('plumbline.{paths}', true), ',')) AS path WHERE starts_with(org_unit.path, path)))"
    )


_BARRED = "(SELECT string_to_array(current_setting('plumbline.barred', true), ','))::text[]"
_BODIES = (
    "(SELECT string_to_array(current_setting('plumbline.bodies', true), ',')::bigint[])::bigint[]"
)


def by_unit(column: str, table: str = "{table}") -> str:
    """Rows of the units they supervise; without a unit, the topmost bodies'."""
    return (
        f"({table}.{column} IN {_units('paths')} OR ({table}.{column} IS NULL"
        " AND (SELECT current_setting('plumbline.top', true)) = 'yes'))"
    )


def by_body(column: str, table: str = "{table}") -> str:
    """Rows of the bodies they work in, and of those below."""
    return f"{table}.{column} = ANY ({_BODIES})"


def by_bodies(column: str, table: str = "{table}") -> str:
    """As `by_body`, of a column that holds several."""
    return f"{table}.{column} && {_BODIES}"


def by_answering(column: str, table: str = "{table}") -> str:
    """Rows of the units they answer for."""
    return f"{table}.{column} IN {_units('answers')}"


def by_any_answering(column: str, table: str = "{table}") -> str:
    """As `by_answering`, of a column that holds several."""
    return f"{table}.{column} && (SELECT array{_units('answers')})"


def by_user(column: str) -> str:
    """Rows that are somebody's own."""
    return (
        f"{{table}}.{column} = nullif((SELECT current_setting('plumbline.user', true)), '')::bigint"
    )


def about_nobody_barred(
    parties: str, row: str, *, named_by: str = "id", person: str = "person"
) -> str:
    """Rows none of whose parties they may not judge.

    Args:
        parties: table of the persons a row is about; if it is walled itself, only by worker and user.
        row: its column that names the row by the row's `named_by`.
    """
    return (
        f"((SELECT current_setting('plumbline.barred', true)) = '' OR NOT EXISTS (SELECT 1 FROM {parties}"  # noqa: S608 -- names of a migration
        f" WHERE {parties}.{row} = {{table}}.{named_by} AND {parties}.{person} = ANY ({_BARRED})))"
    )


def through(column: str, table: str) -> str:
    """Rows that belong to a row of another walled table: shown where that one is."""
    return f"EXISTS (SELECT 1 FROM {table} WHERE {table}.id = {{table}}.{column})"  # noqa: S608 -- as above


@dataclass(frozen=True)
class Wall:
    """Which rows of a table a user's statement sees, and may write.

    Attributes:
        condition: holds of the rows that are seen.
        writes: holds of the rows that are also written; the same without it. `false`: the worker alone.
    """

    table: str
    condition: str
    writes: str = ""

    def up(self) -> list[str]:
        seen = self._holds(self.condition)
        if not self.writes:
            policies = [f"CREATE POLICY plumbline ON {self.table} USING ({seen})"]
        else:
            written = self._holds(self.writes)
            policies = [
                f"CREATE POLICY plumbline ON {self.table} FOR SELECT USING ({seen})",
                f"CREATE POLICY plumbline_insert ON {self.table} FOR INSERT WITH CHECK ({written})",
                f"CREATE POLICY plumbline_update ON {self.table} FOR UPDATE USING ({written})",
                f"CREATE POLICY plumbline_delete ON {self.table} FOR DELETE USING ({written})",
            ]
        return [
            f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {self.table} FORCE ROW LEVEL SECURITY",
            *policies,
        ]

    def _holds(self, condition: str) -> str:
        return f"{_IS_WORKER} OR ({_IS_USER} AND ({condition.format(table=self.table)}))"

    def down(self) -> list[str]:
        others = ("_insert", "_update", "_delete") if self.writes else ()
        return [
            *(f"DROP POLICY plumbline{name} ON {self.table}" for name in ("", *others)),
            f"ALTER TABLE {self.table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {self.table} DISABLE ROW LEVEL SECURITY",
        ]


@dataclass(frozen=True)
class Besides:
    """What must hold of a row besides the wall that its table has already."""

    table: str
    condition: str

    def up(self) -> list[str]:
        seen = self.condition.format(table=self.table)
        return [
            (
                f"CREATE POLICY plumbline_besides ON {self.table} AS RESTRICTIVE"
                f" USING ({_IS_WORKER} OR ({_IS_USER} AND ({seen})))"
            )
        ]

    def down(self) -> list[str]:
        return [f"DROP POLICY plumbline_besides ON {self.table}"]


@dataclass(frozen=True)
class Telling:
    """That a row tells another table who has a part in it, so that a wall need not look back.

    Attributes:
        call: of a function of the database, whose arguments are columns of the row, `NEW.column`.
        when: it is told only of rows of which this holds.
    """

    table: str
    call: str
    when: str

    def up(self) -> list[str]:
        name = f"{self.table}_told"
        return [
            (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
                f" BEGIN PERFORM {self.call}; RETURN NULL; END $$"
            ),
            (
                f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE ON {self.table} FOR EACH ROW"
                f" WHEN ({self.when}) EXECUTE FUNCTION {name}()"
            ),
            f"SELECT {self.call} FROM {self.table} AS new WHERE {self.when}",  # noqa: S608 -- as above
        ]

    def down(self) -> list[str]:
        name = f"{self.table}_told"
        return [f"DROP TRIGGER {name} ON {self.table}", f"DROP FUNCTION {name}()"]


def walled(*walls: Wall | Besides | Telling) -> migrations.RunPython:
    """The operation of a migration that raises walls, on PostgreSQL; elsewhere it does nothing."""

    def build(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        _execute(schema, [statement for wall in walls for statement in wall.up()])

    def tear_down(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        _execute(schema, [statement for wall in reversed(walls) for statement in wall.down()])

    return migrations.RunPython(build, tear_down)


def _execute(schema: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    if schema.connection.vendor == "postgresql":
        for statement in statements:
            schema.execute(statement, params=None)


def check_wall(databases: Sequence[str] | None = None, **_: Any) -> list[Warning]:
    """Django's check, made where a database is at hand: `migrate`, and so every start of the workbench."""
    if not databases or stands_behind_the_wall():
        return []
    return [
        Warning(
            "数据库用户是超级用户，行级安全不起作用 / the database's user is a superuser, and the wall does not hold",
            hint="docs/how-to/people-and-rights.md", id="org.W001",
        )
    ]  # fmt: skip


def stands_behind_the_wall() -> bool:
    """Does the wall hold for whom the application connects as? Where there is none, there is nothing to hold."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
        )
        return bool(cursor.fetchone()[0])
