"""Why, and why not: a model judged for one subject, slot by slot, with values and source cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp

from plumbline.engine.backend import Duck
from plumbline.engine.collision.decided import Decided
from plumbline.engine.collision.evidence import FactRow, fetch
from plumbline.engine.collision.rests import Tie, concerned, ties_of
from plumbline.engine.collision.tell import figures, per_in_words, settings_in_force
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.line.compile import Compiled, Part, compile_model
from plumbline.engine.line.expression import called, renamed_keywords, written
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.ties import shown_key
from plumbline.engine.linkage.identity import Identity
from plumbline.engine.linkage.view import NOBODYS
from plumbline.errors import Lang, RunError, Text

_WORDS = {
    "before": Text("{0} 早于 {1}", "{0} is earlier than {1}"),
    "after": Text("{0} 晚于 {1}", "{0} is later than {1}"),
    "on_or_before": Text("{0} 不晚于 {1}", "{0} is not later than {1}"),
    "on_or_after": Text("{0} 不早于 {1}", "{0} is not earlier than {1}"),
    "within_days": Text("{1} 在 {0} 之后 {2} 天以内", "{1} is within {2} days after {0}"),
    "within_months": Text("{1} 在 {0} 之后 {2} 个月以内", "{1} is within {2} months after {0}"),
    "within_years": Text("{1} 在 {0} 之后 {2} 年以内", "{1} is within {2} years after {0}"),
    "overlaps": Text("两段时间有重叠：{0}，{1}", "the periods overlap: {0}, {1}"),
    "during": Text("{0} 在 {1} 期间", "{0} is during {1}"),
}


@dataclass(frozen=True)
class Condition:
    """One condition, whether it held (None: unknown), and what would have made it hold."""

    text: str
    held: bool | None
    left: str | None = None
    right: str | None = None
    personal: bool = False  # the values identify a person

    def masked(self) -> Condition:
        """The condition without values that identify a person."""
        if not self.personal:
            return self
        left, right = (None if side is None else "***" for side in (self.left, self.right))
        return replace(self, left=left, right=right)

    @property
    def would_hold(self) -> Text:
        """The nearest change of value that would make it hold."""
        if self.left is not None or self.right is not None:
            operator = next(op for op in (">=", "<=", "<>", ">", "<", "=") if op in self.text)
            left, _, right = self.text.partition(f" {operator} ")
            known = self.right if self.right is not None else right
            now = self.left if self.left is not None else "?"
            return Text(
                f"若 {left} {operator} {known}（现为 {now}）",
                f"if {left} {operator} {known} (now {now})",
            )
        tree = sqlglot.parse_one(renamed_keywords(self.text), dialect="duckdb")
        if isinstance(tree, exp.Anonymous):
            name, arguments = called(tree)
            if name in _WORDS:
                given = [written(argument) for argument in arguments]
                given += ["1"] * (3 - len(given))
                words = _WORDS[name]
                return Text("若 " + words.zh.format(*given), "if " + words.en.format(*given))
        return Text(f"若 {self.text}", f"if {self.text}")


@dataclass(frozen=True)
class Judged:
    """One combination of rows: the verdict, and every slot that led to it."""

    verdict: str
    decided_by: str
    tier: str
    level: str | None
    per: tuple[str, ...]
    conditions: tuple[Condition, ...]
    exceptions: tuple[tuple[str, str, bool | None], ...]  # (slot, name, whether it holds)
    rows: Mapping[str, FactRow]
    figures: Mapping[str, str | None]
    settings: Mapping[str, str]  # as they were in force, in words


@dataclass(frozen=True)
class Explanation:
    """What a model says of one subject.

    Attributes:
        judged: every candidate, strongest verdict first; empty if no rows meet.
        present: fact -> how many rows speak of the subject (None: the fact is not tied to it).
        ties: (fact, row) -> what ties it to the subject, where its own number does not.
        why: exception for this subject -> its words.
        read: what was read, in words, where one looked back.
    """

    model: SupervisionModel
    subject: str
    as_of: date
    judged: tuple[Judged, ...]
    present: Mapping[str, int | None]
    ties: Mapping[tuple[str, int], tuple[Tie, ...]] = field(default_factory=dict)
    why: Mapping[str, Text] = field(default_factory=dict)
    read: Text | None = None

    def about(self, lang: Lang, *, masked: bool = True) -> str:
        """The subject in words."""
        return per_in_words(self.model, (self.subject,), lang, masked=masked)[0]

    def figures(self, judged: Judged, lang: Lang) -> dict[str, str]:
        """What was calculated for one combination, in words."""
        return figures(self.model, judged.figures, lang)


def focus_on(model: SupervisionModel, subject: str) -> dict[str, str]:
    """Fact -> SQL condition that keeps the rows about the subject, where that changes no verdict."""
    named = model.subject
    references = model.declared.same.get(named, [named])
    if model.declared.shape in ("outlier", "sql"):
        return {}  # the peers, or the author's query, need the other rows
    found = {}
    for reference in references:
        fact, _, column = reference.partition(".")
        gathered = fact in model.gathered
        grouped_by = (model.declared.sum.per if model.declared.sum else []) + (
            model.declared.duplicate.on if model.declared.duplicate else []
        )
        if gathered and reference not in grouped_by:
            continue
        found[fact] = _about(model, fact, column, subject)
    return found


def rows_about(model: SupervisionModel, subjects: Iterable[str]) -> dict[str, str]:
    """Fact -> SQL condition that holds of its rows about some of these subjects; not all facts have one."""
    found: dict[str, list[str]] = {}
    for reference in model.declared.same.get(model.subject, [model.subject]):
        fact, _, column = reference.partition(".")
        if fact not in model.facts or column not in model.facts[fact].types:
            continue
        values: dict[str, list[str]] = {}
        for subject in subjects:
            with suppress(RunError):  # what is no number of the register's is in none of its rows
                at, _, value = _about(model, fact, column, subject).partition(" = ")
                if value and " AND " not in value:
                    values.setdefault(at, []).append(value)
        # An engine passes over groups of rows by a list, and not by as many conditions.
        listed = [f"{at} IN ({', '.join(each)})" for at, each in values.items()]
        if listed:
            found.setdefault(fact, []).extend(listed)
    return {fact: " OR ".join(each) for fact, each in found.items()}


def _about(model: SupervisionModel, fact: str, column: str, subject: str) -> str:
    type_ = model.facts[fact].types[column]
    bearer = column in model.facts[fact].bearers
    if bearer and subject.startswith(NOBODYS):
        return f"{sql.name(column + '__who')} = {sql.literal(subject)}"
    suffixes = [field.suffix for field in type_.fields]
    if "__from" in suffixes and ".." in subject:  # as one_warning_per writes an uncertain date
        first, last = (sql.literal(end) for end in subject.split("..", 1))
        at = f"{sql.name(column + '__from')} = {first}"
        return f"{at} AND {sql.name(column + '__to')} = {last}"
    try:
        value = type_.parse(subject)
    except UnreadableCellError as unreadable:
        raise RunError(
            Text(f"“{subject}”不是有效的{type_.title.zh}：{unreadable.reason.zh}",
                 f"'{subject}' is not a valid {type_.title.en}: {unreadable.reason.en}"),
            where=model.name,
        ) from unreadable  # fmt: skip
    if value[0] is None:  # a warning whose subject is not known
        return f"{sql.name(column + ('__who' if bearer else suffixes[0]))} IS NULL"
    if bearer and (
        len(value) == 1 or value[1] is None
    ):  # a code, or what a mask leaves of a number
        return f"{sql.name(column + '__who')} = {sql.literal(value[0])}"
    use = suffixes.index("__key") if "__key" in suffixes and value[-1] is not None else 0
    return f"{sql.name(column + suffixes[use])} = {_literal(value[use])}"


def explain(  # noqa: PLR0913 -- what is judged, of whom, on which day, by which decisions
    duck: Duck,
    store: Store,
    model: SupervisionModel,
    subject: str,
    as_of: date,
    *,
    decided: Decided | None = None,
    only: Mapping[str, str] | None = None,
) -> Explanation:
    """Judge a model for one subject over the datasets that `duck` has views of.

    Args:
        only: fact -> SQL condition, where not all rows of it take part.
    """
    focus = focus_on(model, subject)
    for fact, condition in (only or {}).items():
        focus[fact] = f"({focus[fact]}) AND ({condition})" if fact in focus else condition
    fact, column = model.column_of(model.subject)
    shown = subject
    if fact in model.facts and column in model.facts[fact].types:
        shown = str(_normal(model, fact, column, subject))
    held = (decided or Decided()).excepted(model, as_of)
    excepted = {shown: held[shown]} if shown in held else None
    compiled = compile_model(model, detail=True, focus=focus, excepted=excepted)
    rows = duck.arrow(
        f"SELECT * FROM ({compiled.on(as_of)}) WHERE per_1 = {sql.literal(shown)}"
    ).to_pylist()
    wanted = {
        name: (
            model.facts[name],
            [row[f"row_{name}"] for row in rows if row[f"row_{name}"] is not None],
        )
        for name in compiled.evidence
    }
    found = fetch(duck, store, wanted, rows_about(model, [subject]))
    judged = [_judged(compiled, row, found) for row in rows]
    order = {"flag": 0, "cannot_tell": 1, "left_out": 2, "clear": 3}
    judged.sort(key=lambda each: (order[each.verdict], sorted(r.row for r in each.rows.values())))
    why = {name: (decided or Decided()).why[name] for name in (excepted or {}).values()}
    return Explanation(
        model, shown, as_of, tuple(judged), _present(duck, model, subject, only or {}), why=why
    )


def with_ties(duck: Duck, explanation: Explanation, who: Identity) -> Explanation:
    """The explanation with what its rows' identity rests on, in one state of the identity map."""
    model = explanation.model
    rows = {(fact, row.row) for each in explanation.judged for fact, row in each.rows.items()}
    of_rows = ties_of(duck, who, [(model.facts[fact].name, row) for fact, row in rows])
    found = {
        (fact, row): tuple(concerned(model, fact, of_rows[model.facts[fact].name, row], explanation.subject))
        for fact, row in sorted(rows) if (model.facts[fact].name, row) in of_rows
    }  # fmt: skip
    return replace(explanation, ties=found)


