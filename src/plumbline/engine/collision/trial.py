"""Running a model's cases: the same statement as in service, over the given rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Tables
from plumbline.engine.fact.dataset import SYSTEM_FIELDS, Dataset
from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.days import OPEN
from plumbline.engine.line.cases import Case, Cases, Expected
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import DOUBTS, maybe

#: The stronger verdict of a group's candidates is the group's own.
STRENGTH = ("flag", "cannot_tell", "left_out", "clear")


@dataclass(frozen=True)
class Outcome:
    """What came of a case, beside what was expected."""

    case: Case
    found: Expected

    @property
    def passed(self) -> bool:
        wanted = self.case.expect
        return (
            self.found.verdict == wanted.verdict
            and wanted.level in (None, self.found.level)
            and wanted.by in (None, self.found.by)
            and wanted.warnings in (None, self.found.warnings)
        )


def try_cases(tables: Tables, model: SupervisionModel, cases: Cases) -> list[Outcome]:
    """Run every case of a model; the connection is left without the cases' tables."""
    compiled = compile_model(model)
    on: dict[date, str] = {}  # writing the statement takes longer than running it
    outcomes = []
    doubt_nothing(tables)
    for i, case in enumerate(cases):
        rows = cases.rows(case)
        for dataset in {d.name: d for d in model.facts.values()}.values():
            given = [row for alias in model.facts for row in rows.get(alias, [])
                     if model.facts[alias].name == dataset.name]  # fmt: skip
            try:
                lay_out(tables, dataset, given)
            except UnreadableCellError as unreadable:
                raise cases.document.error(("cases", i, "given"), unreadable.reason) from unreadable
        if case.on not in on:
            on[case.on] = compiled.on(case.on)
        outcomes.append(Outcome(case, _judge(tables, on[case.on], model)))
    tables.unregister(DOUBTS)
    for dataset in model.facts.values():
        tables.unregister(dataset.name)
        tables.unregister(maybe(dataset.name))
    return outcomes


def doubt_nothing(tables: Tables) -> None:
    """In a case, every code belongs to the firm whose name stands beside it."""
    nothing = pa.array([], pa.string())
    tables.register(DOUBTS, pa.table({"code": nothing, "name": nothing, "other": nothing}))


def lay_out(tables: Tables, dataset: Dataset, given: Sequence[dict[str, str | None]]) -> None:
    """Make the rows, as delivered, a table named like their dataset.

    Raises:
        UnreadableCellError: a value does not fit its column's type.
    """
    columns: dict[str, list[Any]] = {field.suffix: [] for field in dataset.fields}
    kept = [row for row in given if not _refused(dataset, row)]
    for position, row in enumerate(kept, 1):
        for name, type_ in dataset.types.items():
            value = _value(dataset, name, row.get(name))
            for field, part in zip(type_.fields, value, strict=True):
                columns[name + field.suffix].append(part)
        for field, part in zip(SYSTEM_FIELDS, ((1 << 32) + position, 0, position), strict=True):
            columns[field.suffix].append(part)
    arrays = {f.suffix: pa.array(columns[f.suffix], _ARROW(f.sql)) for f in dataset.fields}
    for name in dataset.bearers:  # in a case, everyone bears the number that is given
        arrays[f"{name}__who"] = arrays[name]
        if dataset.is_loose(name):
            arrays[f"{name}__tier"] = pa.array(["A"] * len(kept), pa.string())
    rows = pa.table(arrays)
    tables.register(dataset.name, rows)
    tables.register(maybe(dataset.name), rows.slice(0, 0))


def _refused(dataset: Dataset, row: dict[str, str | None]) -> bool:
    """Sealed rows are refused at the door, in cases as in service."""
    return any(row.get(each.column) in each.values for each in dataset.declared.refuse)


def _value(dataset: Dataset, name: str, raw: str | None) -> tuple[Any, ...]:
    column, type_ = dataset.columns[name], dataset.types[name]
    if raw is None or not raw.strip() or raw in column.empty_when:
        filler = OPEN if column.empty == "open" else None
        return (filler,) * len(type_.fields)
    try:
        return type_.parse(raw)
    except UnreadableCellError as error:
        raise UnreadableCellError(
            f"{dataset.name}.{name}“{raw}”：{error.reason.zh}",
            f"{dataset.name}.{name} '{raw}': {error.reason.en}",
        ) from error


def _ARROW(sql: str) -> pa.DataType:  # noqa: N802 -- a table of types, written as a function
    plain = {
        "VARCHAR": pa.string(), "BIGINT": pa.int64(), "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(), "SMALLINT": pa.int16(),
        "INTEGER": pa.int32(),
    }  # fmt: skip
    if sql in plain:
        return plain[sql]
    return pa.decimal128(18, int(sql.partition(",")[2].rstrip(")")))


def _judge(tables: Tables, sql: str, model: SupervisionModel) -> Expected:
    rows = tables.run(
        "SELECT verdict, decided_by, level, per FROM (SELECT verdict, decided_by, level, "
        f"concat_ws('|', {', '.join(f'per_{i + 1}' for i in range(len(model.declared.one_warning_per)))}) AS per FROM ({sql}))"
    )
    for verdict in STRENGTH[:-1]:
        of_verdict = [row for row in rows if row[0] == verdict]
        if of_verdict:
            levels = [row[2] for row in of_verdict if row[2]]
            level = next((w for w in ("red", "yellow", "blue") if w in levels), None)
            decided = sorted({row[1] for row in of_verdict})
            warnings = len({row[3] for row in of_verdict}) if verdict == "flag" else 0
            return Expected(verdict=verdict, level=level, by=decided[0], warnings=warnings)
    return Expected(verdict="clear", warnings=0)
