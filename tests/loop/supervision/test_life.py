"""A model's life: nobody is told before a second person approved, and it demotes itself below its bar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import PlumblineError, Text
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.supervision import actions
from plumbline.loop.supervision.actions import Drawing, Excepting, Found, NotReadyError, Tried
from plumbline.loop.supervision.intake import check, draw_passed_over, draw_trial, take_in_catalog
from plumbline.loop.supervision.models import (
    ModelVersion,
    Sample,
    SampleDraw,
    State,
    SubjectException,
)
from plumbline.loop.supervision.policy import allowed, may_decide
from plumbline.loop.supervision.queries import (
    Share,
    exceptions,
    lacking,
    missed,
    ordered,
    precision,
    recall,
    statuses,
    trial_precision,
    visible_exceptions,
    visible_versions,
)
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import Kin, User
from plumbline.org.policy import NotYoursError, person_digest
from plumbline.trail.models import Entry
from tests import people
from tests.engine.collision.town import HE, WANG, Town
from tests.loop.warning.town import NAME, run
from tests.people import NOW, TODAY

pytestmark = pytest.mark.django_db
SHOWN: dict[str, Any] = {"check": {"zh": [], "en": []}}


def version(cast: Any, state: str = State.TRIAL, **fields: Any) -> ModelVersion:
    """A version as if it had come that far."""
    given: dict[str, Any] = {
        "model": "m", "version": 1, "fingerprint": "f", "title": "模型", "state": state, "shown": SHOWN,
        "author": cast.author, "cases_passed_at": NOW, "cases": 5, "tried_in": 1, "tried_found": 3,
        "recorded_at": NOW, **fields,
    }  # fmt: skip
    if state == State.LIVE:
        given |= {"proposed_by": cast.author, "approved_by": cast.approver}
    return ModelVersion.objects.create(**given)


def drawn(
    of: ModelVersion, by: User, *keys: str, kind: Any = SampleDraw.Kind.TRIAL
) -> list[Sample]:
    drawing = Drawing(kind, 1, "ab" * 32, 100, 10, [(key, key) for key in keys])
    return list(actions.draw_samples(of, drawing, by=by, at=NOW).samples.order_by("pk"))


# -- recorded, tried out -------------------------------------------------------------------------


def test_a_text_is_a_draft_whatever_it_says_of_itself(town: Town) -> None:
    (new,) = take_in_catalog(town.now, at=NOW)
    assert (new.state, new.proposal, new.current) == (State.DRAFT, "live", True)
    assert take_in_catalog(town.now, at=NOW) == []
    town.model(version=2)
    (second,) = take_in_catalog(town.now, at=NOW)
    assert [v.current for v in ModelVersion.objects.order_by("pk")] == [False, True]
    assert statuses(TODAY) == {NAME: State.DRAFT}
    assert second.version == 2
    assert Entry.objects.filter(action="model.versions_recorded").count() == 2


def test_cases_must_pass_before_a_trial(town: Town) -> None:
    cast = people.cast()
    (new,) = take_in_catalog(town.now, at=NOW)
    with pytest.raises(NotReadyError, match="cases fail: flagged"):
        actions.try_out(new, Tried(new.fingerprint, 5, ("flagged",)), by=cast.author, at=NOW)
    with pytest.raises(NotReadyError, match="text has changed"):
        actions.try_out(new, Tried("another", 5, ()), by=cast.author, at=NOW)
    tried = actions.try_out(new, check(town.now, NAME), by=cast.author, at=NOW)
    assert (tried.state, tried.cases, tried.author) == (State.TRIAL, 5, cast.author)
    with pytest.raises(OutOfStepError):
        actions.try_out(new, check(town.now, NAME), by=cast.author, at=NOW)


def test_from_draft_to_live_with_samples_verified_by_others(town: Town) -> None:
    """The whole way, over real runs; before its end nobody is told anything."""
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    actions.try_out(model, check(town.now, NAME), by=cast.author, at=NOW)
    assert [each.en for each in lacking(model)] == ["it was never run on trial"]
    run(town)
    model.refresh_from_db()
    assert (model.tried_in, model.tried_found, EarlyWarning.objects.count()) == (1, 2, 0)
    with pytest.raises(NotReadyError, match="0 of 2 samples are verified"):
        actions.propose(model, by=cast.author, at=NOW)
    drawing = draw_trial(town.now, model, 10, seed="cd" * 32)
    assert [key for key, _ in drawing.keys] == ordered("cd" * 32, town.open_keys(register="trials"))
    assert WANG not in repr(drawing)
    samples = list(actions.draw_samples(model, drawing, by=cast.author, at=NOW).samples.all())
    for sample in samples:
        with pytest.raises(NotYoursError):
            actions.verify_sample(sample, confirmed=True, by=cast.author, at=NOW, note="看过")
        actions.verify_sample(sample, confirmed=True, by=cast.li, at=NOW, note="调取了判决书")
        with pytest.raises(OutOfStepError):
            actions.verify_sample(sample, confirmed=False, by=cast.zhou, at=NOW, note="不同意")
    actions.propose(model, by=cast.author, at=NOW)
    with pytest.raises(NotYoursError):
        actions.promote(model, by=cast.author, at=NOW)
    live = actions.promote(model, by=cast.approver, at=NOW)
    assert (live.state, live.approved_by) == (State.LIVE, cast.approver)
    run(town)
    assert EarlyWarning.objects.count() == 2


def test_what_is_proposed_is_not_approved_by_who_proposed_it() -> None:
    cast = people.cast()
    both = people.user("both", "两职", people.Role.MODEL_AUTHOR, body=cast.office)
    people.Grant.objects.create(
        user=both, role=people.Role.MODEL_APPROVER, body=cast.office, starts_on=date(2026, 1, 1)
    )
    model = version(cast)
    actions.propose(model, by=both, at=NOW, reason="省里已用一年", without_samples=True)
    assert "promote" not in allowed(model, both, TODAY)
    with pytest.raises(NotYoursError):
        actions.promote(model, by=both, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=model.pk).update(approved_by=both)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=model.pk).update(state=State.LIVE)


def test_without_samples_needs_a_reason_and_a_second_person() -> None:
    cast = people.cast()
    model = version(cast, tried_in=None, tried_found=None)
    with pytest.raises(ReasonMissingError):
        actions.propose(model, by=cast.author, at=NOW, without_samples=True)
    actions.propose(model, by=cast.author, at=NOW, reason="省里已用一年", without_samples=True)
    with pytest.raises(OutOfStepError):
        actions.propose(model, by=cast.author, at=NOW, reason="再次", without_samples=True)
    assert actions.promote(model, by=cast.approver, at=NOW).state == State.LIVE


def test_a_sample_that_shows_nothing_keeps_a_model_from_going_live() -> None:
    cast = people.cast()
    model = version(cast, tried_found=40)
    for sample in drawn(model, cast.author, *(f"k{i:02}" for i in range(20))):
        actions.verify_sample(sample, confirmed=False, by=cast.li, at=NOW, note="查无此事")
    assert trial_precision(model) == Share(0, 20)
    with pytest.raises(NotReadyError, match="is below 20%"):
        actions.propose(model, by=cast.author, at=NOW)
    reworked = actions.rework(model, by=cast.author, at=NOW, reason="口径太宽")
    assert reworked.state == State.DRAFT


def test_the_version_that_was_live_is_retired_by_the_next() -> None:
    cast = people.cast()
    old = version(cast, State.LIVE, current=False)
    new = version(cast, fingerprint="g", version=2)
    actions.propose(new, by=cast.author, at=NOW, reason="沿用", without_samples=True)
    actions.promote(new, by=cast.approver, at=NOW)
    old.refresh_from_db()
    assert old.state == State.RETIRED


# -- precision -----------------------------------------------------------------------------------


@given(st.integers(0, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_narrows_with_more(counts: tuple[int, int]) -> None:
    hits, of = counts
    low, high = Share(hits, of).interval
    assert 0 <= low <= high <= 1
    if of:
        assert low <= hits / of <= high
        wider = Share(hits, of).interval
        narrower = Share(hits * 10, of * 10).interval
        assert narrower[1] - narrower[0] <= wider[1] - wider[0] + 1e-9


@given(st.integers(1, 500), st.integers(0, 99))
def test_mirrored_counts_have_mirrored_intervals(of: int, part: int) -> None:
    hits = of * part // 100
    low, high = Share(hits, of).interval
    other = Share(of - hits, of).interval
    assert (low, high) == pytest.approx((1 - other[1], 1 - other[0]))


def test_the_interval_is_wilsons() -> None:
    """Worked by hand from the formula for 10 of 100: 5.5 % to 17.4 %."""
    assert Share(10, 100).interval == pytest.approx((0.05523, 0.17437), abs=1e-5)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_model_below_its_bar_demotes_itself_and_no_other_does() -> None:
    cast = people.cast()
    bad = version(cast, State.LIVE)
    good = version(cast, State.LIVE, model="good")
    young = version(cast, State.LIVE, model="young")
    counts = {"m": (1, 60), "good": (30, 60), "young": (0, 5), "unknown": (0, 99)}
    assert actions.judge_precision(counts, at=NOW) == [bad]
    bad.refresh_from_db()
    assert (bad.state, bad.proposed_by, bad.approved_by) == (State.TRIAL, None, None)
    entry = Entry.objects.get(action="model.demoted")
    assert (entry.actor, entry.detail["closed"]) == ("system", 60)
    for each in (good, young):
        each.refresh_from_db()
        assert each.state == State.LIVE
    assert precision(good) == Share(30, 60)
    assert actions.judge_precision(counts, at=NOW) == []


def test_a_model_that_expired_is_no_longer_live() -> None:
    cast = people.cast()
    version(cast, State.LIVE, expires_on=TODAY)
    assert statuses(TODAY) == {"m": State.LIVE}
    assert statuses(TODAY + timedelta(days=1)) == {"m": State.DRAFT}


def test_recall_is_measured_from_those_not_flagged(town: Town) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    actions.try_out(model, check(town.now, NAME), by=cast.author, at=NOW)
    run(town)
    model.refresh_from_db()
    drawing = draw_passed_over(town.now, model, 10, seed="ef" * 32)
    assert (drawing.of, drawing.flagged, len(drawing.keys)) == (2, 2, 2)
    assert recall(model) is None
    trial = draw_trial(town.now, model, 10)
    for found, confirmed in ((trial, True), (drawing, False)):
        for sample in actions.draw_samples(model, found, by=cast.author, at=NOW).samples.all():
            actions.verify_sample(sample, confirmed=confirmed, by=cast.li, at=NOW, note="看过")
    measured = recall(model)
    assert measured is not None
    assert (measured.value, measured.high) == (1.0, 1.0)
    assert 0 < measured.low < 1
    assert missed(model) == Share(0, 2)


# -- exceptions ----------------------------------------------------------------------------------


def asked(**more: Any) -> Excepting:
    given: dict[str, Any] = {
        "model": "m", "warning": "key", "subject": "", "about": "王*", "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=365), **more,
    }  # fmt: skip
    return Excepting(**given)


def test_an_exception_holds_once_a_second_person_approved_and_until_its_end() -> None:
    cast = people.cast()
    made = actions.except_subject(asked(), by=cast.li, at=NOW, reason="组织批准兼职")
    assert not exceptions().exists()
    with pytest.raises(NotYoursError):
        actions.approve_exception(made, by=cast.li, at=NOW)
    actions.approve_exception(made, by=cast.head, at=NOW)
    with pytest.raises(OutOfStepError):
        actions.approve_exception(made, by=cast.standing, at=NOW)
    assert list(SubjectException.objects.in_force(TODAY)) == [made]
    assert not SubjectException.objects.in_force(TODAY + timedelta(days=366)).exists()
    actions.withdraw_exception(made, by=cast.standing, at=NOW, reason="批准已撤销")
    assert not exceptions().exists()
    said = Entry.objects.filter(subject=f"exception:{made.pk}").order_by("pk")
    assert [e.action for e in said] == [
        "exception.asked_for", "exception.approved", "exception.withdrawn"
    ]  # fmt: skip


def test_whoever_asks_does_not_approve_even_as_head() -> None:
    cast = people.cast()
    made = actions.except_subject(asked(), by=cast.head, at=NOW, reason="组织批准兼职")
    with pytest.raises(NotYoursError):
        actions.approve_exception(made, by=cast.head, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        SubjectException.objects.filter(pk=made.pk).update(approved_by=cast.head)


@pytest.mark.usefixtures("private")
def test_nobody_excepts_themself_or_their_kin() -> None:
    cast = people.cast()
    cast.head.person = person_digest(HE)
    cast.head.save()
    Kin.objects.create(user=cast.li, person=person_digest(HE), relation="岳父")
    about = asked(subject=person_digest(HE))
    with pytest.raises(NotYoursError):
        actions.except_subject(about, by=cast.li, at=NOW, reason="x")
    made = actions.except_subject(about, by=cast.zhou, at=NOW, reason="组织批准兼职")
    assert not may_decide(made, cast.head, TODAY)
    assert not visible_exceptions(cast.head, TODAY).exists()
    with pytest.raises(NotYoursError):
        actions.approve_exception(made, by=cast.head, at=NOW)
    with pytest.raises(NotYoursError):
        actions.withdraw_exception(made, by=cast.head, at=NOW, reason="x")
    actions.approve_exception(made, by=cast.standing, at=NOW)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"ends_on": TODAY - timedelta(days=1)}, "x"),
        ({"starts_on": TODAY + timedelta(days=9), "ends_on": TODAY + timedelta(days=3)}, "x"),
        ({}, " "),
    ],
    ids=["ended before today", "ends before it starts", "no reason"],
)
def test_an_exception_that_makes_no_sense_is_refused(more: dict[str, Any], reason: str) -> None:
    cast = people.cast()
    with pytest.raises(PlumblineError):
        actions.except_subject(asked(**more), by=cast.li, at=NOW, reason=reason)
    assert not SubjectException.objects.exists()


# -- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act", ["try_out", "propose", "promote", "demote", "rework", "retire", "set_budget", "draw"]
)
def test_a_stranger_does_none_of_it(act: str) -> None:
    cast = people.cast()
    model = version(cast)
    who: dict[str, Any] = {"by": cast.stranger, "at": NOW}
    acts = {
        "try_out": lambda: actions.try_out(model, Tried("f", 5, ()), **who),
        "propose": lambda: actions.propose(model, **who),
        "promote": lambda: actions.promote(model, **who),
        "demote": lambda: actions.demote(model, reason="x", **who),
        "rework": lambda: actions.rework(model, reason="x", **who),
        "retire": lambda: actions.retire(model, reason="x", **who),
        "set_budget": lambda: actions.set_budget(cast.civil, 1, reason="x", **who),
        "draw": lambda: drawn(model, cast.stranger, "k"),
    }
    with pytest.raises(NotYoursError):
        acts[act]()
    assert not Entry.objects.exists()
    assert not visible_versions(cast.stranger, TODAY).exists()


def test_a_model_may_be_retired_and_is_then_never_live_again() -> None:
    cast = people.cast()
    model = version(cast, State.LIVE)
    assert (
        actions.retire(model, by=cast.approver, at=NOW, reason="法规已废止").state == State.RETIRED
    )
    assert allowed(model, cast.approver, TODAY) == []
    with pytest.raises(OutOfStepError):
        actions.demote(model, by=cast.approver, at=NOW, reason="x")


def test_catalog_text_that_comes_back_is_known_again() -> None:
    one = Found("m", 1, "f1", Text("模型", "Model"), "live", None, SHOWN)
    two = Found("m", 2, "f2", Text("模型", "Model"), "live", None, SHOWN)
    actions.record_versions([one], at=NOW)
    actions.record_versions([two], at=NOW)
    assert actions.record_versions([one], at=NOW) == []
    assert ModelVersion.objects.get(current=True).fingerprint == "f1"
    actions.record_versions([], at=NOW)
    assert not ModelVersion.objects.filter(current=True).exists()
