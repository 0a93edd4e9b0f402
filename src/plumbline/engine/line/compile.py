"""From a model to one SQL statement that returns every candidate that is not clear, with its verdict.

The statement reads tables named like the datasets and the parameter `as_of`; its columns are

    per_1, per_2, ...   what makes one warning, as text; the first is the subject
    verdict             flag, left_out, cannot_tell (and clear, where all candidates are asked for)
    decided_by          the leave_out, exception or cannot_tell_when that decided, `flag_when`, or
                        `identity`
    tier, level         identity tier; level of the warning that a flagged candidate belongs to
    row_<fact>          the row of each fact, the evidence
    digest_<fact>       SHA-256 over the columns of that row that were used
    figure_<name>       what was calculated, such as a sum, as text
    lead                orders the candidates of a warning; the first one is told in the sentence
    part                the value that a model falls apart by (`partition`), as text, where it does

and, where a level is found from all candidates of a warning that are combinations of rows, the columns
that it is found from: `is_<level>`, `of_<aggregate>`, `for_<level>_<what>`.

Nothing else decides a verdict: running, testing, explaining and reproducing all use this statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Literal

import sqlglot
from sqlglot import exp

from plumbline.engine.backend import spark_tree
from plumbline.engine.fact.types import DATED
from plumbline.engine.line import shapes
from plumbline.engine.line.expression import Compiler, Scope, conjuncts, parse, written
from plumbline.engine.line.grading import GRADED, Grade, condition, levels
from plumbline.engine.line.guard import check_ties
from plumbline.engine.line.inforce import line_in_force, numbers
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.partition import Partition, partition
from plumbline.engine.line.shapes import Base, digest
from plumbline.engine.line.shapes.base import KEPT, filtered, flagging, maybe, maybe_true, mentioned
from plumbline.engine.line.shapes.ties import SURE, row_tiers, shown_key, worst
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text

Dialect = Literal["duckdb", "spark"]

#: The parameter, and what only looks like it: texts, quoted names, a fact's column of that name.
_AS_OF = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|\.as_of\b|\bas_of\.)|\bas_of\b""")


@dataclass(frozen=True)
class Unsure:
    """What linking left unsure. A statement that knows it does not look for what is not there.

    Attributes:
        doubted: are there names under one code that cannot be one organisation's?
        guessed: datasets with rows for which somebody can only be guessed; none where that is unknown.
    """

    doubted: bool = True
    guessed: frozenset[str] | None = None


@dataclass(frozen=True)
class Part:
    """One condition of `flag_when` that can be shown by itself when a verdict is explained."""

    text: str
    column: str  # boolean column of the detailed statement
    sides: tuple[str, str] | None  # columns that hold both sides of a comparison, as text


@dataclass(frozen=True)
class Compiled:
    """A model as SQL.

    Attributes:
        sql: the statement, in DuckDB's dialect.
        reading: the statement with other relations (by fact) read in place of datasets, and without what
            looks for what there is not.
        evidence: facts whose rows are returned as `row_<fact>`.
        columns: fact -> the columns of it that were used; the digest is over them.
        figures: names of the `figure_<name>` columns.
        parts: conditions of `flag_when` (detailed statements only).
        slots: (kind, name, column) of each leave_out, exception and cannot_tell_when (detailed only).
        joins: is a candidate a combination of rows, judged by nothing but these?
        partition: what the model falls apart by, if anything.
        levels: the statement that finds the levels anew from a relation `judged` of candidates, where
            that takes all candidates of a warning.
    """

    model: SupervisionModel
    sql: str
    reading: Callable[[Mapping[str, str], Unsure], str] = field(repr=False, compare=False)
    evidence: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    figures: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    slots: tuple[tuple[str, str, str], ...] = ()
    joins: bool = False
    partition: Partition | None = None
    levels: str | None = None

    @property
    def per(self) -> tuple[str, ...]:
        return tuple(f"per_{i + 1}" for i in range(len(self.model.declared.one_warning_per)))

    def on(
        self,
        as_of: date,
        source: Mapping[str, str] | None = None,
        unsure: Unsure | None = None,
    ) -> str:
        """The statement for one date of run, in DuckDB's dialect.

        Args:
            source: fact -> relation that is read in place of its dataset.
            unsure: what there is to look for, if that is known.
        """
        text = self.reading(source or {}, unsure or Unsure()) if source or unsure else self.sql
        return _dated(text, as_of)

    def levels_on(self, as_of: date) -> str | None:
        """`levels` for one date of run."""
        return None if self.levels is None else _dated(self.levels, as_of)

    def in_(self, dialect: Dialect) -> str:
        """The statement, formatted, in an engine's dialect; this is what golden files keep."""
        tree = sqlglot.parse_one(self.sql, dialect="duckdb")
        tree = spark_tree(tree) if dialect == "spark" else tree
        return tree.sql(dialect=dialect, pretty=True) + "\n"


