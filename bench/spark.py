"""The models of a workspace on DuckDB and on Spark in this process, side by side.

    .venv-spark/bin/python -m bench.spark build/demo [--write]

Each model runs once on each engine, from the statement to the table of what it found, after one model that is
not counted, so that Java is awake; what both found is compared. The workspace is only read.
"""

from __future__ import annotations

import argparse
import platform
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

from plumbline.engine import Workspace
from plumbline.engine.backend import Engine, open_spark
from plumbline.engine.collision.gather import find
from plumbline.engine.collision.on_spark import find_on, placed
from plumbline.engine.collision.run import latest_as_of, opened
from plumbline.engine.line.compile import compile_model
from plumbline.engine.linkage.identity import identity
from plumbline.engine.linkage.view import lay_spark_views

HERE = Path(__file__).parent
BEGIN, END = "<!-- spark -->", "<!-- end of spark -->"


def measure(folder: Path) -> list[tuple[str, int, float, float]]:
    """Model, rows found, seconds on DuckDB, seconds on Spark."""
    city = Workspace(folder)
    snapshots, ties = city.snapshots(), identity(city.store).ties()
    as_of = latest_as_of(list(snapshots.values()))
    statements = {
        name: compile_model(model).on(as_of)
        for name, model in city.models.items()
        if not {d.name for d in model.facts.values()} - set(snapshots)
    }
    found = []
    with (
        opened(city.store, city.datasets, snapshots, ties) as duck,
        open_spark(limits=city.limits) as spark,
    ):
        lay_spark_views(spark, city.datasets, snapshots, ties, placed(city.store, Engine("spark")))
        find_on(spark, duck, next(iter(statements.values())), "on_spark")
        for name, statement in statements.items():
            begun = time.perf_counter()
            find(duck, statement, "on_duckdb")
            between = time.perf_counter()
            find_on(spark, duck, statement, "on_spark")
            ended = time.perf_counter()
            ((rows, differing),) = duck.run(
                "SELECT (SELECT COUNT(*) FROM on_duckdb), (SELECT COUNT(*) FROM ("
                "(FROM on_duckdb EXCEPT ALL FROM on_spark) UNION ALL (FROM on_spark EXCEPT ALL FROM on_duckdb)))"
            )
            assert not differing, name
            found.append((name, rows, between - begun, ended - between))
            print(f"{name:32}{rows:>9,}{between - begun:>9.2f}{ended - between:>9.2f}", flush=True)
    return found


def table(folder: Path, found: list[tuple[str, int, float, float]]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("plumbline", "duckdb", "pyspark"))
    on = date.today()  # noqa: DTZ011 -- where it is run
    told = f"{on}, {platform.processor() or platform.machine()}; {versions}. `python -m bench.spark {folder.name}`"
    lines = [
        f"{told}; seconds on the wall, one run each.",
        "",
        "| model | rows found | DuckDB s | Spark s | ratio |",
        "|---|--:|--:|--:|--:|",
        *(f"| {name} | {rows:,} | {duck:.2f} | {spark:.2f} | {spark / duck:.0f} |"
          for name, rows, duck, spark in found),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--write", action="store_true", help="into bench/README.md")
    given = parser.parse_args()
    written = table(given.workspace, measure(given.workspace))
    print(written)
    if given.write:
        readme = HERE / "README.md"
        text = readme.read_text("utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        readme.write_text(f"{before}{BEGIN}\n{written}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