def _normal(model: SupervisionModel, fact: str, column: str, subject: str) -> Any:
    """The subject as `one_warning_per` writes it."""
    type_ = model.facts[fact].types[column]
    try:
        value = type_.parse(subject)
    except UnreadableCellError:
        return subject
    if value[0] is None:
        return ""
    if isinstance(value[0], date):
        return value[0] if value[0] == value[1] else f"{value[0]}..{value[1]}"
    return value[-1] if shown_key(model.facts[fact], column) == "__key" else value[0]


def _judged(
    compiled: Compiled, row: Mapping[str, Any], found: Mapping[str, Mapping[int, FactRow]]
) -> Judged:
    conditions = tuple(_condition(compiled.model, part, row) for part in compiled.parts)
    rows = {
        fact: found[fact][row[f"row_{fact}"]]
        for fact in compiled.evidence
        if row[f"row_{fact}"] is not None
    }
    return Judged(
        verdict=row["verdict"],
        decided_by=row["decided_by"],
        tier=row["tier"],
        level=row["level"],
        per=tuple(row[name] for name in compiled.per),
        conditions=conditions,
        exceptions=tuple((kind, name, row[column]) for kind, name, column in compiled.slots),
        rows=rows,
        figures={name: row[f"figure_{name}"] for name in compiled.figures},
        settings=settings_in_force(compiled.model, rows),
    )


