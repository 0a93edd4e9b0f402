"""The cast, and a small office whose registers it delivers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import Workspace
from tests import people
from tests.cli.small import fill


@pytest.fixture
def cast(db: None) -> Any:  # noqa: ARG001 -- pytest-django's, for its effect
    made = people.cast()
    # The honours of the small office come from this bureau.
    made.industry_provider = people.user(
        "industry_provider",
        "经信局数据员",
        people.Role.DATA_PROVIDER,
        unit=made.industry,
        works_at=made.industry,
    )
    return made


@pytest.fixture
def office(tmp_path: Path, private: Path, settings: Any) -> Workspace:
    assert private.is_dir()
    folder = tmp_path / "office"
    folder.mkdir()
    fill(folder)
    settings.WORKSPACE = folder
    return Workspace(folder)
