"""What a model falls apart into: values of one identifier that can be judged one without the other.

Where every fact is tied to the others by the same identifier (or to one that is), and rows are gathered or
compared under one value of it alone, no candidate is made of rows of two values. After a delivery only those values have to be
judged again of which some row came, went, or is tied to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes import Base
from plumbline.engine.line.shapes.ties import identifier_key

Slot = tuple[str, str]  # fact, column


@dataclass(frozen=True)
class Through:
    """How rows of a fact without the identifier belong to its values: by rows of a fact that has it.

    Attributes:
        fact: the other fact.
        own, others: physical columns that are equal, of the one and of the other.
    """

    fact: str
    own: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Partition:
    """An identifier by which a model falls apart.

    Attributes:
        columns: fact -> the physical columns that hold its value; as many for each fact.
        through: the other facts -> how their rows belong to values, such as incomes to households by
            their members.
        part: SQL of the value at a candidate, as text; null where the candidate has none.
    """

    columns: Mapping[str, tuple[str, ...]]
    through: Mapping[str, Through]
    part: str


def as_text(columns: tuple[str, ...]) -> str:
    """SQL of a value as one text; null where any of it is."""
    return " || '␟' || ".join(f"CAST({column} AS TEXT)" for column in columns)


def partition(model: SupervisionModel, base: Base, *, graded: bool) -> Partition | None:
    """The first identifier that serves; None where no one does.

    Args:
        graded: is a warning's level found from all its candidates together?
    """
    if model.declared.shape == "sql":
        return None  # what an author's own query compares is not known
    under = _under(model)
    about = {model.column_of(named) for named in model.declared.one_warning_per}
    for slots in _tied(model, under):
        through = _through(model, dict(reversed(slots)))
        if through is None:
            continue
        if graded and not about & {*slots}:
            continue  # the candidates of one warning may have several values
        columns = {fact: _physical(model, (fact, column)) for fact, column in reversed(slots)}
        at = [slot for slot in slots if slot[0] in base.evidence and slot in (under or slots)]
        fact, column = at[0]
        located = base.scope.locate(fact, column)
        suffixes = identifier_key(model.facts[fact], column)
        part = as_text(tuple(f"{located}{suffix}" for suffix in suffixes))
        return Partition(columns, through, part)
    return None


def _through(model: SupervisionModel, having: Mapping[str, str]) -> dict[str, Through] | None:
    """How the facts without an identifier are tied to those that have it; None where one is not."""
    found = {}
    tied = [[_slot(reference) for reference in slots] for slots in model.declared.same.values()]
    for fact in model.facts.keys() - having.keys():
        ways = [
            Through(other[0], _physical(model, own), _physical(model, other))
            for slots in tied
            for own in slots
            for other in slots
            if own[0] == fact and other[0] in having
        ]
        if not ways:
            return None
        found[fact] = ways[0]
    return found


def _physical(model: SupervisionModel, slot: Slot) -> tuple[str, ...]:
    fact, column = slot
    return tuple(f"{column}{suffix}" for suffix in identifier_key(model.facts[fact], column))


def _tied(model: SupervisionModel, under: list[Slot] | None) -> Iterator[list[Slot]]:
    """Columns that hold one identifier, as far as rows of two values never come together."""
    tied = [[_slot(reference) for reference in slots] for slots in model.declared.same.values()]
    if len(model.facts) == 1:
        tied += [[slot] for slot in under or ()]
    for slots in tied:
        if under is None or any(slot in under for slot in slots):
            yield slots


def _under(model: SupervisionModel) -> list[Slot] | None:
    """What rows share that are gathered, or held against each other; None where no rows are.

    A column that may be absent is left out: two rows without it are gathered as well.
    """
    declared = model.declared
    references = None
    if declared.sum is not None:
        references = declared.sum.per
    elif declared.duplicate is not None:
        references = declared.duplicate.on
    elif declared.outlier is not None:
        references = declared.outlier.among
    if references is None:
        return None
    return [_slot(reference) for reference in references if not reference.endswith("?")]


def _slot(reference: str) -> Slot:
    fact, _, column = reference.rstrip("?").partition(".")
    return fact, column
