"""The cast, and disposals brought to where a test begins."""

from __future__ import annotations

from typing import Any

import pytest

from tests import people


@pytest.fixture
def cast(db: None) -> Any:  # noqa: ARG001 -- pytest-django's, for its effect
    return people.cast()
