"""sql: candidates that no other shape describes, listed by a checked SELECT of the author's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plumbline.engine.fact.document import did_you_mean
from plumbline.engine.line import time
from plumbline.engine.line.expression import (
    INSTEAD,
    Compiler,
    Refusal,
    Scope,
    called,
    renamed_keywords,
    written,
)
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import Base, date_in_force, day_at, plain_scope
from plumbline.engine.line.shapes.people import tied_people
from plumbline.engine.line.shapes.ties import described_only, identifier_key, row_tiers, tier, worst
from plumbline.engine.line.time import Day, Span
from plumbline.errors import DeclarationError, Text

#: What engines read differently, or what makes a result depend on chance.
_REFUSED: tuple[tuple[type[exp.Expr], Text], ...] = (
    (exp.Div, Text("不用除法，写成乘法", "no division: write it as a multiplication")),
    (exp.Limit, Text("不用 LIMIT，结果会取决于顺序", "no LIMIT: the result would depend on order")),
    (exp.CurrentDate, Text("不用时钟，写 as_of", "no clock: write as_of")),
    (exp.CurrentTimestamp, Text("不用时钟，写 as_of", "no clock: write as_of")),
    (exp.AnyValue, Text("any_value 的结果不定", "any_value gives an arbitrary row")),
    (exp.First, Text("first 的结果不定", "first gives an arbitrary row")),
    (
        exp.Avg,
        Text("不用 avg，写成 total 与 rows 的乘法比较", "no avg: compare sums by multiplication"),
    ),
    (exp.Rand, Text("不用随机数", "no random numbers")),
    (exp.Uuid, Text("不用随机数", "no random numbers")),
    (exp.TableSample, Text("抽样的结果不定", "a sample gives arbitrary rows")),
)

#: Functions and operators of SQL that every engine reads alike; sqlglot counts some operators among them.
_ALLOWED = (
    *(
        exp.And,
        exp.Or,
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.Nullif,
        exp.Cast,
        exp.TryCast,
        exp.Exists,
    ),
    *(
        exp.Sum,
        exp.Count,
        exp.Min,
        exp.Max,
        exp.RowNumber,
        exp.Rank,
        exp.DenseRank,
        exp.Lag,
        exp.Lead,
    ),
    *(exp.Abs, exp.Length, exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Replace, exp.Concat),
    *(exp.Greatest, exp.Least, exp.Year, exp.Month, exp.Day),
)
_NO_CAST = Text(
    "列已有类型，不必转换；写成 DECIMAL 时小数位由你定",
    "columns have their types; cast to VARCHAR, DATE or DECIMAL(p, s) alone",
)
_NO_DATES = Text(
    "日期不相减：用 within_days、overlaps 等函数",
    "dates are not subtracted: use within_days, overlaps and the like",
)
_FROM_ONE = Text("从第 1 个字起数", "count from 1, by a number that is written here")
_NO_FLOATS = Text(
    "不用浮点数；金额以分计，小数写成 DECIMAL",
    "no floats: amounts are in fen, fractions are DECIMAL",
)


def base(model: SupervisionModel) -> Base:
    assert model.declared.sql is not None  # the model was checked when it was loaded
    scope = plain_scope(model)

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("sql",), problem, hint)

    scope = replace(scope, error=error)
    query = _parsed(model.declared.sql, error)
    _check(model, query, error)
    outputs = [select.alias_or_name for select in query.selects]
    evidence = [name for name in outputs if name in model.facts]
    if not evidence:
        raise error(
            Text("查询没有返回任何证据行", "the query returns no evidence"),
            Text("选出 事实._row AS 事实", "select fact._row AS fact"),
        )
    translated = _translated(query, scope)
    _check_people(model, translated, error)
    listed = translated.sql(dialect="duckdb")
    joins = "".join(f" LEFT JOIN {fact} ON {fact}._row = listed.{fact}" for fact in evidence)
    located = replace(plain_scope(model), facts={f: model.facts[f] for f in evidence})
    carries = carried(translated, evidence, {}) is not None
    if carries:  # finding the rows again by their numbers would cost more than all the rest
        joins = ""
        located = replace(located, locate=lambda fact, column: f"listed.{fact}__{column}")
    figures = {f"sql.{name}": f"listed.{name}" for name in outputs if name not in model.facts}
    named = date_in_force(model)
    if named and named.partition(".")[0] not in evidence:
        named = None
    return Base(
        facts=list(model.facts),
        scope=located,
        in_force=day_at(model, named, located),
        source=f"listed{joins}",
        rows={fact: f"listed.{fact}" for fact in evidence},
        tier=_tier(model, evidence, located),
        lead=f"COALESCE({', '.join(f'listed.{fact}' for fact in evidence)})",
        evidence=evidence,
        ctes=[("listed", listed)],
        carrying=(lambda used: [("listed", str(carried(translated, evidence, used)))])
        if carries
        else None,
        figures={name: sql for name, sql in figures.items() if name != "sql.tier"},
        conditions=["TRUE"] if model.declared.flag_when is None else [],
    )


def carried(
    query: exp.Expr, evidence: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> str | None:
    """The query with more columns of the rows it returns, or None where it does not show whence they come."""
    query, shown = query.copy(), set[str]()
    names = query.named_selects if isinstance(query, exp.Query) else []
    unions = query.find_all(exp.Union)
    if any("__" in name for name in names) or any(union.args.get("by_name") for union in unions):
        return None
    for select in _branches(query):
        if not isinstance(select, exp.Select) or select.args.get("group"):
            return None
        if len(select.selects) != len(names):
            return None
        sources = [select.args.get("from_"), *select.args.get("joins", [])]
        read = {str(source.this.alias_or_name) for source in sources if source is not None}
        rows = dict(zip(names, select.selects, strict=True))
        for fact in evidence:
            row = rows[fact].unalias()
            if (
                isinstance(row, exp.Column)
                and (row.table, row.name) == (fact, "_row")
                and fact in read
            ):
                value = "{0}.{1}"
                shown.add(fact)
            elif isinstance(row.this if isinstance(row, exp.Cast) else row, exp.Null):
                value = "NULL"
            else:
                return None
            more = [f"{value.format(fact, c)} AS {fact}__{c}" for c in columns.get(fact, ())]
            select.select(*more, dialect="duckdb", copy=False)
    return query.sql(dialect="duckdb") if shown == {*evidence} else None


def _branches(query: exp.Expr) -> list[exp.Expr]:
    """The SELECTs that a UNION is made of."""
    if isinstance(query, exp.Union):
        return [*_branches(query.left), *_branches(query.right)]
    return [query]


def _tier(model: SupervisionModel, evidence: list[str], scope: Scope) -> str:
    """Names are compared between the evidence rows, whatever the query joined them by."""
    tiers = []
    for references in model.declared.same.values():
        split = [tuple(reference.split(".", 1)) for reference in references]
        present = [(fact, column) for fact, column in split if fact in evidence]
        tiers += row_tiers(model, present, scope.locate)
        for other in present[1:]:
            if model.facts[other[0]].columns[other[1]].type in ("person.id", "org.code"):
                found = tier(model, present[0], other, scope.locate) or "'A'"
                keys = identifier_key(model.facts[other[0]], other[1])
                equal = " AND ".join(
                    f"{scope.locate(*present[0])}{key} = {scope.locate(*other)}{key}"
                    for key in keys
                )
                # A fact that takes no part (its row is null) contradicts nothing; what the query joined
                # by something else is not the same person for that.
                tiers.append(
                    f"CASE WHEN listed.{other[0]} IS NULL OR listed.{present[0][0]} IS NULL THEN 'A' "
                    f"WHEN {equal} THEN {found} ELSE 'E' END"
                )
    if described_only(model):
        tiers.append("'E'")
    return worst([t for t in tiers if t])


def _parsed(text: str, error: Refusal) -> exp.Query:
    renamed = renamed_keywords(text)
    try:
        tree = sqlglot.parse_one(renamed, dialect="duckdb")
    except (ParseError, TokenError) as broken:
        raise error(
            Text(
                f"SQL 写法不通：{str(broken).splitlines()[0]}",
                f"the SQL cannot be read: {str(broken).splitlines()[0]}",
            ),
        ) from broken
    if not isinstance(tree, exp.Query):
        raise error(Text("只能写 SELECT", "only a SELECT is allowed"))
    return tree


def _check(model: SupervisionModel, query: exp.Query, error: Refusal) -> None:
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        if table.name not in model.facts and table.name not in ctes:
            raise error(
                Text(f"没有事实“{table.name}”", f"no fact '{table.name}'"),
                did_you_mean(table.name, list(model.facts)),
            )
        if table.name in model.facts and table.alias and table.alias != table.name:
            raise error(
                Text(
                    f"不要给事实另取别名“{table.alias}”",
                    f"do not rename the fact to '{table.alias}'",
                ),
                Text(
                    "同一数据集用两次时，在 facts 里写两个名字",
                    "name the dataset twice under facts",
                ),
            )
    for kind, advice in _REFUSED:
        if found := query.find(kind):
            raise error(
                Text(f"这里不能写“{written(found)}”", f"'{written(found)}' is not allowed"), advice
            )
    for node in query.find_all(exp.Func, exp.DataType, exp.Literal, exp.Sub):
        if (instead := _amiss(node)) is not None:
            raise error(
                Text(f"这里不能写“{written(node)}”", f"'{written(node)}' is not allowed"), instead
            )


def _check_people(model: SupervisionModel, query: exp.Expr, error: Refusal) -> None:
    """Numbers and names are taken for one's only under `same`, which has the tie graded."""
    for people in tied_people(query, model.facts, error):
        if not any(set(people) <= set(refs) for refs in model.declared.same.values()):
            zh, en = (join.join(people) for join in ("”和“", "' and '"))
            raise error(
                Text(
                    f"“{zh}”要写进 same，身份才会分级、姓名才会核对",
                    f"write '{en}' under same, so that names are compared",
                ),
            )


