"""A small city, built once for all tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from plumbline.cli.demo import CityReport, build_city

PEOPLE = 20_000


class Built(NamedTuple):
    folder: Path
    report: CityReport
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("city")
    report = build_city(folder, PEOPLE, seed=1)
    return Built(folder, report, json.loads((folder / "truth.json").read_text(encoding="utf-8")))
