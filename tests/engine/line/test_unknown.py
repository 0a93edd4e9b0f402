"""Unknown never becomes yes: what is flagged without a value is flagged whatever the value is."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck
from plumbline.engine.line.compile import Compiled
from tests.engine.line.small import Office, Row, judge, number

DATES = ["2019年", "2020-02-29", "2020-02", "2020-03-01", "2021-01-01"]
PEOPLE = [(number(1), "王五"), (number(1), "王某"), (number(1), "李六"), (number(2), "何七")]
PAY: dict[str, Any] = {
    "no": "text", "person": "person.id", "name": {"type": "person.name", "of": "person"},
    "amount": "integer", "kind": {"type": "category", "values": {"甲": "a", "乙": "b"}},
    "on": "date", "final": "boolean",
}  # fmt: skip
FACTS = {"pay": {"dataset": "pay"}, "act": {"dataset": "act"}}
SAME = {"person": ["pay.person", "act.person"]}
LEFT = [{"name": "left", "when": "act.kind = 'b' and act.amount > 2", "why": {"zh": "一"}}]

#: Models whose conditions are all about values that are there; `is null` and `coalesce` may say otherwise.
MODELS: dict[str, dict[str, Any]] = {
    "meet": {
        "same": SAME, "leave_out": LEFT, "one_warning_per": ["pay.no"],
        "flag_when": "before(act.on, pay.on) and (pay.amount > act.amount or not pay.final)"
        " and age(pay.person, act.on) < 60 and pay.kind <> 'b'",
    },
    "lack": {
        "same": SAME, "shape": "lack", "one_warning_per": ["pay.no"], "flag_when": "pay.amount >= 1",
        "lack": {"fact": "act", "when": "act.amount >= pay.amount and on_or_after(act.on, pay.on)"},
    },
    "sum": {
        "same": SAME, "shape": "sum", "one_warning_per": ["person"], "flag_when": "sum.t < 4 and sum.n >= 2",
        "sum": {
            "over": "pay", "per": "pay.person", "rows_when": "pay.final and pay.kind = 'a'",
            "what": {"t": "total(pay.amount)", "n": "rows(pay)"},
        },
        "leave_out": LEFT,
        "cannot_tell_when": [{"name": "late", "when": "after(act.on, date '2020-12-31')"}],
    },
    "duplicate": {
        "facts": {"pay": {"dataset": "pay"}}, "shape": "duplicate", "one_warning_per": ["pay.amount"],
        "duplicate": {"of": "pay", "on": ["pay.amount"], "rows_when": "pay.kind = 'a'"},
        "flag_when": "duplicate.rows = 1",
    },
}  # fmt: skip

#: Columns that say which rows belong together; without one, a row is of no group, as the contract says.
KEYS = {"sum": {"person"}, "duplicate": {"amount"}}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compiled]:
    folder: Path = tmp_path_factory.mktemp("unknown")
    office = Office(folder)
    office.dataset("pay", PAY)
    office.dataset("act", PAY)
    return {
        name: office.compiled(
            name=name,
            **{"facts": FACTS, "supervises": "pay.no", "send_to": {"by": "pay.no"}, **slots},
        )
        for name, slots in MODELS.items()
    }


def row(no: int, who: tuple[str, str], **more: str) -> Row:
    return {"no": str(no), "person": who[0], "name": who[1], **more}


values = st.fixed_dictionaries(
    {
        "amount": st.integers(0, 4).map(str),
        "kind": st.sampled_from("甲乙"),
        "on": st.sampled_from(DATES),
        "final": st.sampled_from("是否"),
    }
)
rows = st.lists(st.tuples(st.sampled_from(PEOPLE), values), min_size=1, max_size=6).map(
    lambda found: [row(n, who, **more) for n, (who, more) in enumerate(found)]
)


@settings(max_examples=40)
@given(
    pay=rows, act=rows, name=st.sampled_from(list(MODELS)), data=st.data(),
    column=st.sampled_from(["person", "name", "amount", "kind", "on", "final"]),
)  # fmt: skip
def test_a_missing_value_makes_no_warning(
    duck: Duck,
    compiled: dict[str, Compiled],
    *,
    pay: list[Row],
    act: list[Row],
    name: str,
    data: st.DataObject,
    column: str,
) -> None:
    if column in KEYS.get(name, ()) or (name == "lack" and column == "person"):
        return
    whole = judge(duck, compiled[name], {"pay": pay, "act": act})
    fewer = {"pay": copy.deepcopy(pay), "act": copy.deepcopy(act)}
    chosen = fewer[data.draw(st.sampled_from(["pay", "act"]))]
    chosen[data.draw(st.integers(0, len(chosen) - 1))][column] = None
    raised = {
        per for per, verdict in judge(duck, compiled[name], fewer).items() if verdict == "flag"
    }
    if column == "name":  # a name that is not given contradicts nothing: what was B may be A
        raised = {per for per in raised if whole.get(per, "clear") != "cannot_tell"}
    assert {per for per in raised if whole.get(per, "clear") != "flag"} == set()


def test_without_its_own_key_nothing_is_lacking(duck: Duck, compiled: dict[str, Compiled]) -> None:
    due = [row(1, PEOPLE[0], amount="3", on="2020-02-29", final="是", kind="甲")]
    assert judge(duck, compiled["lack"], {"pay": due, "act": []}) == {("1",): "flag"}
    assert judge(duck, compiled["lack"], {"pay": [{**due[0], "person": None}], "act": []}) == {
        ("1",): "cannot_tell"
    }
