"""What the databases' planners are told where their own guess is bad."""

from __future__ import annotations

from typing import Any

from django.db.models import Func


class Unindexed(Func):
    """A column as it is read: SQLite looks it up in no index. PostgreSQL weighs by its statistics.

    SQLite knows how often a value occurs on average alone. Where a few values hold most of the rows, it takes an index
    that gives nearly all of them, and sorts or counts these, although another gives a page or a handful at once.
    """

    arity = 1
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """With a plus in front, which changes no value (SQLite, The Query Optimizer Overview, 5)."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)
