"""Which line and which setting were in force: read off the date that a model names for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.days import read_days
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.time import Day, Number


def numbers(model: SupervisionModel, in_force: Day) -> dict[str, Number | str]:
    """The settings by name; an effective-dated one is a CASE on the date in force."""
    found: dict[str, Number | str] = {}
    for name, value in model.declared.settings.items():
        if isinstance(value, dict):
            whole = all(isinstance(v, int) for v in value.values())
            cases = [
                (" AND ".join(_bounds(model, name, period, in_force)), v)
                for period, v in value.items()
            ]
            _check_periods(model, name, list(value))
            if whole:
                found[name] = Number(tuple((when, int(v)) for when, v in cases))
            else:
                whens = " ".join(f"WHEN {w} THEN {Decimal(str(v)):f}" for w, v in cases)
                found[name] = f"CASE {whens} END"
        elif isinstance(value, int):
            found[name] = Number((("", value),))
        else:
            found[name] = f"{Decimal(str(value)):f}"
    return found


def _check_periods(model: SupervisionModel, name: str, periods: list[str]) -> None:
    """Each day has one value at most."""
    slot = ("settings", name)
    spans = []
    for period in periods:
        first, _, last = period.partition("..")
        spans.append(
            (
                _day(model, (*slot, period), first)[0] if first else date.min,
                _day(model, (*slot, period), last)[1] if last else date.max,
                period,
            )
        )
    if not spans:
        raise model.error(slot, f"“{name}”没有取值", f"'{name}' has no value")
    spans.sort()
    for begins, ends, period in spans:
        if begins > ends:
            raise model.error(
                (*slot, period),
                f"时段“{period}”起在止后",
                f"period '{period}' ends before it begins",
            )
    for (_, ends, one), (begins, _, other) in pairwise(spans):
        if begins <= ends:
            raise model.error(
                (*slot, other),
                f"时段“{one}”和“{other}”有重叠",
                f"the periods '{one}' and '{other}' overlap",
            )


def line_in_force(model: SupervisionModel, in_force: Day) -> str | None:
    """SQL: was any clause of the line in force on that day? None where it always was."""
    clauses = []
    for first, last in _periods(model):
        holds, fails = [], []
        if first != date.min:
            holds.append(f"{in_force.first} >= DATE '{first}'")
            fails.append(f"{in_force.last} < DATE '{first}'")
        if last != date.max:
            holds.append(f"{in_force.last} <= DATE '{last}'")
            fails.append(f"{in_force.first} > DATE '{last}'")
        if not holds:
            return None
        clauses.append(
            f"CASE WHEN {' AND '.join(holds)} THEN TRUE WHEN {' OR '.join(fails)} THEN FALSE END"
        )
    return " OR ".join(f"({clause})" for clause in clauses) or None


def _periods(model: SupervisionModel) -> list[tuple[date, date]]:
    """When the line held, by all its clauses together.

    A clause that takes over from another leaves no gap: a day known by its year alone is then
    within the line though it may be under either.
    """
    clauses = []
    for i, basis in enumerate(model.declared.line.basis):
        slot = ("line", "basis", i)
        first = _day(model, (*slot, "from"), basis.starts)[0] if basis.starts else date.min
        last = _day(model, (*slot, "to"), basis.ends)[1] if basis.ends else date.max
        clauses.append((first, last))
    merged: list[tuple[date, date]] = []
    for first, last in sorted(clauses):
        if merged and (merged[-1][1] == date.max or first <= merged[-1][1] + timedelta(days=1)):
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _bounds(model: SupervisionModel, name: str, period: str, in_force: Day) -> Iterator[str]:
    slot = ("settings", name, period)
    first, dots, last = period.partition("..")
    if not dots:
        raise model.error(
            slot,
            f"时段“{period}”须写成 起..止，如 ..2019-12-31",
            f"period '{period}' must be written from..to, such as ..2019-12-31",
        )
    if first:
        yield f"{in_force.first} >= DATE '{_day(model, slot, first)[0]}'"
    if last:
        yield f"{in_force.last} <= DATE '{_day(model, slot, last)[1]}'"
    if not first and not last:
        yield "TRUE"


def _day(model: SupervisionModel, slot: tuple[str | int, ...], text: str) -> tuple[date, date]:
    try:
        days = read_days(text)
    except UnreadableCellError as unreadable:
        raise model.document.error(slot, unreadable.reason) from unreadable
    if days is None:
        raise model.error(slot, f"“{text}”不是日期", f"'{text}' is not a date")
    return days


def in_force(model: SupervisionModel, first: date | None, last: date | None) -> dict[str, str]:
    """The settings as they were on a day somewhere from `first` to `last`, in words.

    A setting that changed within that time is shown with all its periods.
    """
    found = {}
    for name, value in model.declared.settings.items():
        if not isinstance(value, dict):
            found[name] = str(value)
            continue
        matching = [
            number for period, number in value.items()
            if first and last and _covers(model, name, period, first, last)
        ]  # fmt: skip
        listed = "；".join(f"{period}: {number}" for period, number in value.items())
        found[name] = str(matching[0]) if len(matching) == 1 else listed
    return found


def _covers(model: SupervisionModel, name: str, period: str, first: date, last: date) -> bool:
    starts, _, ends = period.partition("..")
    slot = ("settings", name, period)
    return (not starts or first >= _day(model, slot, starts)[0]) and (
        not ends or last <= _day(model, slot, ends)[1]
    )
