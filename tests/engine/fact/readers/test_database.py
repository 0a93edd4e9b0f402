from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from plumbline.engine.fact.readers import open_database
from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import rows, table

TABLE = 'odd "name'


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    path = tmp_path / "名单.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE "odd ""name" (姓名, 金额, 比例, 照片, 空)')
        connection.execute(
            'INSERT INTO "odd ""name" VALUES (?, ?, ?, ?, ?)',
            ("张三", 330381198001010012, 0.5, b"\xff\xd8", None),
        )
        connection.execute(
            "CREATE TABLE many AS WITH RECURSIVE counted(n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 12000) SELECT n FROM counted"
        )
    return f"sqlite:///{path}"


def test_values_arrive_as_text(sqlite: str) -> None:
    assert rows(open_database(sqlite, TABLE)) == [
        (0, ["姓名", "金额", "比例", "照片", "空"]),
        (1, ["张三", "330381198001010012", "0.5", "ffd8", ""]),
    ]


def test_lines_are_ordinals(sqlite: str) -> None:
    sheet = open_database(sqlite, "many")
    found, _ = table(sheet, 0, 1)
    assert (found[0], found[-1]) == ((1, ["1"]), (12_000, ["12000"]))


def test_nothing_is_written(sqlite: str, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="could not be read"):
        open_database(f"sqlite:///{tmp_path}/absent.db", "t")
    assert not (tmp_path / "absent.db").exists()
    with pytest.raises(DeliveryError, match="no such table"):
        open_database(sqlite, "many; DROP TABLE many")


def test_an_unknown_kind_of_database() -> None:
    with pytest.raises(DeliveryError, match="oracle") as caught:
        open_database("oracle://me:secret@host/x", "t")
    assert "secret" not in caught.value.in_("zh")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_message_never_shows_the_password(scheme: str) -> None:
    url = f"{scheme}://clerk:s3cr%40t@127.0.0.1:1/x"
    with pytest.raises(DeliveryError) as caught:
        open_database(url, "t")
    for words in (caught.value.in_("zh"), caught.value.in_("en"), repr(caught.value.__cause__)):
        assert "s3cr" not in words
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("scheme", "driver"), [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_a_missing_driver_is_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str, driver: str
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(DeliveryError, match=driver) as caught:
        open_database(f"{scheme}://x@127.0.0.1/x", "t")
    assert "plumbline[" in caught.value.in_("en")


@pytest.mark.postgres
def test_a_postgresql_table(postgres: str) -> None:
    import psycopg  # noqa: PLC0415 -- an optional driver

    with psycopg.connect(postgres) as connection:
        connection.execute("DROP SCHEMA IF EXISTS 县局 CASCADE")
        connection.execute("CREATE SCHEMA 县局")
        connection.execute(
            'CREATE TABLE 县局."发放 ""表" (姓名 text, 金额 numeric(12,2), 日期 date, '
            "时间 timestamp, 在册 boolean, 空 int)"
        )
        connection.execute(
            """INSERT INTO 县局."发放 ""表" VALUES
            ('张三', 1200.50, 'infinity', '2024-03-05', true, null),
            ('李四', 0.10, '2024-03-05', '2024-03-05 08:30', false, 7)"""
        )
    try:
        sheet = open_database(postgres, '县局.发放 "表')
        assert rows(sheet) == [
            (0, ["姓名", "金额", "日期", "时间", "在册", "空"]),
            (1, ["张三", "1200.50", "infinity", "2024-03-05", "TRUE", ""]),
            (2, ["李四", "0.10", "2024-03-05", "2024-03-05 08:30:00", "FALSE", "7"]),
        ]
    finally:
        with psycopg.connect(postgres) as connection:
            connection.execute("DROP SCHEMA 县局 CASCADE")


@pytest.mark.mysql
def test_a_mysql_table(mysql: str) -> None:
    import pymysql  # type: ignore[import-untyped]  # noqa: PLC0415 -- an optional driver

    parts = urlsplit(mysql)
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        autocommit=True,
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS `发放 ``表`")
        cursor.execute(
            "CREATE TABLE `发放 ``表` (姓名 varchar(20), 金额 decimal(12,2), 日期 date, "
            "时间 datetime, 空 int) CHARACTER SET utf8mb4"
        )
        cursor.execute(
            "INSERT INTO `发放 ``表` VALUES ('张三', 1200.50, '2024-03-05', '2024-03-05', null), "
            "('李四', 0.10, null, '2024-03-05 08:30:00', 7)"
        )
        try:
            assert rows(open_database(mysql, "发放 `表")) == [
                (0, ["姓名", "金额", "日期", "时间", "空"]),
                (1, ["张三", "1200.50", "2024-03-05", "2024-03-05", ""]),
                (2, ["李四", "0.10", "", "2024-03-05 08:30:00", "7"]),
            ]
        finally:
            cursor.execute("DROP TABLE `发放 ``表`")
