"""The cast, in an office of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import people


@pytest.fixture
def cast(db: None, private: Path) -> Any:  # noqa: ARG001 -- the database comes with it
    assert private.is_dir()
    return people.cast()
