"""What was known on a past day: the state of the registers that the last run up to then saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from plumbline.engine.collision.register import runs
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.linkage.identity import Identity, pinned
from plumbline.errors import Text


@dataclass(frozen=True)
class Past:
    """A recorded state.

    Attributes:
        run: number of the last run that saw a part of it.
        snapshots: each dataset as the last run up to the day saw it that read it.
        who: the map of who is who of that run.
    """

    run: int
    snapshots: Mapping[str, Snapshot]
    who: Identity


def newest(store: Store) -> date | None:
    """The latest date that a recorded run judged by."""
    return max((date.fromisoformat(run["as_of"]) for run in runs(store).values()), default=None)


def past(store: Store, datasets: Sequence[str], until: date, since: date = date.min) -> Past | None:
    """What the runs saw of these datasets whose date lies between two days; None if no run saw any.

    Raises:
        PurgedError: it was purged since.
    """
    last: dict[str, Any] | None = None
    pins: dict[str, Any] = {}
    for _, run in sorted(runs(store).items()):
        if since <= date.fromisoformat(run["as_of"]) <= until:
            found = {name: run["datasets"][name] for name in datasets if name in run["datasets"]}
            pins |= found
            last = run if found else last
    if last is None:
        return None
    snapshots = {name: store.pinned(pin) for name, pin in pins.items()}
    return Past(last["number"], snapshots, pinned(store, last.get("identity")))


def what_was_read(run: int | None) -> Text:
    """In words, where one looked back: what that run saw, or today's registers `up_to` the day."""
    if run is not None:
        return Text(
            f"读的是第 {run} 次运行时记录下的数据", f"read: the registers as run {run} saw them"
        )
    return Text(
        "当日以前没有运行记录，读的是现有数据，不含日期在后的行",
        "no run up to that day is recorded; read: today's registers without rows of later dates",
    )


def up_to(model: SupervisionModel, on: date) -> dict[str, str]:
    """Fact -> SQL: its own date does not lie after that day, or is not known.

    Where no run was recorded, today's registers are read so; what was delivered late or corrected since is
    then known sooner than it was.
    """
    found = {}
    for fact, dataset in model.facts.items():
        if dataset.declared.on is not None:
            begins = sql.name(f"{dataset.declared.on}__from")
            found[fact] = f"{begins} IS NULL OR {begins} < DATE '{on + timedelta(days=1)}'"
    return found
