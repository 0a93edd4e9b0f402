"""The cast, and what comes after warnings brought to where a test begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import people


@pytest.fixture
def cast(request: pytest.FixtureRequest, private: Path) -> Any:
    """In a workspace of its own, in a transaction or, where a test is marked so, without one."""
    assert private.is_dir()
    request.getfixturevalue("db")
    return people.cast()
