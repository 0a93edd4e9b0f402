"""What closure needs of the engine: the clause behind each warning, and counts of facts by unit and month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from plumbline.engine import SupervisionModel, Workspace
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.closure.actions.mechanism import keep_measurement
from plumbline.loop.closure.actions.problem import propose_problems
from plumbline.loop.closure.models import GovernanceProblem, Measurement, Mechanism
from plumbline.loop.closure.queries.clusters import HalfYear, closed_in
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import User


def clauses(office: Workspace, warnings: Iterable[EarlyWarning]) -> dict[str, str]:
    """Key of a warning -> the clauses of its line that were in force, as its model names them.

    What counts is the day of the fact where the model says which day decides, as the evidence has it;
    a warning that the store does not hold any more is taken by its own as-of date. A warning of a model that
    is not in the catalog has none.
    """
    asked = list(warnings)
    several = {name for name, model in office.models.items() if len(model.declared.line.basis) > 1}
    days = _days(office, {each.key for each in asked if each.model in several}, several)
    found = {}
    for each in asked:
        model = office.models.get(each.model)
        if model is not None:
            found[each.key] = clause_on(model, days.get(each.key, each.as_of))
    return found


def clause_on(model: SupervisionModel, day: date) -> str:
    """Law and clause in force on a day, several one after the other; all of them where none was."""
    bases = model.declared.line.basis
    there = [b for b in bases if _reached(b.starts, day) and not _passed(b.ends, day)]
    return "；".join(f"《{b.law}》{b.clause}" for b in there or bases)[:500]


def _reached(starts: str | None, day: date) -> bool:
    return starts is None or str(day)[: len(starts)] >= starts


def _passed(ends: str | None, day: date) -> bool:
    return ends is not None and str(day)[: len(ends)] > ends


def _days(office: Workspace, keys: set[str], models: Iterable[str]) -> dict[str, date]:
    """Of warnings whose line changed over time, the day that decides which one held."""
    found: dict[str, date] = {}
    for name in sorted(models):
        mine = (
            [w for w in office.warnings(model=name, withdrawn=True) if w.key in keys]
            if keys
            else []
        )
        gone = office.purged(mine)  # of these nobody can tell any more
        mine = [w for w in mine if w.key not in gone]
        rows = office.evidence(mine)
        for warning in mine:
            fact, column = _deciding(office.model_behind(warning))
            row = warning.leading().get(fact)
            if column and row is not None:
                (first, *_) = rows[warning.key][fact][row].values[column]
                if isinstance(first, date):
                    found[warning.key] = first
    return found


def _deciding(model: SupervisionModel) -> tuple[str, str]:
    """Fact and column whose date decides which line was in force; no column where the run's date does."""
    declared = model.declared
    if declared.in_force_on:
        fact, _, column = declared.in_force_on.partition(".")
        return fact, column
    fact = declared.supervises.partition(".")[0]
    return fact, model.facts[fact].declared.on or ""


def propose(*, at: datetime) -> list[GovernanceProblem]:
    """Propose problems from what was closed in this half-year and the one before it."""
    now = HalfYear.of(day_of(at))
    warnings = EarlyWarning.objects.filter(
        disposal__in=[d.pk for period in (now.before, now) for d in closed_in(period)]
    )
    return propose_problems(clauses(workspace(), warnings), at=at)


def measure_anew(mechanism: Mechanism, *, at: datetime) -> bool:
    """Measure it where the data or the model are others than at the last measurement; was it done?"""
    office = workspace()
    as_of, version = _newest(office, at), office.model(mechanism.model).declared.version
    known = mechanism.measurements.filter(as_of=as_of, version=version, model=mechanism.model)
    if known.exists():
        return False
    measure(mechanism, by=None, at=at)
    return True


def measure(mechanism: Mechanism, *, by: User | None, at: datetime) -> Measurement:
    """Let the engine count a mechanism's months, and keep them.

    Raises:
        RunError: the model's facts are not loaded, or bear no date of their own.
        DeclarationError: there is no such model any more.
    """
    office = workspace()
    version = office.model(mechanism.model).declared.version
    as_of = _newest(office, at)
    counted = office.monthly(mechanism.model, as_of)
    return keep_measurement(mechanism, counted, as_of=as_of, version=version, by=by, at=at)


def _newest(office: Workspace, at: datetime) -> date:
    """The day that the newest delivery speaks of."""
    return max((s.as_of for s in office.snapshots().values() if s.as_of), default=day_of(at))
