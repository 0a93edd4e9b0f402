"""Expressions in a model's slots: SQL, parsed and checked, written out on the facts' physical columns.

Only an allow-list of constructs passes; what engines understand differently stays out
(guide: decisions, "portable SQL"). Every refusal names the slot, the word and the nearest valid one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import did_you_mean, nearest
from plumbline.engine.fact.types import DATED
from plumbline.engine.line import time
from plumbline.engine.line.time import Day, Number, Span
from plumbline.errors import DeclarationError, Text

Kind = Literal["text", "number", "condition"]


class Refusal(Protocol):
    """Makes the error that names the slot an expression stands in."""

    def __call__(self, problem: Text, hint: Text | None = None) -> DeclarationError: ...


#: Aggregates over the rows of a group or warning.
AGGREGATES = ("rows", "total", "least", "most", "distinct", "earliest", "latest")

_VALUE_FUNCTIONS = ("yuan", "born", "sex", "age")
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Like: "LIKE",
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
_CONDITIONS = (*_COMPARISONS, exp.Connector, exp.Not, exp.Is, exp.In, exp.Between, exp.Like)
_KINDS: dict[str, Kind] = {
    "integer": "number", "decimal": "number", "money": "number", "boolean": "condition",
}  # fmt: skip

#: What of each construct is written out. Whatever else the parser found in it, such as the NOT of NOT
#: LIKE, must be refused: left away, it would change the meaning unseen.
_WRITTEN: dict[type[exp.Expr], frozenset[str]] = {
    exp.Paren: frozenset({"this"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.Coalesce: frozenset({"this", "expressions", "is_nvl", "is_null"}),
    exp.Abs: frozenset({"this"}),
    exp.Length: frozenset({"this"}),
}


@dataclass(frozen=True)
class Scope:
    """What an expression may speak of.

    Attributes:
        facts: alias -> dataset.
        locate: SQL prefix of `fact.column`; the field's suffix is appended to it.
        figures: names such as `sum.litres` -> SQL.
        numbers: settings -> their value, perhaps by date in force.
        aggregate: builds the SQL of rows(...), total(...) where aggregates are allowed.
        inside: where the argument of an aggregate finds columns; None: where all others do.
        bare: the fact that bare column names belong to (in `where`).
        derived: takes a date that was worked out, such as the end of a month, to a place where that is
            done once for many candidates.
    """

    facts: Mapping[str, Dataset]
    error: Refusal
    locate: Callable[[str, str], str] = lambda fact, column: f"{fact}.{column}"
    figures: Mapping[str, str | Day] = field(default_factory=dict)
    numbers: Mapping[str, Number | str] = field(default_factory=dict)
    aggregate: Callable[[str, str, str | Day | None], str | Day] | None = None
    inside: Scope | None = None
    bare: str | None = None
    derived: Callable[[Day], Day] | None = None
    as_of: str = "as_of"


#: Our functions whose names are words of SQL; they are parsed under another name.
_KEYWORDS = re.compile(r"'(?:[^']|'')*'|\b(overlaps|end|rows|distinct|least)\s*\(", re.IGNORECASE)
_PREFIX = "plumb_"


def renamed_keywords(text: str) -> str:
    """The text with those functions under names that SQL leaves alone."""
    return _KEYWORDS.sub(
        lambda found: f"{_PREFIX}{found[1].lower()}(" if found[1] else found[0], text
    )


def parse(text: str, error: Refusal) -> exp.Expr:
    """The expression's tree; a syntax error shows where it is."""
    try:
        tree = sqlglot.parse_one(renamed_keywords(text), dialect="duckdb")
    except (ParseError, TokenError) as broken:
        found = broken.errors[0] if isinstance(broken, ParseError) and broken.errors else {}
        near = f"{found.get('start_context', '')[-20:]}{found.get('highlight', '')}"
        near = near.replace(_PREFIX, "").strip() or text
        raise error(
            Text(f"写法不通，在“{near}”附近", f"cannot be read, near '{near}'"),
            Text("检查括号、引号和 and/or", "check brackets, quotes and and/or"),
        ) from broken
    return tree


