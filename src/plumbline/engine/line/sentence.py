"""The sentence a warning says: a template with the evidence in it, checked when the model is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from plumbline.engine.fact.document import did_you_mean
from plumbline.engine.fact.types import SemanticType
from plumbline.engine.line.model import SupervisionModel
from plumbline.errors import Lang

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CALL = re.compile(r"(rows|total|earliest|latest)\(\s*([\w.]+)\s*\)")

Show = Callable[[str, str], str]  # fact, column -> the leading row's value in words


@dataclass(frozen=True)
class Told:
    """What a sentence may draw on.

    Attributes:
        show: the leading row's value of `fact`, `column`.
        rows: fact -> how many rows.
        gather: (total|earliest|latest, fact, column) -> value in words over all rows.
        figures: name -> value in words.
        settings: name -> value in force, in words.
    """

    show: Show
    rows: Mapping[str, int]
    gather: Callable[[str, str, str], str]
    figures: Mapping[str, str]
    settings: Mapping[str, str]


def render(template: str, told: Told) -> str:
    """The sentence, all placeholders filled."""

    def fill(found: re.Match[str]) -> str:
        name = found[1].strip()
        if call := _CALL.fullmatch(name):
            function, argument = call[1], call[2]
            if function == "rows":
                return str(told.rows.get(argument, 0))
            fact, _, column = argument.partition(".")
            return told.gather(function, fact, column)
        if name in told.figures:
            return told.figures[name]
        if name in told.settings:
            return told.settings[name]
        fact, _, column = name.partition(".")
        return told.show(fact, column)

    return _PLACEHOLDER.sub(fill, template)


def check_sentence(model: SupervisionModel, figures: Sequence[str]) -> None:
    """Refuse a placeholder that nothing would fill."""
    languages: list[tuple[Lang, str]] = [
        ("zh", model.declared.say.zh),
        ("en", model.declared.say.en),
    ]
    for lang, template in languages:
        for name in (found.strip() for found in _PLACEHOLDER.findall(template)):
            _check_placeholder(model, ("say", lang), name, figures)


def _check_placeholder(
    model: SupervisionModel, slot: tuple[str, str], name: str, figures: Sequence[str]
) -> None:
    if name in figures or name in model.declared.settings:
        return
    call = _CALL.fullmatch(name)
    if call and call[1] == "rows":
        if call[2] not in model.evidence:
            raise model.error(
                slot, f"没有事实“{call[2]}”", f"no fact '{call[2]}'",
                did_you_mean(call[2], list(model.evidence)),
            )  # fmt: skip
        return
    reference = call[2] if call else name
    fact, _ = model.resolve(reference, slot) if "." in reference else ("", "")
    if fact not in model.evidence:
        valid = [*figures, *model.declared.settings, *(f"{f}.…" for f in model.evidence)]
        raise model.error(
            slot,
            f"句子里的“{{{name}}}”没有可填的内容",
            f"nothing fills '{{{name}}}' in the sentence",
            did_you_mean(name, valid),
        )


def figure_types(model: SupervisionModel) -> dict[str, SemanticType | None]:
    """The type of each calculated figure that is an amount or date of a column; else None."""
    declared = model.declared
    found: dict[str, SemanticType | None] = {}
    for slot, what in [("sum", declared.sum), ("duplicate", declared.duplicate)]:
        for name, text in (what.what if what else {}).items():
            found[f"{slot}.{name}"] = _of(model, text)
    if declared.outlier:
        for name in ("q1", "q3", "lower", "upper"):
            found[f"outlier.{name}"] = _of(model, f"least({declared.outlier.of})")
    return found


def _of(model: SupervisionModel, text: str) -> SemanticType | None:
    call = re.fullmatch(r"\s*(?:total|least|most|earliest|latest)\(\s*(\w+)\.(\w+)\s*\)\s*", text)
    if not call or call[1] not in model.facts:
        return None
    return model.facts[call[1]].types.get(call[2])
