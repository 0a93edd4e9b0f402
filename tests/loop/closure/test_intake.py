"""What is read from the engine: the clause in force behind a warning, and tasks that ask for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine import workspace
from plumbline.loop.closure import intake, tasks
from plumbline.loop.closure.models import GovernanceProblem, Measurement
from plumbline.loop.warning.models import EarlyWarning
from tests.engine.collision.town import HE, LIN, Town, honour, offence
from tests.loop.closure import after
from tests.loop.closure.test_mechanism import mechanism
from tests.loop.warning.town import NAME, go_live, run, write_cases
from tests.people import NOW

BASIS = [
    {"law": "旧办法", "clause": "第三条", "from": 2005, "to": "2016-12-31"},
    {"law": "新办法", "clause": "第五条", "from": "2017-01-01"},
]


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private: Path, settings: Any) -> Town:
    """Three honours despite an offence: two under the old measures, one under the new."""
    assert private.is_dir()
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    settings.WORKSPACE = tmp_path / "town"
    made = Town(settings.WORKSPACE)
    made.model(NAME, line={"says": {"zh": "遵纪守法"}, "basis": BASIS})
    write_cases(made)
    bureau = "澜州市经济和信息化局"
    made.deliver("honours", [
        honour("1", by=bureau), honour("2", HE, "何六", by=bureau),
        honour("3", LIN, "林七", by=bureau, granted_on="2018-06-01"),
    ])  # fmt: skip
    made.deliver("offences", [
        offence("a"), offence("b", HE, "何六"), offence("c", LIN, "林七", on="2016-01-01"),
    ])  # fmt: skip
    return made


def raised(town: Town, cast: Any) -> dict[str, EarlyWarning]:
    go_live(town, cast)
    run(town)
    return {w.key: w for w in EarlyWarning.objects.all()}


def test_the_clause_is_that_of_the_day_of_the_fact(cast: Any, town: Town) -> None:
    warnings = raised(town, cast)
    found = intake.clauses(town.now, warnings.values())
    assert sorted(found.values()) == ["《新办法》第五条", "《旧办法》第三条", "《旧办法》第三条"]


def test_a_warning_that_the_store_does_not_hold_goes_by_its_as_of_date(
    cast: Any, town: Town
) -> None:
    case = after.finding(cast, as_of=date(2010, 1, 1))
    unknown = after.finding(cast, model="no-such-model")
    found = intake.clauses(town.now, [case.warning, unknown.warning])
    assert found == {case.warning.key: "《旧办法》第三条"}


@pytest.mark.parametrize(
    ("day", "clause"),
    [
        (date(2016, 12, 31), "《旧办法》第三条"),
        (date(2017, 1, 1), "《新办法》第五条"),
        (date(2001, 1, 1), "《旧办法》第三条；《新办法》第五条"),
    ],
    ids=["last day", "first day", "none in force"],
)
def test_which_clause_was_in_force(town: Town, day: date, clause: str) -> None:
    assert intake.clause_on(town.now.model(NAME), day) == clause


def test_the_worker_proposes_from_what_was_closed(cast: Any, town: Town) -> None:
    assert NAME in town.now.models
    for unit in (None, None, after.sibling(cast)):
        after.finding(cast, unit, as_of=date(2015, 6, 1))
    assert tasks.propose_problems.call(NOW.isoformat()) == 1
    assert tasks.propose_problems.call(NOW.isoformat()) == 0
    assert GovernanceProblem.objects.get().clause == "《旧办法》第三条"


def test_the_worker_measures_what_can_be_measured(
    cast: Any, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    raised(town, cast)
    ground = after.finding(cast)
    good = mechanism(cast, ground, model=NAME)
    bad = mechanism(cast, ground, model=NAME, clause="第九条")
    type(bad).objects.filter(pk=bad.pk).update(model="withdrawn-model")
    assert tasks.measure_effects.call(NOW.isoformat()) == 1
    assert tasks.measure_effects.call(NOW.isoformat()) == 0  # nothing is newer
    assert f"mechanism {bad.pk}" in caplog.text
    assert Measurement.objects.get().mechanism == good
    assert tasks.measure_effect.call(good.pk, cast.li.pk, NOW.isoformat())
    assert Measurement.objects.filter(mechanism=good).count() == 2
