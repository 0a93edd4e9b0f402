"""Expressions: what is refused and how it is said, and what the rest is written as."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from plumbline.engine.backend import Duck
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.errors import DeclarationError
from tests.engine.line.small import Office, Row, judge
from tests.engine.line.small import found as candidates

COLUMNS = {
    "id": "text",
    "person": "person.id",
    "name": {"type": "person.name", "of": "person"},
    "kind": {"type": "category", "values": {"普通": "plain", "紧急": "urgent"}},
    "amount": {"type": "money", "unit": "元"},
    "share": {"type": "decimal", "scale": 2},
    "final": "boolean",
    "paid_on": "date",
    "at": "moment",
}
PAID: Row = {
    "id": "一",
    "kind": "普通",
    "amount": "100",
    "share": "0.30",
    "final": "是",
    "paid_on": "2020-05-01",
}


@pytest.fixture
def pay(office: Office) -> Office:
    office.dataset("pay", COLUMNS)
    return office


def model(office: Office, flag_when: str, **slots: Any) -> SupervisionModel:
    facts = {"pay": {"dataset": "pay"}}
    return office.model(facts=facts, flag_when=flag_when, one_warning_per="pay.id", **slots)


REFUSED = [
    # what is written, what is said of it, what is advised
    ("pay.amont > 1", "dataset pay has no column 'amont'", "did you mean 'amount'?"),
    ("pya.amount > 1", "unknown word 'pya.amount'", "did you mean 'pay.amount'?"),
    ("amount > 1", "unknown word 'amount'", "did you mean 'pay.amount'?"),
    ("Pay.amount > 1", "unknown word 'Pay.amount'", "did you mean 'pay.amount'?"),
    ("x.pay.amount > 1", "'x.pay.amount' is not allowed here", ""),
    ("pay.* is null", "dataset pay has no column '*'", "valid here:"),
    ("befor(pay.paid_on, as_of)", "no function 'befor' that takes 2", "did you mean 'before'?"),
    ("pay.kind = 'plan'", "pay.kind never has the value 'plan'", "did you mean 'plain'?"),
    ("'plan' = pay.kind", "pay.kind never has the value 'plan'", "did you mean 'plain'?"),
    ("pay.kind in ('plain', 'urgnt')", "never has the value 'urgnt'", "did you mean 'urgent'?"),
    ("pay.amount / 3 > 1", "'pay.amount / 3' is not allowed here", "write a / b >= 0.3 as a * 10"),
    ("pay.amount // 3 > 1", "'pay.amount // 3' is not allowed here", "no division"),
    ("pay.amount % 3 = 1", "'pay.amount % 3' is not allowed here", ""),
    ("pay.amount > 1e3", "'1e3' would become a float", "a whole or decimal number"),
    ("cast(pay.amount as double) > 1", "is not allowed here", "columns have their types"),
    ("pay.amount::int > 1", "is not allowed here", "columns have their types"),
    ("current_date is null", "current_date", "no clock: write as_of"),
    ("now() is null", "no function 'now'", "no clock: write as_of"),
    ("today() is null", "no function 'current_date'", "no clock: write as_of"),
    ("random() > 1", "no function 'random'", "valid here:"),
    ("levenshtein(pay.id, '一') < 2", "no function 'levenshtein'", "wrong for Chinese"),
    ("pay.amount in (select 1)", "sub-queries are not allowed", "use the sql shape"),
    ("(select 1) = 1", "is not allowed here", "use the sql shape"),
    ("exists (select 1)", "is not allowed here", "use the sql shape"),
    ("pay.amount in ()", "nothing stands between the brackets of in", ""),
    ("pay.paid_on < date '2020-01-01'", "'pay.paid_on' cannot be compared", "use before, after"),
    ("pay.paid_on = as_of", "'pay.paid_on' cannot be compared", "use before, after"),
    ("pay.paid_on between as_of and as_of", "cannot be compared", "use before, after"),
    ("pay.paid_on", "'pay.paid_on' is a date, not a condition", "compare it with before"),
    ("span(pay.paid_on, as_of) is null", "a period cannot be used with is", ""),
    ("before(pay.paid_on)", "before takes 2 argument(s), 1 given", ""),
    ("before(pay.paid_on, as_of, as_of)", "before takes 2 argument(s), 3 given", ""),
    ("before(pay.paid_on, pay.amount)", "before needs a date, 'pay.amount' is not one", ""),
    ("before(pay.paid_on, '2020-01-01')", "before needs a date", ""),
    ("overlaps(pay.paid_on, pay.paid_on)", "overlaps needs a period", "whole(date)"),
    ("within_days(pay.paid_on, as_of, pay.amount)", "needs a whole number or a whole setting", ""),
    ("within_days(pay.paid_on, as_of, 1.5)", "needs a whole number or a whole setting", ""),
    ("before(date '2020', as_of)", "'2020' is not a date", "write date '2020-01-31'"),
    ("before(date '2021-02-29', as_of)", "'2021-02-29' is not a date", "write date"),
    ("age(pay.id, as_of) > 1", "age needs a column of type person.id", ""),
    ("sex(pay.name) = 'M'", "sex needs a column of type person.id", ""),
    ("age(pay.person, 3) > 1", "the second argument of age must be a date", ""),
    ("rows(pay) > 1", "rows(...) cannot be used here", "sum.what, duplicate.what and grade"),
    (
        "total(pay.amount) > 1",
        "total(...) cannot be used here",
        "sum.what, duplicate.what and grade",
    ),
    ("sum(pay.amount) > 1", "no function 'sum'", "write total(fact.column)"),
    ("yuan(0.005) > 1", "yuan(0.005) is not a whole number of fen", ""),
    ("pay.id = 5", "'pay.id' and '5' are not of one kind", "text has quotes"),
    ("pay.amount > '5'", "'pay.amount' and ''5'' are not of one kind", "text has quotes"),
    ("pay.amount = true", "are not of one kind", "text has quotes"),
    ("pay.id in ('a', 1)", "are not of one kind", "text has quotes"),
    ("pay.amount between 1 and 'x'", "are not of one kind", "text has quotes"),
    ("coalesce(pay.amount, 'none') = 1", "are not of one kind", "text has quotes"),
    ("pay.id", "'pay.id' is a value, not a condition", "compare it with something"),
    ("not pay.amount", "'pay.amount' is a value, not a condition", "compare it with something"),
    ("pay.final and pay.amount", "'pay.amount' is a value, not a condition", ""),
    ("pay.id + 1 > 2", "'pay.id' is not a number to calculate with", ""),
    ("case pay.kind when 'plain' then true end", "write case when ... then ...", ""),
    ("pay.id ilike 'a%'", "is not allowed here", ""),
    ("pay.id like 'a!%' escape '!'", "is not allowed here", ""),
    ("pay.amount between symmetric 3 and 1", "is not allowed here", ""),
    ("length(pay.id, pay.id) > 1", "is not allowed here", ""),
    ("pay.id is not distinct from 'a'", "is not allowed here", ""),
    ("pay.id || 'a' = 'b'", "is not allowed here", ""),
    ("[1, 2] is null", "is not allowed here", ""),
    ("pay.amount > $1", "'$1' is not allowed here", ""),
    ("pay.amount > 1 as x", "is not allowed here", ""),
    ("true; drop table pay", "is not allowed here", ""),
    ("(pay.amount > 1", "cannot be read, near '(pay.amount > 1'", "check brackets, quotes"),
    ("pay.amount > 'x", "cannot be read", "check brackets, quotes"),
    ("", "cannot be read", "check brackets, quotes"),
]


@pytest.mark.parametrize(("text", "said", "advised"), REFUSED, ids=[each[0] for each in REFUSED])
def test_refused_with_slot_line_word_and_advice(
    pay: Office, text: str, said: str, advised: str
) -> None:
    declared = model(pay, text)
    with pytest.raises(DeclarationError) as refused:
        compile_model(declared)
    slot_line = declared.path.read_text(encoding="utf-8").split('"flag_when"')[0].count("\n") + 1
    assert refused.value.where == f"{declared.path}:{slot_line}: flag_when"
    assert said in refused.value.problem.en
    assert advised in (refused.value.hint.en if refused.value.hint else "")
    assert re.search("[\u4e00-\u9fff]", refused.value.problem.zh)


@pytest.mark.parametrize(
    ("slots", "where"),
    [
        ({"leave_out": [{"name": "a", "when": "pay.x", "why": {"zh": "b"}}]}, "leave_out.0.when"),
        ({"cannot_tell_when": [{"name": "a", "when": "pay.x"}]}, "cannot_tell_when.0.when"),
        ({"grade": {"red": "pay.x = 1", "yellow": "otherwise"}}, "grade.red"),
        ({"facts": {"pay": {"dataset": "pay", "where": "x = 1"}}}, "facts.pay.where"),
        (
            {"line": {"says": {"zh": "a"}, "basis": [{"law": "b", "from": "一"}]}},
            "line.basis.0.from",
        ),
        ({"settings": {"a": {"2020": 1}}}, "settings.a.2020"),
        ({"settings": {"a": {}}}, "settings.a"),
        ({"settings": {"a": {"..2020-05": 1, "2020-05-31..": 2}}}, "settings.a.2020-05-31.."),
        ({"settings": {"a": {"2020..2019": 1}}}, "settings.a.2020..2019"),
    ],
)
def test_the_slot_is_named_wherever_it_is(pay: Office, slots: dict[str, Any], where: str) -> None:
    slots = {"facts": {"pay": {"dataset": "pay"}}, **slots}
    with pytest.raises(DeclarationError) as refused:
        compile_model(pay.model(flag_when="true", one_warning_per="pay.id", **slots))
    assert refused.value.where.endswith(f": {where}")


HOLD = [
    "pay.kind = 'plain'", "pay.kind <> 'urgent'", "pay.kind in ('plain', 'urgent')",
    "pay.kind not in ('urgent')", "not pay.kind in ('urgent')", "pay.id like '一%'",
    "pay.id not like '二%'", "not pay.id like '二%'", "pay.amount between 10000 and 10000",
    "pay.amount not between 1 and 9999", "pay.amount = yuan(100)", "pay.amount = yuan(50 + 50)",
    "pay.amount - 1 < yuan(pay.amount)", "- -pay.amount = 10000", "pay.amount - -1 = 10001",
    "10 - (3 - 2) = 9", "pay.amount * 100 >= pay.amount * 100", "pay.share = 0.3",
    "pay.share * 3 = 0.9", "abs(0 - pay.amount) = 10000", "length(pay.id) = 1",
    "coalesce(pay.name, '无') = '无'", "case when pay.final then true else false end",
    "pay.final", "pay.final = true", "pay.final is true", "not pay.final is null",
    "pay.paid_on is not null", "pay.at is null", "pay.name is null",
    "(pay.amount > 1) = pay.final", "pay.amount > 1 = pay.final", "(pay.amount <> 1) <> false",
    "false or true and true", "(true or true) and not false", "true or null",
    "before(pay.paid_on, as_of)", "BEFORE(pay.paid_on, AS_OF)", "as_of is not null",
    "on_or_before(end(pay.paid_on), pay.paid_on)", "pay.id <> 'it''s'", "pay.id <> 'end('",
]  # fmt: skip


@pytest.mark.parametrize("text", HOLD)
def test_what_holds_of_the_row(pay: Office, duck: Duck, text: str) -> None:
    verdicts = judge(duck, compile_model(model(pay, text)), {"pay": [PAID]})
    assert verdicts == {("一",): "flag"}
    denied = judge(duck, compile_model(model(pay, f"not ({text})")), {"pay": [PAID]})
    assert denied == {}


@pytest.mark.parametrize(
    "text",
    [
        "pay.name = '王某'", "pay.name <> '王某'", "not pay.name = '王某'", "pay.name like '王%'",
        "pay.name not like '王%'", "pay.name in ('a')", "pay.name not in ('a')", "null",
        "before(pay.at, as_of)", "age(pay.person, as_of) >= 18", "sex(pay.person) = 'F'",
        "true and pay.name = 'a'", "false or pay.name = 'a'", "length(pay.name) > 1",
    ],
)  # fmt: skip
def test_what_is_not_known_of_the_row(pay: Office, duck: Duck, text: str) -> None:
    verdicts = judge(duck, compile_model(model(pay, text)), {"pay": [PAID]})
    assert verdicts == {("一",): "cannot_tell"}


def test_settings_are_those_in_force(pay: Office, duck: Duck) -> None:
    declared = model(
        pay,
        "pay.amount > yuan(limit) and within_months(pay.paid_on, as_of, months)",
        in_force_on="pay.paid_on",
        settings={
            "limit": {"..2019-12-31": 50, "2020..": 99.5},
            "months": {"..2019": 1, "2020..": 240},
        },
    )
    rows: list[Row] = [
        {"id": "old, within a month of it", "amount": "51", "paid_on": "2019-12-31"},
        {"id": "old, later", "amount": "51", "paid_on": "2019-11-01"},
        {"id": "new, enough", "amount": "99.51", "paid_on": "2020-01-01"},
        {"id": "new, not enough", "amount": "99.50", "paid_on": "2020-01-01"},
        {"id": "either, and too little for both", "amount": "10", "paid_on": None},
        {"id": "unknown", "amount": "100", "paid_on": None},
    ]
    verdicts = judge(duck, compile_model(declared), {"pay": rows}, date(2020, 1, 20))
    assert verdicts == {
        ("old, within a month of it",): "flag",
        ("new, enough",): "flag",
        ("either, and too little for both",): "cannot_tell",
        ("unknown",): "cannot_tell",
    }


def test_a_line_holds_only_in_its_time(pay: Office, duck: Duck) -> None:
    basis = [{"law": "old", "from": 2010, "to": 2014}, {"law": "new", "from": "2016-03-01"}]
    declared = model(
        pay, "true", in_force_on="pay.paid_on", line={"says": {"zh": "行"}, "basis": basis}
    )
    days = ["2009-12-31", "2010-01-01", "2014-12-31", "2015-06-01", "2016-02-29", "2016-03-01",
            "2014年", "2016年", "2015年", ""]  # fmt: skip
    verdicts = judge(
        duck, compile_model(declared), {"pay": [{"id": d, "paid_on": d} for d in days if d]}
    )
    assert {per[0]: verdict for per, verdict in verdicts.items()} == {
        "2010-01-01": "flag", "2014-12-31": "flag", "2014年": "flag", "2016-03-01": "flag",
        "2016年": "cannot_tell",
    }  # fmt: skip


def test_a_clause_that_takes_over_leaves_no_gap(pay: Office, duck: Duck) -> None:
    basis = [{"law": "new", "from": "2014-05-01"}, {"law": "old", "from": 1999, "to": "2014-04-30"}]
    declared = model(
        pay, "true", in_force_on="pay.paid_on", line={"says": {"zh": "行"}, "basis": basis}
    )
    rows = [{"id": day, "paid_on": day} for day in ("1998年", "2014年", "2020-01-01")]
    assert judge(duck, compile_model(declared), {"pay": rows}) == {
        ("2014年",): "flag",
        ("2020-01-01",): "flag",
    }


def test_names_with_quotes_are_only_names(pay: Office, duck: Duck) -> None:
    evil = "x' OR 1=1; DROP TABLE pay; --"
    declared = model(
        pay, "true",
        leave_out=[{"name": evil, "when": "pay.kind = 'urgent'", "why": {"zh": "'\"%;"}}],
        cannot_tell_when=[{"name": '"\\', "when": "pay.final is null"}],
    )  # fmt: skip
    rows: list[Row] = [{**PAID, "kind": "紧急"}, {**PAID, "id": "o'clock", "final": None}]
    found = candidates(duck, compile_model(declared), {"pay": rows})
    assert {row["per_1"]: row["decided_by"] for row in found} == {"一": evil, "o'clock": '"\\'}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"my fact": {"dataset": "pay"}}, "a fact cannot be called 'my fact'"),
        ({"order": {"dataset": "pay"}}, "a fact cannot be called 'order'"),
        ({"judged": {"dataset": "pay"}}, "a fact cannot be called 'judged'"),
        ({"pay)--": {"dataset": "pay"}}, "a fact cannot be called 'pay)--'"),
        ({"pay": {"dataset": "pya"}}, "did you mean 'pay'?"),
    ],
)
def test_facts_bear_plain_names(pay: Office, facts: dict[str, Any], said: str) -> None:
    name = next(iter(facts))
    refused = pay.refused(facts=facts, flag_when="true", one_warning_per=f"{name}.id")
    assert said in refused


def test_columns_may_bear_the_words_of_sql(office: Office, duck: Duck) -> None:
    words = dict.fromkeys(["id", "order", "group", "end", "rows", "as_of", "时间"], "text")
    office.dataset("sheet-1", {**words, "on": "date", "to": "date"})
    compiled = office.compiled(
        facts={
            "sheet": {
                "dataset": "sheet-1",
                "where": "sheet.order = 'a' and sheet.to is not null and sheet.as_of = 'n'",
            }
        },
        flag_when="sheet.order = 'a' and sheet.group = 'b' and before(sheet.on, sheet.to) and sheet.end = 'c'",
        one_warning_per=["sheet.id", "sheet.on"],
    )
    row = {
        "id": "1",
        "order": "a",
        "group": "b",
        "end": "c",
        "as_of": "n",
        "on": "2020",
        "to": "2021",
    }
    assert judge(duck, compiled, {"sheet-1": [row]}) == {("1", "2020-01-01..2020-12-31"): "flag"}


def test_two_facts_of_one_dataset_are_kept_apart(office: Office, duck: Duck) -> None:
    """One of them may even be called like the dataset."""
    office.dataset("deaths", {"id": "text", "source": "text"})
    compiled = office.compiled(
        facts={
            "deaths": {"dataset": "deaths", "where": "source = 'police'"},
            "second": {"dataset": "deaths", "where": "source = 'clinic'"},
        },
        same={"person": ["deaths.id", "second.id"]},
        flag_when="true",
        one_warning_per="person",
    )
    rows = [("1", "police"), ("1", "clinic"), ("2", "police"), ("3", "clinic"), ("3", "clinic")]
    given = {"deaths": [{"id": i, "source": source} for i, source in rows]}
    assert judge(duck, compiled, given) == {("1",): "flag"}
