"""A town whose catalogue is its own alone: reading the packaged one takes a second each time."""

from __future__ import annotations

import shutil
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
