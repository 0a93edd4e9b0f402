"""Words that cannot name a column, since SQL keeps them for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.dialects import DuckDB
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
  {name}: {{from: 日期, type: date}}
"""


def declared(folder: Path, name: str) -> Dataset:
    path = folder / "claims.yml"
    path.write_text(DECLARED.format(name=name), encoding="utf-8")
    return Dataset(path, country_pack())


@pytest.mark.parametrize("name", sorted(RESERVED | {"Select"}))
def test_what_no_model_could_write_is_refused_with_its_line_and_a_better_name(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(tmp_path, f'"{name}"')
    said = refused.value.in_("en")
    assert f"claims.yml:10: columns.{name}" in said
    assert f"column name '{name}' is a word of SQL's own" in said
    assert f"such as {name}_value" in said
    assert declared(tmp_path, f"{name}_value").columns


def parsed(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except (ParseError, TokenError):
        return None


def test_every_other_word_is_a_column_after_a_fact_and_never_a_value_alone() -> None:
    """So that a new version of a parser that takes a word for itself is noticed here."""
    keywords = {word.lower() for word in DuckDB.tokenizer_class.KEYWORDS}
    with open_duckdb() as duck:
        keywords |= {word for (word,) in duck.run("SELECT keyword_name FROM duckdb_keywords()")}
        for word in sorted(w for w in keywords - RESERVED if w.isidentifier()):
            after = f"f.{word} = 1 AND f.{word} IS NULL AND COALESCE(f.{word}, 1) > f.{word} + 1"
            tree = parsed(after)
            columns = tree.find_all(exp.Column) if tree else ()
            assert [(c.table, c.name) for c in columns] == [("f", word)] * 4, word
            assert duck.run(f'SELECT f.{word} FROM (SELECT 7 AS "{word}") f') == [(7,)], word
            assert type(parsed(word)) not in (exp.Null, exp.Boolean), word
