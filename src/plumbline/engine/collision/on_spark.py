"""Running models on Spark: the same statement over the same files, and what it finds comes back to DuckDB.

All that follows (counting, grading's tally, the registers, evidence) works on what was found and stays one
path, so that the engine decides nothing but where the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from plumbline.engine.backend import Duck, Engine, Spark, open_spark
from plumbline.engine.collision.gather import Find, find
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.linkage.view import Ties, lay_spark_views


@contextmanager
def finding(
    engine: Engine,
    store: Store,
    datasets: Mapping[str, Dataset],
    snapshots: Mapping[str, Snapshot],
    ties: Ties,
) -> Iterator[tuple[Find, Mapping[str, str]]]:
    """How an engine runs a statement, and the versions that are to be written down of it."""
    if engine.name == "duckdb":
        yield find, {}
        return
    with open_spark(engine.spark, store.limits) as spark:
        lay_spark_views(spark, datasets, snapshots, ties, placed(store, engine))

        def on_spark(duck: Duck, statement: str, name: str) -> None:
            find_on(spark, duck, statement, name)

        yield on_spark, {"spark": spark.version}


def find_on(spark: Spark, duck: Duck, statement: str, name: str) -> None:
    """As `find`, worked out by Spark; the table has the types that DuckDB would give it."""
    columns = duck.columns(statement)
    duck.register("found_on_spark", spark.arrow(statement))
    try:
        cast = ", ".join(f"CAST({sql.name(c)} AS {kind}) AS {sql.name(c)}" for c, kind in columns)
        find(duck, f"SELECT {cast} FROM found_on_spark", name)
    finally:
        duck.unregister("found_on_spark")


def placed(store: Store, engine: Engine) -> Callable[[Path], str]:
    """Where Spark finds a file of the store."""
    root = engine.store.rstrip("/") or f"file://{store.root}"
    return lambda path: f"{root}/{path.relative_to(store.root).as_posix()}"
