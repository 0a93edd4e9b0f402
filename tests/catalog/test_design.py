"""The model that the design gives as its example, word for word, loads, compiles and flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine.backend import Duck
from plumbline.engine.collision.trial import lay_out
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.sentence import check_sentence
from tests.engine.line.small import AS_OF

EXAMPLE = Path(__file__).with_name("honour-despite-offence")


@pytest.fixture
def example(datasets: dict[str, Dataset]) -> SupervisionModel:
    return SupervisionModel(EXAMPLE, datasets)


def test_it_loads_as_it_stands(example: SupervisionModel) -> None:
    compiled = compile_model(example)
    check_sentence(example, compiled.figures)
    assert example.subject == "person"
    assert [item.name for item in example.declared.leave_out] == [
        "minor traffic fine",
        "penalty revoked",
    ]
    assert compiled.in_("spark")


def test_it_says_what_the_catalogue_says(
    example: SupervisionModel, models: dict[str, SupervisionModel]
) -> None:
    """The catalogue's own model goes beyond the example, and nowhere against it."""
    own = models[example.name].declared
    for slot in ("settings", "flag_when", "one_warning_per", "grade", "supervises", "same"):
        assert getattr(own, slot) == getattr(example.declared, slot), slot


def test_the_founding_case_is_red(example: SupervisionModel, duck: Duck) -> None:
    """王某某: an offence in 2012, the title in 2015, only the years known."""
    person = {"person": "380102197005090136", "name": "王某某"}
    honour = {**person, "title": "工艺美术大师", "granted_on": "2015年"}
    offence = {**person, "kind": "刑事处罚", "occurred_on": "2012年", "final": "是"}
    lay_out(duck, example.facts["honour"], [honour])
    lay_out(duck, example.facts["offence"], [offence])
    (row,) = duck.arrow(compile_model(example).on(AS_OF)).to_pylist()
    assert (row["verdict"], row["level"], row["tier"]) == ("flag", "red", "A")
