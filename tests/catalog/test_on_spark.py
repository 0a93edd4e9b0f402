"""Every model of the catalogue does on Spark what its cases say."""

from __future__ import annotations

import pytest

from plumbline.engine.backend import Spark
from plumbline.engine.collision.trial import try_cases
from plumbline.engine.line.cases import Cases
from plumbline.engine.line.model import SupervisionModel
from tests.sparks import MARKS

from .conftest import MODELS

pytestmark = MARKS


@pytest.mark.parametrize("name", [folder.name for folder in MODELS])
def test_its_cases_hold(name: str, models: dict[str, SupervisionModel], spark: Spark) -> None:
    model = models[name]
    outcomes = try_cases(spark, model, Cases(model))
    assert outcomes
    assert [(o.case.case, o.found) for o in outcomes if not o.passed] == []
