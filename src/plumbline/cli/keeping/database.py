"""The workbench's database, as it is at one moment, in a file; and from that file into an empty one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from plumbline.errors import PlumblineError, Text

#: What the file is called in an archive.
SQLITE, POSTGRESQL = "workbench.db", "workbench.pgdump"


#: How many tables, views and sequences there are.
_TABLES = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'S')
"""


class DatabaseError(PlumblineError):
    """The database could not be written out, or not be filled."""


def dump(settings: Mapping[str, Any], into: Path) -> Path | None:
    """Write a consistent copy, whoever works meanwhile; None where the workbench was never opened.

    Args:
        settings: Django's, of the database.
    """
    if settings["ENGINE"].endswith("sqlite3"):
        source = Path(settings["NAME"])
        if not source.is_file():
            return None
        target = into / SQLITE
        with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
            from_.backup(to)  # in one step: writers go on in their log
            to.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
        return target
    target = into / POSTGRESQL
    # Rows stand behind walls that hold for their owner, too; a backup is the machine's, as a worker is.
    _run(
        "pg_dump",
        ["--format=custom", "--no-owner", "--no-privileges", "--enable-row-security", f"--file={target}"],
        settings, {"PGOPTIONS": "-c plumbline.scope=worker"},
    )  # fmt: skip
    return target


def must_be_empty(settings: Mapping[str, Any]) -> None:
    """See that nothing would be overwritten.

    Raises:
        DatabaseError: there are tables.
    """
    there = _run(
        "psql",
        ["-Atc", _TABLES],
        settings,
    ).strip()
    if there != "0":
        raise DatabaseError(
            Text("数据库不是空的，不覆盖", "the database is not empty; it is not overwritten"),
            where=str(settings["NAME"]),
            hint=Text("建一个空库：createdb", "make an empty one: createdb"),
        )


def fill(settings: Mapping[str, Any], source: Path) -> None:
    """Fill an empty PostgreSQL database from a dump: all of it or nothing."""
    _run(
        "pg_restore",
        ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--dbname={settings['NAME']}",
         str(source)],
        settings,
    )  # fmt: skip


def _run(
    program: str,
    options: Sequence[str],
    settings: Mapping[str, Any],
    more: Mapping[str, str] | None = None,
) -> str:
    """One of PostgreSQL's own programs; the password goes by the environment, where no list of processes shows it."""
    found = shutil.which(program)
    if found is None:
        raise DatabaseError(
            Text(f"没有 {program}", f"{program} is not here"),
            hint=Text("安装 postgresql-client", "install postgresql-client"),
        )
    env = {
        **os.environ,
        **{
            name: str(settings[key])
            for name, key in (
                ("PGHOST", "HOST"), ("PGPORT", "PORT"), ("PGUSER", "USER"),
                ("PGPASSWORD", "PASSWORD"), ("PGDATABASE", "NAME"),
            )
            if settings.get(key)
        },
        **(more or {}),
    }  # fmt: skip
    done = subprocess.run(  # noqa: S603 -- PostgreSQL's own programs
        [found, *options], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        told = said[0] if said else str(done.returncode)
        raise DatabaseError(Text(f"{program}：{told}", f"{program}: {told}"))
    return done.stdout
