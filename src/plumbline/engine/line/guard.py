"""What no model's text can lift: nobody is taken for somebody else without the engine grading the tie.

Numbers and names tie rows only under `same`, where their tier is worked out: names that go with the numbers
(A, B), rows without a full number (C, D, E), names alone (E). A comparison of numbers or names between two
facts anywhere else is refused, since nothing would grade it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from plumbline.engine.line.expression import parse
from plumbline.engine.line.model import SupervisionModel
from plumbline.errors import DeclarationError, Text

#: Types by which somebody is known.
BEARING = frozenset({"person.id", "person.name", "org.code", "org.name"})


def check_ties(model: SupervisionModel) -> None:
    """Refuse a model that ties people or organisations outside `same`.

    Raises:
        DeclarationError: naming the slot and both columns.
    """
    for slot, text in _slots(model):

        def error(
            problem: Text, hint: Text | None = None, slot: tuple[str | int, ...] = slot
        ) -> DeclarationError:
            return model.document.error(slot, problem, hint)

        for node in parse(text, error).find_all(exp.Predicate):
            tied = {
                f"{column.table}.{column.name}" for column in node.find_all(exp.Column)
                if is_bearing(model, column.table, column.name)
            }  # fmt: skip
            if len({each.partition(".")[0] for each in tied}) > 1 and not under_same(model, tied):
                one, other = sorted(tied)[:2]
                raise error(
                    Text(f"“{one}”和“{other}”不能在这里相比", f"'{one}' and '{other}' cannot be compared here"),
                    Text("把它们写进 same，身份才会分级", "write them under same, so that the identity is graded"),
                )  # fmt: skip


def is_bearing(model: SupervisionModel, fact: str, column: str) -> bool:
    """Is it a number or name of a person or an organisation?"""
    dataset = model.facts.get(fact)
    declared = dataset.columns.get(column.partition("__")[0]) if dataset else None
    return declared is not None and declared.type in BEARING


def under_same(model: SupervisionModel, tied: set[str]) -> bool:
    return any(tied <= set(references) for references in model.declared.same.values())


def _slots(model: SupervisionModel) -> Iterator[tuple[tuple[str | int, ...], str]]:
    declared = model.declared
    if declared.flag_when is not None:
        yield ("flag_when",), declared.flag_when
    if declared.lack is not None:
        yield ("lack", "when"), declared.lack.when
    for kind in ("sum", "duplicate"):
        gathered = getattr(declared, kind)
        if gathered is not None and gathered.rows_when is not None:
            yield (kind, "rows_when"), gathered.rows_when
