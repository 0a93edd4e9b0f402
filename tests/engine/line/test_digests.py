"""What evidence is compared by, and what a figure rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.engine.backend import Duck
from plumbline.engine.collision.gather import find, gathered
from plumbline.engine.line.compile import Compiled
from tests.engine.line.small import AS_OF, Office, Row, found, one

PAY: dict[str, Any] = {
    "id": "text", "kind": "text", "amount": {"type": "integer", "required": True}, "final": "boolean",
    "on": "date",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.dataset("pay", PAY)
    office.dataset("act", {"id": "text", "amount": "integer", "on": "date"})
    return office


def a_sum(office: Office, **slots: Any) -> Compiled:
    return office.compiled(
        **{
            "facts": {"pay": {"dataset": "pay"}}, "shape": "sum", "flag_when": "sum.total > 0",
            "sum": {"over": "pay", "per": ["pay.id"], "what": {"total": "total(pay.amount)"}},
            "one_warning_per": "pay.id", **slots,
        }
    )  # fmt: skip


def digests(duck: Duck, compiled: Compiled, row: Row) -> set[str]:
    return {each["digest_pay"] for each in found(duck, compiled, {"pay": [row]})}


WINDOW = {"per": ["pay.id"], "within": "3 days", "by": "pay.on"}


@pytest.mark.parametrize("more", [{"per": ["pay.id"]}, WINDOW])
def test_the_digest_covers_what_only_rows_when_reads(
    office: Office, duck: Duck, more: dict[str, Any]
) -> None:
    what = {"over": "pay", "what": {"total": "total(pay.amount)"}, **more}
    compiled = a_sum(office, sum={**what, "rows_when": "pay.kind <> 'c'"})
    row: Row = {"id": "甲", "kind": "a", "amount": "1", "on": "2020-01-01"}
    one_kind, other = (digests(duck, compiled, {**row, "kind": kind}) for kind in "ab")
    assert one_kind
    assert not one_kind & other


@pytest.mark.parametrize("shape", ["meet", "sum"])
def test_the_digest_covers_what_only_where_reads(office: Office, duck: Duck, shape: str) -> None:
    facts = {"pay": {"dataset": "pay", "where": "kind <> 'c'"}}
    if shape == "sum":
        compiled = a_sum(office, facts=facts)
    else:
        compiled = office.compiled(
            facts=facts, same={"who": ["pay.id"]}, flag_when="pay.amount > 0", one_warning_per="who"
        )
    row: Row = {"id": "甲", "kind": "a", "amount": "1"}
    one_kind, other = (digests(duck, compiled, {**row, "kind": kind}) for kind in "ab")
    assert one_kind
    assert not one_kind & other


@pytest.mark.parametrize("more", [{"per": ["pay.id"]}, WINDOW])
def test_a_row_may_be_older_than_the_column_that_is_required(
    office: Office, duck: Duck, more: dict[str, Any]
) -> None:
    compiled = a_sum(office, sum={"over": "pay", "what": {"total": "total(pay.amount)"}, **more})
    rows: list[Row] = [
        {"id": "甲", "amount": None, "on": "2020-01-01"},
        {"id": "甲", "amount": "1", "on": "2020-01-01"},
    ]
    assert one(duck, compiled, {"pay": rows}) == "cannot_tell"


def test_the_figures_of_a_warning_are_those_of_its_first_row(office: Office, duck: Duck) -> None:
    compiled = office.compiled(
        facts={"pay": {"dataset": "pay"}}, same={"who": ["pay.id"]}, shape="sql",
        sql="SELECT pay._row AS pay, pay.amount AS amount, pay.kind AS kind FROM pay",
        flag_when="pay.final", one_warning_per="who",
    )  # fmt: skip
    rows: list[Row] = [
        {"id": "甲", "final": "是", "amount": None, "kind": "a"},
        {"id": "甲", "final": "是", "amount": "5", "kind": "b"},
    ]
    found(duck, compiled, {"pay": rows})
    find(duck, compiled.on(AS_OF), "found")
    ((figures,),) = duck.run(f"SELECT figures FROM ({gathered('found', compiled, 'warning')})")
    assert figures == '{"amount":null,"kind":"a"}'


def test_a_date_of_the_group_alone_is_worked_out_once_for_it(office: Office, duck: Duck) -> None:
    """With a grace that depends on the other fact, it cannot be."""
    slots: dict[str, Any] = {
        "facts": {"act": {"dataset": "act"}, "pay": {"dataset": "pay"}},
        "same": {"who": ["act.id", "pay.id"]},
        "sum": {"over": "pay", "per": ["pay.id"], "what": {"first": "least(pay.on)"}},
        "flag_when": "after(act.on, month_end(sum.first, grace))", "in_force_on": "act.on",
    }  # fmt: skip
    fixed = a_sum(office, **slots, settings={"grace": 1})
    dated = a_sum(office, **slots, settings={"grace": {"..2019-12-31": 0, "2020-01-01..": 1}})
    assert fixed.sql.count("LAST_DAY") == 2  # both ends, in `gathered`
    assert fixed.sql.index("LAST_DAY") < fixed.sql.index("candidate AS")
    assert dated.sql.index("LAST_DAY") > dated.sql.index("candidate AS")
    pay: list[Row] = [{"id": "甲", "on": "2019-11-15"}, {"id": "甲", "on": "2019年"}]
    for day, verdict in [
        ("2019-01-15", "clear"),
        ("2020-03-01", "flag"),
        ("2019-06-01", "cannot_tell"),
    ]:
        assert one(duck, fixed, {"pay": pay, "act": [{"id": "甲", "on": day}]}) == verdict


@pytest.mark.parametrize("wanted", ["sum.total > 5", "sum.total > sum.most * 2", "sum.most > 3"])
def test_what_may_cross_the_line_is_asked_before_rows_are_counted_once(
    office: Office, duck: Duck, wanted: str
) -> None:
    """The shortcut changes no verdict: amounts below nothing, unknown ones, rows tied twice."""
    compiled = office.compiled(
        facts={"pay": {"dataset": "pay"}, "act": {"dataset": "act"}},
        same={"who": ["pay.id", "act.id"]}, shape="sum",
        sum={"over": ["pay", "act"], "per": ["pay.id"],
             "what": {"total": "total(act.amount)", "most": "most(act.amount)"}},
        flag_when=wanted, one_warning_per="pay.id",
    )  # fmt: skip
    for amounts in [("4", "1"), ("4", "4"), ("9", "-5"), ("9", None), ("1", None), ("-1", "-1")]:
        known = [int(amount) for amount in amounts if amount is not None]
        rows: dict[str, list[Row]] = {
            "pay": [{"id": "甲", "amount": "1"}] * 2,
            "act": [{"id": "甲", "amount": amount} for amount in amounts],
        }
        total, most = sum(known), max(known)
        crossed = {"sum.total > 5": total > 5, "sum.most > 3": most > 3}.get(
            wanted, total > most * 2
        )
        verdict = "cannot_tell" if None in amounts else "flag" if crossed else "clear"
        assert one(duck, compiled, rows) == verdict