def _amiss(node: exp.Expr) -> Text | None:
    """What to write instead of a part that engines read differently; None where it is fine."""
    if isinstance(node, exp.DataType):
        return _NO_FLOATS if node.this in exp.DataType.REAL_TYPES - _DECIMALS else None
    if isinstance(node, exp.Literal):
        return _NO_FLOATS if not node.is_string and "e" in str(node.this).lower() else None
    if isinstance(node, exp.Cast):  # and TRY_CAST
        return _amiss_in_cast(node)
    if isinstance(node, exp.Sub):
        return _NO_DATES if all(map(_is_day, (node.left, node.right))) else None
    if isinstance(node, exp.Substring):
        start = node.args.get("start")
        return None if isinstance(start, exp.Literal) and int(start.this) > 0 else _FROM_ONE
    if isinstance(node, _ALLOWED) or not isinstance(node, exp.Func):
        return None
    name = called(node)[0]
    if name in _OURS:
        return None
    return INSTEAD.get(name) or Text(
        f"没有核对过各引擎对 {name} 的读法",
        f"{name} is not among the functions known to be read alike",
    )


def _amiss_in_cast(node: exp.Cast) -> Text | None:
    """A whole number is rounded by the one engine and cut off by the other; texts are read otherwise."""
    if isinstance(node.this, exp.Null) and not isinstance(node, exp.TryCast):
        return None
    if isinstance(node, exp.TryCast) or not node.to.is_type("text", "varchar", "date", "decimal"):
        return _NO_CAST if node.to.this not in exp.DataType.REAL_TYPES - _DECIMALS else _NO_FLOATS
    return None


