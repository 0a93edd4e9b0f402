"""The relation of candidates, however a shape makes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plumbline.engine.line.expression import Compiler, Scope, conjuncts, parse
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text

#: Judged candidates whose evidence is kept; the rest is only counted.
KEPT = "judged.verdict = 'flag' OR judged.decided_by = 'identity'"


@dataclass(frozen=True)
class Spread:
    """How gathered rows become evidence: `kept` names the groups that need theirs, `evidence` holds the rows.

    Attributes:
        keys: what a candidate carries to name its group, name -> SQL.
        facts: whose rows are found.
        rows: the query over `kept`: its keys, and row_<fact> and digest_<fact> of each fact.
    """

    keys: Mapping[str, str]
    facts: Sequence[str]
    rows: str

    def ctes(self, *, detail: bool) -> list[tuple[str, str]]:
        which = "" if detail else f" WHERE {KEPT}"
        kept = f"SELECT DISTINCT {', '.join(self.keys)} FROM judged{which}"
        if len(self.keys) == 1:
            # DuckDB expects few elements of a list, and makes the hash table of them, not of the rows.
            (key,) = self.keys
            kept = f"SELECT UNNEST(found) AS {key} FROM (SELECT LIST(DISTINCT {key}) AS found FROM judged{which}) AS listed"
        return [("kept", kept), ("evidence", self.rows)]

    def join(self, *, detail: bool) -> str:
        """Left joined, so that a group that nobody keeps stays one row without evidence."""
        first, *others = self.keys
        # A condition on the candidate's side alone would make a nested loop of the join.
        key = f"judged.{first}" if detail else f"CASE WHEN {KEPT} THEN judged.{first} END"
        rest = [f"evidence.{name} = judged.{name}" for name in others]
        return f" LEFT JOIN evidence ON {' AND '.join([f'evidence.{first} = {key}', *rest])}"


@dataclass(frozen=True)
class Base:
    """Candidates before they are judged, as pieces of SQL.

    Attributes:
        facts: aliases that are read.
        scope: where expressions find columns.
        in_force: the date that decides which line and settings were in force.
        source: what follows FROM.
        rows: fact -> its row's number, for facts of which a candidate has one row.
        tier: identity tier of the candidate.
        lead: number that orders the candidates of one warning.
        evidence: facts whose rows a warning rests on.
        ctes: (name, query) that `source` builds on.
        figures: names such as `sum.litres` -> SQL.
        conditions: what must hold besides `flag_when`.
        carrying: (used columns of each fact) -> `ctes` in which `listed` holds them as <fact>__<column>.
        spread: how the rows of a judged group are found again.
        derived: further columns of `gathered`, name -> SQL; they come to be known as conditions are written.
        guesses: facts of which those rows take part as well that a person may only be guessed for.
        doubts: what of it asks for names that are at odds, as `Joined.doubts`.
    """

    facts: Sequence[str]
    scope: Scope
    in_force: Day
    source: str
    rows: Mapping[str, str]
    tier: str
    lead: str
    evidence: Sequence[str]
    ctes: Sequence[tuple[str, str]] = ()
    figures: Mapping[str, str | Day] = field(default_factory=dict)
    conditions: Sequence[str] = ()
    carrying: Callable[[Mapping[str, Sequence[str]]], Sequence[tuple[str, str]]] | None = None
    spread: Spread | None = None
    derived: Mapping[str, str] = field(default_factory=dict)
    guesses: Sequence[str] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)


#: A column of a relation; texts and an author's remarks mention none.
_MENTIONED = re.compile(r"""'(?:[^']|'')*'|/\*.*?\*/|\b(\w+)"?\.(?:"(\w+)"|(\w+))""", re.DOTALL)


def mentioned(sql: str) -> list[tuple[str, str]]:
    """The columns that compiled SQL mentions, with their relations; taking it apart in full takes long."""
    return [(table, one or other) for table, one, other in _MENTIONED.findall(sql) if table]


def maybe_true(condition: str) -> str:
    """SQL: the condition holds or is unknown."""
    return f"({condition}) IS DISTINCT FROM FALSE"


def flagging(model: SupervisionModel, scope: Scope) -> list[str]:
    """SQL of the parts of `flag_when` that must all hold."""
    if model.declared.flag_when is None:
        return []

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("flag_when",), problem, hint)

    compiler = Compiler(replace(scope, error=error))
    return [compiler.boolean(part) for part in conjuncts(parse(model.declared.flag_when, error))]


def digest(columns: Sequence[str]) -> str:
    """SHA-256 over the values of a row, as text, so that every engine gives the same."""
    values = ", ".join(f"COALESCE(CAST({column} AS TEXT), '␀')" for column in columns)
    return f"SHA256(CONCAT_WS('␟', {values}))"


def maybe(dataset: str) -> str:
    """Relation of the rows that lack a full number, once for everyone they may be about (tier E).

    Only shapes that look at rows one by one read it: in a sum a guess must not count.
    """
    return f"{dataset}__maybe"


#: Relation (code, name, other) of names under one code that cannot be one organisation's, both ways round.
DOUBTS = "organisation_doubts"


def guessed(model: SupervisionModel, facts: Sequence[str]) -> list[str]:
    """Facts among these that are tied by a column whose bearer may have to be guessed."""
    tied = {reference for references in model.declared.same.values() for reference in references}
    return [
        fact for fact in facts
        if any(model.facts[fact].is_loose(c) and f"{fact}.{c}" in tied
               for c in model.facts[fact].bearers)
    ]  # fmt: skip


def plain_scope(model: SupervisionModel) -> Scope:
    """Every fact under its own name."""

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error((), problem, hint)

    return Scope(facts=model.facts, error=error)


def filtered(
    model: SupervisionModel,
    alias: str,
    scope: Scope,
    locate: Callable[[str, str], str] = lambda fact, column: f"{fact}.{column}",
) -> str:
    """A fact's `where` as SQL."""

    def error(problem: Text, hint: Text | None = None) -> DeclarationError:
        return model.document.error(("facts", alias, "where"), problem, hint)

    within = replace(
        scope, error=error, locate=locate, bare=alias, facts={alias: model.facts[alias]},
        figures={}, numbers={},
    )  # fmt: skip
    return Compiler(within).boolean(parse(model.declared.facts[alias].where or "true", error))


def date_in_force(model: SupervisionModel) -> str | None:
    """The `fact.column` that names it: declared, or the supervised fact's own date."""
    declared = model.declared
    if declared.in_force_on:
        return None if declared.in_force_on == "as_of" else declared.in_force_on
    fact = declared.supervises.partition(".")[0]
    on = model.facts[fact].declared.on
    return f"{fact}.{on}" if on else None


def day_at(model: SupervisionModel, reference: str | None, scope: Scope) -> Day:
    """The date at `fact.column`, or the date of the run."""
    if reference is None:
        return Day(scope.as_of, scope.as_of)
    fact, column = model.resolve(reference, ("in_force_on",))
    at = scope.locate(fact, column)
    first, last = f"{at}__from", f"{at}__to"
    if model.facts[fact].columns[column].type == "moment":
        return Day(f"CAST({first} AS DATE)", f"CAST({last} AS DATE)")
    return Day(first, last)
