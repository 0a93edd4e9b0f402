"""Taking out of who-is-who what rested on purged rows alone: their ties, and numbers that no other row bears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.purging import rewrite_log
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import parquet_of
from plumbline.engine.linkage.identity import FIELDS, TABLE

_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9X](?![0-9A-Za-z])")
#: What stands in a log in place of a number.
PURGED = "purged"


def forget(
    store: Store, rows: Mapping[str, AbstractSet[int]], numbers: Path, scratch: Path
) -> None:
    """Make a version of the identity map in which neither the rows nor the numbers occur.

    The map itself was brought up to the remaining rows before; what is left of the others is its history.

    Args:
        rows: dataset -> numbers of its batches that were purged.
        numbers: file of the numbers that no remaining row bears.
    """
    table = store.table(TABLE)
    if table.version is None:
        return
    files = table.files(table.version)
    with open_duckdb(store.limits) as duck:
        which = _concerned(duck, rows, numbers)
        paths = [store.root / file.path for file in files]
        if not paths or not _any(duck, paths, which):
            return
        columns = ", ".join(sql.name(field.suffix) for field in FIELDS)
        staged = table.stage(
            duck, f"SELECT {columns} FROM {parquet_of(paths)} WHERE NOT {which}", scratch,
            ["row", "dataset", "slot", "kind", "who", "number"],
        )  # fmt: skip
    table.commit(staged, FIELDS, {"identity": table.commits()[-1].info["identity"]}, replace=True)


def outdated(store: Store, rows: Mapping[str, AbstractSet[int]], numbers: Path) -> list[str]:
    """Files of earlier versions of the map in which the rows or the numbers occur."""
    table = store.table(TABLE)
    if table.version is None:
        return []
    now = {Path(file.path).name for file in table.files(table.version)}
    with open_duckdb(store.limits) as duck:
        which = _concerned(duck, rows, numbers)
        return [
            path.relative_to(store.root).as_posix()
            for path in sorted(table.folder.glob("*.parquet"))
            if path.name not in now and _any(duck, [path], which)
        ]


def clean_logs(store: Store, numbers: Path) -> None:
    """Strike the numbers out of what the logs of the map and the registers say of each version."""
    folders = [log.parent for log in store.root.glob("*/_delta_log")]
    texts = (p.read_text("utf-8") for f in folders for p in f.glob("_delta_log/*.json"))
    named = {number for text in texts for number in _NUMBER.findall(text)}
    if not named:
        return
    with open_duckdb(store.limits) as duck:
        found = duck.run(
            f"SELECT number FROM {parquet_of([numbers])} WHERE number IN "
            f"({', '.join(map(sql.literal, sorted(named)))})"
        )
    gone = {str(number) for (number,) in found}

    def strike(value: Any) -> Any:
        if isinstance(value, str):
            return _NUMBER.sub(lambda m: PURGED if m[0] in gone else m[0], value)
        if isinstance(value, list):
            return [strike(each) for each in value]
        return {k: strike(v) for k, v in value.items()} if isinstance(value, dict) else value

    def clean(action: dict[str, Any]) -> bool:
        struck = strike(action)
        changed = bool(struck != action)
        action.update(struck)
        return changed

    if gone:
        for folder in folders:
            rewrite_log(folder, clean)


def clear_statements(store: Store, rows: Mapping[str, AbstractSet[int]]) -> None:
    """Delete what was kept of earlier versions' statements; it is written anew where it is needed."""
    for name in rows:
        version = store.version(name)
        for path in (store.root / "said").glob(f"{name}.*.parquet"):
            if path.name.split(".")[2] != str(version):
                path.unlink()


def _concerned(duck: Duck, rows: Mapping[str, AbstractSet[int]], numbers: Path) -> str:
    """SQL for whether a row of the map is about such a row or number."""
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE forgotten AS SELECT number FROM {parquet_of([numbers])}"
    )
    of_rows = " OR ".join(
        f"(dataset = {sql.literal(name)} AND (row >> 32) IN ({', '.join(map(str, sorted(of)))}))"
        for name, of in rows.items() if of
    )  # fmt: skip
    return (
        f"COALESCE({of_rows or 'false'} OR who IN (SELECT number FROM forgotten) OR "
        "JSON_EXTRACT_STRING(before, '$.who') IN (SELECT number FROM forgotten), false)"
    )


def _any(duck: Duck, paths: list[Path], which: str) -> bool:
    return bool(duck.run(f"SELECT 1 FROM {parquet_of(paths)} WHERE {which} LIMIT 1"))
