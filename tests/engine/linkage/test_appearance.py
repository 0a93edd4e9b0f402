"""Rows about somebody, wherever they are; and what makes a tie as strong as it gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plumbline.engine import RowName
from plumbline.errors import RunError
from tests.engine.linkage.office import AT, Office, honour, masked, number, offence

MODEL = "honour-despite-offence"
OUYANG, LI, QIAN, OLD, NEW = (number(order) for order in (11, 15, 19, 21, 23))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "office")
    at = {"联系电话": "13812345678", "住址": "甲市城关区和平路12号302室"}
    office.deliver(
        "honours",
        [honour(OUYANG, "欧阳震华", **at), honour(LI, "李秀兰"), honour(QIAN, "钱多多"), honour(OLD, "周文")],
    )  # fmt: skip
    office.deliver(
        "offences",
        [
            offence("C", None, "欧阳震华", 性别="男", 出生日期="1985-03-12", **at),
            offence("E", None, "李秀兰"),
            offence("B", QIAN, "孙小小"),
            offence("F", NEW, "周文", 曾用证件号码=OLD),
        ],
    )
    office.now.collide(at=AT, accept={MODEL: "a small office"})
    return office


def test_everything_may_agree_at_once(office: Office) -> None:
    standing = office.now.who("offences:1-0")
    assert standing.who == OUYANG
    [candidate] = standing.candidates
    assert candidate.why["agrees"] == ["name", "birth", "sex", "phone", "address"]
    assert candidate.why["one_in"] == 1_000_000_000


def test_rows_about_somebody_by_number_by_tie_and_by_guess(office: Office) -> None:
    found = {
        who: [(str(a.name), a.tier, a.via) for a in office.now.appearances(who)]
        for who in (OUYANG, LI)
    }
    assert found == {
        OUYANG: [("honours:1-0:person", "A", "number"), ("offences:1-0:person", "D", "rule")],
        LI: [("honours:1-1:person", "A", "number"), ("offences:1-1:person", "E", "weight")],
    }


def test_who_is_asked_for_by_a_former_number_is_found_under_the_one_of_today(
    office: Office,
) -> None:
    found = [(str(a.name), a.who, a.tier, a.via) for a in office.now.appearances(OLD)]
    assert found == [
        ("offences:1-3:person", NEW, "A", "number"),
        ("honours:1-3:person", NEW, "A", "register"),
    ]
    assert office.now.bearer(OLD) == office.now.bearer(NEW) == {"honours": 1, "offences": 1}


def test_a_register_of_bare_numbers_is_looked_through_too(office: Office) -> None:
    """Nobody is tied by it, but who is asked for stands in it."""
    words = {"zh": "点名"}
    told = {
        "dataset": "calls", "title": words, "department": words, "legal_basis": words, "purpose": words,
        "retention": "1 year", "key": ["no"], "subject": "person", "delivery": {"kind": "full"}, "ignore": ["备注"],
        "columns": {"no": {"from": "序号", "type": "text"}, "person": {"from": "身份证号", "type": "person.id"}},
    }  # fmt: skip
    declared = office.folder / "catalog" / "datasets" / "calls.yml"
    declared.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    office.deliver("calls", [{"序号": "1", "身份证号": LI}, {"序号": "2", "身份证号": QIAN}])
    found = [(str(a.name), a.tier, a.via) for a in office.now.appearances(LI)]
    assert found[:2] == [
        ("calls:1-0:person", "A", "number"), ("honours:1-1:person", "A", "number"),
    ]  # fmt: skip
    assert len(office.now.rows(a.name for a in office.now.appearances(LI))) == len(found)


def test_nobody_is_found_by_what_is_no_number(office: Office) -> None:
    wrong = OUYANG[:-1] + ("0" if OUYANG[-1] != "0" else "1")
    with pytest.raises(RunError, match="no full number or code: the check character is wrong"):
        office.now.appearances(wrong)
    with pytest.raises(RunError, match=r"is no full number or code\n") as short:
        office.now.bearer(masked(OUYANG))
    assert short.value.hint
    assert office.now.appearances(number(777)) == []
    assert office.now.appearances() == []


def test_a_pair_counts_what_rests_on_its_own_row_only(office: Office) -> None:
    """Row numbers repeat from dataset to dataset."""
    [pair] = office.now.pairs()
    assert (str(pair.name), pair.who, pair.rests) == ("offences:1-1:person", LI, 1)


def test_who_was_unsure_is_asked_again_if_wanted(office: Office) -> None:
    office.now.judge("offences:1-1", "unsure", LI, at=AT, by="甲", why="没有照片")
    assert office.now.pairs() == []
    assert [str(p.name) for p in office.now.pairs(unsure=True)] == ["offences:1-1:person"]


def test_tickets_of_one_number(office: Office) -> None:
    assert {t.dataset for t in office.now.tickets(number=QIAN)} == {"honours", "offences"}
    assert office.now.tickets(number=LI) == []


def test_rows_are_read_by_name_with_their_cells(office: Office) -> None:
    gone = RowName("offences", 99 << 32, "person")
    name = RowName("honours", 1 << 32, "person")
    assert [*office.now.rows([name, gone])] == [name]
    assert office.now.rows([name])[name].cells["name"] == ("姓名", "B")


def test_what_the_identity_of_a_warning_rests_on(office: Office) -> None:
    workspace = office.now
    found = workspace.ties(workspace.warnings())
    said = sorted((str(t.name), t.tier, t.via) for ties in found.values() for t in ties)
    assert said == [("honours:1-3:person", "A", "register"), ("offences:1-0:person", "D", "rule")]
    [candidate] = workspace.warnings(register="candidates")
    [[tie]] = workspace.ties([candidate]).values()
    assert (str(tie.name), tie.who, tie.tier) == ("offences:1-1:person", LI, "E")
