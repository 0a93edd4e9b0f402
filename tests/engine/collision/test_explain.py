"""Why, and why not: the verdict slot by slot, with values and the cells they stand in."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.engine import Explanation
from plumbline.errors import RunError
from tests.engine.collision.town import HE, LIN, WANG, Town, honour, number, offence

MODEL = "honour-despite-offence"
NOBODY = number(999)


def why(town: Town, subject: str, model: str = MODEL) -> Explanation:
    return town.now.explain_subject(model, subject)


def only(town: Town, subject: str, **more: Any) -> Any:
    (found,) = [w for w in town.now.warnings(**more) if w.subject == subject]
    return found


def test_a_warning_is_explained_from_what_its_run_saw(town: Town) -> None:
    town.collide()
    warning = only(town, WANG)
    town.deliver("offences", [{**offence("a"), "change": "删除"}], "2025-07-31")
    found = town.now.explain(warning)
    (judged,) = found.judged
    assert (judged.verdict, judged.tier, judged.level, judged.per) == (
        "flag",
        "A",
        "red",
        (WANG, "工匠"),
    )
    assert [(each.text, each.held) for each in judged.conditions] == [
        ("before(offence.on, honour.granted_on)", True),
        ("within_years(offence.on, honour.granted_on, years)", True),
    ]
    assert judged.exceptions == (("leave_out", "revoked", False),)
    assert judged.settings == {"years": "5"}
    assert why(town, WANG).judged == ()  # today there is no such row


def test_the_cells_are_named(town: Town) -> None:
    town.collide()
    (judged,) = town.now.explain(only(town, HE)).judged
    row = judged.rows["offence"]
    assert str(row.source) == "offences-2025-06-30.csv:3"
    assert row.cells["on"] == ("on", "E")
    assert row.show("on", "zh") == "2012年3月1日"
    assert row.show("name", "zh") == "何*"
    assert row.show("name", "zh", masked=False) == "何六"
    assert row.show("person", "en") == f"{HE[:4]}**********{HE[-4:]}"
    assert row.key == {"no": ("b",)}


def test_the_row_of_a_later_delivery_is_read_where_it_stands(town: Town) -> None:
    town.deliver(
        "offences", [offence("z", NOBODY, "丁一"), offence("a", kind="行政")], "2025-07-31"
    )
    town.collide()
    (judged,) = town.now.explain(only(town, WANG)).judged
    assert str(judged.rows["offence"].source) == "offences-2025-07-31.csv:3"
    assert str(judged.rows["honour"].source) == "honours-2025-06-30.csv:2"


def test_who_is_not_flagged_learns_what_would_have(town: Town) -> None:
    town.deliver(
        "offences",
        [offence("a", on="2016-01-01"), offence("b", HE, "何六", on="2009-01-01")],
        "2025-07-31",
    )
    after, long_ago = why(town, WANG), why(town, HE)
    assert (after.judged[0].verdict, after.judged[0].decided_by) == ("clear", "flag_when")
    failed = [each for each in after.judged[0].conditions if not each.held]
    assert [each.would_hold.en for each in failed] == [
        "if offence.on is earlier than honour.granted_on",
        "if honour.granted_on is within years years after offence.on",
    ]
    assert [each.held for each in long_ago.judged[0].conditions] == [True, False]


def test_the_strongest_verdict_comes_first(town: Town) -> None:
    more = [
        offence("d", on="2016-01-01"),
        offence("e", on="2013-01-01", revoked_on="2014-01-01"),
        offence("f", on="2015年"),
    ]
    town.deliver("offences", more, "2025-07-31")
    found = why(town, WANG)
    assert [each.verdict for each in found.judged] == ["flag", "cannot_tell", "left_out", "clear"]
    assert [each.decided_by for each in found.judged] == [
        "flag_when",
        "flag_when",
        "revoked",
        "flag_when",
    ]
    assert found.present == {"honour": 1, "offence": 4}


def test_where_no_rows_meet_it_says_what_there_is(town: Town) -> None:
    found = why(town, number(4))
    assert (found.judged, found.present) == ((), {"honour": 1, "offence": 0})
    found = why(town, NOBODY)
    assert (found.judged, found.present) == ((), {"honour": 0, "offence": 0})


def test_names_that_contradict_are_shown_as_what_decided(town: Town) -> None:
    (judged,) = why(town, LIN).judged
    assert (judged.verdict, judged.decided_by, judged.tier) == ("cannot_tell", "identity", "B")


@pytest.mark.parametrize(
    "subject", ["12345", f"{WANG[:17]}0" if WANG[17] != "0" else f"{WANG[:17]}1", "王五"]
)
def test_a_subject_that_is_none_is_refused(town: Town, subject: str) -> None:
    with pytest.raises(RunError, match="is not a valid citizen number"):
        why(town, subject)


def test_a_subject_is_found_however_it_is_written(town: Town) -> None:
    for written in (f" {WANG} ", f"'{WANG}", WANG.lower()):
        assert [each.verdict for each in why(town, written).judged] == ["flag"]


def test_a_subject_may_be_any_column(town: Town) -> None:
    town.model("second", one_warning_per=["honour.granted_on", "honour.by"])
    town.deliver(
        "honours", [honour("1", granted_on="2015年"), honour("2", HE, "何六")], "2025-07-31"
    )
    town.collide()
    warnings = town.now.warnings(model="second")
    assert {w.subject for w in warnings} == {"2015-01-01..2015-12-31", "2015-06-01"}
    assert {town.now.about(w)[0] for w in warnings} == {"2015年", "2015年6月1日"}
    assert {town.now.about(w, "en")[0] for w in warnings} == {"2015", "2015-06-01"}
    assert all(town.now.reproduce(w.key).same for w in warnings)
    assert len(why(town, "2015年", "second").judged) == 1
    assert len(why(town, "2015-06-01", "second").judged) == 1


def test_nothing_loaded_is_said(bare: Town) -> None:
    bare.deliver("honours", [honour("1")])
    with pytest.raises(RunError, match="nothing is loaded for: offences"):
        why(bare, WANG)


@pytest.mark.parametrize(
    ("condition", "would"),
    [
        (
            "before(end(offence.on), start(honour.granted_on))",
            "if end(offence.on) is earlier than start(honour.granted_on)",
        ),
        (
            "overlaps(whole(offence.on), whole(honour.granted_on))",
            "if the periods overlap: whole(offence.on), whole(honour.granted_on)",
        ),
        ("length(honour.no) >= 3", "if LENGTH(honour.no) >= 3 (now 1)"),
        ("offence.kind in ('minor')", "if offence.kind IN ('minor')"),
        ("not honour.title = '工匠'", "if NOT honour.title = '工匠'"),
        ("(false or honour.title = 'x')", "if FALSE OR honour.title = 'x'"),
    ],
)
def test_what_would_hold_is_said_of_any_condition(town: Town, condition: str, would: str) -> None:
    town.model(flag_when=f"{condition} and true")
    town.deliver("offences", [offence("a", on="2020-01-01")], "2025-07-31")
    (judged,) = why(town, WANG).judged
    assert judged.conditions[0].held is False
    assert judged.conditions[0].would_hold.en == would


def test_the_sentence_has_the_evidence_in_it(town: Town) -> None:
    town.deliver("offences", [offence("d", on="2014年", kind="行政")], "2025-07-31")
    town.collide()
    now, warning = town.now, only(town, WANG)
    assert (
        now.sentence(warning) == "王*于2012年3月1日受刑事处罚2次，2015年6月1日获工匠（追溯5年）。"
    )
    assert (
        now.sentence(warning, "en", masked=False)
        == "王五: 2 offence(s), the first 2012-03-01; 工匠 on 2015-06-01."
    )
    assert set(now.sentences(now.warnings())) == {w.key for w in now.warnings()}


def test_the_setting_in_force_is_told(town: Town) -> None:
    town.deliver(
        "honours", [honour("1", granted_on="2021-06-01"), honour("2", HE, "何六")], "2025-07-31"
    )
    town.collide()
    now = town.now
    told = now.sentences(now.warnings())
    assert {w.subject: told[w.key].rpartition("追溯")[2] for w in now.warnings()} == {
        WANG: "10年）。",
        HE: "5年）。",
    }
