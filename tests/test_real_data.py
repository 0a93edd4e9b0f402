"""Real public data, as it was published. It is read where it lies and never copied into the project."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from plumbline.engine import Batch, Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = date(2025, 1, 31)

IADB = """
dataset: iadb_firms
title: {zh: 美洲开发银行制裁企业, en: Firms sanctioned by the Inter-American Development Bank}
department: {zh: 美洲开发银行, en: Inter-American Development Bank}
legal_basis: {zh: 公开名单, en: published list}
purpose: {zh: 核对供应商, en: to check suppliers}
retention: 10 years
delivery: {kind: full}
columns:
  name:        {from: Title, type: org.name, required: true}
  kind:        {from: Entity, type: text}
  nationality: {from: Nationality, type: text}
  country:     {from: Country, type: text}
  starts_on:   {from: From, type: date}
  ends_on:     {from: To, type: date}
  grounds:     {from: Grounds, type: text}
  source:      {from: Source, type: text}
  other_name:  {from: Other Name, type: org.name}
ignore: [IDB Sanction Type, IDB Sanction Source]
expect: {rows: 800..900, filled: {starts_on: 95%}}
"""

EBRD = """
dataset: ebrd_firms
title: {zh: 欧洲复兴开发银行不合格企业, en: Firms ineligible at the European Bank for Reconstruction and Development}
department: {zh: 欧洲复兴开发银行, en: European Bank for Reconstruction and Development}
legal_basis: {zh: 公开名单, en: published list}
purpose: {zh: 核对供应商, en: to check suppliers}
retention: 10 years
delivery: {kind: full}
columns:
  name:         {from: Firm Name, type: org.name, required: true}
  address:      {from: Address, type: address}
  nationality:  {from: Nationality, type: text}
  starts_on:    {from: Ineligible From, type: date}
  ends_on:      {from: Ineligible Until, type: date}
  effective_on: {from: Notice Effective At EBRD, type: date}
  origin:       {from: Originating Institution, type: text}
  practice:     {from: Prohibited Practice, type: text}
expect: {rows: 950..1100}
"""

ON_BOTH_LISTS = """
model: on-both-lists
title: {zh: 两张名单上的同名企业, en: Firms of one name on both lists}
theme: procurement
status: live
question: {zh: 两张名单上是否为同一企业？, en: Is it the same firm on both lists?}
line: {says: {zh: 被一方制裁的企业应由另一方知悉, en: Each bank should know whom the other barred}, basis: [{law: 制裁互认协议}]}
supervises: ebrd.origin
facts: {iadb: {dataset: iadb_firms}, ebrd: {dataset: ebrd_firms}}
same: {firm: [iadb.name, ebrd.name]}
in_force_on: as_of
flag_when: "iadb.name is not null"
one_warning_per: [firm]
grade: {red: otherwise}
say: {zh: "{iadb.name}", en: "{iadb.name}"}
check: {zh: [核对登记国和地址]}
innocent: {zh: [同名]}
send_to: {by: ebrd.origin}
expect: {flag_rate: "0%..100%", per: ebrd}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "office")


def test_every_open_contracting_file_loads_or_says_why_not(workspace: Workspace, shared_data: Path):
    inbox = workspace.inbox / "ocds"
    inbox.mkdir()
    files = sorted((shared_data / "ocds").rglob("*.json"))
    for path in files:
        shutil.copy(path, inbox / f"{path.parent.name}-{path.name}")

    tables = [name for name in workspace.datasets if name.startswith("ocds_")]
    results = workspace.load(at=NOW, as_of=AS_OF, only=tables)

    assert len(results) == len(files) * len(tables)
    batches = [result for result in results if isinstance(result, Batch)]
    assert batches == results  # none crashed, none was refused
    assert all(b.rows == b.loaded + b.repeated + b.quarantined + b.withdrawn for b in batches)
    assert sum(batch.loaded for batch in batches) > 400
    assert {b.source for b in batches if b.loaded} == {path.name for path in inbox.iterdir()}
    assert all(reason.reason.zh for batch in batches for reason in batch.reasons)


def test_barred_firms_load_and_a_shared_name_accuses_nobody(
    workspace: Workspace, shared_data: Path
):
    for name, declared in [("iadb_firms", IADB), ("ebrd_firms", EBRD)]:
        catalog = workspace.directory / "catalog" / "datasets" / f"{name}.yml"
        catalog.write_text(declared, encoding="utf-8")
        (workspace.inbox / name).mkdir()
    folder = workspace.directory / "catalog" / "models" / "on-both-lists"
    folder.mkdir()
    (folder / "model.yml").write_text(ON_BOTH_LISTS, encoding="utf-8")
    lists = shared_data / "debarment"
    shutil.copy(lists / "iadb_firms.xlsx", workspace.inbox / "iadb_firms")
    shutil.copy(lists / "ebrd_firms.csv", workspace.inbox / "ebrd_firms")

    loaded = workspace.load(at=NOW, as_of=AS_OF, only=["iadb_firms", "ebrd_firms"])
    assert [(b.status, b.rows, b.quarantined) for b in loaded if isinstance(b, Batch)] == [
        ("loaded", 848, 0),
        ("loaded", 1011, 0),
    ]

    run = workspace.collide(["on-both-lists"], at=NOW)
    assert not workspace.warnings()
    assert not workspace.warnings(register="questions")
    candidates = workspace.warnings(register="candidates")
    assert len(candidates) == run.changes["candidates"]["raised"]
    assert len(candidates) > 100
    assert {each.tier for each in candidates} == {"E"}
