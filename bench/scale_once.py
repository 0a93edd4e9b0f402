"""One measurement of `bench.scale` in a process of its own: JSON in, JSON out.

Every answer is told by how many things it names (a subject, a fact, a row) and the sum of their hashes, worked
out after time and memory were read, so that any two ways can be compared on any two days.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.once import peak
from bench.scale_sql import dialect

if TYPE_CHECKING:
    import duckdb

Request = Mapping[str, Any]


def check(columns: Sequence[str], relation: str) -> str:
    """SQL of how much an answer names, and the sum of its hashes."""
    named = " UNION ".join(
        f"SELECT DISTINCT per_1, '{column}' AS fact, {column} AS row FROM {relation}"
        for column in columns
        if column.startswith("row_")
    )
    return f"SELECT COUNT(*), CAST(SUM(hash(per_1, fact, row)) AS VARCHAR) FROM ({named})"


def statement(request: Request) -> dict[str, Any]:
    """A statement on DuckDB: the engine's, or one by hand."""
    import duckdb  # noqa: PLC0415 -- nothing else is held while it is measured

    with duckdb.connect(":memory:", config=request["config"]) as connection:
        for setup in request["setup"]:
            connection.execute(setup)
        start = time.perf_counter()
        connection.execute(f"CREATE TEMP TABLE result AS {request['query']}")
        seconds, held = time.perf_counter() - start, peak()
        (candidates,) = connection.execute("SELECT COUNT(*) FROM result").fetchall()[0]
        where = " WHERE verdict = 'flag'" if request["judged"] else ""
        found = _checked(connection, f"(SELECT * FROM result{where})")
    return {"seconds": seconds, "bytes": held, "found": found, "rows": candidates}


def _checked(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Any]:
    columns = [row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()]
    return list(connection.execute(check(columns, relation)).fetchall()[0])


def write(request: Request) -> dict[str, Any]:
    """Let DuckDB write a delivery."""
    import duckdb  # noqa: PLC0415 -- as above

    with duckdb.connect(":memory:", config=request["config"]) as connection:
        for setup in request["setup"]:
            connection.execute(setup)
        start = time.perf_counter()
        connection.execute(request["query"])
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "bytes": peak()}


def frames(request: Request) -> dict[str, Any]:
    """The question in pandas or Polars, from the files to the frame of the answer."""
    from bench.scale_frames import ask  # noqa: PLC0415 -- not where Spark runs

    start = time.perf_counter()
    answer = ask(request["way"], request["model"], request["files"])
    seconds, held = time.perf_counter() - start, peak()
    import duckdb  # noqa: PLC0415 -- not part of what is measured

    with duckdb.connect(":memory:", config=request["config"]) as connection:
        connection.register("answer", answer)
        found = _checked(connection, "answer")
    return {"seconds": seconds, "bytes": held, "found": found, "rows": len(answer)}


def spark(request: Request) -> dict[str, Any]:
    """The questions on Spark in one session: each once to wake Java, then measured into Parquet."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an environment of its own

    with tempfile.TemporaryDirectory(dir=request["scratch"]) as scratch:
        session = (
            SparkSession.builder.master("local[2]").config("spark.driver.memory", request["memory"])
            .config("spark.sql.shuffle.partitions", "8").config("spark.local.dir", scratch)
            .config("spark.sql.warehouse.dir", scratch).config("spark.ui.enabled", "false")
            .getOrCreate()
        )  # fmt: skip
        for name, paths in request["files"].items():
            session.read.parquet(*paths).createOrReplaceTempView(name)
        java = session._jvm.java.lang.ProcessHandle.current().pid()  # noqa: SLF001 -- whose memory it is
        took = {
            model: _on_spark(session, model, Path(scratch), java, request)
            for model in request["models"]
        }
        session.stop()
    return took


def _on_spark(session: Any, model: str, scratch: Path, java: int, request: Request) -> Any:
    import duckdb  # noqa: PLC0415 -- as above

    place, seconds = scratch / f"{model}.parquet", []
    for _ in range(1 + request["repeat"]):
        start = time.perf_counter()
        session.sql(dialect(model, spark=True)).write.mode("overwrite").parquet(str(place))
        seconds.append(time.perf_counter() - start)
    with duckdb.connect(":memory:", config=request["config"]) as connection:
        found = _checked(connection, f"read_parquet('{place}/*.parquet')")
        ((rows,),) = connection.execute(
            f"SELECT COUNT(*) FROM read_parquet('{place}/*.parquet')"
        ).fetchall()
    return {"seconds": median(seconds[1:]), "bytes": _peak_of(java), "found": found, "rows": rows}


def _peak_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def load(request: Request) -> dict[str, Any]:
    """Take in one delivery by the product's loader."""
    from plumbline.engine import Workspace  # noqa: PLC0415 -- not where Spark runs
    from plumbline.engine.fact.load import load_delivery  # noqa: PLC0415

    workspace = Workspace(request["directory"])
    start = time.perf_counter()
    batch = load_delivery(
        workspace.store, workspace.dataset(request["dataset"]), Path(request["path"]),
        received_at=datetime.fromisoformat(request["at"]), as_of=date.fromisoformat(request["as_of"]),
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if getattr(batch, "quarantined", 1):
        raise RuntimeError(f"not all of {request['path']} is valid: {batch}")
    return {"seconds": seconds, "bytes": peak()}


def look_up(request: Request) -> dict[str, Any]:
    """Every row about ten people in all registers, as the workbench asks; what a model says of one; by hand."""
    import duckdb  # noqa: PLC0415 -- as above

    from plumbline.engine import Workspace  # noqa: PLC0415 -- not where Spark runs

    workspace, people = Workspace(request["directory"]), request["people"]
    found = workspace.appearances(*people)

    def timed(ask: Any) -> float:
        seconds = []
        for _ in range(request["repeat"]):
            start = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - start)
        return median(seconds)

    keys = ", ".join(number[:17] for number in people)
    with duckdb.connect(":memory:", config=request["config"]) as connection:
        by_hand = timed(
            lambda: connection.execute(
                f"SELECT * FROM read_parquet({request['files']['payments']}) WHERE person__key IN ({keys})"
            ).fetchall()
        )
    return {
        "rows": len(found),
        "appearances": timed(lambda: workspace.appearances(*people)),
        "cells": timed(lambda: workspace.rows(each.name for each in found)),
        "explain": timed(lambda: workspace.explain_subject("sum", people[0])),
        "by hand": by_hand,
        "bytes": peak(),
    }


WAYS = {
    "statement": statement, "frames": frames, "spark": spark, "load": load, "look_up": look_up,
    "write": write,
}  # fmt: skip

if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(WAYS[request["what"]](request)))
