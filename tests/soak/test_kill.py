"""`kill -9` at any moment of a load: the old state or the new one, nothing lost, nothing twice."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.fact.killing import kill_at_random_moments

pytestmark = pytest.mark.soak

KILLS = int(os.environ.get("PLUMBLINE_SOAK_KILLS", "80"))


def test_a_killed_load_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    left = kill_at_random_moments(tmp_path, kills=KILLS, size=20_000, seed=20240630)
    found = Counter(left)
    print(f"\n{KILLS} kills left {dict(found)}")  # noqa: T201 -- a soak says what it saw
    assert found["old"] + found["new"] == KILLS
    assert found["old"] > 0
    assert found["new"] > 0
