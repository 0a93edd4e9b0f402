"""Spark, opened the one way in which it says the same as DuckDB: inside this process, or by Spark Connect.

Spark is an extra (`pip install plumbline[spark]`), so nothing of it is imported before it is wanted.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import pyarrow as pa

from plumbline.engine.backend.choice import LOCAL
from plumbline.engine.backend.dialect import spark_sql
from plumbline.engine.backend.duckdb import Limits
from plumbline.errors import RunError, Text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The oldest Java that Spark 4 runs on.
JAVA = 17

#: What makes Spark's answers DuckDB's. Each of them can be set in a running session.
SETTINGS: Mapping[str, str] = {
    # What cannot be worked out is an error and not a null: overflow, a text that is no number. It also
    # writes decimals out in full, where they would else become 1E-8.
    "spark.sql.ansi.enabled": "true",
    # A timestamp is what stands on the clock, as in DuckDB; no time zone is ever applied to it.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # DuckDB writes dates by one calendar for all times; nothing is to be moved into another one.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    # An exact decimal or an error, never one with fewer digits.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Both engines find a column by its name in any case.
    "spark.sql.caseSensitive": "false",
    # A text in quotes is read with its escapes, as sqlglot writes it.
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    # Texts are compared byte by byte.
    "spark.sql.session.collation.enabled": "false",
    "spark.sql.legacy.charVarcharAsString": "false",
}

#: For statements over a handful of rows, such as a model's cases, which are planned for longer than they
#: run. None of it changes an answer.
SMALL: Mapping[str, str] = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.maxPlanStringLength": "1000",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.constraintPropagation.enabled": "false",
}

_TYPES = {"VARCHAR": "string", "INTEGER": "int", "TIMESTAMP": "timestamp_ntz"}


class Spark:
    """A Spark session that takes DuckDB's SQL and Arrow tables, and whose failures say what to do next."""

    def __init__(self, session: SparkSession, version: str, *, own: bool) -> None:
        self._session, self.version, self._own = session, version, own

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute a statement in DuckDB's dialect and fetch everything."""
        columns = [column.to_pylist() for column in self.arrow(sql).columns]
        return list(zip(*columns, strict=True))

    def arrow(self, sql: str) -> pa.Table:
        """The rows of a statement in DuckDB's dialect."""
        with _in_words():
            return self._session.sql(spark_sql(sql)).toArrow()

    def view(self, name: str, sql: str) -> None:
        """Let SQL read what a statement in DuckDB's dialect gives under `name`."""
        with _in_words():
            _name(self._session.sql(spark_sql(sql)), name)

    def files(self, name: str, paths: Sequence[str], columns: Sequence[tuple[str, str]]) -> None:
        """Let SQL read these Parquet files under `name`.

        Args:
            columns: name and type of each column; one that is not in a file is null there.
        """
        schema = ", ".join(f"`{column}` {_TYPES.get(kind, kind)}" for column, kind in columns)
        with _in_words():
            if paths:
                _name(self._session.read.schema(schema).parquet(*paths), name)
            else:
                _name(self._session.createDataFrame([], schema), name)

    def register(self, name: str, data: pa.Table) -> None:
        """Let SQL read Arrow data under `name`."""
        with _in_words():
            if not data.num_rows:  # nothing from which a server would know the types
                nulls = ", ".join(
                    f"CAST(NULL AS {_spark_type(f.type)}) AS `{f.name}`" for f in data.schema
                )
                _name(self._session.sql(f"SELECT {nulls} WHERE false"), name)
                return
            # In one part, so that a statement over a handful of rows is one task.
            _name(self._session.createDataFrame(data).coalesce(1), name)

    def unregister(self, name: str) -> None:
        with _in_words():
            self._session.catalog.dropTempView(name)

    def close(self) -> None:
        """End a session with a server; Spark inside this process ends with the process."""
        if self._own:
            self._session.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_spark(address: str = LOCAL, limits: Limits | None = None, *, small: bool = False) -> Spark:
    """A Spark session of its own: views and settings are shared with no other.

    Args:
        address: `local`, or a Spark Connect server such as `sc://host:15002`.
        limits: what Spark may use inside this process; a server has its own. They hold for the life of
            the process, as they are when Spark is first opened.
        small: for statements over a handful of rows.

    Raises:
        RunError: Spark or Java is not installed, or the server cannot be reached.
    """
    with _in_words():
        session, own = (
            (_local(limits or Limits(), small=small), False)
            if address == LOCAL
            else (_remote(address), True)
        )
        opened = Spark(session, session.version, own=own)
        with ExitStack() as failed, warnings.catch_warnings():
            # The client would ask for a session that is left until long after the command.
            failed.callback(opened.close)
            # Some settings are old; a server may still have them otherwise.
            warnings.simplefilter("ignore")
            for name, value in {**SETTINGS, **(SMALL if small else {})}.items():
                session.conf.set(name, value)
            failed.pop_all()
        return opened


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return {
        pa.string(): "STRING", pa.int64(): "BIGINT", pa.int32(): "INT", pa.int16(): "SMALLINT",
        pa.date32(): "DATE", pa.timestamp("us"): "TIMESTAMP_NTZ", pa.bool_(): "BOOLEAN",
    }[kind]  # fmt: skip


