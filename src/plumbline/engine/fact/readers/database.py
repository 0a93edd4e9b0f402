"""A table of a database, over a connection, streamed with the server's own cursor.

Every value arrives as the text the server itself writes, so that no driver rounds or refuses it.
A message never repeats the connection string, since that holds a password.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from plumbline.engine.fact.readers.base import Row, Sheet
from plumbline.engine.fact.readers.named import Named
from plumbline.engine.fact.readers.values import plain_text
from plumbline.errors import DeliveryError, Text

_FETCH_ROWS = 10_000

Connection = Callable[[], Iterator[Sequence[Any]]]


def open_database(url: str, table: str) -> Sheet:
    """The table (or view) `table`, perhaps as "schema.table", as one sheet.

    Args:
        url: postgresql://, mysql:// or sqlite:///path. Only ever read from.

    Raises:
        DeliveryError: no driver, no connection, or no such table.
    """
    scheme = urlsplit(url).scheme.partition("+")[0]
    read = _SCHEMES.get(scheme)
    if read is None:
        known = "postgresql://, mysql://, sqlite:///"
        raise DeliveryError(
            Text(f"不支持的数据库连接“{scheme}”", f"no way to read a '{scheme}' database"),
            where=table,
            hint=Text(f"连接串应以 {known} 开头", f"a connection begins with {known}"),
        )
    header = next(_safely(read, url, table))
    return Named(table, table, header, partial(_records, read, url, table))


def _records(read: Reader, url: str, table: str) -> Iterator[Row]:
    found = _safely(read, url, table)
    next(found)  # the names
    for line, cells in enumerate(found, 1):
        yield Row(line, cells)


def _safely(read: Reader, url: str, table: str) -> Iterator[list[str]]:
    """What `read` gives; its errors without the connection string, not even in their cause."""
    try:
        yield from read(url, table)
    except ImportError as error:
        raise DeliveryError(
            Text(f"缺少数据库驱动 {error.name}", f"the driver {error.name} is not installed"),
            where=table,
            hint=Text(
                "安装 plumbline[postgres] 或 plumbline[mysql]",
                "install plumbline[postgres] or plumbline[mysql]",
            ),
        ) from None
    except DeliveryError:
        raise
    except Exception as error:  # noqa: BLE001 -- three drivers, each with errors of its own
        what = _without_secrets(str(error), url)
        raise DeliveryError(
            Text(f"数据库读取失败：{what}", f"the database could not be read: {what}"),
            where=table,
            hint=Text(
                "核对连接串、账号的只读权限和表名",
                "check the connection, the account's right to read, and the table's name",
            ),
        ) from None


def _without_secrets(message: str, url: str) -> str:
    message = " ".join(message.split()) or "no message"
    parts = urlsplit(url)
    secrets = {url, url.partition("://")[2], parts.netloc, parts.password or ""}
    secrets |= {unquote(secret) for secret in secrets}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        message = message.replace(secret, "***")
    return re.sub(r"://[^@\s]+@", "://***@", message)[:300]


Reader = Callable[[str, str], Iterator[list[str]]]


def _postgresql(url: str, table: str) -> Iterator[list[str]]:
    import psycopg  # noqa: PLC0415 -- an optional driver
    from psycopg import sql  # noqa: PLC0415 -- an optional driver

    source = sql.Identifier(*table.split("."))
    with psycopg.connect(url) as connection:
        connection.read_only = True
        with connection.cursor() as cursor:
            cursor.execute("SET datestyle = 'ISO'")
            cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(source))
            columns = [(c.name, c.type_code) for c in cursor.description or ()]
        yield [name for name, _ in columns]
        texts = sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(name)) for name, _ in columns
        )
        shown = [_PG_SHOWN.get(kind, str) for _, kind in columns]
        with connection.cursor(name="plumbline") as rows:
            rows.itersize = _FETCH_ROWS
            rows.execute(sql.SQL("SELECT {} FROM {}").format(texts, source))
            for row in rows:
                yield [
                    "" if value is None else show(value)
                    for show, value in zip(shown, row, strict=True)
                ]


def _midnight(value: str) -> str:
    return value.removesuffix(" 00:00:00")


#: By type number: timestamp without time zone, boolean.
_PG_SHOWN: dict[int, Callable[[str], str]] = {1114: _midnight, 16: str.upper}


def _mysql(url: str, table: str) -> Iterator[list[str]]:
    import pymysql  # type: ignore[import-untyped]  # noqa: PLC0415 -- an optional driver
    from pymysql import converters, cursors  # noqa: PLC0415 -- an optional driver
    from pymysql.constants import FIELD_TYPE  # type: ignore[import-untyped]  # noqa: PLC0415 -- an optional driver

    parts = urlsplit(url)
    named = ".".join("`" + part.replace("`", "``") + "`" for part in table.split("."))
    connection = pymysql.connect(
        host=parts.hostname or "localhost",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.lstrip("/")) or None,
        charset="utf8mb4",
        conv=dict(converters.encoders),  # and no decoders: every value as the server writes it
    )
    with closing(connection), connection.cursor(cursors.SSCursor) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SELECT * FROM {named}")
        yield [column[0] for column in cursor.description]
        kinds = (FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
        moments = {i for i, column in enumerate(cursor.description) if column[1] in kinds}
        for row in cursor:
            texts = map(_decoded, row)
            yield [_midnight(text) if i in moments else text for i, text in enumerate(texts)]


def _sqlite(url: str, table: str) -> Iterator[list[str]]:
    path = unquote(urlsplit(url).path.removeprefix("/"))
    named = ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
    with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        cursor = connection.execute(f"SELECT * FROM {named}")
        yield [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(_FETCH_ROWS):
            for row in rows:
                yield [_decoded(value) for value in row]


def _decoded(value: Any) -> str:
    """Text of a value; bytes that are no text are shown in hexadecimal."""
    if not isinstance(value, bytes):
        return plain_text(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


_SCHEMES: dict[str, Reader] = {
    "postgresql": _postgresql,
    "postgres": _postgresql,
    "mysql": _mysql,
    "sqlite": _sqlite,
}
