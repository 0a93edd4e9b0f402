"""Spark finds in the demo city, row for row, what DuckDB finds there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from plumbline.cli.demo import build_city
from plumbline.cli.demo.build import SMALLEST
from plumbline.engine import Workspace
from plumbline.engine.backend import Duck, Engine, Spark
from plumbline.engine.collision.gather import find
from plumbline.engine.collision.on_spark import find_on, placed
from plumbline.engine.collision.run import latest_as_of, opened
from plumbline.engine.fact import sql
from plumbline.engine.line.compile import compile_model
from plumbline.engine.linkage.identity import identity
from plumbline.engine.linkage.view import lay_spark_views
from tests.sparks import MARKS

from .conftest import MODELS

pytestmark = MARKS

AT = datetime(2025, 7, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The smallest demo city, loaded, with its people linked."""
    folder = tmp_path_factory.mktemp("spark") / "演示 city"
    build_city(folder, SMALLEST, 20250701)
    workspace = Workspace(folder)
    workspace.load(at=AT, accept="演示")
    workspace.link(at=AT)
    return workspace


@pytest.fixture(scope="module")
def both(city: Workspace, spark: Spark) -> Iterator[tuple[Duck, Spark, date]]:
    """The city's views on both engines."""
    snapshots = city.snapshots()
    ties = identity(city.store).ties()
    assert ties.tied  # some are known by less than a number
    with opened(city.store, city.datasets, snapshots, ties) as duck:
        place = placed(city.store, Engine("spark"))
        lay_spark_views(spark, city.datasets, snapshots, ties, place)
        yield duck, spark, latest_as_of(list(snapshots.values()))


def canonical(duck: Duck, table: str) -> tuple[int, str]:
    """How many rows, and SHA-256 over them in a fixed order and form."""
    rows = duck.run(f"SELECT COLUMNS(*)::VARCHAR FROM {sql.name(table)} ORDER BY ALL")
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return len(rows), hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize("name", [folder.name for folder in MODELS])
def test_both_find_the_same(name: str, city: Workspace, both: tuple[Duck, Spark, date]) -> None:
    duck, spark, as_of = both
    model = city.models[name]
    if {d.name for d in model.facts.values()} - set(city.snapshots()):
        return  # nothing of it is delivered in the demo
    statement = compile_model(model).on(as_of)
    find(duck, statement, "on_duckdb")
    find_on(spark, duck, statement, "on_spark")
    assert duck.columns("SELECT * FROM on_spark") == duck.columns("SELECT * FROM on_duckdb")
    assert canonical(duck, "on_spark") == canonical(duck, "on_duckdb")


def test_most_models_find_something(city: Workspace, both: tuple[Duck, Spark, date]) -> None:
    """So that equal is not equally empty."""
    duck, _, as_of = both
    counts = {}
    for name, model in city.models.items():
        if not {d.name for d in model.facts.values()} - set(city.snapshots()):
            find(duck, compile_model(model).on(as_of), "on_duckdb")
            counts[name] = canonical(duck, "on_duckdb")[0]
    assert sum(1 for n in counts.values() if n) > len(counts) * 2 / 3