def compile_model(
    model: SupervisionModel,
    *,
    detail: bool = False,
    focus: Mapping[str, str] | None = None,
    excepted: Mapping[str, str] | None = None,
) -> Compiled:
    """Compile a model.

    Args:
        detail: return clear candidates too, and a column for each part of each slot.
        focus: fact -> SQL condition on its dataset's columns, to look at one subject only.
        excepted: subject -> name of the exception by which nothing is flagged about it.

    Raises:
        DeclarationError: naming file, line, slot, the wrong word and the nearest valid one.
    """
    check_ties(model)
    base = shapes.base_of(model, detail=detail)
    scope = replace(base.scope, numbers=numbers(model, base.in_force), figures=base.figures)
    asked = flagging(model, scope)
    in_force = filter(None, [line_in_force(model, base.in_force)])
    flag = [*base.conditions, *asked, *in_force] or ["TRUE"]
    left = [(_quoted(item.name), condition(model, scope, ("leave_out", i, "when"), item.when))
            for i, item in enumerate(model.declared.leave_out)]  # fmt: skip
    cannot = [(_quoted(item.name), condition(model, scope, ("cannot_tell_when", i, "when"), item.when))
              for i, item in enumerate(model.declared.cannot_tell_when)]  # fmt: skip
    slots = [("leave_out", item.name) for item in model.declared.leave_out]
    if excepted:
        left.append(_excepted(_per(model, base, model.subject, 0), excepted))
        slots.append(("exception", ", ".join(dict.fromkeys(excepted.values()))))
    grades = [Grade(model, scope, level, text) for level, text in model.declared.grade.items()]

    columns = [
        *(f"{sql} AS row_{fact}" for fact, sql in base.rows.items()),
        *(f"{sql} AS {name}" for name, sql in (base.spread.keys if base.spread else {}).items()),
        *(f"{_per(model, base, named, i)} AS per_{i + 1}"
          for i, named in enumerate(model.declared.one_warning_per)),
        f"{_tier(model, base)} AS tier",
        f"{base.lead} AS lead",
        f"{' AND '.join(f'({each})' for each in flag)} AS flag",
        *(f"{sql} AS left_{i + 1}" for i, (_, sql) in enumerate(left)),
        *(f"{sql} AS cannot_{i + 1}" for i, (_, sql) in enumerate(cannot)),
        *(grading := [column for grade in grades for column in grade.columns()]),
        *(f"{sql} AS {column}" for column, sql in _figures(base).items()),
    ]  # fmt: skip
    parts: tuple[Part, ...] = ()
    if detail:
        parts, more = _parts(model, scope)
        columns += more
    read = [text for _, text in base.ctes]
    read += [
        f"SELECT {filtered(model, alias, base.scope)}"
        for alias in base.facts
        if model.declared.facts[alias].where
    ]
    used = _used(model, [*read, f"SELECT {', '.join(columns)} FROM {base.source}"])
    graded, level = levels(model, base, grades)
    joins = not base.ctes
    apart = None if joins or detail else partition(model, base, graded=level == GRADED)
    if apart is not None:
        columns.append(f"{apart.part} AS part")
    columns += [
        f"{base.scope.locate(fact, name)} AS {_carried(fact, name)}"
        for fact in base.rows
        for name in used[fact]
    ]
    candidate = f"SELECT {', '.join(columns)} FROM {base.source}"
    if not detail:  # what is clear is left behind at once
        candidate = f"SELECT * FROM ({candidate}{_early(asked, base)}) AS combined WHERE flag IS DISTINCT FROM FALSE"
    ctes = [
        *_completed(base, used),
        ("candidate", candidate),
        ("judged", f"SELECT *, {_verdict(left, cannot)} FROM candidate"),
        *(base.spread.ctes(detail=detail) if base.spread else []),
        *graded,
    ]
    figures = tuple(name.partition(".")[2] for name in base.figures)
    shown = [*_told(model, base, used, level, detail=detail), *_shown(base, detail=detail)]
    if detail:
        more = ["flag", *(f"left_{i + 1}" for i in range(len(left)))]
        more += [f"cannot_{i + 1}" for i in range(len(cannot))]
        more += [column for part in parts for column in (part.column, *(part.sides or ()))]
        shown += [f"judged.{column}" for column in more]
    carried = ["part"] if apart else []
    carried += [column.rpartition(" AS ")[2] for column in grading if joins and level == GRADED]
    shown += [f"judged.{column}" for column in [*carried, "lead"]]

    def reading(source: Mapping[str, str], unsure: Unsure) -> str:
        facts = _fact_ctes(model, base, used, focus or {}, source, unsure.guessed)
        with_ = ", ".join(f"{name} AS ({text})" for name, text in [*facts, *ctes])
        text = f"WITH {with_} SELECT {', '.join(shown)} FROM {_whole(model, base, level, detail=detail)}"
        for join, tier in () if unsure.doubted else base.doubts.items():
            text = text.replace(join, "").replace(tier, SURE)
        return text

    named = [(kind, name, f"left_{i + 1}") for i, (kind, name) in enumerate(slots)]
    named += [("cannot_tell_when", item.name, f"cannot_{i + 1}")
              for i, item in enumerate(model.declared.cannot_tell_when)]  # fmt: skip
    logical = {
        fact: tuple(dict.fromkeys(name.partition("__")[0] for name in names))
        for fact, names in used.items()
    }
    return Compiled(
        model, reading({}, Unsure()), reading, tuple(base.evidence), logical, figures, parts,
        tuple(named) if detail else (),
        joins, apart, _levels(model, graded) if joins and level == GRADED else None,
    )  # fmt: skip