def _is_day(node: exp.Expr) -> bool:
    node = node.unnest()
    named = isinstance(node, exp.Column) and node.name.endswith(("__from", "__to"))
    return named or (isinstance(node, exp.Cast) and node.to.is_type("date"))


def _translated(query: exp.Query, scope: Scope) -> exp.Expr:
    """The query with our functions written out, and columns checked."""
    compiler = Compiler(scope)

    def write(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Func) and called(node)[0] in _OURS:
            value = compiler.value(node)
            if isinstance(value, Day | Span):
                raise scope.error(
                    Text(
                        f"“{written(node)}”要放在 before(...) 等函数里",
                        f"'{written(node)}' belongs inside before(...) and the like",
                    ),
                )
            return sqlglot.parse_one(value, dialect="duckdb")
        if isinstance(node, exp.Column) and not node.table and (fact := _fact_of(node, scope)):
            node.set("table", exp.to_identifier(fact))
        if isinstance(node, exp.Column) and node.table in scope.facts:
            return _column(node, scope)
        return node

    return query.transform(write)


_OURS = {*time.FUNCTIONS, "yuan", "born", "sex", "age"}
_DECIMALS = {exp.DataType.Type.DECIMAL}


def _fact_of(node: exp.Column, scope: Scope) -> str | None:
    """The fact that a bare column is read from, where the SELECT around it reads nothing else."""
    select = node.find_ancestor(exp.Select)
    if select is None or node.name == scope.as_of:
        return None
    sources = [select.args.get("from_"), *select.args.get("joins", [])]
    names = [str(source.this.alias_or_name) for source in sources if source is not None]
    facts = [name for name in names if name in scope.facts]
    if node.name in select.named_selects and not any(
        node.name in {field.suffix for field in scope.facts[fact].fields} for fact in facts
    ):
        return None  # the name of another output
    if len(names) == 1 and facts:
        return facts[0]
    if facts:
        raise scope.error(
            Text(f"“{node.name}”是哪个事实的列？", f"of which fact is '{node.name}' a column?"),
            Text(f"写成如 {facts[0]}.{node.name}", f"write it like {facts[0]}.{node.name}"),
        )
    return None


def _column(node: exp.Column, scope: Scope) -> exp.Expr:
    """A scalar column as it is; an identifier where equality is meant must be named by its key."""
    dataset = scope.facts[node.table]
    physical = {field.suffix for field in dataset.viewed}
    if node.name in physical:
        return node
    if node.name in dataset.columns:
        raise scope.error(
            Text(
                f"日期列 {node.table}.{node.name} 有起止两端",
                f"the date {node.table}.{node.name} has two ends",
            ),
            Text(
                f"写 {node.name}__from 或 {node.name}__to，或用时间函数",
                f"write {node.name}__from or {node.name}__to, or use a time function",
            ),
        )
    raise scope.error(
        Text(
            f"数据集 {dataset.name} 没有列“{node.name}”",
            f"dataset {dataset.name} has no column '{node.name}'",
        ),
        did_you_mean(node.name, [*dataset.columns, *physical]),
    )