def references(tree: exp.Expr) -> list[tuple[str, str]]:
    """All `fact.column` mentioned."""
    return [(c.table, c.name) for c in tree.find_all(exp.Column) if c.table]


def conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    """The parts that must all hold."""
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


class Compiler:
    """Writes one expression as SQL within a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def boolean(self, tree: exp.Expr) -> str:
        """SQL of a condition."""
        value = self.value(tree)
        if not isinstance(value, str):
            raise self._refuse(
                f"“{written(tree)}”是日期，不是条件", f"'{written(tree)}' is a date, not a condition",
                Text("用 before(...)、within_years(...) 等比较", "compare it with before(...), within_years(...)"),
            )  # fmt: skip
        if self._kind(tree) not in (None, "condition"):
            raise self._refuse(
                f"“{written(tree)}”是值，不是条件", f"'{written(tree)}' is a value, not a condition",
                Text("拿它与什么比较，如 = 或 is not null", "compare it with something: =, is not null"),
            )  # fmt: skip
        return value

    def _kind(self, tree: exp.Expr) -> Kind | None:
        """What a scalar is, as far as the model says; None where only the data can tell."""
        tree = tree.unnest()
        if isinstance(tree, exp.Literal):
            return "text" if tree.is_string else "number"
        if isinstance(tree, exp.Column):
            dataset = self.scope.facts.get(tree.table or self.scope.bare or "")
            declared = dataset.columns.get(tree.name) if dataset else None
            if f"{tree.table}.{tree.name}" in self.scope.figures:
                return None
            if declared is not None:
                return None if declared.type in DATED else _KINDS.get(declared.type, "text")
            return "number" if not tree.table and tree.name in self.scope.numbers else None
        if isinstance(tree, (exp.Neg, exp.Length, exp.Abs, *_ARITHMETIC)):
            return "number"
        if isinstance(tree, (exp.Boolean, *_CONDITIONS)):
            return "condition"
        if isinstance(tree, exp.Anonymous):
            name = called(tree)[0]
            return {"yuan": "number", "age": "number", "sex": "text", "rows": "number"}.get(name)  # type: ignore[return-value]
        return None

    def _check_kinds(self, *trees: exp.Expr) -> None:
        """Text compared with a number would be read as one, and fail on the first that is none."""
        kinds = [(tree, kind) for tree in trees if (kind := self._kind(tree)) is not None]
        for tree, kind in kinds[1:]:
            if kind != kinds[0][1]:
                one, other = written(kinds[0][0]), written(tree)
                raise self._refuse(
                    f"“{one}”和“{other}”不是一类值，不能比较",
                    f"'{one}' and '{other}' are not of one kind and cannot be compared",
                    Text("文字要加引号，数字和 true、false 不加", "text has quotes; numbers, true and false have none"),
                )  # fmt: skip

    def _numeric(self, tree: exp.Expr) -> str:
        if self._kind(tree) not in (None, "number"):
            raise self._refuse(
                f"“{written(tree)}”不是数，不能运算",
                f"'{written(tree)}' is not a number to calculate with",
            )
        return self._scalar(tree)

    def value(self, tree: exp.Expr) -> str | Day | Span:
        """SQL of a value: text for scalars, Day for dates, Span for periods."""
        self._check_whole(tree)
        if isinstance(tree, exp.Paren):
            inner = self.value(tree.this)
            return f"({inner})" if isinstance(inner, str) else inner
        if isinstance(tree, exp.Column):
            return self._column(tree)
        if isinstance(tree, exp.Literal | exp.Boolean | exp.Null):
            return self._literal(tree)
        if isinstance(tree, exp.Cast) and tree.to.this == exp.DataType.Type.DATE:
            return self._date_literal(tree)
        if type(tree) in _OPERATORS:
            return self._operation(tree)
        if isinstance(tree, exp.Not):
            return f"NOT ({self.boolean(tree.this)})"
        if isinstance(tree, exp.Neg):
            return f"(-{self._numeric(tree.this)})"
        if isinstance(tree, exp.Is):
            return self._is(tree)
        if isinstance(tree, exp.In):
            return self._in(tree)
        if isinstance(tree, exp.Between):
            self._check_kinds(tree.this, tree.args["low"], tree.args["high"])
            low, high = self._scalar(tree.args["low"]), self._scalar(tree.args["high"])
            return f"{self._scalar(tree.this)} BETWEEN {low} AND {high}"
        if isinstance(tree, exp.Case):
            return self._case(tree)
        if isinstance(tree, exp.Coalesce):
            self._check_kinds(tree.this, *tree.expressions)
            parts = [self._scalar(part) for part in (tree.this, *tree.expressions)]
            return f"COALESCE({', '.join(parts)})"
        if isinstance(tree, exp.Abs | exp.Length):
            return f"{type(tree).__name__.upper()}({self._scalar(tree.this)})"
        if isinstance(tree, exp.Func):
            return self._function(tree)
        raise self._refuse(
            f"这里不能写“{written(tree)}”", f"'{written(tree)}' is not allowed here", _advice(tree)
        )

    def _scalar(self, tree: exp.Expr) -> str:
        value = self.value(tree)
        if isinstance(value, str):
            return value
        raise self._refuse(
            f"日期“{written(tree)}”不能这样比较或运算",
            f"the date '{written(tree)}' cannot be compared or calculated with like this",
            Text(
                "日期可能只知年月；用 before、after、within_days、span 等函数",
                "a date may be known by year only; use before, after, within_days, span, ...",
            ),
        )

    def _column(self, tree: exp.Column) -> str | Day:
        fact, column = tree.table, tree.name
        if not fact:
            if column.lower() == "as_of":
                return Day(self.scope.as_of, self.scope.as_of)
            if column in self.scope.numbers:
                return self._setting(column)
            if self.scope.bare and column in self.scope.facts[self.scope.bare].columns:
                fact = self.scope.bare
            else:
                raise self._unknown(column)
        if f"{fact}.{column}" in self.scope.figures:
            return self.scope.figures[f"{fact}.{column}"]
        if fact not in self.scope.facts:
            raise self._unknown(f"{fact}.{column}")
        dataset = self.scope.facts[fact]
        if column not in dataset.columns:
            raise self.scope.error(
                Text(
                    f"数据集 {dataset.name} 没有列“{column}”",
                    f"dataset {dataset.name} has no column '{column}'",
                ),
                did_you_mean(column, list(dataset.columns)),
            )
        at = self.scope.locate(fact, column)
        kind = dataset.columns[column].type
        if kind in DATED:
            return Day(f"{at}__from", f"{at}__to", moment=kind == "moment")
        return at

    def _setting(self, name: str) -> str:
        number = self.scope.numbers[name]
        if isinstance(number, str):
            return number
        if len(number.cases) == 1 and not number.cases[0][0]:
            return str(number.cases[0][1])
        whens = " ".join(f"WHEN {when} THEN {value}" for when, value in number.cases)
        return f"CASE {whens} END"

    def _literal(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.Literal) and not tree.is_string and "e" in str(tree.this).lower():
            raise self._refuse(
                f"“{tree.this}”会成为浮点数", f"'{tree.this}' would become a float",
                Text("写成整数或小数", "write it as a whole or decimal number"),
            )  # fmt: skip
        return tree.sql(dialect="duckdb")

    def _date_literal(self, tree: exp.Cast) -> Day:
        text = tree.this.name
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise self._refuse(
                f"“{text}”不是日期", f"'{text}' is not a date",
                Text("写成 date '2020-01-31'", "write date '2020-01-31'"),
            ) from None  # fmt: skip
        return Day(f"DATE '{day}'", f"DATE '{day}'")

    def _operation(self, tree: exp.Expr) -> str:
        left, right = tree.this, tree.expression
        if isinstance(tree, _COMPARISONS):
            self._check_codes(left, [right])
            self._check_codes(right, [left])
            self._check_kinds(left, right)
            self._check_people(left, right)
        make = self._scalar
        if isinstance(tree, exp.And | exp.Or):
            make = self.boolean
        elif isinstance(tree, _ARITHMETIC):
            make = self._numeric
        negated = "NOT " if tree.args.get("negate") else ""  # of NOT LIKE
        sides = [make(side) for side in (left, right)]
        if not isinstance(
            tree, exp.And | exp.Or
        ):  # (a > b) = c: engines differ on it without brackets
            sides = [f"({text})" if isinstance(side, _CONDITIONS) else text
                     for side, text in zip((left, right), sides, strict=True)]  # fmt: skip
        text = f"{sides[0]} {negated}{_OPERATORS[type(tree)]} {sides[1]}"
        return f"({text})" if isinstance(tree, exp.Or) else text

    def _check_whole(self, tree: exp.Expr) -> None:
        """Refuse a construct of which a part would be left away."""
        binary = frozenset({"this", "expression"}) if isinstance(tree, exp.Binary) else None
        known = _WRITTEN.get(type(tree), binary)
        if known is not None and any(part for name, part in tree.args.items() if name not in known):
            raise self._refuse(
                f"这里不能写“{written(tree)}”",
                f"'{written(tree)}' is not allowed here",
                _advice(tree),
            )

    def _is(self, tree: exp.Is) -> str:
        operand = self.value(tree.this)
        if isinstance(operand, Span):
            raise self._refuse("时段不能用 is", "a period cannot be used with is")
        first = operand.first if isinstance(operand, Day) else operand
        negated = tree.args.get("negate") or isinstance(tree.expression, exp.Not)
        target = tree.expression.this if isinstance(tree.expression, exp.Not) else tree.expression
        return f"{first} IS {'NOT ' if negated else ''}{target.sql()}"

    def _in(self, tree: exp.In) -> str:
        if tree.args.get("query"):
            raise self._refuse("不能用子查询", "sub-queries are not allowed here", _SQL_SHAPE)
        if not tree.expressions:
            raise self._refuse("in 后面的括号是空的", "nothing stands between the brackets of in")
        self._check_codes(tree.this, tree.expressions)
        self._check_kinds(tree.this, *tree.expressions)
        return (
            f"{self._scalar(tree.this)} IN ({', '.join(self._scalar(e) for e in tree.expressions)})"
        )

    def _case(self, tree: exp.Case) -> str:
        if tree.this is not None:
            raise self._refuse("case 须写成 case when ... then ...", "write case when ... then ...")
        whens = " ".join(
            f"WHEN {self.boolean(branch.this)} THEN {self._scalar(branch.args['true'])}"
            for branch in tree.args["ifs"]
        )
        default = tree.args.get("default")
        other = f" ELSE {self._scalar(default)}" if default is not None else ""
        return f"CASE {whens}{other} END"

    def _function(self, tree: exp.Func) -> str | Day | Span:
        name, given = called(tree)
        if name in time.FUNCTIONS:
            signature, build = time.FUNCTIONS[name]
            value = build(*self._arguments(name, signature, given))
            return (
                self.scope.derived(value)
                if self.scope.derived and isinstance(value, Day)
                else value
            )
        if name == "yuan" and len(given) == 1:
            return self._yuan(given[0])
        if name in ("born", "sex") and len(given) == 1:
            return self._from_number(name, given[0])
        if name == "age" and len(given) == 2:
            return self._age(*given)
        if name in AGGREGATES:
            return self._aggregate(name, given)
        if isinstance(tree, exp.Cast | exp.Array | exp.Exists) or not name:
            raise self._refuse(
                f"这里不能写“{written(tree)}”",
                f"'{written(tree)}' is not allowed here",
                _advice(tree),
            )
        allowed = [*time.FUNCTIONS, *_VALUE_FUNCTIONS, *AGGREGATES, "coalesce", "abs", "length"]
        raise self._refuse(
            f"没有函数“{name}”，或参数个数不对",
            f"no function '{name}' that takes {len(given)} argument(s)",
            INSTEAD.get(name) or did_you_mean(name, allowed),
        )

    def _arguments(
        self, name: str, signature: str, given: Sequence[exp.Expr]
    ) -> list[Day | Span | Number]:
        kinds = time.arguments(signature)
        least = len(kinds) - signature.count("?")
        if not least <= len(given) <= len(kinds):
            raise self._refuse(
                f"{name} 要 {least} 个参数，写了 {len(given)} 个",
                f"{name} takes {least} argument(s), {len(given)} given",
            )
        values = [
            self._argument(name, kind, tree) for kind, tree in zip(kinds, given, strict=False)
        ]
        least_number = {"overlaps": 1}.get(name, 0 if name.startswith("within_") else None)
        for number in (value for value in values if isinstance(value, Number)):
            if least_number is not None and any(n < least_number for _, n in number.cases):
                raise self._refuse(
                    f"{name} 的数不能小于 {least_number}",
                    f"{name} needs a number from {least_number} up",
                )
        return values + [Number((("", 1),))] * (len(kinds) - len(given))

    def _argument(self, name: str, kind: str, tree: exp.Expr) -> Day | Span | Number:
        if kind == "n":
            return self._number(name, tree)
        value = self.value(tree)
        if (kind == "d" and isinstance(value, Day)) or (kind == "s" and isinstance(value, Span)):
            return value
        zh, en = ("日期", "a date") if kind == "d" else ("时段", "a period")
        raise self._refuse(
            f"{name} 的参数“{written(tree)}”须是{zh}",
            f"{name} needs {en}, '{written(tree)}' is not one",
            None
            if kind == "d"
            else Text("用 span(起, 止) 或 whole(日期)", "use span(from, to) or whole(date)"),
        )

    def _number(self, name: str, tree: exp.Expr) -> Number:
        if isinstance(tree, exp.Literal) and not tree.is_string and str(tree.this).isdigit():
            return Number((("", int(tree.this)),))
        if isinstance(tree, exp.Neg) and str(tree.this.this).isdigit():
            return Number((("", -int(tree.this.this)),))
        if isinstance(tree, exp.Column) and not tree.table and tree.name in self.scope.numbers:
            number = self.scope.numbers[tree.name]
            if isinstance(number, Number):
                return number
        raise self._refuse(
            f"{name} 的数须是整数或 settings 里的整数，不能是“{written(tree)}”",
            f"{name} needs a whole number or a whole setting, not '{written(tree)}'",
        )

    def _yuan(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.Literal) and not tree.is_string:
            fen = Decimal(self._literal(tree)) * 100
            if fen != fen.to_integral_value():
                raise self._refuse(
                    f"yuan({tree.this}) 不是整分", f"yuan({tree.this}) is not a whole number of fen"
                )
            return str(int(fen))
        return f"({self._numeric(tree)}) * 100"

    def _from_number(self, name: str, tree: exp.Expr) -> str | Day:
        key = self._key(name, tree)
        if name == "sex":
            return f"CASE WHEN {key} % 2 = 1 THEN 'M' WHEN {key} % 2 = 0 THEN 'F' END"
        digits = [(10_000_000, 10_000), (100_000, 100), (1_000, 100)]
        parts = [f"CAST({key} // {unit} % {size} AS INT)" for unit, size in digits]
        born = f"MAKE_DATE({', '.join(parts)})"
        return Day(born, born)

    def _key(self, name: str, tree: exp.Expr) -> str:
        """The integer key of a citizen number: its first seventeen digits."""
        if isinstance(tree, exp.Column) and tree.table in self.scope.facts:
            declared = self.scope.facts[tree.table].columns.get(tree.name)
            if declared is not None and declared.type == "person.id":
                return f"{self.scope.locate(tree.table, tree.name)}__key"
        raise self._refuse(
            f"{name} 的参数须是公民身份号码列", f"{name} needs a column of type person.id"
        )

    def _age(self, person: exp.Expr, on: exp.Expr) -> str:
        """Whole years on a date, by the numbers yyyymmdd; unknown if the date leaves it open."""
        key, day = self._key("age", person), self.value(on)
        if not isinstance(day, Day):
            raise self._refuse(
                "age 的第二个参数须是日期", "the second argument of age must be a date"
            )
        day = time.as_days(day)

        def years(date: str) -> str:
            yyyymmdd = f"(YEAR({date}) * 10000 + MONTH({date}) * 100 + DAY({date}))"
            return f"({yyyymmdd} - {key} // 1000 % 100000000) // 10000"

        # Most dates are known to the day, and then the age is worked out once.
        return (
            f"CASE WHEN {day.first} = {day.last} THEN {years(day.first)} "
            f"WHEN {years(day.first)} = {years(day.last)} THEN {years(day.first)} END"
        )

    def _aggregate(self, name: str, given: Sequence[exp.Expr]) -> str | Day:
        if self.scope.aggregate is None:
            raise self._refuse(
                f"这里不能用 {name}(...)", f"{name}(...) cannot be used here",
                Text("汇总只能写在 sum.what、duplicate.what 和 grade 里",
                     "aggregates belong in sum.what, duplicate.what and grade"),
            )  # fmt: skip
        if len(given) != 1:
            raise self._refuse(f"{name} 要一个参数", f"{name} takes one argument")
        if name == "rows":
            fact = given[0].name
            if fact not in self.scope.facts:
                raise self._unknown(fact)
            return self.scope.aggregate(name, fact, None)
        mentioned = references(given[0])
        if not mentioned:
            raise self._refuse(
                f"{name} 的参数须含 事实.列", f"{name} needs a fact.column in its argument"
            )
        value = Compiler(self.scope.inside or _without_aggregates(self.scope)).value(given[0])
        if isinstance(value, Day) and name == "distinct":  # values as they are written: 2020 is one
            value = f"CAST({value.first} AS TEXT) || CAST({value.last} AS TEXT)"
        if isinstance(value, Span) or (isinstance(value, Day) and name == "total"):
            raise self._refuse(
                f"{name} 不能用于日期或时段", f"{name} cannot be taken of a date or period"
            )
        if name == "total" and self._kind(given[0]) not in (None, "number"):
            raise self._refuse(
                f"“{written(given[0])}”不是数", f"'{written(given[0])}' is not a number"
            )
        return self.scope.aggregate(name, mentioned[0][0], value)

    def _check_people(self, left: exp.Expr, right: exp.Expr) -> None:
        """Two citizen numbers are tied by `same`, which compares the names that go with them."""
        sides = [side.unnest() for side in (left, right)]
        if all(isinstance(side, exp.Column) and self._is_person(side) for side in sides):
            raise self._refuse(
                f"不能在这里比较两个公民身份号码“{written(left)}”和“{written(right)}”",
                f"two citizen numbers, '{written(left)}' and '{written(right)}', cannot be compared here",
                Text(
                    "把它们写进 same，姓名也会核对",
                    "write them under same, where names are compared too",
                ),
            )

    def _is_person(self, column: exp.Column) -> bool:
        dataset = self.scope.facts.get(column.table)
        declared = dataset.columns.get(column.name) if dataset else None
        return declared is not None and declared.type == "person.id"

    def _check_codes(self, column: exp.Expr, literals: Sequence[exp.Expr]) -> None:
        """A code that the category does not know would silently never match."""
        column = column.unnest()
        if not isinstance(column, exp.Column):
            return
        fact = column.table or self.scope.bare
        dataset = self.scope.facts.get(fact or "")
        declared = dataset.columns.get(column.name) if dataset else None
        if declared is None or declared.type != "category":
            return
        codes = sorted(set(declared.values.values()))
        for literal in literals:
            if isinstance(literal, exp.Literal) and literal.is_string and literal.this not in codes:
                raise self._refuse(
                    f"{column.sql()} 没有取值“{literal.this}”",
                    f"{column.sql()} never has the value '{literal.this}'",
                    did_you_mean(str(literal.this), codes),
                )

    def _unknown(self, name: str) -> DeclarationError:
        known = [
            *(f"{fact}.{column}" for fact, d in self.scope.facts.items() for column in d.columns),
            *self.scope.figures,
            *self.scope.numbers,
            "as_of",
        ]
        near = nearest(name, known)
        hint = Text(f"是不是“{near}”？", f"did you mean '{near}'?") if near else Text(
            f"列写成 事实.列；事实有：{', '.join(self.scope.facts)}",
            f"write fact.column; the facts are: {', '.join(self.scope.facts)}",
        )  # fmt: skip
        return self.scope.error(Text(f"不认识“{name}”", f"unknown word '{name}'"), hint)

    def _refuse(self, zh: str, en: str, hint: Text | None = None) -> DeclarationError:
        return self.scope.error(Text(zh, en), hint)


_SQL_SHAPE = Text("需要子查询时改用 sql 形", "use the sql shape where a sub-query is needed")
_NO_CLOCK = Text("不用时钟：写 as_of", "no clock: write as_of")
_NO_DISTANCE = Text(
    "字符串距离按字节计算，中文会错", "string distances count bytes, wrong for Chinese"
)

#: What to write instead of functions that people know from elsewhere.
INSTEAD = {
    **dict.fromkeys(("now", "today", "current_date", "current_timestamp", "getdate"), _NO_CLOCK),
    **dict.fromkeys(
        ("levenshtein", "editdist3", "damerau_levenshtein", "jaccard", "jaro_similarity",
         "jaro_winkler_similarity", "hamming"), _NO_DISTANCE),
    "sum": Text("写 total(事实.列)", "write total(fact.column)"),
    "count": Text("写 rows(事实)", "write rows(fact)"),
    "min": Text("写 least(事实.列)", "write least(fact.column)"),
    "max": Text("写 most(事实.列)", "write most(fact.column)"),
    "avg": Text("不用 avg：比较 total(x) 与 rows(f) 的乘积", "no avg: compare total(x) with rows(f) by multiplication"),
}  # fmt: skip


def called(tree: exp.Func) -> tuple[str, list[exp.Expr]]:
    """Name and arguments of a call as the author wrote it, whatever sqlglot made of it."""
    if isinstance(tree, exp.Anonymous):
        return str(tree.this).lower().removeprefix(_PREFIX), list(tree.expressions)
    name = re.split(r"[^A-Za-z_]", tree.sql(dialect="duckdb"), maxsplit=1)[0].lower()
    return name, list(tree.iter_expressions())


def written(tree: exp.Expr) -> str:
    """The part as its author wrote it."""
    text = tree.sql(dialect="duckdb", normalize_functions=False).replace(_PREFIX, "")
    return re.sub(r'\b(\w+)\."(\w+)"', r"\1.\2", text)


def _advice(tree: exp.Expr) -> Text | None:
    if isinstance(tree, exp.Div | exp.IntDiv):
        return Text(
            "不用除法：把 a / b >= 0.3 写成 a * 10 >= b * 3",
            "no division: write a / b >= 0.3 as a * 10 >= b * 3",
        )
    if isinstance(tree, exp.Subquery | exp.Select | exp.Exists):
        return _SQL_SHAPE
    if isinstance(tree, exp.Cast):
        return Text("列已有类型，不必转换", "columns have their types; nothing is cast")
    return None


def _without_aggregates(scope: Scope) -> Scope:
    return Scope(
        facts=scope.facts,
        error=scope.error,
        locate=scope.locate,
        figures=scope.figures,
        numbers=scope.numbers,
        bare=scope.bare,
        as_of=scope.as_of,
    )
