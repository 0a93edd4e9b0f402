"""Behind the database's walls: as a role that is no superuser, as an office's is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from plumbline.org.models import User
from plumbline.org.walls import scope, scope_of, stands_behind_the_wall
from tests.people import TODAY


@contextmanager
def no_superuser() -> Iterator[None]:
    """Inside a test's transaction; whoever is none already stays who they are."""
    if stands_behind_the_wall():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS plumbline_page")
        cursor.execute("CREATE ROLE plumbline_page")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plumbline_page")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plumbline_page")
        cursor.execute("SET LOCAL ROLE plumbline_page")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def raw(model: Any, user: User, on: date = TODAY) -> set[int]:
    """What somebody gets of a table where the filter is forgotten."""
    with scope(scope_of(user, on)):
        return set(model._default_manager.values_list("pk", flat=True))


def keys(found: QuerySet[Any]) -> set[int]:
    return set(found.values_list("pk", flat=True))


def without_wall(models: list[type[Model]]) -> set[str]:
    """Tables of these models, and of what links them, that no wall stands around, or not for their owner."""
    tables = {
        table
        for model in models
        for table in (
            model._meta.db_table,
            *(field.m2m_db_table() for field in model._meta.local_many_to_many),
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
        )
        return tables - {name for (name,) in cursor.fetchall()}
