"""What people decided beside a model's text is pinned with the run: statuses in force, and one subject's exceptions."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plumbline.engine import SubjectException
from plumbline.errors import RunError, Text
from tests.engine.collision.town import HE, WANG, Town, honour, offence
from tests.engine.line.small import number

MODEL = "honour-despite-offence"
WHY = Text("组织批准", "approved by the organisation")


def about(town: Town, subject: str = WANG) -> str:
    (key,) = [w.key for w in town.now.warnings(withdrawn=True) if w.subject == subject]
    return key


def exception(key: str, **more: Any) -> SubjectException:
    given = SubjectException("exception:1", key, MODEL, date(2025, 1, 1), date(2025, 12, 31), WHY)
    return replace(given, **more)


def flagged(town: Town) -> set[str]:
    return {warning.subject for warning in town.now.warnings()}


def test_an_exception_leaves_its_subject_out_and_nobody_else(town: Town) -> None:
    town.collide()
    assert flagged(town) == {WANG, HE}
    run = town.collide(exceptions=[exception(about(town))])
    assert flagged(town) == {HE}
    assert run.results[0].tally is not None
    assert ("left_out", "exception:1", 1) in run.results[0].tally.by_reason
    (gone,) = [w for w in town.now.warnings(withdrawn=True) if w.state == "withdrawn"]
    assert gone.subject == WANG


def test_an_exception_is_explained_with_its_words(town: Town) -> None:
    town.collide()
    town.collide(exceptions=[exception(about(town))])
    told = town.now.explain_subject(MODEL, WANG)
    assert [(j.verdict, j.decided_by) for j in told.judged] == [("left_out", "exception:1")]
    assert ("exception", "exception:1", True) in told.judged[0].exceptions
    assert told.why == {"exception:1": WHY}
    assert town.now.explain_subject(MODEL, HE).why == {}


def test_an_exception_holds_from_its_first_day_to_its_last(town: Town) -> None:
    town.collide()
    key, day = about(town), date(2025, 6, 30)  # the date of the run
    for starts, ends, left_out in [
        (day, day, True),
        (date(2025, 7, 1), date(2025, 7, 2), False),
        (date(2025, 1, 1), date(2025, 6, 29), False),
    ]:
        town.collide(exceptions=[exception(key, starts=starts, ends=ends)])
        assert (WANG not in flagged(town)) == left_out


def test_every_model_about_such_a_subject_may_be_meant(town: Town) -> None:
    town.model("second", one_warning_per=["person"])
    town.model("titles", one_warning_per=["honour.title"])
    town.collide()
    assert len([w for w in town.now.warnings() if w.subject == WANG]) == 2
    key = next(w.key for w in town.now.warnings() if w.subject == WANG and w.model == MODEL)
    town.collide(exceptions=[exception(key, model="")])
    assert WANG not in flagged(town)
    assert {w.model for w in town.now.warnings()} == {MODEL, "second", "titles"}
    town.collide(exceptions=[exception(key)])
    assert [w.model for w in town.now.warnings() if w.subject == WANG] == ["second"]


def test_a_run_that_is_told_nothing_goes_on_with_what_the_last_was_told(town: Town) -> None:
    """A judgement that revisits warnings, or a run by hand, undoes no decision."""
    town.model("second")
    town.collide()
    key = next(w.key for w in town.now.warnings() if w.subject == WANG and w.model == MODEL)
    town.collide(exceptions=[exception(key)], statuses={MODEL: "live", "second": "trial"})
    held = [(w.key, w.state) for w in town.now.warnings(withdrawn=True)]
    run = town.collide()
    assert [(r.model, r.status) for r in run.results] == [(MODEL, "live"), ("second", "trial")]
    assert [(w.key, w.state) for w in town.now.warnings(withdrawn=True)] == held
    assert WANG not in {w.subject for w in town.now.warnings(model=MODEL)}
    town.collide(exceptions=[])
    assert WANG in {w.subject for w in town.now.warnings(model=MODEL)}


def test_a_recorded_status_outranks_what_the_text_proposes(town: Town) -> None:
    town.collide(statuses={MODEL: "trial"})
    assert town.now.warnings() == []
    assert len(town.now.warnings(register="trials")) == 2
    town.collide(statuses={MODEL: "live"})
    assert flagged(town) == {WANG, HE}
    run = town.collide(statuses={MODEL: "retired"})
    assert run.results == ()


def test_where_statuses_are_recorded_a_text_nobody_decided_on_is_a_draft(town: Town) -> None:
    town.collide(statuses={MODEL: "live"})
    town.model("second")
    assert [r.model for r in town.collide().results] == [MODEL]
    town.model(version=2)
    assert town.collide().results == ()
    assert flagged(town) == {WANG, HE}  # what was told stands until somebody decides


def test_an_exception_for_a_warning_that_nobody_knows_stops_the_run(town: Town) -> None:
    with pytest.raises(RunError, match="exception:1: no warning 0123 is in the store"):
        town.collide(exceptions=[exception("0123")])


def test_a_warning_is_reproduced_under_the_exceptions_of_its_run(town: Town) -> None:
    town.collide()
    key, other = about(town), about(town, HE)
    town.collide(exceptions=[exception(key)])
    now = town.now
    assert now.reproduce(other).same
    assert now.reproduce(key).same  # from the run that last found it, before the exception
    pinned = now.runs()[2]
    assert [each["id"] for each in pinned["exceptions"]] == ["exception:1"]
    assert WANG not in json.dumps(pinned)  # the number stays in the register


def test_who_was_not_flagged_is_drawn_and_anyone_can_repeat_the_draw(town: Town) -> None:
    people = [number(i) for i in range(20, 50)]
    town.deliver(
        "honours", [honour("1"), *(honour(f"x{p}", p, "周二") for p in people)], "2025-07-31"
    )
    town.collide()
    seed = "ab" * 32
    drawn = town.now.draw_unflagged(MODEL, seed=seed, n=5)
    assert (drawn.run, drawn.of, drawn.flagged, len(drawn.rows)) == (1, 30, 1, 5)
    shown = town.now.rows(drawn.rows)
    assert {row.values["person"][0] for row in shown.values()} < set(people)
    every = town.now.draw_unflagged(MODEL, seed=seed, n=100).rows
    by_hand = sorted(
        every, key=lambda r: hmac.new(bytes.fromhex(seed), str(r).encode(), hashlib.sha256).digest()
    )
    assert list(every) == by_hand
    town.deliver("offences", [offence("z", people[0], "周二")], "2025-08-31")
    assert town.now.draw_unflagged(MODEL, seed=seed, n=5, run=1) == drawn


def test_only_subjects_in_a_column_can_be_drawn(town: Town) -> None:
    town.model("days", one_warning_per=["honour.granted_on"])
    town.collide()
    with pytest.raises(RunError, match="calculated"):
        town.now.draw_unflagged("days", seed="00", n=1)
    with pytest.raises(RunError, match="run 0 is not recorded"):
        town.now.draw_unflagged("none", seed="00", n=1)