def _name(frame: DataFrame, name: str) -> None:
    frame.createOrReplaceTempView(f"`{name}`")


def _local(limits: Limits, *, small: bool) -> SparkSession:
    """Spark inside this process, which has one Java for all its sessions."""
    _check_java()
    with _quietly() as log:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415 -- an extra
            from pyspark.sql.classic.dataframe import DataFrame as _  # noqa: F401, PLC0415 -- not in the thin client
        except ImportError as error:
            raise _not_installed(error) from error
        cores = limits.cores
        # Java needs room of its own, whatever is set for DuckDB.
        memory = max(1024, int(limits.megabytes or 2000))
        spill = limits.spill or Path(tempfile.gettempdir())
        settings = {
            "spark.driver.memory": f"{memory}m",
            # Both: with the one alone, the classes of a session are looked for at the other address.
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "plumbline-spark-warehouse"),
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.shuffle.partitions": str(max(4, 2 * cores)),
            "spark.driver.maxResultSize": "0",
            # Few statements, each once: Java's slower compiler would never earn back its time.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
            if small
            else "",
        }
        builder = SparkSession.builder.master(f"local[{cores}]").appName("plumbline")
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            first = builder.getOrCreate()
        except Exception as error:
            raise RunError(
                Text(f"Spark 启动不了：{_first_line(error)}", f"Spark does not start: {_first_line(error)}"),
                hint=Text(f"Java 的话见 {log}", f"what Java says of it stands in {log}"),
            ) from error  # fmt: skip
        first.sparkContext.setLogLevel("ERROR")
    return first.newSession()


def _remote(address: str) -> SparkSession:
    """A session with a Spark Connect server."""
    place = urlsplit(address.partition("/;")[0])
    if place.scheme != "sc" or not place.hostname:
        raise RunError(
            Text(f"“{address}”不是 Spark 的地址", f"'{address}' is no address of Spark"),
            hint=Text("写成 local 或 sc://主机:15002", "write local, or sc://host:15002"),
        )
    try:
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise _not_installed(error) from error
    try:  # the client would try for minutes
        socket.create_connection((place.hostname, place.port or 15002), timeout=10).close()
    except OSError as error:
        raise RunError(
            Text(f"连不上 Spark：{address}（{error}）", f"Spark cannot be reached: {address} ({error})"),
            hint=Text(
                "看服务是否已用 start-connect-server.sh 启动、端口是否放行",
                "see that start-connect-server.sh was run there and the port is open",
            ),
        ) from error  # fmt: skip
    _no_logs()
    return SparkSession.builder.remote(address).create()


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    said = ""
    if java:
        try:
            said = subprocess.run(  # noqa: S603 -- the office's own Java
                [java, "-version"], capture_output=True, text=True, check=False
            ).stderr
        except OSError:
            said = ""
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        have = found[1] if found else None
        raise RunError(
            Text(
                f"Spark 要 Java {JAVA} 或更新的版本，本机{f'是 Java {have}' if have else '没有 Java'}",
                f"Spark needs Java {JAVA} or newer; this machine has {f'Java {have}' if have else 'none'}",
            ),
            hint=Text(
                "Debian、Ubuntu：apt-get install openjdk-17-jre-headless；"
                "或用 --spark sc://主机:端口 连到集群，本机不需 Java；或用 --engine duckdb",
                "on Debian and Ubuntu: apt-get install openjdk-17-jre-headless; or connect to a cluster by "
                "--spark sc://host:port, which needs no Java here; or use --engine duckdb",
            ),
        )


def _not_installed(error: ImportError) -> RunError:
    return RunError(
        Text(f"没有安装 Spark（{error}）", f"Spark is not installed ({error})"),
        hint=Text(
            "本机运行：pip install 'plumbline[spark]'；只连集群：pip install pyspark-client；或用 --engine duckdb",
            "to run it here: pip install 'plumbline[spark]'; only to connect to a cluster: "
            "pip install pyspark-client; or use --engine duckdb",
        ),
    )


@contextmanager
def _quietly() -> Iterator[Path]:
    """What Java says while it starts, and later on, goes into a file: the terminal is the caller's."""
    _no_logs()
    log = Path(tempfile.gettempdir()) / f"plumbline-spark-{os.getpid()}.log"
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        with warnings.catch_warnings():
            # of libraries that are not used here, such as pandas
            warnings.simplefilter("ignore")
            yield log
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _no_logs() -> None:
    """An error is told once, in our words."""
    for name in (
        "SQLQueryContextLogger",
        "DataFrameQueryContextLogger",
        "pyspark.sql.connect.logging",
    ):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark", "py4j", "grpc")):
            raise
        raise RunError(
            Text(f"Spark 算不出来：{_first_line(error)}", f"Spark cannot work it out: {_first_line(error)}"),
            hint=Text(
                "同一模型用 --engine duckdb 再运行一次；若那里算得出，请报告这一错误",
                "run the same model with --engine duckdb; if it can be worked out there, please report this",
            ),
        ) from error  # fmt: skip


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
