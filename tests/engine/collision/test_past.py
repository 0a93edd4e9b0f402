"""A run and a question that look back read what was recorded by then."""

from __future__ import annotations

from datetime import date

import pytest

from plumbline.engine import Run
from plumbline.errors import Text
from tests.engine.collision.town import HE, WANG, Town

MODEL = "honour-despite-offence"


def warned(run: Run) -> int:
    (result,) = run.results
    assert result.tally is not None
    return result.tally.flag


def verdicts(town: Town, subject: str, on: date | None = None) -> list[str]:
    return [each.verdict for each in town.now.explain_subject(MODEL, subject, on).judged]


def read(town: Town, on: date) -> str | None:
    told = town.now.explain_subject(MODEL, WANG, on).read
    return told.en if told else None


@pytest.mark.parametrize("on", [date(2025, 5, 31), date(2025, 6, 29)])
def test_the_registers_of_the_last_run_up_to_that_day_are_read(corrected: Town, on: date) -> None:
    before = corrected.register()
    run = corrected.collide(as_of=on)
    assert (run.backdated, run.saw, warned(run)) == (date(2025, 6, 30), 1, 1)
    assert verdicts(corrected, WANG, on) == ["flag"], "known then, withdrawn since"
    assert verdicts(corrected, HE, on) == [], "not yet known"
    assert read(corrected, on) == "read: the registers as run 1 saw them"
    assert corrected.register() == before
    assert len(corrected.now.runs()) == 2


def test_today_is_no_look_back(corrected: Town) -> None:
    run = corrected.collide(as_of=date(2025, 6, 30))
    assert (run.backdated, run.saw) == (None, None)
    assert verdicts(corrected, WANG) == []
    assert verdicts(corrected, HE, date(2025, 6, 30)) == ["flag"]
    assert read(corrected, date(2025, 6, 30)) is None


def test_before_any_run_todays_registers_are_read_up_to_that_day(corrected: Town) -> None:
    run = corrected.collide(as_of=date(2025, 4, 30))
    assert (run.backdated, run.saw, warned(run)) == (date(2025, 6, 30), None, 1)
    assert verdicts(corrected, HE, date(2025, 4, 30)) == ["flag"]
    assert warned(corrected.collide(as_of=date(2025, 3, 31))) == 0
    assert verdicts(corrected, HE, date(2025, 3, 31)) == [], "the title was not yet granted"
    present = corrected.now.explain_subject(MODEL, HE, date(2025, 3, 31)).present
    assert present == {"honour": 0, "offence": 1}
    assert "today's registers" in str(read(corrected, date(2025, 3, 31)))


def test_a_register_that_came_later_is_missing(corrected: Town) -> None:
    """A run by a part of the models saw their registers alone; others are as older runs saw them."""
    corrected.declare("fines", {"no": "text", "person": "person.id"}, key=["no"])
    corrected.deliver("fines", [{"no": "1", "person": HE}], "2025-07-31")
    corrected.model(
        "fined", facts={"honour": {"dataset": "honours"}, "fine": {"dataset": "fines"}}, settings={},
        same={"person": ["honour.person", "fine.person"]}, flag_when="fine.no = '1'", leave_out=[],
        grade={"yellow": "otherwise"}, say={"zh": "{honour.name}", "en": "{honour.name}"},
    )  # fmt: skip
    corrected.collide("fined", as_of=date(2025, 7, 31))
    run = corrected.collide(as_of=date(2025, 6, 30))
    assert run.saw == 2
    told = {result.model: result.skipped for result in run.results}
    assert told == {
        MODEL: None,
        "fined": Text("还没有这些数据：fines", "nothing is loaded for: fines"),
    }


def test_the_plan_says_that_it_would_look_back(corrected: Town) -> None:
    (way,) = corrected.now.plan(as_of=date(2025, 5, 31)).values()
    assert not isinstance(way, Text)
    assert (way.how, way.why.en) == ("full", "it looks back")


def test_even_after_a_run_for_a_past_day_the_next_one_is_right(corrected: Town) -> None:
    corrected.collide(as_of=date(2025, 5, 31))
    run = corrected.collide()
    assert [result.way.how for result in run.results if result.way] == ["kept"]
    assert warned(run) == 1
    assert {w.subject for w in corrected.now.warnings()} == {HE}
