"""Citizen numbers in a `sql:` model, followed through sub-queries and new names to where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope as Sources
from sqlglot.optimizer.scope import traverse_scope

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.line.expression import Refusal
from plumbline.engine.line.guard import BEARING
from plumbline.errors import Text

#: What makes one of two numbers: they are held equal, or stand in one column.
_TIES = (
    *(exp.EQ, exp.NullSafeEQ, exp.In, exp.Like, exp.Between),
    *(exp.Coalesce, exp.Case, exp.SetOperation),
)
#: What `sex`, `born` and `age` divide a number by; what is left then is no longer anybody's number.
_ATTRIBUTES = frozenset({"2", "100", "10000", "100000000"})


def tied_people(
    query: exp.Expr, facts: Mapping[str, Dataset], error: Refusal
) -> Iterator[list[str]]:
    """The citizen numbers (`fact.column`) of each part of the query that takes several for one.

    Args:
        query: on the facts' physical columns.

    Raises:
        DeclarationError: a column cannot be followed.
    """
    schema: dict[str, object] = {
        fact: {field.suffix: field.sql for field in dataset.viewed}
        for fact, dataset in facts.items()
    }
    try:
        tree = qualify(
            query.copy(),
            schema=schema,
            dialect="duckdb",
            validate_qualify_columns=False,  # as_of is no column
            quote_identifiers=False,
            identify=False,
        )
    except OptimizeError as unclear:
        raise error(
            Text(
                f"看不出列出自哪里：{str(unclear).splitlines()[0]}",
                f"it is unclear where a column comes from: {str(unclear).splitlines()[0]}",
            ),
            _NAME_IT,
        ) from unclear
    lineage = _Lineage(tree, facts, error)
    for node in tree.find_all(*_TIES):
        for parts in _tied(node):
            people = lineage.people(*parts)
            if len(people) > 1:
                yield sorted(people)


_NAME_IT = Text("列前写明表名，如 表.列", "write the table before the column: table.column")


def _tied(node: exp.Expr) -> Iterator[list[exp.Expr]]:
    if isinstance(node, exp.SetOperation):
        columns = zip(*(select.selects for select in _selects(node)), strict=False)
        yield from map(list, columns)
    else:
        yield list(node.iter_expressions())


def _is_lost(node: exp.Expr) -> bool:
    """Is it no longer a number: how many there are, or a sex, birth date or age?"""
    if isinstance(node, exp.Mod):
        return isinstance(node.expression, exp.Literal) and node.expression.this in _ATTRIBUTES
    return isinstance(node, exp.Count)


def _selects(query: exp.Expr) -> list[exp.Select]:
    """The SELECTs that a query puts together."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        return _selects(query.left) + _selects(query.right)
    return [query] if isinstance(query, exp.Select) else []


class _Lineage:
    def __init__(self, tree: exp.Expr, facts: Mapping[str, Dataset], error: Refusal) -> None:
        self._facts, self._error = facts, error
        self._sources: dict[int, Sources] = {}  # of each column; inner queries come first
        for sources in traverse_scope(tree):
            for column in sources.expression.find_all(exp.Column):
                self._sources.setdefault(id(column), sources)
        self._open: set[tuple[int, str]] = set()  # columns being followed: a query may name itself

    def people(self, *nodes: exp.Expr) -> set[str]:
        """The citizen numbers that the values of these parts may be."""
        return set().union(*map(self._of, nodes))

    def _of(self, node: exp.Expr) -> set[str]:
        if isinstance(node, exp.Column):
            return self._of_column(node)
        if isinstance(node, exp.Query):
            return self.people(*(value for one in _selects(node) for value in one.selects))
        if isinstance(node, exp.Predicate) and not isinstance(node, exp.Any | exp.All):
            return set()  # true or false
        return set() if _is_lost(node) else self.people(*node.iter_expressions())

    def _of_column(self, column: exp.Column) -> set[str]:
        sources = self._sources.get(id(column))
        while sources and column.table not in sources.sources:
            sources = sources.parent
        if sources is None:
            return set()  # as_of, or the name of another output
        source = sources.sources[column.table]
        if isinstance(source, exp.Table):
            return self._of_fact(source.name, column.name)
        query = source.expression
        if isinstance(query, exp.Values):
            return set()
        if not isinstance(query, exp.Query) or column.name not in query.named_selects:
            raise self._error(
                Text(f"看不出“{column.sql()}”出自哪里", f"it is unclear where '{column.sql()}' comes from"),
                Text("改用 WITH 里的子查询，不用 LATERAL", "use a query under WITH, not LATERAL"),
            )  # fmt: skip
        step = (id(source), column.name)
        if step in self._open:
            return set()
        self._open.add(step)
        at = query.named_selects.index(column.name)
        found = self.people(
            *(value for one in _selects(query) for value in one.selects[at : at + 1])
        )
        self._open.discard(step)
        return found

    def _of_fact(self, fact: str, column: str) -> set[str]:
        dataset, name = self._facts.get(fact), column.partition("__")[0]
        declared = dataset.columns.get(name) if dataset else None
        return {f"{fact}.{name}"} if declared and declared.type in BEARING else set()
