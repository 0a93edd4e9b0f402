"""A warning in words: its sentence, from the rows it points to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from plumbline.engine.collision.evidence import FactRow
from plumbline.engine.collision.warning import EarlyWarning
from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.days import show_days
from plumbline.engine.fact.types.money import Money
from plumbline.engine.line.inforce import in_force
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.sentence import Told, figure_types, render
from plumbline.engine.line.shapes.base import date_in_force
from plumbline.errors import Lang, Text

_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")
#: Every page and export that shows a warning says so.
NOT_A_VERDICT = {
    "zh": "预警是需要核实的线索，不是对任何人的结论；可能有错，也可能有正当解释。",
    "en": "A warning is something to verify, not a verdict on anyone; it may be an error or have a "
    "lawful explanation.",
}


def sentence(
    model: SupervisionModel,
    warning: EarlyWarning,
    rows: Mapping[str, Mapping[int, FactRow]],
    lang: Lang,
    *,
    masked: bool = True,
) -> str:
    """The model's sentence with this warning's evidence in it.

    Args:
        rows: fact -> row number -> row, at least those the warning points to.
        masked: hide what identifies a person.
    """
    lead = {fact: rows[fact][row] for fact, row in warning.leading().items()}
    of_fact: dict[str, list[FactRow]] = {}
    for evidence in warning.evidence:
        of_fact.setdefault(evidence.fact, []).append(rows[evidence.fact][evidence.row])

    def show(fact: str, column: str) -> str:
        return lead[fact].show(column, lang, masked=masked) if fact in lead else "—"

    def gather(function: str, fact: str, column: str) -> str:
        return _gather(function, of_fact.get(fact, []), column, lang)

    told = Told(
        show=show,
        rows={fact: len(found) for fact, found in of_fact.items()},
        gather=gather,
        figures=figures(model, warning.figures, lang),
        settings=settings_in_force(model, lead),
    )
    words = model.declared.say.text
    return render(words.in_(lang), told)


def settings_in_force(model: SupervisionModel, lead: Mapping[str, FactRow]) -> dict[str, str]:
    """The model's settings as they were on the day that these rows speak of, in words."""
    return in_force(model, *_day_in_force(model, lead))


def per_in_words(
    model: SupervisionModel, values: Sequence[str], lang: Lang, *, masked: bool = True
) -> tuple[str, ...]:
    """The values of `one_warning_per`, the subject first, as a person reads them."""
    named = model.declared.one_warning_per
    return tuple(
        _in_words(model, name, value, lang, masked=masked)
        for name, value in zip(named, values, strict=False)
    )


def _in_words(model: SupervisionModel, named: str, value: str, lang: Lang, *, masked: bool) -> str:
    fact, column = model.column_of(named)
    if not value:
        return value
    if fact not in model.facts or column not in model.facts[fact].columns:
        return _days_in_words(value, lang)  # calculated, such as the month of a day
    dataset = model.facts[fact]
    type_ = dataset.types[column]
    if masked and dataset.is_personal(column):
        try:
            return type_.mask(type_.parse(value), lang)
        except UnreadableCellError:
            return "***"
    if type_.name == "money":
        return type_.show((int(value),), lang)
    if type_.name == "date":
        return _days_in_words(value, lang)
    return type_.show((value,), lang) if type_.name == "category" else value


def _days_in_words(value: str, lang: Lang) -> str:
    """A day, or the first and the last of an interval as `2023-02-01..2023-02-28`; anything else as it is."""
    span = _DAYS.fullmatch(value)
    if not span:
        return value
    first, last = (date.fromisoformat(day) for day in (span[1], span[2] or span[1]))
    return Text(*show_days(first, last)).in_(lang)


def figures(
    model: SupervisionModel, values: Mapping[str, str | None], lang: Lang
) -> dict[str, str]:
    """Calculated figures in words, by the names that models give them (`sum.litres`)."""
    types = figure_types(model)
    shape = model.declared.shape
    found = {}
    for name, value in values.items():
        type_ = types.get(f"{shape}.{name}")
        if value is None:
            found[f"{shape}.{name}"] = "—"
        elif type_ is not None and type_.name == "money":
            found[f"{shape}.{name}"] = type_.show((round(float(value)),), lang)
        else:
            found[f"{shape}.{name}"] = value
    return found


def at_stake(model: SupervisionModel, values: Mapping[str, str | None]) -> int | None:
    """The largest sum of money among calculated figures, in fen; amounts of other currencies are none."""
    if model.declared.sum is None and model.declared.duplicate is None:
        return None  # the fences of an outlier are not at stake
    types = figure_types(model)
    found = [
        round(Decimal(value)) for name, value in values.items()
        if value is not None
        and isinstance(type_ := types.get(f"{model.declared.shape}.{name}"), Money)
        and type_.column.currency == "CNY"
    ]  # fmt: skip
    return max(found, default=None)


def _gather(function: str, rows: Sequence[FactRow], column: str, lang: Lang) -> str:
    if not rows:
        return "—"
    values = [row.values[column] for row in rows]
    type_ = rows[0].dataset.types[column]
    known = [value for value in values if value[0] is not None]
    if not known:
        return "—"
    if function == "total":
        return type_.show((sum(value[0] for value in known),), lang)
    chosen = min(known) if function == "earliest" else max(known, key=lambda value: value[-1])
    return type_.show(chosen, lang)


def _day_in_force(
    model: SupervisionModel, lead: Mapping[str, FactRow]
) -> tuple[date | None, date | None]:
    reference = date_in_force(model)
    if reference is None:
        return None, None
    fact, _, column = reference.partition(".")
    if fact not in lead:
        return None, None
    first, last = (
        part.date() if isinstance(part, datetime) else part for part in lead[fact].values[column]
    )
    return first, last
