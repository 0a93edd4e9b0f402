"""From text cells to typed values, in one SQL statement.

Plain spellings are read at the database's speed, the others one by one in Python; what cannot be
read gets a reason in words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import column_letter
from plumbline.engine.fact.mapping import Mapping
from plumbline.engine.fact.table import arrow_type
from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.date import OPEN
from plumbline.errors import Text

MISSING = Text("必填项为空", "required, but empty")
NAMELESS = Text("没有表头的列里有数据", "data in a column without a header")

_BLANKS = " \t\n\r\u3000\u00a0"
_REMEMBERED = 65_536  # unusual spellings, per column: enough for names and dates said often


class Reading:
    """Lets `duck` read cells as the columns of `dataset` declare.

    Attributes:
        failure: what went wrong inside Python while SQL ran, to be raised by the caller.
    """

    def __init__(self, duck: Duck, dataset: Dataset) -> None:
        self.dataset = dataset
        self.failure: Exception | None = None
        for number, name in enumerate(dataset.columns):
            duck.function(f"_read_{number}", self._reader(name), ["VARCHAR"], self._struct(name))

    def select(self, mapping: Mapping, source: str) -> str:
        """SQL for the rows of `source` (`rows.schema_of`) as values.

        Gives the dataset's own physical columns, `_ordinal`, `_part`, `_line`, `_withdrawn`, and
        `_faults`: null, or the list of what is wrong with the row.
        """
        inner = ["_ordinal", "_part", "_line"]
        inner += [f"c{position}" for position in mapping.positions]
        values = {name: f"v{number}" for number, name in enumerate(self.dataset.columns)}
        for name, value in values.items():
            inner.append(f"{self._value(name, mapping.used.get(name))} AS {value}")
        inner.append(f"{self._withdrawn(mapping)} AS _withdrawn")
        outer = ["_ordinal", "_part", "_line", "_withdrawn"]
        for name, value in values.items():
            outer += self._fields(name, value)
        outer.append(f"{self._faults(mapping, values)} AS _faults")
        return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {source})"

    def _struct(self, name: str) -> str:
        fields = [f"f{i} {f.sql}" for i, f in enumerate(self.dataset.types[name].fields)]
        return f"STRUCT({', '.join([*fields, 'zh VARCHAR', 'en VARCHAR'])})"

    def _value(self, name: str, position: int | None) -> str:
        struct = self._struct(name)
        if position is None:
            return f"CAST(NULL AS {struct})"
        raw = f"c{position}"
        empty = [sql.literal(""), *map(sql.literal, self.dataset.columns[name].empty_when)]
        cases = [f"WHEN {raw} IN ({', '.join(empty)}) THEN NULL"]
        fields = self.dataset.types[name].fields
        if plain := self.dataset.types[name].plain(raw):
            packed = [
                f"f{i} := CAST({value} AS {field.sql})"
                for i, (field, value) in enumerate(zip(fields, plain.values, strict=True))
            ]
            nothing = ["zh := CAST(NULL AS VARCHAR)", "en := CAST(NULL AS VARCHAR)"]
            cases.append(f"WHEN {plain.when} THEN struct_pack({', '.join([*packed, *nothing])})")
        number = list(self.dataset.columns).index(name)
        return f"CASE {' '.join(cases)} ELSE _read_{number}({raw}) END"

    def _fields(self, name: str, value: str) -> list[str]:
        open_ended = self.dataset.columns[name].empty == "open"
        shown = []
        for i, field in enumerate(self.dataset.types[name].fields):
            what = f"{value}.f{i}"
            if open_ended:
                what = f"CASE WHEN {self._is_empty(name, value)} THEN DATE '{OPEN}' ELSE {what} END"
            shown.append(f"{what} AS {sql.name(name + field.suffix)}")
        return shown

    def _is_empty(self, name: str, value: str) -> str:
        fields = self.dataset.types[name].fields
        parts = [f"{value}.f{i} IS NULL" for i in range(len(fields))]
        return f"({' AND '.join([f'{value}.zh IS NULL', *parts])})"

    def _withdrawn(self, mapping: Mapping) -> str:
        change = self.dataset.declared.delivery.change
        if change is None or mapping.change is None:
            return "false"
        words = ", ".join(map(sql.literal, change.withdrawn))
        return f"(trim(c{mapping.change}, {sql.literal(_BLANKS)}) IN ({words}))"

    def _faults(self, mapping: Mapping, values: dict[str, str]) -> str:
        """Null where the row is good: the list is only made where something is wrong."""
        tests, faults = [], []
        for name, value in values.items():
            position = mapping.used.get(name)
            if position is None:
                continue
            wrong = f"{value}.zh IS NOT NULL"
            zh, en = f"{value}.zh", f"{value}.en"
            if self.dataset.columns[name].required:
                empty = self._is_empty(name, value)
                wrong = f"({wrong} OR {empty})"
                zh = f"CASE WHEN {empty} THEN {sql.literal(MISSING.zh)} ELSE {zh} END"
                en = f"CASE WHEN {empty} THEN {sql.literal(MISSING.en)} ELSE {en} END"
            if name not in self.dataset.declared.key and mapping.change is not None:
                wrong = f"({wrong} AND NOT _withdrawn)"  # its key says which row goes
            tests.append(wrong)
            faults.append(f"CASE WHEN {wrong} THEN {_fault(mapping, name, position, zh, en)} END")
        for position in mapping.nameless:
            wrong = f"trim(c{position}, {sql.literal(_BLANKS)}) <> ''"
            zh, en = sql.literal(NAMELESS.zh), sql.literal(NAMELESS.en)
            tests.append(wrong)
            faults.append(f"CASE WHEN {wrong} THEN {_fault(mapping, '', position, zh, en)} END")
        listed = f"list_filter([{', '.join(faults)}], lambda fault: fault IS NOT NULL)"
        return f"CASE WHEN {' OR '.join(tests)} THEN {listed} END"

    def _reader(self, name: str) -> Callable[[pa.ChunkedArray], pa.Array]:
        type_ = self.dataset.types[name]
        empties = {word.strip() for word in self.dataset.columns[name].empty_when}
        kinds = [arrow_type(field.sql) for field in type_.fields] + [pa.string(), pa.string()]
        names = [*(f"f{i}" for i in range(len(type_.fields))), "zh", "en"]
        nothing = (None,) * len(kinds)

        @lru_cache(_REMEMBERED)
        def read(raw: str) -> tuple[Any, ...]:
            if raw.strip() in empties:
                return nothing
            try:
                return (*type_.parse(raw), None, None)
            except UnreadableCellError as error:
                return (*nothing[2:], *error.reason)

        def of_array(raws: pa.ChunkedArray) -> pa.Array:
            try:
                read_cells = [nothing if raw is None else read(raw) for raw in raws.to_pylist()]
                columns = zip(*read_cells, strict=True) if read_cells else [[]] * len(kinds)
                arrays = [
                    pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)
                ]
                return pa.StructArray.from_arrays(arrays, names)
            except Exception as error:
                self.failure = error
                raise

        return of_array


def _fault(mapping: Mapping, name: str, position: int, zh: str, en: str) -> str:
    parts = {
        "column": sql.literal(name),
        "header": sql.literal(mapping.header[position]),
        "letter": sql.literal(column_letter(position)),
        "value": f"c{position}",
        "zh": zh,
        "en": en,
    }
    packed = ", ".join(
        f"{sql.name(key)} := CAST({value} AS VARCHAR)" for key, value in parts.items()
    )
    return f"struct_pack({packed})"
