"""An office with no rows yet, and one connection for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine.backend import Duck, Limits, open_duckdb
from tests.engine.line.small import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(scope="session")
def duck() -> Iterator[Duck]:
    with open_duckdb(Limits(threads=1)) as opened:
        yield opened
