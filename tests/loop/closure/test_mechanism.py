"""Mechanisms: what changed, since when, where; which model was written from it; what it brought about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError

from plumbline.kit.flow import OutOfStepError
from plumbline.loop.closure.actions.campaign import ClosureError
from plumbline.loop.closure.actions.mechanism import (
    keep_measurement,
    new_model_from,
    record_mechanism,
)
from plumbline.loop.closure.actions.problem import accept
from plumbline.loop.closure.models import Mechanism
from plumbline.loop.closure.queries.effect import Share, effect
from plumbline.loop.closure.queries.placing import concerned
from plumbline.loop.supervision.models import ModelVersion
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.people import NOW, TODAY

MODEL = "honour-despite-offence"


def version(model: str = MODEL) -> ModelVersion:
    return ModelVersion.objects.create(
        model=model, version=1, fingerprint=f"{model:0<64}"[:64], recorded_at=NOW
    )


def mechanism(cast: Any, ground: Any = None, **fields: Any) -> Mechanism:
    values = {
        "title": "评审资格条件", "document": "澜经信〔2026〕12号", "clause": "第三条",
        "before": "遵纪守法。", "after": "五年内无刑事处罚、行政处罚和党纪政务处分。",
        "in_force_from": date(2025, 1, 1), "body": cast.office, "units": [cast.industry],
        "by": cast.head, "at": NOW, **fields,
    }  # fmt: skip
    return record_mechanism(ground or after.finding(cast), **values)


@dataclass(frozen=True)
class Count:
    supervised: str
    month: date | None
    facts: int
    flagged: int


def test_it_says_what_changed_and_where(cast: Any) -> None:
    version()
    made = mechanism(cast, model=MODEL)
    assert (made.before, made.after[:4], list(made.units.all())) == (
        "遵纪守法。",
        "五年内无",
        [cast.industry],
    )
    entry = Entry.objects.get(action="mechanism.recorded")
    assert (entry.subject, entry.detail["document"]) == (
        f"mechanism:{made.pk}",
        "澜经信〔2026〕12号",
    )


def test_a_problem_is_ground_once_it_is_accepted(cast: Any) -> None:
    problem = after.problem(cast)
    with pytest.raises(OutOfStepError):
        mechanism(cast, problem)
    accept(problem, by=cast.head, at=NOW, reason="普遍")
    assert mechanism(cast, problem).problem == problem


@pytest.mark.parametrize(
    "fields",
    [
        {"document": ""}, {"after": " "}, {"title": ""}, {"before": "甲", "after": "甲"},
        {"model": "no-such-model"},
    ],
    ids=["no document", "no clause", "no title", "no change", "no such model"],
)  # fmt: skip
def test_what_is_no_change_is_not_recorded(cast: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ClosureError):
        mechanism(cast, **fields)
    assert not Mechanism.objects.exists()


def test_the_same_clause_is_recorded_once(cast: Any) -> None:
    ground = after.finding(cast)
    mechanism(cast, ground)
    with pytest.raises(ClosureError, match="recorded already"):
        mechanism(cast, ground)
    with pytest.raises(IntegrityError, match="mechanism_says_what_changed"):
        Mechanism.objects.update(after="")


@pytest.mark.parametrize("who", ["li", "contact", "qin", "stranger", "figures"])
def test_others_record_nothing(cast: Any, who: str) -> None:
    with pytest.raises(NotYoursError):
        mechanism(cast, by=getattr(cast, who))


def test_the_model_written_from_it_is_named_once(cast: Any) -> None:
    made = mechanism(cast)
    with pytest.raises(ClosureError, match="no model"):
        new_model_from(made, "honour-despite-discipline", by=cast.author, at=NOW)
    version("honour-despite-discipline")
    new_model_from(made, "honour-despite-discipline", by=cast.author, at=NOW)
    with pytest.raises(ClosureError, match="named already"):
        new_model_from(made, "honour-despite-discipline", by=cast.head, at=NOW)
    with pytest.raises(NotYoursError):
        new_model_from(made, MODEL, by=cast.contact, at=NOW)
    assert [each.model for each in made.written.all()] == ["honour-despite-discipline"]


class TestWhere:
    def test_in_the_units_named_and_all_below(self, cast: Any) -> None:
        made = mechanism(cast, units=[cast.county])
        assert concerned(made) == {cast.county.pk, cast.county_civil.pk}

    def test_in_a_region_and_those_within_it(self, cast: Any) -> None:
        ground = after.finding(cast)
        city = mechanism(cast, ground, units=[], region="380300")
        county = mechanism(cast, ground, units=[], region="380381", clause="第四条")
        assert concerned(city) >= {cast.industry.pk, cast.county_civil.pk}
        assert concerned(county) == {cast.county.pk, cast.county_civil.pk}

    def test_everywhere(self, cast: Any) -> None:
        made = mechanism(cast, units=[])
        assert concerned(made) >= {cast.city.pk, cast.county_civil.pk, cast.civil.pk}


class TestMeasuring:
    def test_counts_are_laid_to_the_units_concerned_and_the_untouched(self, cast: Any) -> None:
        version()
        cast.industry.former_names = ["澜州市经济委员会"]
        cast.industry.save()
        made = mechanism(cast, model=MODEL)
        before, later = date(2024, 6, 1), date(2025, 6, 1)
        counted = [
            Count("澜州市经济委员会", before, 400, 80), Count(cast.industry.name, before, 100, 20),
            Count(cast.industry.name, later, 500, 10), Count(cast.civil.name, before, 500, 100),
            Count(cast.civil.name, later, 500, 100), Count(cast.civil.name, None, 7, 1),
            Count("不知名的单位", later, 11, 3), Count("", later, 2, 0),
        ]  # fmt: skip
        measurement = keep_measurement(made, counted, as_of=TODAY, version=1, by=cast.li, at=NOW)
        assert (measurement.undated, measurement.unplaced) == (7, 13)
        found = effect(made)
        assert found is not None
        assert found.groups == (Share(100, 500), Share(10, 500), Share(100, 500), Share(100, 500))
        assert (found.verdict, round(found.difference.estimate, 3)) == ("less", -0.18)

    def test_the_newest_measurement_speaks(self, cast: Any) -> None:
        version()
        made = mechanism(cast, model=MODEL)
        assert effect(made) is None
        for facts in (100, 200):
            count = Count(cast.industry.name, date(2025, 6, 1), facts, 1)
            keep_measurement(made, [count], as_of=TODAY, version=1, by=None, at=NOW)
        found = effect(made)
        assert found is not None
        assert (found.concerned_after.facts, found.verdict) == (200, "too_few")
        assert Entry.objects.filter(action="mechanism.measured", actor="system").count() == 2

    def test_a_stranger_measures_nothing(self, cast: Any) -> None:
        made = mechanism(cast)
        with pytest.raises(NotYoursError):
            keep_measurement(made, [], as_of=TODAY, version=1, by=cast.stranger, at=NOW)
