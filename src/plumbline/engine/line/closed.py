"""A compiled statement in the closed language of a proof: trees that a stand-alone verifier evaluates.

What the verifier knows is in `plumbline.verify_proof`; this module brings the statement that decides a
verdict into that form, one to one. Stars are written out and every column says whence it comes, so that
there is one way to read the result. A construct that the language lacks is refused, never left away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import sqlglot
from sqlglot import exp

from plumbline.errors import RunError, Text

Tree = list[Any]
_UNKNOWN: Tree = ["value", "BIGINT", None]
_BINARY: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.IntDiv: "//", exp.Mod: "%", exp.BitwiseAnd: "&",
    exp.DPipe: "||", exp.Like: "like", exp.Contains: "contains", exp.NullSafeEQ: "same",
}  # fmt: skip
_AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Count: "count", exp.Sum: "sum", exp.Min: "min", exp.Max: "max", exp.BitwiseOrAgg: "bit_or",
}  # fmt: skip
_PARTS: dict[type[exp.Expr], str] = {exp.Year: "0", exp.Month: "1", exp.Day: "2"}
_CASTS = {"TEXT": "TEXT", "VARCHAR": "TEXT", "DATE": "DATE"} | dict.fromkeys(
    ("INT", "BIGINT", "SMALLINT", "TINYINT"), "INTEGER"
)


@dataclass
class Closed:
    """A statement in the closed language.

    Attributes:
        queries: name -> query, in the order in which they build on each other; the last is `answer`.
        read: table -> the columns of it that are read.
    """

    queries: list[tuple[str, Any]] = field(default_factory=list)
    read: dict[str, list[str]] = field(default_factory=dict)


def closed(
    statement: str, tables: Mapping[str, Sequence[str]], given: Mapping[str, Sequence[str]]
) -> Closed:
    """The statement over tables of these columns.

    Args:
        tables: name -> all its columns.
        given: queries of the statement whose rows are given instead, and their columns.

    Raises:
        RunError: there is something in it that the language does not know.
    """
    tree = sqlglot.parse_one(statement, dialect="duckdb")
    writer = _Writer(tables, given)
    return writer.statement(tree)


class _Writer:
    def __init__(
        self, tables: Mapping[str, Sequence[str]], given: Mapping[str, Sequence[str]]
    ) -> None:
        self.tables, self.given = tables, given
        self.known: dict[str, list[str]] = {}  # query -> its columns
        self.found = Closed()
        self.inner = 0

    def statement(self, tree: exp.Expr) -> Closed:
        assert isinstance(tree, exp.Query)  # what the compiler writes
        for cte in tree.ctes:
            if cte.alias in self.given:
                query, columns = self._given(cte.alias, self.given[cte.alias])
            else:
                query, columns = self.query(cte.this)
            self._name(cte.alias, query, columns)
        answer = tree.copy()
        answer.set("with_", None)
        query, columns = self.query(answer)
        self._name("answer", query, columns)
        return self.found

    def _given(self, name: str, columns: Sequence[str]) -> tuple[Any, list[str]]:
        """Rows that are given; what they carry of a fact's row is taken from that row itself."""
        source = f"{name}_given"
        carried = {
            column: (fact, inner)
            for column in columns
            for fact, _, inner in [column.partition("__")]
            if fact in columns and inner in self.known.get(fact, ())
        }
        own = [column for column in columns if column not in carried]
        self.found.read[source] = own
        query: dict[str, Any] = {"from": [source, name]}
        facts = list(dict.fromkeys(fact for fact, _ in carried.values()))
        if facts:
            query["join"] = [
                ["left", fact, fact, ["=", ["column", fact, "_row"], ["column", name, fact]], self.known[fact]]
                for fact in facts
            ]  # fmt: skip
        query["columns"] = [[c, ["column", name, c]] for c in own]
        query["columns"] += [[c, ["column", *place]] for c, place in carried.items()]
        return query, list(columns)

    def _name(self, name: str, query: Any, columns: list[str]) -> None:
        self.known[name] = columns
        self.found.queries.append((name, query))

    def query(self, tree: exp.Expr) -> tuple[Any, list[str]]:
        """A query and the names of its columns."""
        tree = tree.unnest()
        if isinstance(tree, exp.Union):  # rows that a person may only be guessed for never flag
            sources = [table.name for table in tree.right.find_all(exp.Table)]
            if all(name.endswith("__maybe") for name in sources):
                return self.query(tree.left)
            raise _refuse(tree)
        if not isinstance(tree, exp.Select):
            raise _refuse(tree)
        tree = _without_lists(tree)
        known = {"from_", "joins", "where", "group", "distinct", "expressions", "kind", "windows"}
        if extra := [name for name, part in tree.args.items() if part and name not in known]:
            raise _refuse(tree, ", ".join(extra))
        select = _Select(self, tree)
        return select.query, select.columns

    def source(
        self, tree: exp.Expr, wanted: Callable[[], Collection[str]]
    ) -> tuple[Any, list[str]]:
        """What stands after FROM or JOIN: the name of a relation or a query, and its columns."""
        if isinstance(tree, exp.Subquery):
            query, columns = self.query(tree.this)
            return query, columns
        if not isinstance(tree, exp.Table):
            raise _refuse(tree)
        if tree.name in self.known:
            return tree.name, self.known[tree.name]
        if tree.name not in self.tables:
            raise _refuse(tree)
        columns = list(self.tables[tree.name])
        read = self.found.read.setdefault(tree.name, [])
        read += [name for name in columns if name in wanted() and name not in read]
        return tree.name, columns


