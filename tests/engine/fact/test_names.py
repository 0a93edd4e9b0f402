"""Words that cannot name a column, since SQL keeps them for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.dialects import DuckDB, Spark
from sqlglot.errors import ParseError, TokenError

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.sql import RESERVED
from plumbline.engine.fact.types import country_pack
from plumbline.errors import DeclarationError

DECLARED = """\
dataset: claims
title: {{zh: 报销, en: claims}}
department: {{zh: 财政局, en: finance}}
legal_basis: {{zh: 依据, en: basis}}
purpose: {{zh: 用途, en: purpose}}
retention: 1 year
delivery: {{kind: full}}
columns:
  no: {{from: 编号, type: text}}
  {name}: {{from: 日期, type: {type}}}
"""


def declared(folder: Path, name: str, kind: str = "text") -> Dataset:
    path = folder / "claims.yml"
    path.write_text(DECLARED.format(name=name, type=kind), encoding="utf-8")
    return Dataset(path, country_pack())


@pytest.mark.parametrize(
    ("name", "kind", "better"),
    [("order", "text", "order_value"), ("End", "date", "End_on"), ("limit", "text", "limit_value")],
)
def test_a_word_of_sql_is_refused_with_its_line_and_a_better_name(
    tmp_path: Path, name: str, kind: str, better: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(tmp_path, name, kind)
    said = refused.value.in_("en")
    assert f"claims.yml:10: columns.{name}" in said
    assert f"column name '{name}' is a word of SQL's own" in said
    assert f"such as {better}" in said
    assert declared(tmp_path, better, kind).columns


def reads_as_a_column(word: str, dialect: str) -> bool:
    """Bare and after a fact, as models write columns."""
    pattern = "f.{0} = 1 and {0} is null and {0} in (1) and coalesce({0}, 1) > {0} + 1"
    try:
        tree = sqlglot.parse_one(pattern.format(word), dialect=dialect)
    except (ParseError, TokenError):
        return False
    return [column.name for column in tree.find_all(exp.Column)] == [word] * 5


def test_every_other_word_may_be_a_column() -> None:
    """So that a new version of a parser that takes a word for itself is noticed here."""
    queries = (
        'SELECT {0} FROM (SELECT 7 AS "{0}") f WHERE {0} = 7 ORDER BY {0}',
        "SELECT f.{0} FROM (SELECT 7 AS {0}) f",
    )
    assert DuckDB.generator_class.RESERVED_KEYWORDS <= RESERVED
    keywords = {word.lower() for d in (DuckDB, Spark) for word in d.tokenizer_class.KEYWORDS}
    with open_duckdb() as duck:
        keywords |= {word for (word,) in duck.run("SELECT keyword_name FROM duckdb_keywords()")}
        for word in sorted(w for w in keywords - RESERVED if w.isidentifier() and "__" not in w):
            if word.startswith("_"):
                continue
            assert reads_as_a_column(word, "duckdb"), word
            assert reads_as_a_column(word, "spark"), word
            for query in queries:
                assert list(duck.run(query.format(word))) == [(7,)], word
