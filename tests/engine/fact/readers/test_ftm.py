"""Entities of FollowTheMoney as tables; what is no entity is told with its line."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import Batch, Workspace
from plumbline.engine.fact.ftm import TABLES
from plumbline.engine.fact.load import load_delivery
from tests.engine.fact.readers.reading import rows, sheets

PERSON: dict[str, Any] = {
    "id": "cn-p-1",
    "caption": "王某",
    "schema": "Person",
    "properties": {
        "name": ["王某"],
        "alias": ["Wang Mou", "W. Mou"],
        "birthDate": ["1970"],
        "nationality": ["cn"],
        "eyeColor": ["brown"],
    },
    "datasets": ["cn_register"],
    "referents": [],
}
COMPANY: dict[str, Any] = {
    "id": "cn-c-1", "schema": "Company",
    "properties": {"name": ["澜州某建材有限公司"], "jurisdiction": ["cn"], "incorporationDate": ["2012-03-01"]},
}  # fmt: skip
OWNS: dict[str, Any] = {
    "id": "own-1", "schema": "Ownership",
    "properties": {"owner": ["cn-p-1"], "asset": [COMPANY], "percentage": ["60"], "startDate": ["2015-06"]},
}  # fmt: skip
RUNS: dict[str, Any] = {
    "id": "dir-1", "schema": "Directorship",
    "properties": {"director": ["cn-p-1"], "organization": ["cn-c-1"], "role": ["法定代表人"]},
}  # fmt: skip
PLANE = {"id": "x", "schema": "Airplane", "properties": {"name": ["B-1"]}}


def write(folder: Path, *lines: Any, name: str = "entities.ftm.json") -> Path:
    path = folder / name
    text = (
        each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in lines
    )
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def records(sheet: Any) -> list[dict[str, str]]:
    """The records of a table without their empty cells."""
    (_, header), *body = rows(sheet)
    assert header == ["id", *TABLES[sheet.name], "datasets"]
    return [{k: v for k, v in zip(header, cells, strict=True) if v} for _, cells in body]


def test_each_schema_is_a_table(tmp_path: Path) -> None:
    found = {each.name: each for each in sheets(write(tmp_path, PERSON, COMPANY, OWNS, RUNS))}
    assert list(found) == ["Person", "Company", "Ownership", "Directorship"]
    assert records(found["Person"]) == [
        {"id": "cn-p-1", "name": "王某", "alias": "Wang Mou; W. Mou", "birthDate": "1970",
         "nationality": "cn", "datasets": "cn_register"},
    ]  # fmt: skip
    assert records(found["Ownership"]) == [
        {"id": "own-1", "owner": "cn-p-1", "asset": "cn-c-1", "percentage": "60", "startDate": "2015-06"},
    ]  # fmt: skip
    assert records(found["Directorship"])[0]["organization"] == "cn-c-1"


def test_what_no_table_holds_is_named(tmp_path: Path) -> None:
    (sheet,) = sheets(write(tmp_path, PERSON, PLANE))
    (remark,) = sheet.remarks
    assert remark.en == "the tables leave out: Airplane (1), Person.eyeColor"


@pytest.mark.parametrize(
    "other",
    [{"id": "1", "schema": "A", "properties": "x"}, {"id": "1", "name": "王"}, {"id": 1, "schema": "A", "properties": {}}],
    ids=["properties", "plain", "number"],
)  # fmt: skip
def test_other_json_lines_are_read_as_before(tmp_path: Path, other: Any) -> None:
    (sheet,) = sheets(write(tmp_path, other, other))
    assert sheet.name == ""


def test_a_link_is_loaded_and_bad_lines_wait_with_their_numbers(tmp_path: Path) -> None:
    of = Workspace.create(tmp_path / "office")
    bad = {"id": "", "schema": "Ownership", "properties": {}}
    text = {"id": "own-2", "schema": "Ownership", "properties": {"owner": "cn-p-1"}}
    lame = {"id": "own-3", "schema": "Ownership", "properties": {"owner": ["cn-p-1"], "asset": []}}
    path = write(tmp_path, PERSON, OWNS, bad, '{"id": "own-4", "sch', text, lame)
    batch = load_delivery(
        of.store, of.dataset("ftm_ownerships"), path, received_at=datetime(2026, 3, 18, tzinfo=UTC),
        as_of=date(2026, 3, 1), accept="test", by="test",
    )  # fmt: skip
    assert isinstance(batch, Batch)
    assert (batch.loaded, batch.quarantined) == (1, 4)
    waiting = of.waiting(["ftm_ownerships"])
    assert sorted(row.place.line for _, row in waiting) == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("dataset", "entity"),
    [("ftm_persons", PERSON), ("ftm_companies", COMPANY), ("ftm_ownerships", OWNS), ("ftm_directorships", RUNS)],
    ids=["persons", "companies", "ownerships", "directorships"],
)  # fmt: skip
def test_every_dataset_takes_its_schema(tmp_path: Path, dataset: str, entity: Any) -> None:
    of = Workspace.create(tmp_path / "office")
    batch = load_delivery(
        of.store, of.dataset(dataset), write(tmp_path, entity, PLANE),
        received_at=datetime(2026, 3, 18, tzinfo=UTC), as_of=date(2026, 3, 1), accept="test", by="test",
    )  # fmt: skip
    assert isinstance(batch, Batch)
    assert (batch.loaded, batch.quarantined) == (1, 0)
