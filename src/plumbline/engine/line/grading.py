"""The level of a warning: from its candidates one by one, or from all of its rows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlglot
from sqlglot import exp

from plumbline.engine.line.expression import Compiler, Scope, parse
from plumbline.engine.line.model import Level, SupervisionModel
from plumbline.engine.line.shapes import Base
from plumbline.engine.line.time import Day, Number
from plumbline.errors import DeclarationError, Text

#: The level of a candidate where it takes all candidates of its warning to find it.
GRADED = "graded.level"


def condition(model: SupervisionModel, scope: Scope, slot: tuple[str | int, ...], text: str) -> str:
    """SQL of the condition in a slot; what is wrong in it is raised with the slot's place."""

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(slot, problem, hint)

    scope = replace(scope, error=error)
    return Compiler(scope).boolean(parse(text, error))


class Grade:
    """One level: a condition on candidates, or on all rows of a warning.

    A condition that has aggregates in it is judged when the candidates of a warning are known; what
    else it mentions is carried along from the candidate.
    """

    def __init__(self, model: SupervisionModel, scope: Scope, level: Level, text: str) -> None:
        self.model, self.level, self.always = model, level, text.strip() == "otherwise"
        self.scope = scope
        self.aggregates: dict[tuple[str, str, str | None], str] = {}
        self.carried: dict[str, str] = {}  # column of the candidate -> its SQL
        self.sql = "TRUE"
        if self.always:
            return
        self.sql = condition(model, replace(scope, aggregate=self._note), ("grade", level), text)
        if self.aggregates:
            later = replace(
                scope, aggregate=self._note, inside=scope, locate=self._carry,
                numbers={name: self._carried_number(name, n) for name, n in scope.numbers.items()},
                figures={name: self._carried_figure(name, f) for name, f in scope.figures.items()},
            )  # fmt: skip
            self.sql = condition(model, later, ("grade", level), text)

    def _note(self, name: str, fact: str, inner: str | Day | None) -> str | Day:
        if isinstance(inner, Day):
            ends = (self._note(name, fact, inner.first), self._note(name, fact, inner.last))
            return Day(str(ends[0]), str(ends[1]), moment=inner.moment)
        key = (name, fact, inner)
        return f"tally.{self.aggregates.setdefault(key, f'{self.level}_{name}_{len(self.aggregates) + 1}')}"

    def _carry(self, fact: str, column: str) -> str:
        at, name = self.scope.locate(fact, column), f"for_{self.level}_{fact}_{column}"
        for field in self.model.facts[fact].types[column].fields:
            self.carried[f"{name}{field.suffix}"] = f"{at}{field.suffix}"
        return f"judged.{name}"

    def _carried_number(self, name: str, number: Number | str) -> Number | str:
        if isinstance(number, str):
            return self._one(f"for_{self.level}_setting_{name}", number)
        return Number(
            tuple(
                (self._one(f"for_{self.level}_setting_{name}_{i}", when) if when else "", value)
                for i, (when, value) in enumerate(number.cases)
            )
        )

    def _carried_figure(self, name: str, figure: str | Day) -> str | Day:
        column = f"for_{self.level}_{name.replace('.', '_')}"
        if isinstance(figure, str):
            return self._one(column, figure)
        first, last = (
            self._one(f"{column}__from", figure.first),
            self._one(f"{column}__to", figure.last),
        )
        return Day(first, last, moment=figure.moment)

    def _one(self, column: str, sql: str) -> str:
        self.carried[column] = sql
        return f"judged.{column}"

    @property
    def whole(self) -> bool:
        """Does it speak of the warning as a whole?"""
        return bool(self.aggregates)

    def columns(self) -> list[str]:
        if self.always:
            return []
        if not self.whole:
            return [f"{self.sql} AS is_{self.level}"]
        mentioned = {
            c.name for c in sqlglot.parse_one(self.sql, dialect="duckdb").find_all(exp.Column)
        }
        return [
            *(
                f"{inner} AS of_{alias}"
                for (_, _, inner), alias in self.aggregates.items()
                if inner
            ),
            *(f"{sql} AS {name}" for name, sql in self.carried.items() if name in mentioned),
        ]


