from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.readers.ocds import TABLES
from tests.engine.fact.readers.reading import rows, sheets, table

OCID = {"ocid": "ocds-1"}
RELEASE: dict[str, Any] = {
    "ocid": "ocds-1",
    "id": "r1",
    "date": "2024-05-01T00:00:00Z",
    "tag": ["tender", "award"],
    "buyer": {"id": "B", "name": "青禾县教育局"},
    "parties": [{"id": "S1", "name": "甲公司", "roles": ["supplier", "tenderer"]}],
    "tender": {
        "id": "t1",
        "title": "校服",
        "value": {"amount": 120000.50, "currency": "CNY"},
        "tenderPeriod": {"endDate": "2024-04-20"},
        "tenderers": [{"id": "S1", "name": "甲公司"}, {"id": "S2", "name": "乙公司"}],
        "items": [{"id": "i1", "quantity": 3, "unit": {"value": {"amount": 5}}}],
        "documents": [{"id": "d1"}],
    },
    "awards": [
        {
            "id": "a1",
            "value": {"amount": 110000},
            "suppliers": [{"id": "S1", "name": "甲公司"}, {"id": "S2", "name": "乙公司"}],
        }
    ],
    "contracts": [
        {
            "id": "c1",
            "awardID": "a1",
            "dateSigned": "2024-05-02",
            "implementation": {"transactions": [{"id": "p1", "value": {"amount": 7}}]},
        }
    ],
}


def write(folder: Path, data: Any) -> dict[str, Sheet]:
    path = folder / "ocds.json"
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return {sheet.name: sheet for sheet in sheets(path)}


def records(sheet: Sheet) -> list[dict[str, str]]:
    """The records of a table without their empty cells."""
    (_, header), *body = rows(sheet)
    assert header == list(TABLES[sheet.name])
    return [{k: v for k, v in zip(header, cells, strict=True) if v} for _, cells in body]


SHAPES: dict[str, Callable[[Any], Any]] = {
    "release package": lambda r: {"uri": "x", "releases": [r]},
    "record package": lambda r: {"records": [{"compiledRelease": r, "releases": [r, r], **OCID}]},
    "record of releases": lambda r: {"records": [{"releases": [r], **OCID}]},
    "release": lambda r: r,
    "list": lambda r: [r],
    "list of packages": lambda r: [{"releases": [r]}],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_tables(tmp_path: Path, shape: str) -> None:
    found = write(tmp_path, SHAPES[shape](RELEASE))
    assert list(found) == list(TABLES)
    (tender,) = records(found["tenders"])
    assert tender["release.date"] == "2024-05-01T00:00:00Z"
    assert tender["buyer.name"] == "青禾县教育局"
    assert tender["value.amount"] == "120000.5"
    assert tender["tenderPeriod.endDate"] == "2024-04-20"
    assert [award["supplier.name"] for award in records(found["awards"])] == ["甲公司", "乙公司"]
    assert [c["supplier.id"] for c in records(found["contracts"])] == ["S1", "S2"]
    assert [bid["tenderer.id"] for bid in records(found["bids"])] == ["S1", "S2"]
    assert records(found["items"])[0]["unit.value.amount"] == "5"
    assert records(found["transactions"])[0]["contract.id"] == "c1"
    assert records(found["parties"])[0]["roles"] == "supplier; tenderer"
    assert "tender.documents" in found["tenders"].remarks[-1].en


def test_the_latest_version_of_a_versioned_value_counts(tmp_path: Path) -> None:
    def versions(*values: Any) -> list[dict[str, Any]]:
        return [
            {"releaseDate": f"2024-0{i}-01", "releaseID": str(i), "releaseTag": [], "value": v}
            for i, v in enumerate(values, 1)
        ]

    release = {
        "ocid": "ocds-1",
        "tender": {"id": "t1", "title": versions("旧", "新"), "status": versions("active")},
        "awards": [{"id": "a1", "suppliers": versions([{"name": "甲"}], [{"name": "乙"}])}],
    }
    found = write(tmp_path, {"records": [{"ocid": "ocds-1", "versionedRelease": release}]})
    assert records(found["tenders"])[0]["title"] == "新"
    assert [award["supplier.name"] for award in records(found["awards"])] == ["乙"]


def test_identifiers_of_the_first_version_stand_in_for_ids(tmp_path: Path) -> None:
    release = {
        "ocid": "ocds-1",
        "buyer": {"identifier": {"scheme": "CN-USCC", "id": "9133"}, "name": "教育局"},
        "awards": [{"id": "a1", "suppliers": [{"name": "甲公司"}]}],
    }
    found = write(tmp_path, {"releases": [release]})
    assert records(found["awards"])[0]["buyer.id"] == "CN-USCC-9133"
    assert [(p["name"], p["roles"]) for p in records(found["parties"])] == [
        ("教育局", "buyer"),
        ("甲公司", "supplier"),
    ]


def test_a_record_of_mere_links_is_a_misfit(tmp_path: Path) -> None:
    found = write(
        tmp_path, {"records": [{"ocid": "ocds-1", "releases": [{"url": "http://x", "tag": []}]}]}
    )
    body, misfits = table(found["tenders"], 0, len(TABLES["tenders"]))
    assert body == []
    assert [(m.line, m.text) for m in misfits] == [(1, "ocds-1")]


def test_only_the_declared_table(tmp_path: Path) -> None:
    path = tmp_path / "ocds.json"
    path.write_text(json.dumps({"releases": [RELEASE]}))
    assert [sheet.name for sheet in sheets(path, table="awards")] == ["awards"]


def test_records_that_are_not_ocds_are_plain_json(tmp_path: Path) -> None:
    assert list(write(tmp_path, {"records": [{"id": 1}], "releases": []})) == ["records"]
