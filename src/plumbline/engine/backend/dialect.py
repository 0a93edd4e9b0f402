"""The statements of models as Spark reads them: written for DuckDB, translated by sqlglot, mended here.

Most of what the two engines read differently never gets here, since no model may write it (see the
allow-lists in `plumbline.engine.line`). What is left is what sqlglot passes on as it stands though
Spark means something else by it. `tests/engine/backend/test_conformance.py` has a case for each.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

#: No text of a register has it in it; see `_like`.
NO_ESCAPE = "␛"


def spark_tree(tree: exp.Expr) -> exp.Expr:
    """A statement that DuckDB reads, so that Spark says the same."""
    return tree.transform(_mended)


@lru_cache(maxsize=256)
def spark_sql(text: str) -> str:
    """DuckDB's statement in Spark's dialect."""
    return spark_tree(sqlglot.parse_one(text, dialect="duckdb")).sql(dialect="spark")


def _mended(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.PercentileDisc):
        return _quantile(node)
    if isinstance(node, exp.Like) and not isinstance(node.parent, exp.Escape):
        return _like(node)
    if isinstance(node, exp.Identifier) and str(node.this).lower() in _SPARKS_OWN:
        node.set(arg_key="quoted", value=True)
    return node


#: Words that Spark alone keeps for itself where a table's name can stand.
_SPARKS_OWN = frozenset({"minus"})


def _quantile(node: exp.PercentileDisc) -> exp.Expr:
    """The value at rank ceil(n q).

    Spark's own function gives a float, and so would round what is large; GET gives null where there
    is no such place.
    """
    value, share = (part.sql(dialect="spark") for part in (node.this, node.expression))
    return sqlglot.parse_one(
        f"GET(SORT_ARRAY(COLLECT_LIST({value})), CAST(CEIL(COUNT({value}) * {share}) AS INT) - 1)",
        dialect="spark",
    )


def _like(node: exp.Like) -> exp.Expr:
    """LIKE in which a backslash is a backslash, as in DuckDB; Spark takes it for an escape."""
    return exp.Escape(this=node.copy(), expression=exp.Literal.string(NO_ESCAPE))
