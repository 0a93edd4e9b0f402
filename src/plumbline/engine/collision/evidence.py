"""From pointers back to rows: the values a warning rests on, and the cell each was read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Batch, batch_of
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import column_letter, header_key
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import Value
from plumbline.errors import Lang


@dataclass(frozen=True)
class Source:
    """Where a row was read: the delivery, and file, sheet and line in it."""

    batch: str
    file: str
    sheet: str
    line: int

    def __str__(self) -> str:
        sheet = f" [{self.sheet}]" if self.sheet else ""
        return f"{self.file}{sheet}:{self.line}"


@dataclass(frozen=True)
class FactRow:
    """One row of evidence.

    Attributes:
        values: column -> its value, as its semantic type holds it.
        cells: column -> (header as delivered, letter of the spreadsheet column).
    """

    fact: str
    dataset: Dataset
    row: int
    source: Source
    values: Mapping[str, Value]
    cells: Mapping[str, tuple[str, str]]

    def show(self, column: str, lang: Lang, *, masked: bool = True) -> str:
        """A value as a person reads it; what identifies someone is hidden unless asked for."""
        value, type_ = self.values[column], self.dataset.types[column]
        if all(part is None for part in value):
            return "（空）" if lang == "zh" else "(empty)"
        if masked and self.dataset.is_personal(column):
            return type_.mask(value, lang)
        return type_.show(value, lang)

    @property
    def key(self) -> dict[str, Value]:
        """The row's key, by the columns the dataset declares."""
        return {
            name: self.values[name] for name in self.dataset.declared.key if name in self.values
        }


def fetch(
    duck: Duck,
    store: Store,
    wanted: Mapping[str, tuple[Dataset, Iterable[int]]],
    near: Mapping[str, str] | None = None,
) -> dict[str, dict[int, FactRow]]:
    """The rows of each fact by number, from the views of `opened`.

    Args:
        wanted: fact -> (its dataset, numbers of rows).
        near: fact -> SQL condition that holds of most of these rows. Files are sorted by whom they are about, not
            by number, so where it names somebody, few groups of rows are read.
    """
    found: dict[str, dict[int, FactRow]] = {}
    batches: dict[tuple[str, int], Batch] = {}
    for fact, (dataset, rows) in wanted.items():
        physical = [field.suffix for field in dataset.fields]
        numbers = set(rows)
        answers: list[tuple[Any, ...]] = []
        for condition in [*filter(None, [(near or {}).get(fact)]), "true"]:
            answers += _numbered(duck, dataset, physical, numbers, condition)
            numbers -= {answer[physical.index("_row")] for answer in answers}
        found[fact] = {}
        for answer in answers:
            named = dict(zip(physical, answer, strict=True))
            number = batch_of(named["_row"])
            if (dataset.name, number) not in batches:
                batches[dataset.name, number] = store.batch(dataset.name, number)
            batch = batches[dataset.name, number]
            found[fact][named["_row"]] = _row(fact, dataset, named, batch)
    return found


def _numbered(
    duck: Duck, dataset: Dataset, columns: Sequence[str], numbers: Iterable[int], condition: str
) -> list[tuple[Any, ...]]:
    """The columns of rows that bear these numbers and fulfil a condition."""
    if not numbers:
        return []
    duck.register("wanted", pa.table({"row": pa.array(sorted(numbers), pa.int64())}))
    listed = ", ".join(sql.name(name) for name in columns)
    answers = duck.run(
        f"SELECT {listed} FROM {sql.name(dataset.name)} "
        f"WHERE ({condition}) AND _row IN (SELECT row FROM wanted)"
    )
    duck.unregister("wanted")
    return answers


def _row(fact: str, dataset: Dataset, named: Mapping[str, Any], batch: Batch) -> FactRow:
    part = batch.parts[named["_part"]]
    values = {
        column: tuple(named[name] for name in dataset.physical(column))
        for column in dataset.columns
    }
    return FactRow(
        fact=fact,
        dataset=dataset,
        row=named["_row"],
        source=Source(batch.id, part.file, part.sheet, named["_line"]),
        values=values,
        cells={c: cell for c in dataset.columns if (cell := _cell(dataset, c, part.headers))},
    )


def _cell(dataset: Dataset, column: str, headers: Sequence[str]) -> tuple[str, str] | None:
    declared = {header_key(header) for header in dataset.columns[column].headers}
    for index, header in enumerate(headers):
        if header_key(header) in declared:
            return header, column_letter(index)
    return None
