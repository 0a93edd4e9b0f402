"""A town whose catalogue is its own alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine import workspace
from tests.engine.collision.town import Town
from tests.loop.warning.town import town as built


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private: Path) -> Town:
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    assert private.is_dir()
    return built(tmp_path / "town")
