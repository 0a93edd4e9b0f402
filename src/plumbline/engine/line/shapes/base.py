"""The relation of candidates, however a shape makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plumbline.engine.line.expression import Compiler, Scope, parse
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text

#: Judged candidates whose evidence is kept; the rest is only counted.
KEPT = "judged.verdict = 'flag' OR judged.decided_by = 'identity'"


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
        carried: columns kept through judging, to find the gathered rows again.
        expansion: join that turns a judged group into its rows.
        expansion_of_kept: the same, but a group that nobody keeps stays one row without evidence.
        expanded: fact -> its row's number after the expansion.
        digests: fact -> digest of its row after the expansion.
        guesses: facts of which those rows take part as well that a person may only be guessed for.
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
    carried: Mapping[str, str] = field(default_factory=dict)
    expansion: str = ""
    expansion_of_kept: str = ""
    expanded: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    guesses: Sequence[str] = ()


def digest(columns: Sequence[str]) -> str:
    """SHA-256 over the values of a row, as text, so that every engine gives the same."""
    values = ", ".join(f"COALESCE(CAST({column} AS TEXT), '␀')" for column in columns)
    return f"SHA256(CONCAT_WS('␟', {values}))"


def maybe(dataset: str) -> str:
    """Relation of the rows that lack a full number, once for everyone they may be about (tier E).

    Only shapes that look at rows one by one read it: in a sum a guess must not count.
    """
    return f"{dataset}__maybe"


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
