"""A town whose catalogue is its own alone: reading the packaged one takes a second each time."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from plumbline.engine import workspace
from tests.engine.collision.town import HE, HONOURS, OFFENCES, Town, honour, offence, settled


@pytest.fixture(autouse=True)
def without_the_packaged_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")


@pytest.fixture
def bare(tmp_path: Path) -> Town:
    return Town(tmp_path / "town")


@pytest.fixture(scope="session")
def settled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a settled town; copy it before changing it."""
    folder = tmp_path_factory.mktemp("settled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "packaged_catalog", lambda: folder / "none")
        return settled(Town(folder / "town")).folder


@pytest.fixture
def town(settled_once: Path, tmp_path: Path) -> Town:
    shutil.copytree(settled_once, tmp_path / "town")
    return Town.found(tmp_path / "town")


@pytest.fixture
def corrected(bare: Town) -> Town:
    """May: 王 is flagged. June: that offence is withdrawn, 何 has one of long ago."""
    changes = {"kind": "changes", "change": {"from": "change", "withdrawn": ["删除"]}}
    bare.declare("honours", HONOURS, key=["no"], delivery={"kind": "full"}, on="granted_on")
    bare.declare("offences", OFFENCES, key=["no"], delivery=changes, on="on")
    bare.deliver("honours", [honour("1", granted_on="2025-02-10"), honour("2", HE, "何六", granted_on="2025-04-20")], "2025-05-31")  # fmt: skip
    bare.deliver("offences", [offence("a", on="2020-03-01")], "2025-05-31")
    bare.collide(as_of=date(2025, 5, 31))
    bare.deliver(
        "offences",
        [
            offence("a", on="2020-03-01", change="删除"),
            offence("b", HE, "何六", on="2018-03-01", kind="行政"),
        ],
        "2025-06-30",
    )
    bare.collide(as_of=date(2025, 6, 30))
    return bare