class _Select:
    """One SELECT; its columns are looked up among its own sources."""

    def __init__(self, writer: _Writer, tree: exp.Select) -> None:
        self.writer, self.tree = writer, tree
        self.sources: dict[str, list[str]] = {}
        self.near = ""  # the rows in the sliding window of each
        start = tree.args["from_"].this
        source = self._source(start)
        self.query: dict[str, Any] = {"from": [source, start.alias_or_name]}
        joins = [self._join(join) for join in tree.args.get("joins") or ()]
        joins += self._lowered_windows()
        if joins:
            self.query["join"] = joins
        if where := tree.args.get("where"):
            self.query["where"] = self.tree_of(where.this)
        columns = self._columns()
        self.columns = list(columns)
        self.query["columns"] = [[name, each] for name, each in columns.items()]
        self._group(columns)

    def _source(self, tree: exp.Expr) -> Any:
        name = tree.alias_or_name

        def wanted() -> Collection[str]:
            return {c.name for c in self.tree.find_all(exp.Column) if c.table in ("", name)}

        source, columns = self.writer.source(tree, wanted)
        if name in self.sources:
            raise _refuse(tree)
        self.sources[name] = columns
        return source

    def _join(self, join: exp.Join) -> Tree:
        how = (join.side or join.kind or "INNER").upper()
        if how not in ("INNER", "LEFT", "SEMI") or not join.args.get("on"):
            raise _refuse(join)
        name = join.this.alias_or_name
        source = self._source(join.this)
        on, columns = self.tree_of(join.args["on"]), self.sources[name]
        if how == "SEMI":
            del self.sources[name]
        return [how.lower(), source, name, on, columns if how == "LEFT" else []]

    def _lowered_windows(self) -> list[Tree]:
        """A sliding window as a join of each row with those that lie in its window."""
        over = [w for each in self.tree.expressions for w in each.find_all(exp.Window)]
        if not over:
            return []
        named = {window.this.name: window for window in self.tree.args.get("windows") or ()}
        (start, columns), *others = self.sources.items()
        window, *more = [named.get(name) for name in dict.fromkeys(w.alias for w in over)]
        if others or more or window is None or self.tree.args.get("group"):
            raise _refuse(over[0])
        order, spec = window.args["order"].expressions[0].this, window.args["spec"]
        ends = tuple(str(spec.args.get(name)) for name in ("kind", "start_side", "end"))
        if ends != ("RANGE", "PRECEDING", "CURRENT ROW"):
            raise _refuse(window)
        near = f"{start}_near"
        mine, theirs = self.tree_of(order), _at(self.tree_of(order), near)
        within = self.tree_of(spec.args["start"])
        same = [["=", _at(self.tree_of(key), near), self.tree_of(key)]
                for key in window.args["partition_by"]]  # fmt: skip
        on = ["and", *same, ["<=", ["-", mine, within], theirs], ["<=", theirs, mine]]
        source = self.query["from"][0]
        self.sources[near] = []  # no column is looked up there
        self.query["group"] = [["column", start, name] for name in columns]
        self.near = near
        return [["left", source, near, on, columns]]

    def _columns(self) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for each in self.tree.expressions:
            star = each.is_star and not isinstance(each.unalias(), exp.Count)
            if star:
                which = [each.table] if isinstance(each, exp.Column) else list(self.sources)
                for source in which:
                    found |= {n: ["column", source, n] for n in self.sources[source]}
            else:
                found[each.alias_or_name] = self.tree_of(each.unalias())
        return found

    def _group(self, columns: Mapping[str, Tree]) -> None:
        group = self.tree.args.get("group")
        if group is not None:
            if group.args.get("all"):
                raise _refuse(group)
            self.query["group"] = [self.tree_of(each) for each in group.expressions]
        elif self.tree.args.get("distinct"):
            self.query["group"] = list(columns.values())
        elif any(_is_aggregate(each) for each in columns.values()) and "group" not in self.query:
            self.query["group"] = []

    def tree_of(self, tree: exp.Expr) -> Tree:  # noqa: C901, PLR0912 -- one case for each construct
        tree = tree.unnest()
        if isinstance(tree, exp.Column):
            return self._column(tree)
        if isinstance(tree, exp.Null):
            return _UNKNOWN
        if isinstance(tree, exp.Boolean):
            return ["value", "BOOLEAN", bool(tree.this)]
        if isinstance(tree, exp.Literal):
            kind = "VARCHAR" if tree.is_string else "DECIMAL" if "." in tree.this else "BIGINT"
            return ["value", kind, tree.this]
        if isinstance(tree, exp.And | exp.Or):
            return [type(tree).__name__.lower(), *map(self.tree_of, tree.flatten())]
        if isinstance(tree, exp.NullSafeNEQ):
            return ["not", ["same", self.tree_of(tree.left), self.tree_of(tree.right)]]
        if type(tree) in _BINARY:
            left, right = self.tree_of(tree.this), self.tree_of(tree.expression)
            said = [_BINARY[type(tree)], left, right]
            return ["not", said] if tree.args.get("negate") else said
        if isinstance(tree, exp.Not):
            return ["not", self.tree_of(tree.this)]
        if isinstance(tree, exp.Neg):
            return ["-", ["value", "BIGINT", "0"], self.tree_of(tree.this)]
        if isinstance(tree, exp.Is):
            return self._is(tree)
        if isinstance(tree, exp.In):
            mine = self.tree_of(tree.this)
            if not tree.expressions:
                raise _refuse(tree)
            return ["or", *(["=", mine, self.tree_of(each)] for each in tree.expressions)]
        if isinstance(tree, exp.Between):
            mine = self.tree_of(tree.this)
            low, high = self.tree_of(tree.args["low"]), self.tree_of(tree.args["high"])
            return ["and", [">=", mine, low], ["<=", mine, high]]
        if isinstance(tree, exp.Case):
            return self._case(tree)
        if isinstance(tree, exp.Coalesce):
            *parts, last = (self.tree_of(each) for each in (tree.this, *tree.expressions))
            return ["case", *([["not", _is_unknown(each)], each] for each in parts), last]
        if isinstance(tree, exp.Greatest):
            return reduce(_greater, map(self.tree_of, (tree.this, *tree.expressions)))
        if isinstance(tree, exp.Cast):
            return self._cast(tree)
        if isinstance(tree, exp.Interval):
            return [
                "interval",
                tree.this.name,
                str(tree.args["unit"].name).upper().removesuffix("S"),
            ]
        if isinstance(tree, exp.Window):
            inside: Tree = _at(self.tree_of(tree.this), self.near)
            return inside
        if type(tree) in _AGGREGATES:
            return self._aggregate(tree)
        return self._function(tree)

    def _column(self, tree: exp.Column) -> Tree:
        name = tree.name
        holders = [s for s, names in self.sources.items() if name in names]
        if tree.table:
            holders = [s for s in holders if s == tree.table]
        if len(holders) != 1:
            raise _refuse(tree)
        return ["column", holders[0], name]

    def _is(self, tree: exp.Is) -> Tree:
        against = tree.expression
        negated = bool(tree.args.get("negate")) or isinstance(against, exp.Not)
        against = against.this if isinstance(against, exp.Not) else against
        said: Tree = ["same", self.tree_of(tree.this), self.tree_of(against)]
        return ["not", said] if negated else said

    def _case(self, tree: exp.Case) -> Tree:
        on = self.tree_of(tree.this) if tree.this is not None else None
        whens = []
        for branch in tree.args["ifs"]:
            when = self.tree_of(branch.this)
            whens.append([["=", on, when] if on else when, self.tree_of(branch.args["true"])])
        default = tree.args.get("default")
        return ["case", *whens, self.tree_of(default) if default is not None else _UNKNOWN]

    def _cast(self, tree: exp.Cast) -> Tree:
        kind = _CASTS.get(tree.to.this.name)
        if kind is None or isinstance(tree, exp.TryCast):
            raise _refuse(tree)
        if kind == "DATE" and isinstance(tree.this, exp.Literal):
            return ["value", "DATE", tree.this.this]
        return ["cast", self.tree_of(tree.this), kind]

    def _aggregate(self, tree: exp.Expr) -> Tree:
        of = tree.this
        distinct = isinstance(of, exp.Distinct)
        of = of.expressions[0] if distinct else of
        inner = None if of is None or isinstance(of, exp.Star) else self.tree_of(of)
        return ["aggregate", _AGGREGATES[type(tree)], distinct, inner]

    def _function(self, tree: exp.Expr) -> Tree:
        if isinstance(tree, exp.SHA2) and isinstance(tree.this, exp.ConcatWs):
            separator, *values = tree.this.expressions
            if separator.name == "␟" and all(_is_marked(value) for value in values):
                return ["digest", *(self.tree_of(value.this.this) for value in values)]
        if isinstance(tree, exp.LastDay):
            return ["month_end", self.tree_of(tree.this)]
        if type(tree) in _PARTS:
            return ["part", self.tree_of(tree.this), _PARTS[type(tree)]]
        if isinstance(tree, exp.DateFromParts):
            return ["make_date", *(self.tree_of(tree.args[n]) for n in ("year", "month", "day"))]
        if isinstance(tree, exp.Abs | exp.Length):
            return [type(tree).__name__.lower(), self.tree_of(tree.this)]
        raise _refuse(tree)


