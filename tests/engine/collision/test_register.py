"""Registers over the runs: nothing is raised twice, and nothing disappears unsaid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from plumbline.errors import DeclarationError, RunError, Text
from tests.engine.collision.town import HE, LIN, WANG, Town, honour, number, offence

MODEL = "honour-despite-offence"


def only(town: Town, subject: str = WANG, **more: Any) -> Any:
    (found,) = [w for w in town.now.warnings(withdrawn=True, **more) if w.subject == subject]
    return found


def test_the_first_run_raises_what_it_finds(town: Town) -> None:
    run = town.collide()
    assert (run.number, run.as_of) == (1, date(2025, 6, 30))
    (result,) = run.results
    assert result.tally is not None
    assert (result.tally.flag, result.tally.cannot_tell, result.tally.left_out) == (2, 1, 0)
    assert result.tally.by_reason == (("cannot_tell", "identity", 1),)
    assert [(w.subject, w.level, w.tier, w.state) for w in town.now.warnings()] == [
        (WANG, "red", "A", "open"),
        (HE, "yellow", "A", "open"),
    ]
    (question,) = town.now.warnings(register="questions")
    assert (question.subject, question.level, question.tier) == (LIN, None, "B")
    assert question.key not in town.open_keys()
    assert run.changes["warnings"] == {"raised": 2}
    assert run.changes["questions"] == {"raised": 1}


def test_a_warning_points_to_rows_and_copies_none_of_them(town: Town) -> None:
    town.collide()
    warning = only(town)
    assert warning.per == (WANG, "工匠")
    assert [each.fact for each in warning.evidence] == ["honour", "offence"]
    assert all(len(each.digest) == 64 for each in warning.evidence)
    assert "王五" not in repr(warning)


def test_a_second_run_raises_nothing_and_changes_no_word(town: Town) -> None:
    town.collide()
    before = town.register()
    run = town.collide()
    assert run.changes["warnings"] == {"unchanged": 2}
    assert town.register().replace("seen_in=2", "seen_in=1") == before


def test_two_towns_with_the_same_files_have_the_same_registers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from tests.engine.collision.town import settled  # noqa: PLC0415 -- this test alone makes two

    towns = [settled(Town(tmp_path_factory.mktemp("town") / "t")) for _ in range(2)]
    for each in towns:
        each.collide()
    assert towns[0].register() == towns[1].register()
    assert towns[0].register("questions") == towns[1].register("questions")


def test_new_evidence_joins_the_warning_and_says_so(town: Town) -> None:
    town.collide()
    before = only(town)
    town.deliver("offences", [offence("d", on="2014-01-01", kind="行政")], "2025-07-31")
    run = town.collide()
    after = only(town)
    assert run.changes["warnings"] == {"changed": 1, "unchanged": 1}
    assert (after.key, after.raised_in, after.changed_in) == (before.key, 1, 2)
    assert set(before.evidence) < set(after.evidence)
    assert dict(after.change) == {
        "added": 1, "gone": 0, "level_before": "red", "version_before": 1, "state_before": "open",
    }  # fmt: skip
    town.collide()
    assert (only(town).changed_in, only(town).seen_in) == (2, 3)
    assert dict(only(town).change) == dict(after.change)


def test_a_level_that_rises_says_what_it_was(town: Town) -> None:
    town.collide()
    town.deliver("offences", [offence("d", HE, "何六", on="2014-01-01")], "2025-07-31")
    town.collide()
    warning = only(town, HE)
    assert (warning.level, warning.change["level_before"], warning.changed_in) == (
        "red",
        "yellow",
        2,
    )


def test_a_correction_of_the_same_row_is_new_evidence_for_old(town: Town) -> None:
    town.collide()
    town.deliver("offences", [offence("a", on="2013-03-01")], "2025-07-31")
    town.collide()
    assert {k: only(town).change[k] for k in ("added", "gone")} == {"added": 1, "gone": 1}


def test_withdrawn_evidence_withdraws_the_warning_and_its_return_opens_it(town: Town) -> None:
    town.collide()
    raised = only(town)
    town.deliver("offences", [{**offence("a"), "change": "删除"}], "2025-07-31")
    run = town.collide()
    assert run.changes["warnings"] == {"unchanged": 1, "withdrawn": 1}
    gone = only(town)
    assert (gone.state, gone.changed_in, gone.seen_in) == ("withdrawn", 2, 1)
    assert dict(gone.change) == {"added": 0, "gone": 2}
    assert gone.evidence == raised.evidence  # what it rested on can still be looked up
    assert gone.key not in town.open_keys()
    assert town.collide().changes["warnings"] == {"gone": 1, "unchanged": 1}
    assert only(town).changed_in == 2
    town.deliver("offences", [offence("a")], "2025-08-31")
    town.collide()
    back = only(town)
    assert (back.key, back.state, back.raised_in, back.changed_in) == (raised.key, "open", 1, 4)
    assert back.change["state_before"] == "withdrawn"


def test_an_exception_that_comes_to_be_known_withdraws_the_warning(town: Town) -> None:
    town.collide()
    town.deliver("offences", [offence("a", revoked_on="2016-01-01")], "2025-07-31")
    town.collide()
    assert only(town).state == "withdrawn"


def test_a_list_delivered_anew_is_no_change(town: Town) -> None:
    """Rows are compared by what they say, not by the delivery that said it last."""
    town.collide()
    rows = [
        honour("4", number(4), "赵八"),
        honour("3", LIN, "林七"),
        honour("2", HE, "何六"),
        honour("1"),
    ]
    town.deliver("honours", rows, "2025-07-31")
    assert town.collide().changes["warnings"] == {"unchanged": 2}
    assert only(town).evidence[0].row >> 32 == 2  # and it points to the newest delivery


def test_a_model_that_does_not_run_leaves_its_warnings_alone(town: Town) -> None:
    town.model("second", one_warning_per=["honour.no"])
    town.collide()
    before = {w.key: w for w in town.now.warnings(model="second")}
    assert len(before) == 2
    town.deliver("offences", [{**offence("a"), "change": "删除"}], "2025-07-31")
    town.collide(MODEL)
    assert {w.key: w for w in town.now.warnings(model="second")} == before
    town.collide()
    assert len(town.now.warnings(model="second")) == 1


def test_results_on_trial_are_kept_apart(town: Town) -> None:
    town.model("second", status="trial")
    run = town.collide()
    assert {w.model for w in town.now.warnings()} == {MODEL}
    assert [w.model for w in town.now.warnings(register="trials")] == ["second", "second"]
    assert {w.model for w in town.now.warnings(register="questions")} == {MODEL}
    assert run.changes["trials"] == {"raised": 2}


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_what_is_not_live_is_told_to_nobody(town: Town, status: str) -> None:
    town.model("second", status=status)
    town.collide()
    assert {w.model for w in town.now.warnings()} == {MODEL}
    assert town.now.warnings(register="trials") == []
    town.collide("second")
    assert {w.model for w in town.now.warnings()} == {MODEL}
    assert {w.model for w in town.now.warnings(register="trials")} == {"second"}


def test_a_model_sent_back_to_trial_withdraws_none_of_its_warnings(town: Town) -> None:
    town.collide()
    before = town.register()
    town.model(status="trial")
    town.collide()
    assert town.register() == before
    assert len(town.now.warnings(register="trials")) == 2


def test_a_result_outside_its_band_is_held_until_someone_accepts_it(town: Town) -> None:
    town.model(expect={"flag_rate": "0%..10%", "per": "honour"})
    run = town.collide()
    (result,) = run.results
    assert (result.rows, result.flagged_rows) == (4, 2)
    assert result.held is not None
    assert "50.00% (2/4) is outside the expected 0%..10%" in result.held.en
    assert town.now.warnings() == []
    run = town.collide(accept={MODEL: "checked by hand"})
    assert run.results[0].held is None
    assert len(town.now.warnings()) == 2
    assert town.now.runs()[2]["accepted"] == {MODEL: "checked by hand"}
    before = town.register()
    town.collide()
    assert town.register() == before  # held again; what was let in stays


@pytest.mark.parametrize(
    ("band", "held"), [("50%..50%", False), ("0..50", False), ("50.01%..100%", True)]
)
def test_the_ends_of_a_band_are_within_it(town: Town, band: str, *, held: bool) -> None:
    town.model(expect={"flag_rate": band, "per": "honour"})
    assert (town.collide().results[0].held is not None) == held


def test_the_rate_is_of_the_rows_that_take_part(town: Town) -> None:
    facts = {
        "honour": {"dataset": "honours", "where": "no <> '4'"},
        "offence": {"dataset": "offences"},
    }
    town.model(facts=facts)
    (result,) = town.collide().results
    assert (result.rows, result.flagged_rows) == (3, 2)


@pytest.mark.parametrize("band", ["5%", "a..b", "5%..1%", "..5%", "1.2.3..5%"])
def test_a_band_that_says_nothing_is_refused_when_the_model_is_read(town: Town, band: str) -> None:
    town.model(expect={"flag_rate": band, "per": "honour"})
    with pytest.raises(
        DeclarationError, match=r"expect\.flag_rate: .*must be written like 0%\.\.5%"
    ):
        _ = town.now.models


def test_an_expired_model_is_skipped_and_says_so(town: Town) -> None:
    town.model(expires_on="2025-06-29")
    (result,) = town.collide().results
    assert result.skipped == Text(
        "模型已于 2025-06-29 到期，须复审续期",
        "the model expired on 2025-06-29 and must be renewed",
    )
    assert town.now.warnings() == []
    assert town.collide(as_of=date(2025, 6, 29)).results[0].skipped is None


def test_a_model_without_its_data_is_skipped_and_says_which(bare: Town) -> None:
    bare.deliver("honours", [honour("1")])
    (result,) = bare.collide().results
    assert result.skipped is not None
    assert result.skipped.en == "nothing is loaded for: offences"


def test_without_any_data_there_is_nothing_to_run(bare: Town) -> None:
    with pytest.raises(RunError, match="nothing is loaded yet"):
        bare.collide()
    assert bare.now.runs() == {}


def test_the_date_of_a_run_is_the_latest_of_all_deliveries(town: Town) -> None:
    town.declare("rain", {"day": "text"})
    town.deliver("rain", [{"day": "一"}], "2025-09-30")
    assert town.collide().as_of == date(2025, 9, 30)
    assert town.collide(MODEL).as_of == date(2025, 9, 30)
    assert town.collide(as_of=date(2024, 1, 1)).as_of == date(2024, 1, 1)
    assert [run["as_of"] for run in town.now.runs().values()] == ["2025-09-30", "2025-09-30"]


def test_a_run_writes_down_all_it_saw(town: Town) -> None:
    town.collide()
    run: Any = town.now.runs()[1]
    assert set(run["datasets"]) == {"honours", "offences"}
    assert all(pin["files"] and pin["batches"] for pin in run["datasets"].values())
    assert run["models"][MODEL]["settings"] == {"years": {"..2019": 5, "2020..": 10}}
    assert set(run["engine"]) >= {"plumbline", "duckdb"}


def test_a_new_version_of_the_rule_keeps_the_key_and_says_so(town: Town) -> None:
    town.collide()
    before = only(town)
    town.model(version=2, grade={"yellow": "otherwise"})
    town.collide()
    after = only(town)
    assert (after.key, after.version, after.level) == (before.key, 2, "yellow")
    assert (after.change["version_before"], after.change["level_before"]) == (1, "red")


def test_progress_is_told_model_by_model(town: Town) -> None:
    town.model("second")
    told: list[tuple[str, int, int]] = []
    town.collide(progress=lambda *step: told.append(step))
    assert told == [(MODEL, 0, 2), ("second", 1, 2), ("", 2, 2)]


def test_models_and_levels_are_asked_for_by_name(town: Town) -> None:
    town.collide()
    assert [w.subject for w in town.now.warnings(level="yellow")] == [HE]
    with pytest.raises(RunError, match="did you mean 'honour-despite-offence'"):
        town.now.warnings(model="honour-despite-offense")
    with pytest.raises(RunError, match="did you mean"):
        town.collide("honour-despite-offense")


def test_a_warning_is_found_by_the_beginning_of_its_key(town: Town) -> None:
    town.collide()
    key = only(town).key
    assert town.now.find(key[:6].upper())[0].key == key
    with pytest.raises(RunError, match="no warnings begin with 'zz'"):
        town.now.find("zz")
    with pytest.raises(RunError, match="3 warnings begin with ''"):
        town.now.find("")


def test_names_with_quotes_stay_names(town: Town) -> None:
    evil = 'it\'s "x"; --'
    town.model(
        "second",
        leave_out=[{"name": evil, "when": "offence.kind = 'criminal'", "why": {"zh": "'"}}],
    )
    (_, result) = town.collide().results
    assert result.tally is not None
    assert ("left_out", evil, 2) in result.tally.by_reason


def test_subjects_that_are_not_known_are_one_warning(town: Town) -> None:
    town.model("second", one_warning_per=["honour.title", "honour.by"], same=MODEL_SAME)
    town.deliver(
        "honours",
        [honour("1", title=None, by=None), honour("2", HE, "何六", title=None)],
        "2025-07-31",
    )
    town.collide()
    assert {w.per for w in town.now.warnings(model="second")} == {("", ""), ("", "经信局")}
    for warning in town.now.warnings(model="second"):
        assert town.now.reproduce(warning.key).same
        assert [each.verdict for each in town.now.explain(warning).judged] == ["flag"]


MODEL_SAME = {"person": ["honour.person", "offence.person"]}


def test_a_run_that_looks_back_enters_nothing(town: Town) -> None:
    town.collide(as_of=date(2025, 12, 31))
    known = town.now.warnings()
    back = town.collide(as_of=date(2010, 1, 1))
    assert back.backdated == date(2025, 12, 31)
    assert not back.changes
    assert town.now.warnings() == known
    assert len(town.now.runs()) == 1
