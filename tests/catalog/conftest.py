"""The packaged catalogue, as the cases see it: with the invented province 38."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine.backend import Duck, Spark, open_duckdb
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types import Country, country_pack
from plumbline.engine.line.model import SupervisionModel
from tests.sparks import opened_small

CATALOG = Path(__file__).parents[2] / "catalog"
DATASETS = sorted((CATALOG / "datasets").glob("*/*.yml"))
MODELS = sorted(path.parent for path in (CATALOG / "models").glob("*/*/model.yml"))


@pytest.fixture(scope="session")
def invented() -> Country:
    return country_pack(Path(__file__).with_name("regions.yml"))


@pytest.fixture(scope="session")
def datasets(invented: Country) -> dict[str, Dataset]:
    return {path.stem: Dataset(path, invented) for path in DATASETS}


@pytest.fixture(scope="session")
def models(datasets: dict[str, Dataset]) -> dict[str, SupervisionModel]:
    return {folder.name: SupervisionModel(folder, datasets) for folder in MODELS}


@pytest.fixture(scope="session")
def duck() -> Iterator[Duck]:
    with open_duckdb() as opened:
        yield opened


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    """A Spark session of the module's own: its views are seen by no other."""
    yield from opened_small()
