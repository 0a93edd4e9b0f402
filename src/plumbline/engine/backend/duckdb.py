"""DuckDB, opened the one way that keeps results the same on every machine."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from plumbline.errors import RunError, Text

_MEMORY = re.compile(r"\s*([\d.]+)\s*([KMGT]?)i?B\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """What a run may use: memory before it spills ("2GB"), threads, and where it spills to."""

    memory: str = "2GB"
    threads: int = 0  # 0: all cores
    spill: Path | None = None  # None: the system's temporary folder

    @property
    def cores(self) -> int:
        """Threads that may run at the same time."""
        affinity = getattr(os, "sched_getaffinity", None)  # not on every system
        return self.threads or (len(affinity(0)) if affinity else os.cpu_count() or 1)

    @property
    def megabytes(self) -> float | None:
        """The memory as a number; None where it is written in a way only DuckDB understands."""
        found = _MEMORY.fullmatch(self.memory)
        if found is None:
            return None
        return float(found[1]) * 1000.0 ** ("KMGT".find(found[2].upper()) - 1 if found[2] else -2)

    def shared_by(self, hands: int) -> Limits:
        """What each of several processes may use, so that together they keep within these limits."""
        memory = self.megabytes
        return replace(
            self,
            memory=self.memory if memory is None else f"{int(memory / hands)}MB",
            threads=max(1, self.cores // hands),
        )


class Duck:
    """A DuckDB connection that speaks in lists, and whose failures say what to do next."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute and fetch everything; an open result would block the connection."""
        with _in_words():
            return self._connection.execute(sql, list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        with _in_words():
            # by a relation, since DuckDB 2.0 copies the rows of `execute` once more
            return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Name and type of each column that `sql` would return, without running it."""
        return [(str(name), str(kind)) for name, kind, *_ in self.run(f"DESCRIBE {sql}")]

    def register(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Let SQL read Arrow data under `name`; a reader can be read once."""
        self._connection.register(name, data)

    def unregister(self, name: str) -> None:
        self._connection.unregister(name)

    def function(
        self,
        name: str,
        of_array: Callable[[pa.ChunkedArray], pa.Array],
        takes: Sequence[str],
        gives: str,
    ) -> None:
        """Let SQL call Python on whole vectors; nulls are passed on to the function."""
        self._connection.create_function(
            name,
            of_array,
            list(takes),
            gives,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """For a library that is to work on the same tables; everything else goes by `run`."""
        return self._connection

    def interrupt(self) -> None:
        self._connection.interrupt()

    def progress(self) -> float:
        """Share of the running statement that is done, 0 to 100, or -1 where unknown."""
        return float(self._connection.query_progress())

    def watch_spill(self) -> None:
        """From now on, `spilled` tells what a statement wrote to disk for want of memory."""
        self.run("SET enable_profiling = 'no_output'")
        if duckdb.__version__.startswith("1."):
            self.run("""SET custom_profiling_settings = '{"SYSTEM_PEAK_TEMP_DIR_SIZE": "true"}'""")
        else:
            self.run("SET tracked_metrics = ['system.peak_temp_dir_size']")

    def spilled(self) -> int:
        """The most bytes that lay in the spill folder while the last statement ran."""
        told = json.loads(self._connection.get_profiling_information())
        two = told.get("system", {})  # as DuckDB 2.0 tells it
        return int(told.get("system_peak_temp_dir_size", two.get("peak_temp_dir_size", 0)))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_duckdb(limits: Limits | None = None) -> Duck:
    """An in-memory DuckDB with no access to extensions or the network."""
    limits = limits or Limits()
    spill = limits.spill or Path(tempfile.gettempdir()) / f"plumbline-spill-{os.getpid()}"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if limits.threads:
        config["threads"] = limits.threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET enable_progress_bar_print = false")  # standard output is the caller's
    return Duck(connection)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        if "No space left" in str(error) or "max_temp_directory_size" in str(error):
            raise _disk_full(str(error)) from error
        raise RunError(
            Text("内存不够完成这一步", "there is not enough memory for this step"),
            hint=Text(
                "在 plumbline.toml 的 [limits] 里调大 memory，或给溢写目录 spill 更多空间",
                "raise memory under [limits] in plumbline.toml, or give the spill folder more room",
            ),
        ) from error
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise _disk_full(str(error)) from error
        raise
    except (
        duckdb.BinderException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
    ) as error:
        raise RunError(
            Text(
                f"查询算不出来：{_first_line(error)}",
                f"the query cannot be worked out: {_first_line(error)}",
            ),
            hint=Text(
                "若模型用了 sql: 一项，检查其中的列名和类型；否则请报告这一错误",
                "if the model has a sql: slot, check its columns and types; else please report this",
            ),
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _disk_full(detail: str) -> RunError:
    return RunError(
        Text(
            f"磁盘已满，本次没有写入任何数据：{detail}",
            f"the disk is full, nothing was written: {detail}",
        ),
        hint=Text("清理磁盘后重新执行同一条命令", "free some space and run the same command again"),
    )
