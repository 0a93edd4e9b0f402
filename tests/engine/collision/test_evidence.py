"""Rows are found by their numbers; whom they are about only makes it quicker."""

from __future__ import annotations

import pytest

from plumbline.engine.collision.evidence import fetch
from plumbline.engine.collision.explain import rows_about
from plumbline.engine.collision.run import opened
from plumbline.engine.linkage.view import Ties
from tests.engine.collision.town import HE, WANG, Town

MODEL = "honour-despite-offence"


@pytest.mark.parametrize("near", ["true", "false", "name__key = '王五'"])
def test_every_row_is_found_whatever_is_thought_of_it(town: Town, near: str) -> None:
    office = town.now
    dataset, loaded = office.dataset("honours"), office.snapshots(["honours"])
    with opened(office.store, {"honours": dataset}, loaded, Ties()) as duck:
        every = [row for (row,) in duck.run("SELECT _row FROM honours")]
        plain = fetch(duck, office.store, {"honour": (dataset, every)})
        hinted = fetch(duck, office.store, {"honour": (dataset, every)}, {"honour": near})
    assert sorted(plain["honour"]) == sorted(every)
    assert hinted == plain


def test_rows_about_somebody_are_told_by_the_key_that_files_are_sorted_by(town: Town) -> None:
    model = town.now.model(MODEL)
    conditions = rows_about(model, [WANG, HE])
    assert set(conditions) == {"honour", "offence"}
    assert conditions["honour"] == f'"person__key" IN ({WANG[:-1]}, {HE[:-1]})', (
        "without the check digit"
    )


@pytest.mark.parametrize("unknown", ["", "not a number"])
def test_a_subject_that_is_no_number_tells_nothing(town: Town, unknown: str) -> None:
    assert rows_about(town.now.model(MODEL), [unknown]) == {}
