"""The SQL of every model, as it was reviewed, for both engines.

The files beside this one are rewritten by `PLUMBLINE_GOLDEN=write pytest tests/golden`; read the
difference before it is committed, since it says what a change to the compiler does to every verdict.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

import pytest
import sqlglot
from sqlglot import exp

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.collision.trial import doubt_nothing, lay_out
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.line.compile import Compiled, compile_model
from plumbline.engine.line.model import SupervisionModel
from tests.engine.line.small import AS_OF, invented

HERE = Path(__file__).parent
CATALOG = HERE.parents[1] / "catalog"
MODELS = sorted(path.parent for path in CATALOG.glob("models/*/*/model.yml"))
Engine = Literal["duckdb", "spark"]


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    country = invented()
    return {path.stem: Dataset(path, country) for path in sorted(CATALOG.glob("datasets/*/*.yml"))}


@pytest.fixture(scope="module")
def compiled(datasets: dict[str, Dataset]) -> dict[str, Compiled]:
    return {folder.name: compile_model(SupervisionModel(folder, datasets)) for folder in MODELS}


@pytest.fixture(params=[folder.name for folder in MODELS])
def model(request: pytest.FixtureRequest, compiled: dict[str, Compiled]) -> Compiled:
    return compiled[request.param]


@pytest.mark.parametrize("engine", get_args(Engine))
def test_the_sql_is_the_one_that_was_reviewed(model: Compiled, engine: Engine) -> None:
    golden = HERE / f"{model.model.name}.{engine}.sql"
    sql = model.in_(engine)
    if os.environ.get("PLUMBLINE_GOLDEN") == "write":
        golden.write_text(sql, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == sql


@pytest.mark.parametrize("engine", get_args(Engine))
def test_each_engine_can_read_it(model: Compiled, engine: Engine) -> None:
    """It parses in its own dialect, to the same statement."""
    sql = model.in_(engine)
    (tree,) = sqlglot.parse(sql, dialect=engine)
    assert isinstance(tree, exp.Select)
    assert tree.sql(dialect=engine, pretty=True) + "\n" == sql


def test_there_is_no_sql_of_models_that_are_gone() -> None:
    wanted = {f"{folder.name}.{engine}.sql" for folder in MODELS for engine in get_args(Engine)}
    assert {path.name for path in HERE.glob("*.sql")} == wanted


@pytest.fixture(scope="module")
def duck() -> Duck:
    return open_duckdb()


def test_it_runs_on_empty_tables_and_returns_what_it_says(model: Compiled, duck: Duck) -> None:
    doubt_nothing(duck)
    for dataset in model.model.facts.values():
        lay_out(duck, dataset, [])
    columns = dict(duck.columns(model.on(AS_OF)))
    assert duck.run(model.on(AS_OF)) == []
    text = {*model.per, "verdict", "decided_by", "tier", "level"}
    text |= {f"digest_{fact}" for fact in model.evidence} | {
        f"figure_{name}" for name in model.figures
    }
    text |= {"part"} if model.partition else set()
    assert {name: kind for name, kind in columns.items() if name in text} == dict.fromkeys(
        text, "VARCHAR"
    )
    grading = {name for name in columns if name.startswith(("is_", "of_", "for_"))}
    assert not grading or model.levels is not None
    numbers = {name: kind for name, kind in columns.items() if name not in text | grading}
    assert numbers == dict.fromkeys([*(f"row_{fact}" for fact in model.evidence), "lead"], "BIGINT")


def test_nothing_in_it_depends_on_chance_or_the_clock(model: Compiled) -> None:
    tree = sqlglot.parse_one(model.sql, dialect="duckdb")
    named = {
        exp.AnyValue,
        exp.First,
        exp.Rand,
        exp.CurrentDate,
        exp.CurrentTimestamp,
        exp.Limit,
        exp.Avg,
    }
    assert [node.sql() for node in tree.find_all(*named)] == []
    kinds = {node.this for node in tree.find_all(exp.DataType)}
    assert not kinds & {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
