"""A town whose catalogue is its own alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import workspace
from tests.engine.collision.town import Town
from tests.loop.warning.town import town as built


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private: Path, settings: Any) -> Town:
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    assert private.is_dir()
    settings.WORKSPACE = tmp_path / "town"
    return built(settings.WORKSPACE)
