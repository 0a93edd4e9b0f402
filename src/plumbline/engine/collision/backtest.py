"""How a model would have judged each past month, and how with another setting.

A month is judged as of its last day. Where a run of that month is recorded, what that run saw is read: its
deliveries and its map of who is who, as they were. Elsewhere it is today's registers, without the rows whose own
date lies after that day; what was delivered late or corrected since is then known sooner than it was.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from plumbline.engine.backend import Duck
from plumbline.engine.collision.decided import Decided
from plumbline.engine.collision.gather import Tally, find, gathered, tally
from plumbline.engine.collision.past import past, up_to
from plumbline.engine.collision.run import opened
from plumbline.engine.fact.document import did_you_mean
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.line.compile import Compiled, compile_model
from plumbline.engine.line.model import Level, SupervisionModel
from plumbline.engine.linkage.identity import identity
from plumbline.errors import PurgedError, RunError, Text


@dataclass(frozen=True)
class Flagged:
    """One warning that there would have been."""

    subject: str
    level: Level


@dataclass(frozen=True)
class JudgedMonth:
    """What a model makes of one month.

    Attributes:
        flagged: key -> warning, all that stand on the last day.
        new: keys that stood on the last day of no earlier month of the back-test.
    """

    tally: Tally
    flagged: Mapping[str, Flagged]
    new: frozenset[str]


@dataclass(frozen=True)
class Month:
    """One month.

    Attributes:
        on: its last day, by which it is judged.
        run: whose recorded state was read; None: today's registers, as far as they speak of days up to `on`.
        purged: is that because what the run of the month saw was purged since?
        changed: with the other settings; None where none are given.
    """

    on: date
    run: int | None
    purged: bool
    judged: JudgedMonth
    changed: JudgedMonth | None


@dataclass(frozen=True)
class Backtest:
    """A model over months.

    Attributes:
        settings: the other settings that were tried.
        undated: facts whose rows bear no date of their own, and are read whole where today's registers are.
    """

    model: SupervisionModel
    settings: Mapping[str, int | float]
    months: tuple[Month, ...]
    undated: tuple[str, ...]

    def ever(self, *, changed: bool = False) -> dict[str, Flagged]:
        """Every warning that there would have been in some month."""
        found: dict[str, Flagged] = {}
        for month in self.months:
            judged = month.changed if changed else month.judged
            found |= judged.flagged if judged else {}
        return found


def months(first: date, last: date) -> list[date]:
    """The last days of the months from that of one day to that of another.

    Raises:
        RunError: the first month comes after the last.
    """
    found, year, month = [], first.year, first.month
    while (year, month) <= (last.year, last.month):
        year, month = (year + month // 12, month % 12 + 1)
        found.append(date(year, month, 1) - timedelta(days=1))
    if not found:
        raise RunError(
            Text(f"起月 {first:%Y-%m} 在止月 {last:%Y-%m} 之后",
                 f"the first month, {first:%Y-%m}, comes after the last, {last:%Y-%m}"),
        )  # fmt: skip
    return found


def with_settings(model: SupervisionModel, settings: Mapping[str, int | float]) -> SupervisionModel:
    """The model with other values of its settings, for all days; its text stays as it is.

    Raises:
        RunError: it has no such setting, or its expressions do not take such a value.
    """
    known = model.declared.settings
    for name in settings:
        if name not in known:
            raise RunError(
                Text(f"模型没有设定“{name}”", f"the model has no setting '{name}'"),
                where=model.name,
                hint=did_you_mean(name, list(known)),
            )
    other = copy.copy(model)
    other.declared = model.declared.model_copy(update={"settings": {**known, **settings}})
    return other


def backtest(
    store: Store,
    model: SupervisionModel,
    days: Sequence[date],
    today: Mapping[str, Snapshot],
    settings: Mapping[str, int | float],
    decided: Decided,
) -> Backtest:
    """Judge a model on each of these days.

    Args:
        today: the newest state of what it reads.
        decided: exceptions for single subjects; each holds in the months of its own days.
    """
    other = with_settings(model, settings) if settings else None
    datasets = {dataset.name: dataset for dataset in model.facts.values()}
    found: list[Month] = []
    known: tuple[set[str], set[str]] = (set(), set())
    with ExitStack() as stack:
        now: Duck | None = None
        for on in days:
            then, purged = None, False
            with ExitStack() as month:
                try:
                    then = past(store, [*datasets], on, on.replace(day=1))
                except PurgedError:
                    purged = True
                if then is None or len(then.snapshots) < len(datasets):
                    if now is None:
                        ties = identity(store).ties()
                        now = stack.enter_context(opened(store, datasets, today, ties))
                    duck, then = now, None
                else:
                    seen = opened(store, datasets, then.snapshots, then.who.ties())
                    duck = month.enter_context(seen)
                how: dict[str, Any] = {"focus": {} if then else up_to(model, on)}
                how["excepted"] = decided.excepted(model, on)
                judged = _judged(duck, compile_model(model, **how), on, known[0])
                changed = (
                    _judged(duck, compile_model(other, **how), on, known[1]) if other else None
                )
            found.append(Month(on, then.run if then else None, purged, judged, changed))
    undated = tuple(fact for fact, d in model.facts.items() if d.declared.on is None)
    return Backtest(model, dict(settings), tuple(found), undated)


def _judged(duck: Duck, compiled: Compiled, on: date, known: set[str]) -> JudgedMonth:
    find(duck, compiled.on(on), "tested")
    flagged = dict(_flagged(duck, compiled))
    new = frozenset(flagged) - known
    known |= new
    return JudgedMonth(tally(duck, "tested", compiled), flagged, new)


def _flagged(duck: Duck, compiled: Compiled) -> Iterator[tuple[str, Flagged]]:
    warnings = gathered("tested", compiled, "warning")
    for key, subject, level in duck.run(f"SELECT key, subject, level FROM ({warnings}) AS found"):
        yield str(key), Flagged(str(subject), level)