def _condition(model: SupervisionModel, part: Part, row: Mapping[str, Any]) -> Condition:
    left, right = (row[side] for side in part.sides) if part.sides else (None, None)
    return Condition(part.text, row[part.column], left, right, _is_personal(model, part.text))


def _is_personal(model: SupervisionModel, text: str) -> bool:
    """Does the condition show values that identify a person? An age or a sex alone does not."""
    shown = re.sub(r"\b(age|sex)\([^()]*\)", "", text, flags=re.IGNORECASE)
    return any(
        fact in model.facts
        and column in model.facts[fact].columns
        and model.facts[fact].is_personal(column)
        for fact, column in re.findall(r"\b(\w+)\.(\w+)\b", shown)
    )


def _present(
    duck: Duck, model: SupervisionModel, subject: str, only: Mapping[str, str]
) -> dict[str, int | None]:
    """How many rows of each fact that take part speak of the subject."""
    references: Sequence[str] = model.declared.same.get(model.subject, [model.subject])
    found: dict[str, int | None] = dict.fromkeys(model.facts)
    for reference in references:
        fact, _, column = reference.partition(".")
        if fact in model.facts and column in model.facts[fact].columns:
            about = _about(model, fact, column, subject)
            ((found[fact],),) = duck.run(
                f"SELECT COUNT(*) FROM {sql.name(model.facts[fact].name)} "
                f"WHERE ({about}) AND ({only.get(fact, 'true')})"
            )
    return found


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else sql.literal(str(value))