def levels(
    model: SupervisionModel, base: Base, grades: Sequence[Grade]
) -> tuple[list[tuple[str, str]], str]:
    """The level of each warning, from its flagged candidates: queries, and the level as `judged` is joined to them.

    Where all warnings are of one level there is no query `graded`.
    """
    per = ", ".join(f"per_{i + 1}" for i in range(len(model.declared.one_warning_per)))
    same = " AND ".join(
        f"tally.per_{i + 1} = judged.per_{i + 1}"
        for i in range(len(model.declared.one_warning_per))
    )
    ctes = []
    joined = "judged"
    wholes = [grade for grade in grades if grade.whole]
    if wholes:
        ctes += _tallies(model, base, per, wholes)
        joined = f"judged LEFT JOIN tally ON {same}"
    # Tiers B and E never warn, so only a tie that may be loose flags anything but tier A.
    loose = any(d.is_loose(c) for d in model.facts.values() for c in d.bearers)
    whens, otherwise = [], "blue"
    for grade in grades:
        if grade.always:
            otherwise = grade.level
            break
        holds = grade.sql if grade.whole else f"is_{grade.level}"
        if grade.level == "red" and loose:
            # A red warning needs identity tier A, whatever a model says, and is yellow without it;
            # where all rows together make it red, all of them need it.
            surely = f"MAX(tier) = 'A' AND {_once(holds)}" if grade.whole else _once(f"{holds} AND tier = 'A'")  # fmt: skip
            whens.append(f"WHEN {surely} THEN 'red'")
        level = "yellow" if grade.level == "red" and loose else grade.level
        whens.append(f"WHEN {_once(holds)} THEN '{level}'")
    if otherwise == "red" and loose:
        whens.append("WHEN MIN(tier) = 'A' THEN 'red'")
        otherwise = "yellow"
    if not whens:
        return ctes, f"'{otherwise}'"
    grouped = ", ".join(f"judged.{column}" for column in per.split(", "))
    case = f"CASE {' '.join(whens)} ELSE '{otherwise}' END"
    graded = (
        f"SELECT {grouped}, {case} AS level FROM {joined} WHERE verdict = 'flag' GROUP BY {grouped}"
    )
    return [*ctes, ("graded", graded)], GRADED


def _once(holds: str) -> str:
    """SQL: does it hold for one candidate at least?"""
    return f"MAX(CASE WHEN {holds} THEN 1 ELSE 0 END) = 1"


def _tallies(
    model: SupervisionModel, base: Base, per: str, grades: Sequence[Grade]
) -> list[tuple[str, str]]:
    """Aggregates over the rows of a warning: each row counts once, however many candidates use it."""
    by_fact: dict[str, list[tuple[str, str | None, str]]] = {}
    for grade in grades:
        for (name, fact, inner), alias in grade.aggregates.items():
            if fact not in base.rows and (
                inner or base.spread is None or fact not in base.spread.facts
            ):
                raise model.error(
                    ("grade", grade.level),
                    f"预警里没有“{fact}”的行可供汇总",
                    f"a warning has no rows of '{fact}' to aggregate",
                )
            by_fact.setdefault(fact, []).append((name, inner, alias))
    ctes, names = [], []
    keys = per.split(", ")
    for fact, wanted in by_fact.items():
        row, source = f"row_{fact}", "judged"
        if fact not in base.rows:
            assert base.spread is not None
            row, source = f"evidence.row_{fact}", f"judged{base.spread.join(detail=False)}"
        inputs = "".join(f", judged.of_{alias}" for _, inner, alias in wanted if inner)
        outputs = ", ".join(
            f"{aggregate_sql(name, f'of_{alias}' if inner else None)} AS {alias}"
            for name, inner, alias in wanted
        )
        once = (
            f"SELECT DISTINCT {', '.join(f'judged.{key}' for key in keys)}, {row}{inputs} FROM {source} "
            "WHERE judged.verdict = 'flag'"
        )
        tally = (
            f"SELECT {per}, {outputs} FROM ({once}) AS distinct_{fact} "
            f"WHERE row_{fact} IS NOT NULL GROUP BY {per}"
        )
        ctes.append((f"tally_{fact}", tally))
        names.append(f"tally_{fact}")
    columns = ", ".join(
        [f"every.{key}" for key in keys]
        + [f"tally_{fact}.{alias}" for fact, wanted in by_fact.items() for _, _, alias in wanted]
    )
    joins = "".join(
        f" LEFT JOIN {name} ON " + " AND ".join(f"{name}.{key} = every.{key}" for key in keys)
        for name in names
    )
    every = f"SELECT DISTINCT {per} FROM judged WHERE verdict = 'flag'"
    ctes.append(("tally", f"SELECT {columns} FROM ({every}) AS every{joins}"))
    return ctes


def aggregate_sql(name: str, column: str | None) -> str:
    """An aggregate over rows; with an unknown part it is unknown."""
    if name == "rows":
        return "COUNT(*)"
    functions = {
        "total": "SUM(",
        "distinct": "COUNT(DISTINCT ",
        "least": "MIN(",
        "earliest": "MIN(",
    }
    return f"CASE WHEN COUNT(*) = COUNT({column}) THEN {functions.get(name, 'MAX(')}{column}) END"
