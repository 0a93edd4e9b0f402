"""The closed language of proofs says of every case what DuckDB says of the statement itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Context, setcontext
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.collision.trial import doubt_nothing, lay_out
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.line.cases import Cases
from plumbline.engine.line.closed import Closed, closed
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import DOUBTS
from plumbline.errors import RunError
from plumbline.verify_proof import read, select
from tests.engine.line.small import invented

CATALOG = Path(__file__).parents[3] / "catalog"
MODELS = sorted(path.parent for path in CATALOG.glob("models/*/*/model.yml"))
GIVEN = {"outlier": "quartiles", "sql": "listed"}
_WHOLE = ("BIGINT", "HUGEINT", "INTEGER", "SMALLINT", "TINYINT")


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    country = invented()
    return {path.stem: Dataset(path, country) for path in sorted(CATALOG.glob("datasets/*/*.yml"))}


@pytest.fixture(scope="module")
def duck() -> Iterator[Duck]:
    with open_duckdb() as duck:
        doubt_nothing(duck)
        yield duck


def in_python(duck: Duck, query: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Types and rows of a query, as the verifier reads them from their text."""
    kinds = {str(row[0]): str(row[1]) for row in duck.run(f"DESCRIBE {query}")}
    listed = ", ".join(
        f'"{c}"' if kind == "BOOLEAN" else f'CAST("{c}" AS VARCHAR)' for c, kind in kinds.items()
    )
    typed = {c: "BIGINT" if kind in _WHOLE else kind for c, kind in kinds.items()}
    rows = duck.run(f"SELECT {listed} FROM ({query}) AS q")
    return typed, [
        {c: read(kind, cell) for (c, kind), cell in zip(typed.items(), row, strict=True)}
        for row in rows
    ]


def queried(statement: str, name: str) -> str:
    """One query of a statement, with those that it builds on."""
    tree = sqlglot.parse_one(statement, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    names = [cte.alias for cte in tree.ctes]
    before = [cte.sql(dialect="duckdb") for cte in tree.ctes[: names.index(name) + 1]]
    return f"WITH {', '.join(before)} SELECT * FROM {name}"


class Judge:
    """Evaluates a model in the closed language over the rows that are laid out."""

    def __init__(self, duck: Duck, model: SupervisionModel) -> None:
        self.duck, self.model = duck, model
        self.compiled = compile_model(model, detail=True)
        self.name = GIVEN.get(model.declared.shape)
        self.parts: dict[date, Closed] = {}  # bringing a statement into the language takes longest
        self.given: dict[date, str] = {}

    def prepare(self, on: date) -> None:
        statement = self.compiled.on(on)
        tables = {d.name: [f.suffix for f in d.viewed] for d in self.model.facts.values()}
        tables[DOUBTS] = ["code", "name", "other"]
        given = {}
        if self.name:
            self.given[on] = queried(statement, self.name)
            given[self.name] = list(in_python(self.duck, self.given[on])[0])
        self.parts[on] = closed(statement, tables, given)

    def judged(self, on: date) -> list[dict[str, Any]]:
        if on not in self.parts:
            self.prepare(on)
        known = {}
        if self.name:
            known[f"{self.name}_given"] = in_python(self.duck, self.given[on])[1]
        return evaluated(self.duck, self.parts[on], known)


def evaluated(
    duck: Duck, parts: Closed, known: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    for table in parts.read:
        if table not in known:
            known[table] = in_python(duck, f'SELECT * FROM "{table}"')[1]
    setcontext(Context(prec=80))
    for query, tree in parts.queries:
        known[query] = select(tree, known)
    return known["answer"]


def counted(rows: list[dict[str, Any]]) -> Counter[str]:
    """Rows, whatever their order."""
    return Counter(repr(sorted((name, str(value)) for name, value in row.items())) for row in rows)


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_every_case_comes_out_the_same(
    folder: Path, datasets: dict[str, Dataset], duck: Duck
) -> None:
    model = SupervisionModel(folder, datasets)
    cases, judge = Cases(model), Judge(duck, model)
    compared = 0
    for case in cases:
        rows = cases.rows(case)
        for name in {dataset.name for dataset in model.facts.values()}:
            given = [row for fact in model.facts if model.facts[fact].name == name
                     for row in rows.get(fact, [])]  # fmt: skip
            lay_out(duck, datasets[name], given)
        _, truth = in_python(duck, judge.compiled.on(case.on))
        found = judge.judged(case.on)
        assert counted(found) == counted(truth), case.case
        compared += len(truth)
    assert compared


def test_what_the_language_lacks_is_refused() -> None:
    for statement in (
        "SELECT random() AS x FROM t",
        "SELECT a FROM t LIMIT 1",
        "SELECT a FROM t ORDER BY a",
        "SELECT a, SUM(a) OVER (ORDER BY a) AS s FROM t",
        "SELECT a FROM t CROSS JOIN t AS u",
        "SELECT (SELECT MAX(a) FROM t) AS a FROM t",
        "SELECT a FROM elsewhere",
        "SELECT b FROM t",
        "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1",
        "SELECT CAST(a AS DOUBLE) AS a FROM t",
        "SELECT a FROM t UNION ALL SELECT a FROM t",
        "SELECT a FROM t FULL JOIN t AS u ON t.a = u.a",
    ):
        with pytest.raises(RunError):
            closed(statement, {"t": ["a"]}, {})