def _without_lists(tree: exp.Select) -> exp.Select:
    """UNNEST(LIST(DISTINCT x)) is DISTINCT x, written so that DuckDB plans it better."""
    selects, start = tree.selects, tree.args.get("from_")
    if len(selects) != 1 or not isinstance(selects[0].unalias(), exp.Explode) or start is None:
        return tree
    inner = start.this.this.copy()
    if not isinstance(inner, exp.Select):
        raise _refuse(tree)
    listed = inner.selects[0].unalias()
    if not isinstance(listed, exp.ArrayAgg) or not isinstance(listed.this, exp.Distinct):
        raise _refuse(tree)
    inner.set("expressions", [exp.alias_(listed.this.expressions[0], selects[0].alias)])
    inner.set("distinct", exp.Distinct())
    return inner


def _is_marked(value: exp.Expr) -> bool:
    """Is it COALESCE(CAST(... AS TEXT), '␀')?"""
    return (
        isinstance(value, exp.Coalesce) and isinstance(value.this, exp.Cast)
        and [each.name for each in value.expressions] == ["␀"]
    )  # fmt: skip


def _is_unknown(tree: Tree) -> Tree:
    return ["same", tree, _UNKNOWN]


def _greater(one: Tree, other: Tree) -> Tree:
    """GREATEST passes over what is unknown."""
    left = ["or", _is_unknown(other), [">=", one, other]]
    return ["case", [_is_unknown(one), other], [left, one], other]


def _is_aggregate(tree: Any) -> bool:
    return isinstance(tree, list) and (tree[:1] == ["aggregate"] or any(map(_is_aggregate, tree)))


def _at(tree: Any, source: str) -> Any:
    """The same of the rows of another source."""
    if not isinstance(tree, list):
        return tree
    return ["column", source, tree[2]] if tree[:1] == ["column"] else [_at(t, source) for t in tree]


def _refuse(tree: exp.Expr, what: str = "") -> RunError:
    shown = tree.sql(dialect="duckdb")[:120]
    return RunError(
        Text(f"证明文件的语言里没有这种写法{what and f'（{what}）'}：{shown}",
             f"the language of proofs does not know this{what and f' ({what})'}: {shown}"),
    )  # fmt: skip
