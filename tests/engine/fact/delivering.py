"""A small dataset, deliveries of it, and what the store then holds; for the tests of loading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import AlreadyLoaded, load_delivery
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import Country, country_pack

RECEIVED = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
COUNTRY: Country = country_pack()

FEES = """\
dataset: {name}
title: {{zh: 缴费}}
department: {{zh: 税务局}}
legal_basis: {{zh: 法}}
purpose: {{zh: 监督}}
retention: 10 years
delivery: {delivery}
key: {key}
subject: person
columns:
  no: {{from: [编号, 流水号], type: text, required: true}}
  person: {{from: 身份证号, type: person.id}}
  name: {{from: 姓名, type: person.name, of: person}}
  paid_on: {{from: 缴费日期, type: date}}
  until: {{from: 有效期至, type: date, empty: open, empty_when: ["-"]}}
  amount: {{from: 金额, type: money, unit: 元}}
  kind: {{from: 类别, type: category, values: {{甲: a, 乙: b}}}}
  county: {{from: 区县, type: text}}
ignore: [备注, 序号]
{more}
"""

HEADER_LINE = "编号,身份证号,姓名,缴费日期,金额"
WANG = "11010519491231002X"
LI = "440524188001010014"


def fees(
    folder: Path,
    *,
    delivery: str = "{kind: full}",
    key: str = "[no]",
    more: str = "",
    name: str = "fees",
    replace: Mapping[str, str] | None = None,
) -> Dataset:
    text = FEES.format(delivery=delivery, key=key, more=more, name=name)
    for old, new in (replace or {}).items():
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return Dataset(path, COUNTRY)


def csv(path: Path, *rows: str, header: str = HEADER_LINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def load(store: Store, dataset: Dataset, path: Path, **terms: Any) -> Batch:
    batch = load_delivery(store, dataset, path, received_at=RECEIVED, **terms)
    assert not isinstance(batch, AlreadyLoaded)
    return batch


def state(
    store: Store, dataset: Dataset, columns: Sequence[str] = ("no",), version: int | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a version, these columns, sorted."""
    listed = ", ".join(f'"{column}"' for column in columns)
    relation = store.snapshot(dataset.name, version).relation(dataset.fields)
    with open_duckdb() as duck:
        return sorted(duck.run(f"SELECT {listed} FROM {relation}"), key=str)


def quarantined(store: Store, batch: Batch) -> list[dict[str, Any]]:
    if batch.quarantine is None:
        return []
    with open_duckdb() as duck:
        table = duck.arrow(f"SELECT * FROM '{store.root / batch.quarantine}' ORDER BY part, line")
    return list(table.to_pylist())


def reasons(store: Store, batch: Batch) -> list[tuple[int, str, str]]:
    """Line, column and English reason of every fault."""
    return [
        (row["line"], fault["column"], fault["en"])
        for row in quarantined(store, batch)
        for fault in row["faults"]
    ]
