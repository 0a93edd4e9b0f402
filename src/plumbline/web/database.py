"""One setting says where the workbench keeps what people did: a PostgreSQL address, or nothing for SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from plumbline.errors import DeclarationError, Text


def database(address: str | None, workspace: Path) -> dict[str, Any]:
    """Django's settings of the database.

    Args:
        address: `postgresql://user:password@host:port/name`, or None for `workbench.db` in the workspace.

    Raises:
        DeclarationError: the address is of another kind of database.
    """
    if not address:
        # IMMEDIATE: a transaction that reads before it writes would otherwise be refused under load,
        # whatever the timeout.
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": workspace / "workbench.db",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-16000;",
            },
            # Opening the file, of more than a hundred tables, costs a page as much as all that it asks.
            "CONN_MAX_AGE": 60,
        }
    parts = urlsplit(address)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise DeclarationError(
            Text(f"不认识的数据库“{parts.scheme}”", f"unknown kind of database '{parts.scheme}'"),
            where="[workbench] database",
            hint=Text("写成 postgresql://用户:口令@主机/库名", "write postgresql://user:password@host/name"),
        )  # fmt: skip
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