def _dated(text: str, as_of: date) -> str:
    return _AS_OF.sub(lambda found: found[1] or f"DATE '{as_of}'", text)


def _levels(model: SupervisionModel, graded: Sequence[tuple[str, str]]) -> str:
    """The levels of candidates found before and of others found now, all in `judged`."""
    with_ = ", ".join(f"{name} AS ({text})" for name, text in graded)
    return (
        f"WITH {with_} SELECT judged.* REPLACE (CASE WHEN judged.verdict = 'flag' THEN {GRADED} END "
        f"AS level) FROM judged LEFT JOIN graded ON {_same_warning(model)}"
    )


def _same_warning(model: SupervisionModel) -> str:
    per = [f"per_{i + 1}" for i in range(len(model.declared.one_warning_per))]
    return " AND ".join(f"graded.{column} = judged.{column}" for column in per)


def _completed(base: Base, used: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The queries that candidates build on, with all that conditions turned out to need of them."""
    if base.carrying:
        return list(base.carrying(used))
    more = "".join(f", {sql} AS {name}" for name, sql in base.derived.items())
    return [
        (name, f"SELECT *{more} FROM ({text}) AS gathered" if more and name == "gathered" else text)
        for name, text in base.ctes
    ]


def _early(flag: Sequence[str], base: Base) -> str:
    """What one fact alone makes clear by `flag_when` is left behind before facts are joined.

    A conjunction is false where one part is; an engine does not take it apart under IS DISTINCT FROM. Whether the
    line was in force is not asked so early: nearly always it was, and an engine that takes a condition for a
    narrow one begins with the wrong fact.
    """
    alone = [
        each for each in flag if {fact for fact, _ in mentioned(each)} in ({f} for f in base.rows)
    ]
    return f" WHERE {' AND '.join(map(maybe_true, alone))}" if alone else ""


def _per(model: SupervisionModel, base: Base, named: str, index: int) -> str:
    """One column of `one_warning_per` as text; unknown is an empty text, so that it still groups."""
    if named in base.figures:
        return f"COALESCE(CAST({base.figures[named]} AS TEXT), '')"
    fact, column = model.column_of(named)
    slot = ("one_warning_per", index)
    if fact not in base.scope.facts:
        raise model.error(slot, f"没有“{named}”", f"no '{named}'")
    at = base.scope.locate(fact, column)
    if model.facts[fact].columns[column].type in DATED:
        return f"COALESCE({_as_text(Day(f'{at}__from', f'{at}__to'))}, '')"
    return f"COALESCE(CAST({at}{shown_key(model.facts[fact], column)} AS TEXT), '')"


def _tier(model: SupervisionModel, base: Base) -> str:
    """The tier of a candidate; whom a warning is about must be known as well as who is tied."""
    named = [model.column_of(n) for n in model.declared.one_warning_per if n not in base.figures]
    about = row_tiers(model, [n for n in named if n[0] in base.rows], base.scope.locate)
    return worst([base.tier, *(t for t in about if t not in base.tier)])


def _as_text(value: str | Day) -> str:
    """SQL of a value in words that every engine writes alike."""
    if isinstance(value, str):
        return f"CAST({value} AS TEXT)"
    first, last = f"CAST({value.first} AS TEXT)", f"CAST({value.last} AS TEXT)"
    return f"CASE WHEN {first} = {last} THEN {first} ELSE {first} || '..' || {last} END"


def _figures(base: Base) -> dict[str, str]:
    """What was calculated, as columns of the candidates; a date has two."""
    found: dict[str, str] = {}
    for name, sql in base.figures.items():
        column = f"figure_{name.partition('.')[2]}"
        if isinstance(sql, Day):
            found |= {f"{column}__from": sql.first, f"{column}__to": sql.last}
        else:
            found[column] = sql
    return found


def _shown(base: Base, *, detail: bool) -> list[str]:
    """The figures in words."""
    found = []
    for name, sql in base.figures.items():
        column = f"figure_{name.partition('.')[2]}"
        at = f"judged.{column}"
        dated = isinstance(sql, Day)
        text = _as_text(Day(f"{at}__from", f"{at}__to") if dated else at)
        found.append(f"{_of_kept(text, detail=detail)} AS {column}")
    return found


def _of_kept(text: str, *, detail: bool) -> str:
    """What is told of a candidate; without detail nobody reads it of one that is only counted."""
    return text if detail else f"CASE WHEN {KEPT} THEN {text} END"


def _carried(fact: str, column: str) -> str:
    """Name under which a candidate carries a row's column, until it is known whether its digest is wanted."""
    return f"{fact}__{column}"


def _verdict(left: Sequence[tuple[str, str]], cannot: Sequence[tuple[str, str]]) -> str:
    """Verdict and what decided it; unknown never becomes yes. Names are SQL."""
    lefts = [(f"left_{i + 1}", name) for i, (name, _) in enumerate(left)]
    cannots = [(f"cannot_{i + 1}", name) for i, (name, _) in enumerate(cannot)]
    unknown = [
        ("flag IS NULL", "'flag_when'"),
        *((f"{column} IS NULL", name) for column, name in lefts),
        *((f"{column} IS DISTINCT FROM FALSE", name) for column, name in cannots),
        ("tier IN ('B', 'E')", "'identity'"),
    ]
    left_out = " OR ".join(column for column, _ in lefts)
    verdict = (
        "WHEN NOT flag THEN 'clear' "
        + (f"WHEN {left_out} THEN 'left_out' " if left_out else "")
        + f"WHEN {' OR '.join(when for when, _ in unknown)} THEN 'cannot_tell'"
    )
    decided = " ".join(
        f"WHEN {when} THEN {name}" for when, name in [("NOT flag", "'flag_when'"), *lefts, *unknown]
    )
    return f"CASE {verdict} ELSE 'flag' END AS verdict, CASE {decided} ELSE 'flag_when' END AS decided_by"


def _excepted(about: str, excepted: Mapping[str, str]) -> tuple[str, str]:
    """Which exception holds for a candidate, and whether one does."""
    whens = " ".join(f"WHEN {_quoted(s)} THEN {_quoted(n)}" for s, n in sorted(excepted.items()))
    return f"CASE per_1 {whens} END", f"{about} IN ({', '.join(map(_quoted, sorted(excepted)))})"


def _parts(model: SupervisionModel, scope: Scope) -> tuple[tuple[Part, ...], list[str]]:
    parts: list[Part] = []
    columns: list[str] = []
    if model.declared.flag_when is None:
        return (), []

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("flag_when",), problem, hint)

    compiler = Compiler(replace(scope, error=error))
    for i, tree in enumerate(conjuncts(parse(model.declared.flag_when, error)), 1):
        columns.append(f"{compiler.boolean(tree)} AS part_{i}")
        sides = None
        if isinstance(tree, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            left, right = compiler.value(tree.this), compiler.value(tree.expression)
            columns += [
                f"CAST({left} AS TEXT) AS part_{i}_left",
                f"CAST({right} AS TEXT) AS part_{i}_right",
            ]
            sides = (f"part_{i}_left", f"part_{i}_right")
        text = written(tree)
        parts.append(Part(text, f"part_{i}", sides))
    return tuple(parts), columns


def _used(model: SupervisionModel, queries: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The physical columns of each fact that the queries read, in the dataset's order."""
    found: dict[str, set[str]] = {alias: set() for alias in model.facts}
    for query in queries:
        for fact, name in mentioned(query):
            if fact == "listed" and "__" in name:  # the rows are listed with what is used of them
                listed, _, column = name.partition("__")
                found.setdefault(listed, set()).add(column)
            elif fact in found and name != "_row":
                found[fact].add(name)
    return {
        alias: tuple(f.suffix for f in dataset.viewed if f.suffix in found[alias])
        for alias, dataset in model.facts.items()
    }


def _fact_ctes(
    model: SupervisionModel,
    base: Base,
    used: Mapping[str, Sequence[str]],
    focus: Mapping[str, str],
    instead: Mapping[str, str],
    guessed: frozenset[str] | None,
) -> list[tuple[str, str]]:
    """Each fact with only the columns that are used, filtered by its `where`."""
    found = []
    for alias in base.facts:
        dataset = model.facts[alias]
        if dataset.name in base.facts and dataset.name != alias:
            # Another fact bears this dataset's name and would be read in its place.
            found.append((f"dataset_{dataset.name}", f"SELECT * FROM {_safe(dataset.name)}"))
    found = list(dict.fromkeys(found))
    for alias in base.facts:
        dataset = model.facts[alias]
        source = _safe(dataset.name)
        if dataset.name in base.facts and dataset.name != alias:
            source = f"dataset_{dataset.name}"
        source = instead.get(alias, source)
        conditions = []
        lacked = model.declared.lack is not None and model.declared.lack.fact == alias
        if model.declared.facts[alias].where is not None and not lacked:
            locate = partial(_column_of, source)
            conditions.append(filtered(model, alias, base.scope, locate))
        if alias in focus:
            conditions.append(focus[alias])
        kept = " WHERE " + " AND ".join(f"({c})" for c in conditions) if conditions else ""
        columns = ", ".join([*map(_safe, used[alias]), "_row"])
        query = f"SELECT {columns} FROM {source}{kept}"
        if alias in base.guesses and (
            guessed is None or dataset.name in guessed
        ):  # whom else a row without a full number may be about
            others = maybe(instead.get(alias, dataset.name))
            query += f" UNION ALL SELECT {columns} FROM {others} AS {source}{kept}"
        found.append((alias, query))
    return found


def _column_of(source: str, _: str, column: str) -> str:
    return f"{source}.{column}"


def _safe(name: str) -> str:
    """A name as SQL takes it; quoted only where it is one of SQL's own words, or our parameter."""
    return exp.to_identifier(name, quoted=name == "as_of" or None).sql(dialect="duckdb")


def _told(
    model: SupervisionModel,
    base: Base,
    used: Mapping[str, Sequence[str]],
    level: str,
    *,
    detail: bool,
) -> list[str]:
    """What the statement says of a candidate, up to the digests of its evidence; `level` is that of a warning."""
    spread = base.spread.facts if base.spread else ()
    held = {fact: "evidence" if fact in spread else "judged" for fact in base.evidence}
    digests = {fact: f"evidence.digest_{fact}" for fact in spread}
    for fact in base.rows:
        whole = digest([f"judged.{_carried(fact, name)}" for name in used[fact]])
        digests[fact] = _of_kept(whole, detail=detail)
    return [
        *(f"judged.per_{i + 1}" for i in range(len(model.declared.one_warning_per))),
        "judged.verdict", "judged.decided_by", "judged.tier",
        f"CASE WHEN judged.verdict = 'flag' THEN {level} END AS level",
        *(f"{where}.row_{fact}" for fact, where in held.items()),
        *(f"{digests[fact]} AS digest_{fact}" for fact in base.evidence),
    ]  # fmt: skip


def _whole(model: SupervisionModel, base: Base, level: str, *, detail: bool) -> str:
    """All candidates, with their evidence and what their level is found from.

    Without detail no candidate is clear any more. A filter on the verdict here would be pushed down to the
    scans, and a condition on it in the join would make the join a nested loop.
    """
    rows = base.spread.join(detail=detail) if base.spread else ""
    graded = f" LEFT JOIN graded ON {_same_warning(model)}" if level == GRADED else ""
    return f"judged{rows}{graded}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
