"""One Spark for all tests of a process; see `tests.sparks` for what happens where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plumbline.engine.backend import Duck, Spark, open_duckdb
from tests.sparks import opened_small


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    yield from opened_small()


@pytest.fixture(scope="session")
def duck() -> Iterator[Duck]:
    with open_duckdb() as opened:
        yield opened
