"""What a model found is kept until the next run, which then judges again only what may have changed.

root/found/<model>/<sha256>.parquet   the candidates, as the model's statement returned them
root/found/<model>/kept.json          which of these files holds, and what it was found in

Nothing rests on it: without it, or where it does not fit any more, the model runs in full.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.durable import move_in, sha256_of, write_whole
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import ENCODING

#: Raised when the meaning of what is kept changes.
_FORM = 1


@dataclass(frozen=True)
class State:
    """What a result was found in: it is the same for ever, so equal states have equal results.

    Attributes:
        statement: SHA-256 of the statement for the day of the run, and of what ran it.
        datasets: name -> version of its facts, and fingerprint of its declaration.
        identity: version of the identity map; None where there was none.
    """

    statement: str
    datasets: Mapping[str, tuple[int, str]]
    identity: int | None


def statement_of(text: str) -> str:
    """The fingerprint of a statement."""
    return hashlib.sha256(f"{_FORM}\n{version('duckdb')}\n{text}".encode()).hexdigest()


@dataclass(frozen=True)
class Kept:
    """A result of an earlier run."""

    state: State
    path: Path


def kept(store: Store, model: str) -> Kept | None:
    """What the model found when it last ran, if that is whole."""
    folder = _folder(store, model)
    try:
        told = json.loads((folder / "kept.json").read_bytes())
        datasets = {name: (at, declared) for name, (at, declared) in told["datasets"].items()}
        state = State(told["statement"], datasets, told["identity"])
        path = folder / f"{told['sha256']}.parquet"
        whole = sha256_of(path) == told["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Kept(state, path) if whole else None


def keep(store: Store, duck: Duck, model: str, found: str, state: State, scratch: Path) -> None:
    """Keep the result that stands in the table `found`, in place of an earlier one."""
    draft = scratch / "found.parquet"
    duck.run(
        f"COPY (SELECT * FROM {sql.name(found)}) TO {sql.literal(str(draft))} "
        f"(FORMAT parquet, {ENCODING})"
    )
    digest, folder = sha256_of(draft), _folder(store, model)
    move_in(draft, folder / f"{digest}.parquet")
    told = {**asdict(state), "sha256": digest}
    write_whole(folder / "kept.json", json.dumps(told, indent=1).encode())
    for other in folder.glob("*.parquet"):
        if other.stem != digest:
            other.unlink()


def forget_all(store: Store) -> None:
    """Keep nothing: data were removed at the end of their retention."""
    shutil.rmtree(store.root / "found", ignore_errors=True)


def _folder(store: Store, model: str) -> Path:
    return store.root / "found" / model
