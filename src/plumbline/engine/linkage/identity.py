"""The identity map: rows that are about somebody whose full number they do not bear.

Whoever bears a full number is known by it, so the map holds what differs from that: rows tied to a person or
an organisation by something else (tiers C and D), rows that may be about somebody (E), numbers that changed,
and rows that a person said are about somebody else. It is a table of the store like any other: every state it
ever had stays readable, and a run pins the one it used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import DataFile, parquet_of
from plumbline.engine.fact.types import Field
from plumbline.engine.linkage.view import Ties

TABLE = "identity"

FIELDS = (
    # tie: is (C, D) or may be (E) about `who`; none: about nobody known; change: what became of a row;
    # doubt: two names under the code `who` that cannot be one organisation's
    Field("kind", "VARCHAR"),
    Field("dataset", "VARCHAR"),
    Field("slot", "VARCHAR"),  # the column that would hold the number
    Field("row", "BIGINT"),
    Field("claim", "BIGINT"),  # fingerprint of what the row says of its bearer
    Field("key", "BIGINT"),  # of a person
    Field("who", "VARCHAR"),  # number, code, or ~ and letters for somebody of unknown number
    Field("tier", "VARCHAR"),
    Field("via", "VARCHAR"),  # rule, weight, judgement, register
    Field("why", "VARCHAR"),  # JSON
    Field("number", "INTEGER"),  # of a change: the linking that made it
    Field("before", "VARCHAR"),  # of a change: JSON {who, tier, by}
)


@dataclass(frozen=True)
class Identity:
    """One state of the map.

    Attributes:
        number: how many times rows were linked up to it; 0 where they never were.
        info: what it rests on: versions of the datasets, judgements, model of weights.
    """

    version: int | None
    number: int
    files: tuple[DataFile, ...]
    info: Mapping[str, Any]
    root: Path

    def paths(self) -> list[Path]:
        return [self.root / file.path for file in self.files]

    def relation(self) -> str:
        """SQL of its rows, to stand after FROM."""
        if not self.files:
            nulls = ", ".join(f'CAST(NULL AS {f.sql}) AS "{f.suffix}"' for f in FIELDS)
            return f"(SELECT {nulls} WHERE false)"
        return parquet_of(self.paths())

    def ties(self) -> Ties:
        """What models need of it."""
        tied, guessed, named = (
            frozenset((d, c) for d, c in self.info.get(name, ()))
            for name in ("tied", "guessed", "named")
        )
        return Ties(tuple(self.paths()), tied, guessed, named, bool(self.info.get("doubted")))

    def pin(self) -> dict[str, Any]:
        """What must be kept to read it again, fit for JSON."""
        files = [
            {"path": f.path, "sha256": f.sha256, "rows": f.rows, "bytes": f.bytes}
            for f in self.files
        ]
        return {"version": self.version, "number": self.number, "files": files, "info": self.info}


def identity(store: Store, version: int | None = None) -> Identity:
    """The map as it is, or as it was at a version."""
    table = store.table(TABLE)
    newest = table.version
    if newest is None:
        return Identity(None, 0, (), {}, store.root)
    at = newest if version is None else version
    info = table.commits(at)[-1].info["identity"]
    return Identity(at, info["number"], table.files(at), info, store.root)


def pinned(store: Store, pin: Mapping[str, Any] | None, *, verify: bool = False) -> Identity:
    """The map that a run saw; runs before there was one saw an empty one.

    Raises:
        StoreError: a file is gone or altered; with `verify`, every byte is looked at.
    """
    if pin is None or pin["version"] is None:
        return Identity(None, 0, (), {}, store.root)
    files = tuple(DataFile(**file) for file in pin["files"])
    store.check(files, verify=verify)
    return Identity(pin["version"], pin["number"], files, pin["info"], store.root)


@dataclass(frozen=True)
class Change:
    """What became of a row: whom it was tied to before, and since."""

    number: int
    dataset: str
    slot: str
    row: int
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    because: Mapping[str, Any]


def changes(store: Store, dataset: str = "", row: int | None = None) -> list[Change]:
    """The history of ties that were made, broken or moved, oldest first."""
    now = identity(store)
    where = "kind = 'change'"
    if row is not None:
        where += f" AND row = {row}"
    with open_duckdb(store.limits) as duck:
        rows = duck.run(
            f"SELECT number, dataset, slot, row, before, who, tier, via, why FROM {now.relation()} "
            f"WHERE {where} AND ($1 = '' OR dataset = $1) ORDER BY number, dataset, slot, row",
            [dataset],
        )
    return [
        Change(number, name, slot, at, json.loads(before), {"who": who, "tier": tier, "by": by}, json.loads(why))
        for number, name, slot, at, before, who, tier, by, why in rows
    ]  # fmt: skip
