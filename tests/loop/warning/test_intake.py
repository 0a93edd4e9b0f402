"""What the engine found becomes warnings once, changes are told in words, and nobody's number is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.core import serializers
from django.db import connection

from plumbline.loop.supervision.actions import set_budget
from plumbline.loop.supervision.models import ModelVersion, State, SubjectException
from plumbline.loop.warning.actions import (
    Change,
    RunFound,
    WarningFound,
    take_in_runs,
    tell_waiting,
)
from plumbline.loop.warning.intake import evidence, explained, take_in
from plumbline.loop.warning.models import EarlyWarning, Happening, Intake, Party, Standing
from plumbline.org.policy import person_digest
from plumbline.trail.models import Entry
from tests import people
from tests.engine.collision.town import HE, LIN, WANG, Town, honour, offence
from tests.loop.warning.town import NAME, go_live, run, warnings
from tests.people import NOW

pytestmark = pytest.mark.django_db


def kinds(warning: EarlyWarning) -> list[str]:
    return list(warning.happenings.order_by("run", "pk").values_list("kind", flat=True))


def test_warnings_are_taken_in_with_words_unit_and_parties(town: Town) -> None:
    cast = people.cast()
    cast.industry.former_names = ["经信局"]  # as the register calls it
    cast.industry.save()
    go_live(town, cast)
    run(town)
    found = {w.level: w for w in EarlyWarning.objects.all()}
    assert set(found) == {"red", "yellow"}
    red = found["red"]
    assert (red.unit, red.region, red.tier, red.supervised) == (
        cast.industry,
        "380300",
        "A",
        "经信局",
    )
    assert "2012年3月1日" in red.sentence
    assert "1 offence(s)" in red.sentence_en
    assert {p.person for p in red.parties.all()} == {person_digest(WANG)}
    assert kinds(red) == ["raised"]
    assert Intake.objects.get().raised == 2
    assert Entry.objects.filter(action="warnings.taken_in").count() == 1


def test_no_number_and_no_name_in_clear_comes_into_the_workbench(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    kept = "".join(
        serializers.serialize("json", model.objects.all())
        for model in (EarlyWarning, Party, Happening, Intake, ModelVersion)
    )
    for secret in (WANG, HE, LIN, "王五", "何六", "林七"):
        assert secret not in kept, secret


def test_taking_in_twice_changes_nothing(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    before = serializers.serialize("json", [*EarlyWarning.objects.all(), *Happening.objects.all()])
    first = take_in(town.now, at=NOW)
    assert take_in(town.now, at=NOW + timedelta(days=1)) == first
    run(town)  # the same facts again: another run, nothing new
    after = serializers.serialize("json", [*EarlyWarning.objects.all(), *Happening.objects.all()])
    assert before == after
    assert Intake.objects.count() == 2


def test_new_evidence_joins_and_lost_evidence_withdraws_and_comes_back(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    key = next(w.key for w in town.now.warnings() if w.subject == WANG)
    town.deliver("offences", [offence("d", on="2013-01-01")], "2025-07-31")
    run(town)
    warning = EarlyWarning.objects.get(key=key)
    assert kinds(warning) == ["raised", "changed"]
    assert warning.happenings.get(kind="changed").detail["zh"] == ["新增证据 1 条"]
    assert "2次" in warning.sentence
    gone = [{**offence(no), "change": "删除"} for no in ("a", "d")]
    town.deliver("offences", gone, "2025-08-31")
    run(town)
    warning.refresh_from_db()
    assert (warning.standing, "2次" in warning.sentence) == (Standing.WITHDRAWN, True)
    town.deliver("offences", [offence("e")], "2025-09-30")
    run(town)
    warning.refresh_from_db()
    assert warning.standing == Standing.OPEN
    assert kinds(warning) == ["raised", "changed", "withdrawn", "returned"]


def test_a_level_that_changed_is_told(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    town.deliver("offences", [offence("b", HE, "何六", kind="刑事")], "2025-07-31")
    run(town)
    changed = Happening.objects.get(kind="changed")
    assert "级别由黄变为红" in changed.detail["zh"]
    assert "level was yellow, is now red" in changed.detail["en"]


def test_runs_that_were_skipped_are_caught_up(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    town.deliver("honours", [honour("1"), honour("9", HE, "何六", title="劳模")], "2025-07-31")
    town.collide()
    town.deliver("offences", [offence("x", on="2013-02-02")], "2025-08-31")
    town.collide()
    take_in(town.now, at=NOW)
    assert list(Intake.objects.order_by("run").values_list("run", flat=True)) == [1, 2, 3]
    told = {(h.run, h.kind) for h in Happening.objects.filter(run__gt=1)}
    assert told == {(2, "raised"), (2, "withdrawn"), (3, "changed")}


def test_what_is_on_trial_is_told_to_nobody(town: Town) -> None:
    cast = people.cast()
    version = go_live(town, cast)
    ModelVersion.objects.filter(pk=version.pk).update(state=State.TRIAL)
    run(town)
    assert not EarlyWarning.objects.exists()
    version.refresh_from_db()
    assert (version.tried_in, version.tried_found) == (1, 2)
    assert not EarlyWarning.objects.visible_to(cast.head, people.TODAY).exists()


def test_a_model_that_nobody_approved_does_not_run(town: Town) -> None:
    people.cast()
    assert run(town).results == ()
    assert not EarlyWarning.objects.exists()
    assert ModelVersion.objects.get().state == State.DRAFT  # though its text says live


def test_an_approved_exception_withdraws_the_warning_and_says_why(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    key = next(w.key for w in town.now.warnings() if w.subject == WANG)
    given = SubjectException.objects.create(
        model=NAME, warning=key, about="王*", reason="组织批准", by=cast.li, asked_at=NOW,
        approved_by=cast.head, approved_at=NOW, starts_on=date(2025, 1, 1), ends_on=date(2026, 12, 31),
    )  # fmt: skip
    run(town)
    warning = EarlyWarning.objects.get(key=key)
    assert warning.standing == Standing.WITHDRAWN
    assert "组织批准" in warning.happenings.get(kind="withdrawn").detail["zh"][0]
    SubjectException.objects.filter(pk=given.pk).update(withdrawn_at=NOW)
    run(town)
    warning.refresh_from_db()
    assert warning.standing == Standing.OPEN


def test_evidence_is_shown_by_cell_and_masked_until_a_purpose_is_given(town: Town) -> None:
    go_live(town, people.cast())
    run(town)
    red = EarlyWarning.objects.get(level="red")
    shown = evidence(red)
    assert shown is not None
    cells = {c.column: c for fact in shown.facts for row in fact.rows for c in row.cells}
    assert (cells["person"].mark, cells["name"].mark, cells["title"].mark) == (
        "agrees",
        "agrees",
        "",
    )
    assert WANG not in repr(shown)
    assert cells["granted_on"].place == "E2"
    assert shown.facts[0].rows[0].file.endswith("honours-2025-06-30.csv")
    assert shown.people == {person_digest(WANG)}
    assert WANG in repr(evidence(red, clear={"offence.person"}))
    reasons = explained(red)
    assert reasons is not None
    assert [r.held for r in reasons.conditions] == [True, True]
    assert reasons.settings == {"years": "5"}


def found(key: str, run_number: int, unit: int | None = None, **fields: object) -> WarningFound:
    """As the register would have it."""
    at = datetime(2026, 3, 18, tzinfo=UTC)
    given = {
        "model": "m", "version": 1, "title": "t", "level": "yellow", "tier": "A", "about": "某", "sentence": "s",
        "supervised": "u", "unit_id": unit, "theme": "x", "as_of": date(2026, 3, 17), "amount_fen": None,
        "rank": 1.0, **fields,
    }  # fmt: skip
    changes = (Change(Happening.Kind.RAISED, run_number, at),)
    return WarningFound(
        key, is_open=True, run=run_number, changes=changes, raised_at=at, fields=given
    )


def test_a_week_has_room_for_so_many_and_the_highest_ranks_go_first() -> None:
    cast = people.cast()
    set_budget(cast.civil, 2, by=cast.head, at=NOW, reason="人手有限")
    unit = cast.civil.pk
    given = [
        found("a", 1, unit), found("b", 1, unit, amount_fen=10_000_000), found("c", 1, unit, level="red"),
        found("d", 1, unit, tier="D"), found("e", 1, None), found("f", 1, cast.industry.pk),
    ]  # fmt: skip
    told = RunFound(1, NOW, date(2026, 3, 17), 6, 0, 0)
    assert take_in_runs(0, [told], given, at=NOW)
    assert set(EarlyWarning.objects.told().values_list("key", flat=True)) == {"b", "c", "e", "f"}
    assert tell_waiting(at=NOW) == 0  # this week is full
    assert tell_waiting(at=NOW + timedelta(days=5)) == 2
    assert not EarlyWarning.objects.filter(budgeted_on=None).exists()


def test_what_somebody_else_took_in_meanwhile_is_left_alone() -> None:
    told = RunFound(1, NOW, date(2026, 3, 17), 1, 0, 0)
    assert take_in_runs(0, [told], [found("a", 1)], at=NOW)
    assert not take_in_runs(0, [replace(told, number=2)], [found("b", 2)], at=NOW)
    assert EarlyWarning.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_take_in_at_once_raise_nothing_twice(town: Town) -> None:
    go_live(town, people.cast())
    town.now.collide(at=NOW, statuses={NAME: "live"})
    together, answers = Barrier(2), []

    def one() -> None:
        together.wait()
        try:
            answers.append(take_in(town.now, at=NOW))
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.run for each in answers if each] == [1, 1]
    assert EarlyWarning.objects.count() == 2
    assert Happening.objects.count() == 2
    assert Entry.objects.filter(action="warnings.taken_in").count() == 1
    assert json.dumps(sorted(warnings()))
