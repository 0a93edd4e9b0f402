"""A town whose catalogue is its own alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import workspace
from tests.engine.collision.town import Town
from tests.loop.warning.town import town as built


@pytest.fixture
def town(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    private: Path,
    settings: Any,
) -> Town:
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    assert private.is_dir()
    # Built by the first test that wants one, copied for each: it takes as long as most tests do.
    once = tmp_path_factory.getbasetemp() / "town as built"
    if not once.exists():
        built(once.with_name("town in the making")).folder.rename(once)
    settings.WORKSPACE = tmp_path / "town"
    shutil.copytree(once, settings.WORKSPACE)
    return Town.found(settings.WORKSPACE)
