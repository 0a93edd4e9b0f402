"""From text cells to typed values.

Rows in plain spelling, nearly all of them, are read by SQL as they stream in. What is left over is
read by the types' own `parse`, each distinct spelling once; what that cannot read gets a reason in
words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.mapping import Mapping
from plumbline.engine.fact.table import ENCODING, arrow_type, parquet_of
from plumbline.engine.fact.types import SemanticType, UnreadableCellError
from plumbline.engine.fact.types.date import OPEN
from plumbline.errors import Text

MISSING = Text("必填项为空", "required, but empty")
NAMELESS = Text("没有表头的列里有数据", "data in a column without a header")

#: What is wrong with a row: the columns it is about, counted from 0 as they are declared, columns
#: without a header after them; and the reason.
FAULT = "STRUCT(slots INTEGER[], zh VARCHAR, en VARCHAR)"
_PLACE = ("_ordinal", "_part", "_line", "_withdrawn")
_BLANKS = sql.literal(" \t\n\r\u3000\u00a0")
_PER_BATCH = 50_000


class Reading:
    """Reads the rows of one delivery into the relation `read`.

    That has the physical columns of the dataset, `_ordinal`, `_part`, `_line`, `_withdrawn` (the
    row withdraws an earlier one) and `_faults`: null, or a list of `FAULT`.
    """

    def __init__(self, duck: Duck, dataset: Dataset, scratch: Path, *, on_disk: bool) -> None:
        """Rows go through memory, or through files in `scratch` where they are many (`on_disk`)."""
        self._duck, self._dataset = duck, dataset
        self._numbers = {name: i for i, name in enumerate(dataset.columns)}
        self._scratch, self._on_disk = scratch, on_disk
        self._files: list[Path] = []
        self._made = False

    def add(self, mapping: Mapping, source: str) -> None:
        """Read the rows of the relation `source`, as `rows.schema_of` lays them out."""
        select = self._plain(mapping, source)
        if self._on_disk:
            path = self._scratch / f"first-{len(self._files)}.parquet"
            self._duck.run(
                f"COPY ({select}) TO {sql.literal(str(path))} (FORMAT parquet, {ENCODING})"
            )
            self._files.append(path)
            return
        self._duck.run(
            f"INSERT INTO first {select}" if self._made else f"CREATE TEMP TABLE first AS {select}"
        )
        self._made = True

    def finish(self) -> None:
        """Read what was not in plain spelling, and make the relation `read`."""
        if self._on_disk:
            self._duck.run(f"CREATE TEMP VIEW first AS SELECT * FROM {parquet_of(self._files)}")
        spelled = self._spelled()
        for name in spelled:
            self._parse(name, self._numbers[name])
        physical = [name + field.suffix for name, field in self._fields()]
        self._duck.run(f"CREATE TEMP TABLE odd AS {self._odd(spelled)}")
        self._duck.run(
            f"CREATE TEMP VIEW read AS SELECT {sql.names([*_PLACE, *physical])}, "
            f"CAST(NULL AS {FAULT}[]) AS _faults FROM first WHERE NOT _odd "
            "UNION ALL SELECT * FROM odd"
        )

    def _fields(self) -> Iterator[tuple[str, Any]]:
        for name, type_ in self._dataset.types.items():
            for field in type_.fields:
                yield name, field

    def _plain(self, mapping: Mapping, source: str) -> str:
        """SQL for each cell's value in plain spelling, or else its text: `raw<number>`."""
        tests, values, odd = ["*"], [*_PLACE[:3], f"{self._withdrawn(mapping)} AS _withdrawn"], []
        for name, number in self._numbers.items():
            type_, position = self._dataset.types[name], mapping.used.get(name)
            if position is None:
                values += [
                    f"CAST(NULL AS {field.sql}) AS {sql.name(name + field.suffix)}"
                    for field in type_.fields
                ]
                values.append(f"CAST(NULL AS VARCHAR) AS raw{number}")
                continue
            raw, column = f"c{position}", self._dataset.columns[name]
            blank = [sql.literal(""), *map(sql.literal, column.empty_when)]
            tests.append(f"{raw} IN ({', '.join(blank)}) AS blank{number}")
            plain = type_.plain(raw)
            test = f"NOT blank{number} AND coalesce({plain.when}, false)" if plain else "false"
            tests.append(f"{test} AS plain{number}")
            for i, field in enumerate(type_.fields):
                value = plain.values[i] if plain else "NULL"
                absent = f"DATE '{OPEN}'" if column.empty == "open" else "NULL"
                values.append(
                    f"CAST(CASE WHEN plain{number} THEN {value} WHEN blank{number} THEN {absent} END "
                    f"AS {field.sql}) AS {sql.name(name + field.suffix)}"
                )
            values.append(
                f"CASE WHEN NOT (plain{number} OR blank{number}) THEN {raw} END AS raw{number}"
            )
            fine = f"plain{number}" if column.required else f"(plain{number} OR blank{number})"
            odd.append(f"NOT {fine}")
        nameless = [f"trim(c{position}, {_BLANKS}) <> ''" for position in mapping.nameless]
        values.append(f"[{', '.join(nameless)}]::BOOLEAN[] AS _nameless")
        values.append(f"({' OR '.join([*odd, *nameless])}) AS _odd")
        return f"SELECT {', '.join(values)} FROM (SELECT {', '.join(tests)} FROM {source})"

    def _withdrawn(self, mapping: Mapping) -> str:
        change = self._dataset.declared.delivery.change
        if change is None or mapping.change is None:
            return "false"
        words = ", ".join(map(sql.literal, change.withdrawn))
        return f"(trim(c{mapping.change}, {_BLANKS}) IN ({words}))"

    def _spelled(self) -> list[str]:
        """The columns that have cells which are not in plain spelling: a few of many."""
        counts = [f"count(raw{number})" for number in self._numbers.values()]
        [found] = self._duck.run(f"SELECT {', '.join(counts)} FROM first WHERE _odd")
        return [name for name, count in zip(self._numbers, found, strict=True) if count]

    def _parse(self, name: str, number: int) -> None:
        """Read each distinct spelling that is not plain: the table `parsed<number>`."""
        spellings = self._duck.arrow(
            f"SELECT DISTINCT raw{number} AS raw FROM first WHERE raw{number} IS NOT NULL"
        )["raw"]
        column, type_ = self._dataset.columns[name], self._dataset.types[name]
        empties = {word.strip() for word in column.empty_when}
        empty = (OPEN if column.empty == "open" else None,) * len(type_.fields)
        schema = pa.schema(
            [
                ("raw", pa.string()),
                *((f"f{i}", arrow_type(field.sql)) for i, field in enumerate(type_.fields)),
                ("zh", pa.string()),
                ("en", pa.string()),
            ]
        )

        def batches() -> Iterator[pa.RecordBatch]:
            for start in range(0, len(spellings), _PER_BATCH):
                raws = spellings.slice(start, _PER_BATCH).to_pylist()
                rows = [(raw, *_parsed(type_, raw, empties, empty)) for raw in raws]
                arrays = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), schema, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)

        self._duck.register("parsing", pa.Table.from_batches(batches(), schema))
        self._duck.run(f"CREATE TEMP TABLE parsed{number} AS SELECT * FROM parsing")
        self._duck.unregister("parsing")

    def _odd(self, spelled: Collection[str]) -> str:
        """SQL for the rows that are not all plain, with what is wrong with them."""
        shown, joins, faults = [f"first.{column}" for column in _PLACE], [], []
        key = self._dataset.declared.key
        for name, number in self._numbers.items():
            physical = self._dataset.physical(name)
            values = [f"first.{sql.name(part)}" for part in physical]
            # Of a row that withdraws another, only the key has to be right.
            counts = "true" if name in key else "NOT first._withdrawn"
            unread = []
            if name in spelled:
                lookup = f"parsed{number}"
                joins.append(f"LEFT JOIN {lookup} ON {lookup}.raw = first.raw{number}")
                values = [f"coalesce({own}, {lookup}.f{i})" for i, own in enumerate(values)]
                unread = [f"{lookup}.zh IS NULL"]
                faults.append(
                    f"CASE WHEN {counts} AND {lookup}.zh IS NOT NULL "
                    f"THEN {fault(f'[{number}]', f'{lookup}.zh', f'{lookup}.en')} END"
                )
            shown += [
                f"{value} AS {sql.name(part)}" for value, part in zip(values, physical, strict=True)
            ]
            if self._dataset.columns[name].required:
                empty = " AND ".join([*unread, *(f"{value} IS NULL" for value in values)])
                missing = fault(f"[{number}]", *map(sql.literal, MISSING))
                faults.append(f"CASE WHEN {counts} AND {empty} THEN {missing} END")
        slot = f"[list_position(first._nameless, true) + {len(self._numbers) - 1}]"
        nameless = fault(slot, *map(sql.literal, NAMELESS))
        faults.append(f"CASE WHEN list_contains(first._nameless, true) THEN {nameless} END")
        listed = f"list_filter([{', '.join(faults)}], lambda fault: fault IS NOT NULL)"
        return (
            f"SELECT * REPLACE (CASE WHEN len(_faults) > 0 THEN _faults END AS _faults) FROM "
            f"(SELECT {', '.join(shown)}, {listed} AS _faults "
            f"FROM first {' '.join(joins)} WHERE first._odd)"
        )


def fault(slots: str, zh: str, en: str) -> str:
    """SQL for a FAULT, its parts being SQL, too."""
    return f"struct_pack(slots := CAST({slots} AS INTEGER[]), zh := {zh}, en := {en})"


def _parsed(
    type_: SemanticType, raw: str, empties: set[str], empty: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The value's fields, and the reason if there is none in zh and en."""
    if raw.strip() in empties:
        return (*empty, None, None)
    try:
        value = type_.parse(raw)
    except UnreadableCellError as error:
        return (*[None] * len(empty), *error.reason)
    return (*(empty if all(part is None for part in value) else value), None, None)
