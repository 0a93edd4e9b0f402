"""A town whose catalogue is its own alone: reading the packaged one takes a second each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine import workspace
from tests.engine.collision.town import Town, settled


@pytest.fixture(autouse=True)
def without_the_packaged_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")


@pytest.fixture
def bare(tmp_path: Path) -> Town:
    return Town(tmp_path / "town")


@pytest.fixture
def town(bare: Town) -> Town:
    return settled(bare)
