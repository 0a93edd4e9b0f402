"""What all registers say of the people and organisations whose full number they bear.

Each dataset's distinct statements are kept beside the store, one file for each state of it, so that a new
delivery of one department does not have the registers of all others read again. They can be deleted at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.durable import disk_in_words, make_folder
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.table import ENCODING, parquet_of
from plumbline.engine.linkage.claim import SAID, Kind, Slot, slots

#: A statement: everything a row says of its bearer but the row itself.
_COLUMNS = ", ".join(SAID)


@dataclass(frozen=True)
class Said:
    """Relations on the connection that `refresh` was given.

    Attributes:
        relation: every statement with a full number, once for each dataset that makes it.
        changed: statements that were made before and are not any more, or the other way round.
        comparable: is the earlier state still there to be compared with?
        files: what they are kept in.
    """

    relation: str
    changed: str
    comparable: bool
    files: tuple[Path, ...]


def newest(
    store: Store, duck: Duck, datasets: Mapping[str, Dataset], kind: Kind
) -> tuple[list[Slot], Said]:
    """The loaded registers that know bearers of a kind, and what they say now.

    Each is a view `facts_<dataset>` on the connection.
    """
    described = [s for s in slots(datasets, kind) if store.version(s.dataset.name) is not None]
    snapshots = {s.dataset.name: store.snapshot(s.dataset.name) for s in described}
    lay_facts(duck, datasets, snapshots)
    saw = {name: [s.version, datasets[name].fingerprint] for name, s in snapshots.items()}
    return described, refresh(store, duck, kind, described, snapshots, saw)


def lay_facts(
    duck: Duck, datasets: Mapping[str, Dataset], snapshots: Mapping[str, Snapshot]
) -> None:
    """Make each snapshot a view `facts_<dataset>`, as it was delivered."""
    for name, snapshot in snapshots.items():
        facts = snapshot.relation(datasets[name].fields)
        view = sql.name(f"facts_{name}")
        duck.run(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM {facts}")


def refresh(
    store: Store,
    duck: Duck,
    kind: Kind,
    described: Sequence[Slot],
    snapshots: Mapping[str, Snapshot],
    saw: Mapping[str, Sequence[Any]],
) -> Said:
    """Bring the statements of one kind of bearer up to the snapshots.

    Args:
        saw: dataset -> [version, fingerprint of its declaration] as the last linking saw it.
    """
    folder = store.root / "said"
    make_folder(folder)
    now, gone, fresh, comparable = [], [], [], True
    for slot in described:
        name = slot.dataset.name
        current = _file(folder, slot, snapshots[name].version, slot.dataset.fingerprint)
        if not current.exists():
            _write(duck, slot, current)
        now.append(current)
        if name not in saw:
            fresh.append(current)
        elif list(saw[name]) != [snapshots[name].version, slot.dataset.fingerprint]:
            earlier = _file(folder, slot, *saw[name])
            comparable = comparable and earlier.exists()
            if earlier.exists():
                gone.append(earlier)
                fresh.append(current)
    if not comparable:
        gone, fresh = [], []
    relation, changed = f"said_{kind}", f"changed_{kind}"
    duck.run(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT * FROM {_of(now)}")
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE {changed} AS "
        f"(SELECT * FROM {_of(fresh)} EXCEPT SELECT * FROM {_of(gone)}) UNION ALL "
        f"(SELECT * FROM {_of(gone)} EXCEPT SELECT * FROM {_of(fresh)})"
    )
    return Said(relation, changed, comparable, tuple(now))


def tidy(store: Store, kept: Iterable[Path]) -> None:
    """Delete the statements of earlier states, which nothing will be compared with any more."""
    for old in {*(store.root / "said").iterdir()} - {*kept}:
        old.unlink()


def _file(folder: Path, slot: Slot, version: int, fingerprint: str) -> Path:
    return folder / f"{slot.dataset.name}.{slot.column}.{version}.{fingerprint[:16]}.parquet"


def _write(duck: Duck, slot: Slot, path: Path) -> None:
    facts = sql.name(f"facts_{slot.dataset.name}")
    said = slot.said(f"(SELECT * FROM {facts} WHERE {slot.is_full})")
    draft = path.with_suffix(f".{os.getpid()}")
    with disk_in_words():
        duck.run(
            f"COPY (SELECT DISTINCT {_COLUMNS} FROM ({said}) ORDER BY key, number, names) "
            f"TO {sql.literal(str(draft))} (FORMAT parquet, {ENCODING})"
        )
        draft.replace(path)


def _of(files: Sequence[Path]) -> str:
    if files:
        return f"(SELECT {_COLUMNS} FROM {parquet_of(list(files))})"
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in SAID.items())
    return f"(SELECT {nulls} WHERE false)"
