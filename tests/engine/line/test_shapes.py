"""The shapes against plain Python over random rows, and what went wrong in them or could."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck
from plumbline.engine.line.compile import Compiled
from tests.engine.line.small import Office, Row, found, judge, number, one

Truth = bool | None  # None: unknown
ORDER = ("flag", "cannot_tell", "left_out", "clear")

few = settings(max_examples=25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


def both(*parts: Truth) -> Truth:
    return False if False in parts else None if None in parts else True


def either(*parts: Truth) -> Truth:
    return True if True in parts else None if None in parts else False


def negated(part: Truth) -> Truth:
    return None if part is None else not part


def verdict(flag: Truth, left_out: Sequence[Truth] = (), cannot: Sequence[Truth] = ()) -> str:
    """The four verdicts, as docs/reference/model-language.md tells them."""
    if flag is False:
        return "clear"
    if True in left_out:
        return "left_out"
    if flag is None or None in left_out or any(part is not False for part in cannot):
        return "cannot_tell"
    return "flag"


def strongest(verdicts: list[tuple[Any, str]]) -> dict[tuple[str, ...], str]:
    """The verdict of each group, those that are clear left away."""
    best: dict[tuple[str, ...], str] = {}
    for key, each in verdicts:
        per = tuple(key) if isinstance(key, tuple) else (key,)
        best[per] = min(each, best.get(per, "clear"), key=ORDER.index)
    return {per: each for per, each in best.items() if each != "clear"}


def whole(text: str | None) -> int | None:
    return None if text is None else int(text)


def flag_of(text: str | None) -> Truth:
    return {None: None, "是": True, "否": False}[text]


ids = st.sampled_from(["甲", "乙", "丙"])
maybe_id = st.one_of(ids, ids, ids, st.none())
small = st.one_of(st.integers(0, 4).map(str), st.integers(0, 4).map(str), st.none())
yes_no = st.sampled_from(["是", "否", None])


def rows_of(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.fixed_dictionaries(columns), max_size=7)


# meet


@pytest.fixture(scope="module")
def meet(folder: Path) -> Compiled:
    office = Office(folder / "meet")
    office.dataset("pay", {"id": "text", "amount": "integer", "final": "boolean"})
    office.dataset("act", {"id": "text", "amount": "integer", "final": "boolean"})
    return office.compiled(
        facts={
            "pay": {"dataset": "pay", "where": "final or amount > 1"},
            "act": {"dataset": "act"},
        },
        same={"who": ["pay.id", "act.id"]},
        flag_when="pay.amount > act.amount or act.amount = 4",
        leave_out=[{"name": "equal", "when": "pay.amount = 3 and act.final", "why": {"zh": "一"}}],
        cannot_tell_when=[{"name": "open", "when": "not act.final"}],
        one_warning_per=["who", "act.amount"],
    )


@few
@given(
    pay=rows_of(id=maybe_id, amount=small, final=yes_no),
    act=rows_of(id=maybe_id, amount=small, final=yes_no),
)
def test_meet(duck: Duck, meet: Compiled, pay: list[Row], act: list[Row]) -> None:
    wanted = []
    for p in pay:
        pay_amount, pay_final = whole(p["amount"]), flag_of(p["final"])
        more = None if pay_amount is None else pay_amount > 1
        if either(pay_final, more) is not True:
            continue
        for a in act:
            if p["id"] is None or p["id"] != a["id"]:
                continue
            amount, final = whole(a["amount"]), flag_of(a["final"])
            greater = None if None in (pay_amount, amount) else pay_amount > amount  # type: ignore[operator]
            four = None if amount is None else amount == 4
            three = None if pay_amount is None else pay_amount == 3
            found_ = verdict(either(greater, four), [both(three, final)], [negated(final)])
            wanted.append(((a["id"], a["amount"] or ""), found_))
    assert judge(duck, meet, {"pay": pay, "act": act}) == strongest(wanted)


# lack


@pytest.fixture(scope="module")
def lack(folder: Path) -> Compiled:
    office = Office(folder / "lack")
    office.dataset("due", {"no": "text", "id": "text", "amount": "integer", "final": "boolean"})
    office.dataset("paid", {"id": "text", "amount": "integer", "final": "boolean"})
    return office.compiled(
        facts={"due": {"dataset": "due"}, "paid": {"dataset": "paid", "where": "final"}},
        same={"who": ["paid.id", "due.id"]},
        shape="lack",
        lack={"fact": "paid", "when": "paid.amount >= due.amount"},
        flag_when="due.amount > 0",
        one_warning_per="due.no",
        supervises="due.no",
    )


@few
@given(
    due=rows_of(no=st.sampled_from("一二三四"), id=maybe_id, amount=small, final=yes_no),
    paid=rows_of(id=maybe_id, amount=small, final=yes_no),
)
def test_lack(duck: Duck, lack: Compiled, due: list[Row], paid: list[Row]) -> None:
    wanted = []
    for d in due:
        amount = whole(d["amount"])
        satisfied = []
        for p in paid:
            if d["id"] is not None and p["id"] == d["id"]:
                has = whole(p["amount"])
                enough = None if None in (has, amount) else has >= amount  # type: ignore[operator]
                satisfied.append(both(flag_of(p["final"]), enough))
        lacking = None if d["id"] is None else negated(either(*satisfied))
        more = None if amount is None else amount > 0
        wanted.append((d["no"], verdict(both(lacking, more))))
    assert judge(duck, lack, {"due": due, "paid": paid}) == strongest(wanted)


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({"flag_when": "paid.amount > 1"}, "unknown word 'paid.amount'"),
        ({"lack": {"fact": "piad"}}, "did you mean 'paid'?"),
        ({"same": {}, "one_warning_per": "due.no"}, "'paid' is not tied to another fact by same"),
        ({"supervises": "paid.on", "in_force_on": None}, "name in_force_on"),
        ({"one_warning_per": "paid.id"}, "no 'paid.id'"),
    ],
)
def test_lack_speaks_of_what_is_there(office: Office, slots: dict[str, Any], said: str) -> None:
    office.dataset("due", {"no": "text", "id": "text", "amount": "integer"})
    office.dataset("paid", {"id": "text", "amount": "integer", "on": "date"}, on="on")
    asked = {
        "facts": {"due": {"dataset": "due"}, "paid": {"dataset": "paid"}},
        "same": {"who": ["due.id", "paid.id"]},
        "shape": "lack",
        "lack": {"fact": "paid"},
        "one_warning_per": "due.no",
        **slots,
    }
    assert said in office.refused(**asked)


def test_lack_is_tied_to_one_fact_or_refused(office: Office) -> None:
    """A second tie would not be used, and somebody else's receipt would count."""
    office.dataset("due", {"id": "text", "lease": "text"})
    office.dataset("lessee", {"id": "text", "payer": "text"})
    office.dataset("receipt", {"lease": "text", "payer": "text"})
    refused = office.refused(
        facts={name: {"dataset": name} for name in ("due", "lessee", "receipt")},
        same={
            "due": ["due.id", "lessee.id"],
            "lease": ["due.lease", "receipt.lease"],
            "payer": ["lessee.payer", "receipt.payer"],
        },
        shape="lack",
        lack={"fact": "receipt"},
        one_warning_per="due.id",
    )
    assert "can be tied to one fact only, such as 'due'" in refused


# sum


@pytest.fixture(scope="module")
def grouped(folder: Path) -> Compiled:
    office = Office(folder / "grouped")
    office.dataset("buy", {"id": "text", "code": "text", "amount": "integer", "final": "boolean"})
    office.dataset("rule", {"id": "text", "limit": "integer"})
    return office.compiled(
        facts={"buy": {"dataset": "buy"}, "rule": {"dataset": "rule"}},
        same={"who": ["buy.id", "rule.id"]},
        shape="sum",
        sum={
            "over": "buy",
            "per": ["buy.id", "buy.code?"],
            "rows_when": "buy.final",
            "what": {
                "amount": "total(buy.amount)", "n": "rows(buy)", "low": "least(buy.amount)",
                "high": "most(buy.amount)", "kinds": "distinct(buy.amount)",
                "odd": "total(case when buy.amount in (1, 3) then 1 when buy.amount is not null then 0 end)",
            },
        },
        flag_when="sum.amount > rule.limit or sum.n >= 4",
        leave_out=[{"name": "alike", "when": "sum.low = sum.high and sum.kinds = 1", "why": {"zh": "一"}}],
        cannot_tell_when=[{"name": "odd", "when": "sum.odd > 1"}],
        one_warning_per=["buy.id", "buy.code"],
    )  # fmt: skip


def totals(group: list[Row]) -> dict[str, int | None]:
    """Aggregates over the rows that count; unknown where a row may count, or has no amount."""
    sure = all(row["final"] is not None for row in group)
    amounts = [whole(row["amount"]) for row in group]
    known: list[int] = [amount for amount in amounts if amount is not None]
    whole_ = sure and len(known) == len(amounts)
    return {
        "n": len(group) if sure else None,
        "amount": sum(known) if whole_ else None,
        "low": min(known) if whole_ else None,
        "high": max(known) if whole_ else None,
        "kinds": len(set(known)) if whole_ else None,
        "odd": sum(amount in (1, 3) for amount in known) if whole_ else None,
    }


@few
@given(
    buy=st.lists(
        st.fixed_dictionaries(
            {"id": maybe_id, "code": st.sampled_from(["a", None]), "amount": small, "final": yes_no}
        ),
        max_size=12,
    ),
    rule=rows_of(id=maybe_id, limit=small),
)
def test_sum(duck: Duck, grouped: Compiled, buy: list[Row], rule: list[Row]) -> None:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in buy:
        if row["id"] is not None and row["final"] != "否":
            groups[row["id"], row["code"] or ""].append(row)
    wanted = []
    for (who, code), group in groups.items():
        of = totals(group)
        for limit in (whole(row["limit"]) for row in rule if row["id"] == who):
            over = None if None in (of["amount"], limit) else of["amount"] > limit  # type: ignore[operator]
            many = None if of["n"] is None else of["n"] >= 4
            alike = None if of["low"] is None else of["low"] == of["high"] and of["kinds"] == 1
            odd = None if of["odd"] is None else of["odd"] > 1
            wanted.append(((who, code), verdict(either(over, many), [alike], [odd])))
    assert judge(duck, grouped, {"buy": buy, "rule": rule}) == strongest(wanted)


@pytest.fixture(scope="module")
def window(folder: Path) -> Compiled:
    office = Office(folder / "window")
    office.dataset(
        "fuel", {"plate": "text", "at": "moment", "litres": "integer", "final": "boolean"}
    )
    return office.compiled(
        facts={"fuel": {"dataset": "fuel"}},
        shape="sum",
        sum={
            "over": "fuel", "per": ["fuel.plate"], "within": "4 hours", "by": "fuel.at",
            "rows_when": "fuel.final",
            "what": {"litres": "total(fuel.litres)", "n": "rows(fuel)"},
        },
        flag_when="sum.litres >= 5 or sum.n >= 3",
        one_warning_per=["fuel.plate", "fuel.at"],
    )  # fmt: skip


NOON = datetime.fromisoformat("2025-03-01 12:00")


def moment(text: str | None) -> tuple[datetime, datetime] | None:
    if text is None:
        return None
    first = datetime.fromisoformat(text)
    return first, first if " " in text else first + timedelta(days=1, seconds=-1)


@few
@given(
    fuel=st.lists(
        st.fixed_dictionaries(
            {
                "plate": st.sampled_from(["A", "B", None]),
                "at": st.one_of(
                    st.integers(-6, 6).map(
                        lambda n: str(NOON + timedelta(hours=n, minutes=30 * (n % 2)))
                    ),
                    st.sampled_from([str(NOON), "2025-03-01", "2025-03-02", None]),
                ),
                "litres": small,
                "final": st.sampled_from(["是", "是", "否", None]),
            }
        ),
        max_size=12,
    )
)
def test_sum_in_a_window(duck: Duck, window: Compiled, fuel: list[Row]) -> None:
    """A window reaches back four hours from each row, rows of the same moment included."""
    counted = [row for row in fuel if row["plate"] is not None and row["final"] != "否"]
    wanted = []
    for row in counted:
        at = moment(row["at"])
        shown = "" if at is None else str(at[0]) if at[0] == at[1] else f"{at[0]}..{at[1]}"
        per = (row["plate"], shown)
        others = [
            (other, moment(other["at"])) for other in counted if other["plate"] == row["plate"]
        ]
        if at is None or at[0] != at[1]:
            wanted.append((per, "cannot_tell"))
            continue
        since = at[0] - timedelta(hours=4)
        near = [(o, m) for o, m in others if m is not None and m[0] <= at[0] and m[1] >= since]
        if any(m[0] != m[1] for _, m in near):
            wanted.append((per, "cannot_tell"))
            continue
        of = totals([{**o, "amount": o["litres"]} for o, _ in near])
        enough = None if of["amount"] is None else of["amount"] >= 5
        many = None if of["n"] is None else of["n"] >= 3
        wanted.append((per, verdict(either(enough, many))))
    assert judge(duck, window, {"fuel": fuel}) == strongest(wanted)


def test_a_row_counts_once_however_many_it_is_tied_to(office: Office, duck: Duck) -> None:
    """Two members with two incomes each make four pairs, but four incomes and two members' dues."""
    office.dataset("member", {"house": "text", "who": "text", "due": "integer"})
    office.dataset("income", {"who": "text", "amount": "integer"})
    compiled = office.compiled(
        facts={"member": {"dataset": "member"}, "income": {"dataset": "income"}},
        same={"who": ["member.who", "income.who"]},
        shape="sum",
        sum={
            "over": ["member", "income"], "per": ["member.house"],
            "what": {
                "incomes": "total(income.amount)", "dues": "total(member.due)",
                "members": "rows(member)", "payments": "rows(income)", "high": "most(income.amount)",
                "paired": "total(income.amount * member.due)",
            },
        },
        flag_when="true",
        one_warning_per="member.house",
    )  # fmt: skip
    member: list[Row] = [
        {"house": "H", "who": "1", "due": "10"},
        {"house": "H", "who": "1", "due": "10"},
        {"house": "H", "who": "2", "due": "5"},
        {"house": "H", "who": "3", "due": "7"},
    ]
    income: list[Row] = [
        {"who": "1", "amount": "100"},
        {"who": "1", "amount": "100"},
        {"who": "2", "amount": "40"},
    ]
    rows = found(duck, compiled, {"member": member, "income": income})
    figures = {tuple(v for k, v in row.items() if k.startswith("figure_")) for row in rows}
    assert figures == {("240", "25", "3", "3", "100", "4200")}
    assert {(row["row_member"] & 7, row["row_income"] & 7) for row in rows} == {
        (1, 1), (1, 2), (2, 1), (2, 2), (3, 3),
    }  # fmt: skip


def test_the_evidence_of_gathered_facts_does_not_hang_on_their_order(
    office: Office, duck: Duck
) -> None:
    office.dataset("member", {"house": "text", "who": "text"})
    office.dataset("income", {"who": "text", "note": "text"})
    compiled = office.compiled(
        facts={"member": {"dataset": "member"}, "income": {"dataset": "income"}},
        same={"who": ["member.who", "income.who"]},
        shape="sum",
        sum={"over": ["member", "income"], "per": ["member.house"], "what": {"n": "rows(income)"}},
        flag_when="sum.n >= 1",
        one_warning_per="member.house",
    )
    member: list[Row] = [{"house": "H", "who": "1"}, {"house": "H", "who": "2"}]
    income: list[Row] = [{"who": "1"}, {"who": "2"}, {"who": "9"}]

    def digests(rows: dict[str, list[Row]]) -> list[tuple[str, str]]:
        return sorted((r["digest_member"], r["digest_income"]) for r in found(duck, compiled, rows))

    there = digests({"member": member, "income": income})
    assert there == digests({"member": member[::-1], "income": income[::-1]})
    assert len(set(there)) == 2


def test_the_first_of_uncertain_days_is_uncertain(office: Office, duck: Duck) -> None:
    office.dataset("death", {"id": "text", "on": "date"})
    office.dataset("pay", {"id": "text", "month": "date"})
    compiled = office.compiled(
        facts={"pay": {"dataset": "pay"}, "death": {"dataset": "death"}},
        same={"who": ["pay.id", "death.id"]},
        shape="sum",
        sum={
            "over": "death", "per": ["death.id"],
            "what": {"first": "earliest(death.on)", "last": "most(death.on)"},
        },
        flag_when="after(pay.month, sum.first)",
        cannot_tell_when=[{"name": "sources disagree", "when": "not after(pay.month, sum.last)"}],
        one_warning_per=["who", "pay.month"],
    )  # fmt: skip
    months = ["2011-12-31", "2012-06-01", "2012-12-01", "2013-01-01"]
    pay: list[Row] = [{"id": "甲", "month": day} for day in months]

    def verdicts(*dates: str | None) -> list[str]:
        death: list[Row] = [{"id": "甲", "on": day} for day in dates]
        got = judge(duck, compiled, {"pay": pay, "death": death})
        return [got.get(("甲", month), "clear") for month in months]

    assert verdicts("2012年") == ["clear", "cannot_tell", "cannot_tell", "flag"]
    assert verdicts("2012-05-01") == ["clear", "flag", "flag", "flag"]
    assert verdicts("2012-05-01", "2012-12") == ["clear", "cannot_tell", "cannot_tell", "flag"]
    assert verdicts("2012-05-01", None) == ["cannot_tell"] * 4


def test_settings_in_rows_when_go_by_each_row(office: Office, duck: Duck) -> None:
    office.dataset("buy", {"id": "text", "on": "date", "amount": "integer"}, on="on")
    compiled = office.compiled(
        facts={"buy": {"dataset": "buy"}},
        shape="sum",
        in_force_on=None,
        settings={"small": {"..2019-12-31": 5, "2020..": 50}},
        sum={
            "over": "buy", "per": "buy.id", "rows_when": "buy.amount <= small",
            "what": {"n": "rows(buy)", "t": "total(buy.amount)"},
        },
        flag_when="sum.n >= 2 and sum.t > small",
        one_warning_per="buy.id",
    )  # fmt: skip

    def of(*rows: tuple[str, int]) -> str:
        return one(
            duck, compiled, {"buy": [{"id": "甲", "on": on, "amount": str(n)} for on, n in rows]}
        )

    assert of(("2019-05-01", 5), ("2020-05-01", 50)) == "flag"
    assert (
        of(("2019-05-01", 6), ("2020-05-01", 50)) == "clear"
    )  # the first is not small in its year
    assert of(("2019-05-01", 5), ("2019-06-01", 5)) == "flag"
    assert of(("2019-05-01", 5), ("2020-05-01", 5)) == "clear"  # the group goes by its latest row
    assert of(("2019年", 5), ("2020", 50)) == "flag"
    assert of(("", 5), ("2020-05-01", 50)) == "cannot_tell"
    assert of(("", 6), ("2020-05-01", 50)) == "cannot_tell"


def test_two_spellings_of_an_organisation_are_one_group_and_one_warning(
    office: Office, duck: Duck
) -> None:
    office.dataset("buy", {"from": "org.name", "amount": "integer"})
    rows: list[Row] = [
        {"from": "东山建设（集团）有限公司", "amount": "5"},
        {"from": "東山建設(集團) 有限公司", "amount": "5"},
    ]
    summed = office.compiled(
        facts={"buy": {"dataset": "buy"}}, shape="sum",
        sum={"over": "buy", "per": "buy.from", "what": {"t": "total(buy.amount)"}},
        flag_when="sum.t >= 10", one_warning_per="buy.from", supervises="buy.from", send_to={"by": "buy.from"},
    )  # fmt: skip
    met = office.compiled(
        facts={"buy": {"dataset": "buy"}}, flag_when="true", one_warning_per="buy.from",
        supervises="buy.from", send_to={"by": "buy.from"},
    )  # fmt: skip
    assert list(judge(duck, summed, {"buy": rows}).values()) == ["flag"]
    assert list(judge(duck, met, {"buy": rows}).values()) == ["flag"]
    assert judge(duck, summed, {"buy": rows}) == judge(duck, summed, {"buy": rows[::-1]})


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        ({"within": "4 hours"}, "within and by belong together"),
        ({"within": "some hours", "by": "buy.at"}, "must be written like 4 hours or 30 days"),
        (
            {"within": "4 hours", "by": "buy.at", "what": {"n": "distinct(buy.id)"}},
            "compare least(x) with most(x)",
        ),
        (
            {"within": "4 hours", "by": "buy.at", "over": ["buy", "other"]},
            "over the rows of one fact only",
        ),
        ({"over": "bye"}, "did you mean 'buy'?"),
        ({"per": "buy.idd"}, "did you mean 'id'?"),
        ({"per": ["buy.id", "buy.amount?"]}, "buy.amount is no plain text"),
        ({"what": {"n": "rows(buy) + 1"}}, "write one aggregate here"),
        ({"what": {"n": "1"}}, "write one aggregate here"),
        ({"what": {"n": "buy.amount"}}, "write one aggregate here"),
        (
            {"what": {"n": "total(other.amount)"}},
            "'other' is not among the facts that are gathered",
        ),
        ({"what": {"n": "total(1)"}}, "total needs a fact.column in its argument"),
        ({"what": {"n": "total(buy.id)"}}, "'buy.id' is not a number"),
        ({"what": {"n": "total(buy.at)"}}, "total cannot be taken of a date or period"),
        ({"what": {"n": "totl(buy.amount)"}}, "did you mean 'total'?"),
        ({"what": {"n": "total(rows(buy) + buy.amount)"}}, "rows(...) cannot be used here"),
        ({"what": {"lead": "rows(buy)"}}, "'lead' cannot be a name here"),
        ({"what": {"buy_id": "rows(buy)"}}, "'buy_id' cannot be a name here"),
        ({"what": {"a b": "rows(buy)"}}, "'a b' cannot be a name here"),
        ({"what": {"select": "rows(buy)"}}, "'select' cannot be a name here"),
    ],
)
def test_sums_that_say_nothing_are_refused(office: Office, sums: dict[str, Any], said: str) -> None:
    office.dataset("buy", {"id": "text", "at": "moment", "amount": "integer"})
    office.dataset("other", {"id": "text", "amount": "integer"})
    refused = office.refused(
        facts={"buy": {"dataset": "buy"}, "other": {"dataset": "other"}},
        same={"who": ["buy.id", "other.id"]},
        shape="sum",
        sum={"over": "buy", "per": "buy.id", "what": {"n": "rows(buy)"}, **sums},
        flag_when="true",
        one_warning_per="buy.id",
    )
    assert said in refused


def test_what_is_gone_after_gathering_is_said(office: Office) -> None:
    office.dataset("buy", {"id": "text", "amount": "integer"})
    refused = office.refused(
        facts={"buy": {"dataset": "buy"}}, shape="sum",
        sum={"over": "buy", "per": "buy.id", "what": {"n": "rows(buy)"}},
        flag_when="sum.n > 1 and buy.amount > 1", one_warning_per="buy.id",
    )  # fmt: skip
    assert "buy.amount is gone after gathering; put it in per, or aggregate it in what" in refused


# duplicate


@pytest.fixture(scope="module")
def twice(folder: Path) -> Compiled:
    office = Office(folder / "twice")
    office.dataset("claim", {"code": "text", "no": "text", "amount": "integer", "final": "boolean"})
    return office.compiled(
        facts={"claim": {"dataset": "claim"}},
        shape="duplicate",
        duplicate={
            "of": "claim", "on": ["claim.code?", "claim.no"], "rows_when": "claim.final or claim.amount = 1",
        },
        one_warning_per=["claim.code", "claim.no"],
    )  # fmt: skip


@few
@given(
    claim=st.lists(
        st.fixed_dictionaries(
            {
                "code": st.sampled_from(["X", None]),
                "no": st.sampled_from(["1", "2", None]),
                "amount": small,
                "final": yes_no,
            }
        ),
        max_size=10,
    )
)
def test_duplicate(duck: Duck, twice: Compiled, claim: list[Row]) -> None:
    groups: dict[tuple[str, str], list[Truth]] = defaultdict(list)
    for row in claim:
        amount = whole(row["amount"])
        counts = either(flag_of(row["final"]), None if amount is None else amount == 1)
        if row["no"] is not None and counts is not False:
            groups[row["code"] or "", row["no"]].append(counts)
    wanted = [
        (per, verdict(None if None in counts else len(counts) >= 2))
        for per, counts in groups.items()
    ]
    assert judge(duck, twice, {"claim": claim}) == strongest(wanted)


# outlier


@pytest.fixture(scope="module")
def outlier(folder: Path) -> Compiled:
    office = Office(folder / "outlier")
    price = {"type": "decimal", "scale": 2}
    office.dataset("line", {"no": "text", "item": "text", "unit": "text", "price": price})
    return office.compiled(
        facts={"line": {"dataset": "line"}},
        shape="outlier",
        outlier={
            "of": "line.price",
            "among": ["line.item", "line.unit"],
            "at_least": 4,
            "fence": 1.5,
        },
        one_warning_per="line.no",
    )


prices = st.one_of(
    st.integers(0, 400).map(lambda n: f"{n / 4:.2f}"),
    st.sampled_from(["10.00", "999.99"]),
    st.none(),
)


@few
@given(
    line=st.lists(
        st.fixed_dictionaries(
            {"item": st.sampled_from(["笔", "纸", None]), "unit": st.just("盒"), "price": prices}
        ),
        max_size=25,
    )
)
def test_outlier(duck: Duck, outlier: Compiled, line: list[Row]) -> None:
    line = [{**row, "no": str(n)} for n, row in enumerate(line)]
    peers: dict[str, list[Decimal]] = defaultdict(list)
    for row in line:
        if row["item"] is not None and row["price"] is not None:
            peers[row["item"]].append(Decimal(row["price"]))
    wanted = []
    for row in line:
        among = sorted(peers[row["item"]]) if row["item"] is not None else []
        if not among:  # nothing to hold it against
            wanted.append((row["no"], verdict(None)))
            continue
        n = len(among)
        q1, q3 = among[-(-n // 4) - 1], among[-(-3 * n // 4) - 1]
        upper = q3 + Decimal("1.5") * (q3 - q1)
        above = None if n < 4 or row["price"] is None else Decimal(row["price"]) > upper
        wanted.append((row["no"], verdict(above)))
    assert judge(duck, outlier, {"line": line}) == strongest(wanted)


def test_peers_are_told_apart_as_identities_are(office: Office, duck: Duck) -> None:
    """Two spellings of a maker are one; the price must be a number."""
    office.dataset("line", {"no": "text", "maker": "org.name", "price": "integer", "on": "date"})
    asked: dict[str, Any] = {
        "facts": {"line": {"dataset": "line"}}, "shape": "outlier", "one_warning_per": "line.no",
    }  # fmt: skip
    compiled = office.compiled(
        outlier={"of": "line.price", "among": "line.maker", "at_least": 6}, **asked
    )
    makers = ["东山公司", "東山 公司"] * 3
    line: list[Row] = [
        {"no": p, "maker": maker, "price": p}
        for p, maker in zip(["1", "2", "3", "4", "5", "99"], makers, strict=True)
    ]
    assert judge(duck, compiled, {"line": line}) == {("99",): "flag"}
    refused = office.refused(outlier={"of": "line.on", "among": "line.maker"}, **asked)
    assert "outlier.of: line.on is not a number" in refused


def test_the_fences_are_told(office: Office, duck: Duck) -> None:
    office.dataset("line", {"no": "text", "item": "text", "price": {"type": "money", "unit": "元"}})
    compiled = office.compiled(
        facts={"line": {"dataset": "line"}}, shape="outlier",
        outlier={"of": "line.price", "among": "line.item", "at_least": 5, "fence": 1.5},
        one_warning_per="line.no",
    )  # fmt: skip
    line: list[Row] = [{"no": p, "item": "笔", "price": p} for p in ("1", "2", "3", "4", "50")]
    (row,) = found(duck, compiled, {"line": line})
    figures = {name: Decimal(v) for name, v in row.items() if name.startswith("figure_")}
    assert row["per_1"] == "50"
    assert figures == {
        "figure_peers": 5, "figure_q1": 200, "figure_q3": 400, "figure_lower": -100, "figure_upper": 700,
    }  # fmt: skip


# overlap, path, sql


def test_overlap(office: Office, duck: Duck) -> None:
    span = {"id": "text", "since": "date", "until": {"type": "date", "empty": "open"}}
    office.dataset("pension", span)
    office.dataset("custody", span)
    compiled = office.compiled(
        facts={"pension": {"dataset": "pension"}, "custody": {"dataset": "custody"}},
        same={"who": ["pension.id", "custody.id"]},
        shape="overlap",
        flag_when="overlaps(span(pension.since, pension.until), span(custody.since, custody.until), 2)",
        one_warning_per="who",
    )

    def of(since: str | None, until: str | None) -> str:
        custody = [{"id": "甲", "since": since, "until": until}]
        pension = [{"id": "甲", "since": "2020-01-01", "until": "2020-06-30"}]
        return one(duck, compiled, {"pension": pension, "custody": custody})

    assert of("2020-06-29", None) == "flag"
    assert of("2020-06-30", None) == "clear"
    assert of("2020-06", None) == "cannot_tell"
    assert of(None, None) == "cannot_tell"
    assert of(None, "2020-01-01") == "clear"
    assert "needs overlaps(...)" in office.refused(
        facts={"pension": {"dataset": "pension"}},
        shape="overlap",
        flag_when="true",
        one_warning_per="pension.id",
    )


def test_path(office: Office, duck: Duck) -> None:
    office.dataset("post", {"who": "text", "unit": "text"})
    office.dataset("role", {"who": "text", "firm": "text"})
    office.dataset("deal", {"firm": "text", "unit": "text", "no": "text"})
    facts = {name: {"dataset": name} for name in ("deal", "post", "role")}
    same = {
        "who": ["post.who", "role.who"],
        "firm": ["role.firm", "deal.firm"],
        "unit": ["post.unit", "deal.unit"],
    }
    asked = {
        "facts": facts, "shape": "path", "flag_when": "true", "one_warning_per": ["who", "deal.no"],
        "supervises": "post.unit", "send_to": {"by": "post.unit"},
    }  # fmt: skip
    compiled = office.compiled(path=["post", "role", "deal"], same=same, **asked)
    rows: dict[str, list[Row]] = {
        "post": [{"who": "甲", "unit": "U"}, {"who": "乙", "unit": "V"}],
        "role": [{"who": "甲", "firm": "F"}, {"who": "乙", "firm": "F"}, {"who": None, "firm": "F"}],
        "deal": [{"firm": "F", "unit": "U", "no": "1"}, {"firm": "F", "unit": "W", "no": "2"}, {"firm": "G", "unit": "U", "no": "3"}],
    }  # fmt: skip
    assert judge(duck, compiled, rows) == {("甲", "1"): "flag"}
    without = {name: references for name, references in same.items() if name == "who"}
    assert "'deal' is not tied to the step before, 'role'" in office.refused(
        path=["post", "role", "deal"], same=without, **asked
    )
    assert "path does not reach the fact 'deal'" in office.refused(
        path=["post", "role"], same=same, **asked
    )
    assert "did you mean 'post'?" in office.refused(path=["pots"], same=same, **asked)


def sql_model(office: Office, sql: str, **slots: Any) -> dict[str, Any]:
    office.dataset("pay", {"id": "text", "amount": "integer", "on": "date"})
    office.dataset("act", {"id": "text", "amount": "integer"})
    return {
        "facts": {"pay": {"dataset": "pay"}, "act": {"dataset": "act"}},
        "shape": "sql", "sql": sql, "one_warning_per": "pay.id", **slots,
    }  # fmt: skip


def test_sql(office: Office, duck: Duck) -> None:
    query = """
      WITH most AS (SELECT id, MAX(amount) AS amount FROM act GROUP BY id)
      SELECT pay._row AS pay, CAST(NULL AS BIGINT) AS act, pay.amount - most.amount AS gap,
             before(pay.on, as_of) AS past
      FROM pay JOIN most ON most.id = pay.id
    """
    slots = {
        "flag_when": "sql.gap > 0",
        "leave_out": [{"name": "future", "when": "not sql.past", "why": {"zh": "一"}}],
        "grade": {"red": "sql.gap > 5", "yellow": "rows(pay) > 1", "blue": "otherwise"},
    }
    compiled = office.compiled(**sql_model(office, query, **slots))
    rows: dict[str, list[Row]] = {
        "act": [
            {"id": "甲", "amount": "1"},
            {"id": "甲", "amount": "3"},
            {"id": "乙", "amount": "1"},
        ],
        "pay": [
            {"id": "甲", "amount": "9", "on": "2020-01-01"},
            {"id": "乙", "amount": "2", "on": "2020-01-01"},
            {"id": "丙", "amount": "9", "on": "2020-01-01"},
            {"id": "乙", "amount": "1", "on": "2020-01-01"},
        ],
    }
    levels = {row["per_1"]: row["level"] for row in found(duck, compiled, rows)}
    assert levels == {"甲": "red", "乙": "blue"}
    assert "of which fact is 'amount' a column?" in office.refused(
        **sql_model(
            office, "SELECT pay._row AS pay, amount AS x FROM pay JOIN act ON act.id = pay.id"
        )
    )
    rows["pay"][0]["on"] = "2099-01-01"
    rows["pay"][1]["on"] = None
    assert judge(duck, compiled, rows) == {("甲",): "left_out", ("乙",): "cannot_tell"}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT pay.amount AS x FROM pay", "the query returns no evidence"),
        ("SELECT p._row AS pay FROM pay AS p", "do not rename the fact to 'p'"),
        ("SELECT pay._row AS pay FROM pya", "did you mean 'pay'?"),
        ("SELECT pay._row AS pay FROM read_csv('rows.csv')", "no fact"),
        ("SELECT pay._row AS pay FROM pay, read_text('secret') AS t", "no fact"),
        ("SELECT pay._row AS pay FROM pay, 'rows.parquet'", "no fact"),
        ("SELECT pay._row AS pay, pay.amont AS x FROM pay", "did you mean 'amount'?"),
        ("SELECT pay._row AS pay, pay.on AS x FROM pay", "write on__from or on__to"),
        ("SELECT pay._row AS pay FROM pay LIMIT 1", "no LIMIT"),
        ("SELECT pay._row AS pay, pay.amount / 2 AS x FROM pay", "no division"),
        ("SELECT pay._row AS pay, now() AS x FROM pay", "no clock"),
        ("SELECT pay._row AS pay, current_date AS x FROM pay", "no clock"),
        ("SELECT pay._row AS pay, today() AS x FROM pay", "no clock"),
        ("SELECT pay._row AS pay, random() AS x FROM pay", "no random"),
        ("SELECT pay._row AS pay, uuid() AS x FROM pay", "no random"),
        ("SELECT any_value(pay._row) AS pay FROM pay", "arbitrary row"),
        ("SELECT pay._row AS pay, avg(pay.amount) OVER () AS x FROM pay", "no avg"),
        ("SELECT pay._row AS pay, levenshtein(pay.id, 'a') AS x FROM pay", "count bytes"),
        ("SELECT pay._row AS pay, jaro_similarity(pay.id, 'a') AS x FROM pay", "count bytes"),
        ("SELECT pay._row AS pay, hash(pay.id) AS x FROM pay", "known to be read alike"),
        (
            "SELECT pay._row AS pay, median(pay.amount) OVER () AS x FROM pay",
            "known to be read alike",
        ),
        ("SELECT pay._row AS pay, CAST(pay.amount AS DOUBLE) AS x FROM pay", "no floats"),
        ("SELECT pay._row AS pay, pay.amount * 1e3 AS x FROM pay", "no floats"),
        ("SELECT pay._row AS pay FROM pay USING SAMPLE 1", "arbitrary rows"),
        ("DELETE FROM pay", "only a SELECT is allowed"),
        ("SELECT pay._row AS pay FROM pay; DROP TABLE pay", "only a SELECT is allowed"),
        ("SELECT pay._row AS pay FROM (pay", "the SQL cannot be read"),
        (
            "SELECT pay._row AS pay, month_end(pay.on, 0) AS x FROM pay",
            "belongs inside before(...)",
        ),
        ("SELECT act._row AS act FROM act", "no 'pay.id'"),
    ],
)
def test_sql_that_would_not_be_the_same_everywhere_is_refused(
    office: Office, sql: str, said: str
) -> None:
    assert said in office.refused(**sql_model(office, sql, flag_when="true"))


# grade


@pytest.mark.parametrize(
    ("grade", "levels"),
    [
        ("rows(pay) >= 2", {"甲": "red", "乙": "yellow"}),
        ("rows(act) >= 2", {"甲": "red", "乙": "yellow"}),
        ("total(pay.amount) >= 11", {"甲": "yellow", "乙": "red"}),
        ("total(pay.amount * 2) >= 20", {"甲": "red", "乙": "red"}),
        ("rows(pay) >= 2 and pay.kind = 'x'", {"甲": "red", "乙": "yellow"}),
        ("rows(pay) >= 1 and pay.kind = 'y'", {"甲": "yellow", "乙": "red"}),
        ("before(earliest(pay.on), date '2020-06-01')", {"甲": "red", "乙": "yellow"}),
        ("after(latest(pay.on), date '2021-06-01')", {"甲": "yellow", "乙": "red"}),
        (
            "within_days(pay.on, latest(pay.on), 10) and rows(pay) = 2",
            {"甲": "red", "乙": "yellow"},
        ),
        ("distinct(pay.kind) >= 2", {"甲": "yellow", "乙": "yellow"}),
        ("distinct(pay.on) >= 2", {"甲": "red", "乙": "yellow"}),
        ("total(pay.amount) > limit", {"甲": "yellow", "乙": "red"}),
        ("pay.amount > 20", {"甲": "yellow", "乙": "red"}),
        ("pay.note = 'unknown'", {"甲": "yellow", "乙": "yellow"}),
        ("total(pay.gap) >= 0", {"甲": "yellow", "乙": "yellow"}),
    ],
)
def test_levels_are_of_the_warning_as_a_whole(
    office: Office, duck: Duck, grade: str, levels: dict[str, str]
) -> None:
    """Each row counts once, however often it meets others; what is unknown raises no level."""
    office.dataset(
        "pay",
        {
            "id": "text",
            "amount": "integer",
            "kind": "text",
            "note": "text",
            "gap": "integer",
            "on": "date",
        },
    )
    office.dataset("act", {"id": "text"})
    compiled = office.compiled(
        facts={"pay": {"dataset": "pay"}, "act": {"dataset": "act"}},
        same={"who": ["pay.id", "act.id"]},
        settings={"limit": {"..2020": 5, "2021..": 10}},
        in_force_on="pay.on",
        flag_when="true",
        one_warning_per="who",
        grade={"red": grade, "yellow": "otherwise"},
    )
    pay: list[Row] = [
        {"id": "甲", "amount": "5", "kind": "x", "on": "2020-01-01", "gap": "1"},
        {"id": "甲", "amount": "5", "kind": "x", "on": "2021-01-01"},
        {"id": "乙", "amount": "50", "kind": "y", "on": "2022-01-01"},
    ]
    if "limit" in grade:
        pay[0]["on"] = "2021-01-01"
    act: list[Row] = [{"id": "甲"}, {"id": "甲"}, {"id": "乙"}]
    rows = found(duck, compiled, {"pay": pay, "act": act})
    assert {row["per_1"]: row["level"] for row in rows} == levels


def test_levels_of_gathered_rows(office: Office, duck: Duck) -> None:
    office.dataset("buy", {"id": "text", "amount": "integer"})

    def levels(red: str) -> Any:
        asked: dict[str, Any] = {
            "facts": {"buy": {"dataset": "buy"}}, "shape": "sum",
            "sum": {"over": "buy", "per": "buy.id", "what": {"t": "total(buy.amount)"}},
            "flag_when": "sum.t > 0", "one_warning_per": "buy.id", "grade": {"red": red, "yellow": "otherwise"},
        }  # fmt: skip
        refused = office.refused(**asked)
        if refused != "compiles":
            return refused
        rows = [
            {"id": "甲", "amount": "1"},
            {"id": "甲", "amount": "1"},
            {"id": "乙", "amount": "9"},
        ]
        return {
            row["per_1"]: row["level"]
            for row in found(duck, office.compiled(**asked), {"buy": rows})
        }

    assert levels("rows(buy) >= 2") == {"甲": "red", "乙": "yellow"}
    assert levels("sum.t >= 9") == {"甲": "yellow", "乙": "red"}
    assert levels("rows(buy) >= 2 and sum.t >= 2") == {"甲": "red", "乙": "yellow"}
    assert "buy.amount is gone after gathering" in levels("total(buy.amount) > 3")


# identity

NUMBER, OTHER = number(1), number(2)
PERSON: dict[str, Any] = {
    "person": "person.id", "name": {"type": "person.name", "of": "person"},
    "former": {"type": "person.name", "of": "person", "former": True}, "amount": "integer",
}  # fmt: skip
RED = {"red": "otherwise"}


def people(office: Office) -> None:
    for name in ("a", "b", "c"):
        office.dataset(name, PERSON)
    office.dataset("bare", {"person": "person.id", "id": "text"})


def tiers(
    duck: Duck, compiled: Compiled, rows: dict[str, list[Row]]
) -> set[tuple[str, str, str | None]]:
    return {(row["verdict"], row["tier"], row["level"]) for row in found(duck, compiled, rows)}


def named(*names: str | None, **more: str) -> list[Row]:
    return [{"person": NUMBER, "name": name, "amount": "1", **more} for name in names]


@pytest.mark.parametrize(
    ("one_", "other", "tier"),
    [
        ("张三", "张三", "A"), ("张三", "李四", "B"), ("张三", None, "A"), (None, None, "A"),
        ("張三", "张三", "A"), ("张某", "张三", "A"), ("张*", "张三丰", "B"), ("王某某", "张三", "B"),
        ("张 三", "张三", "A"), ("ＡＢＣ", "abc", "A"),
    ],
)  # fmt: skip
def test_equal_numbers_with_names_that_do_or_do_not_go_together(
    office: Office, duck: Duck, one_: str | None, other: str | None, tier: str
) -> None:
    people(office)
    compiled = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        flag_when="true", one_warning_per="who", supervises="a.person", send_to={"by": "a.person"}, grade=RED,
    )  # fmt: skip
    wanted = {("flag", "A", "red")} if tier == "A" else {("cannot_tell", "B", None)}
    for left, right in ((one_, other), (other, one_)):
        assert tiers(duck, compiled, {"a": named(left), "b": named(right)}) == wanted


def test_a_former_name_goes_together_too(office: Office, duck: Duck) -> None:
    people(office)
    compiled = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        flag_when="true", one_warning_per="who", supervises="a.person", send_to={"by": "a.person"}, grade=RED,
    )  # fmt: skip
    rows = {"a": named("许望山", former="许阿三"), "b": named("许阿三")}
    assert tiers(duck, compiled, rows) == {("flag", "A", "red")}
    assert tiers(duck, compiled, {**rows, "b": named("许三")}) == {("cannot_tell", "B", None)}


@pytest.mark.parametrize("order", [("bare", "b", "c"), ("b", "bare", "c"), ("b", "c", "bare")])
def test_names_are_compared_between_all_facts(
    office: Office, duck: Duck, order: tuple[str, ...]
) -> None:
    """Also where the first of them knows no name."""
    people(office)
    compiled = office.compiled(
        facts={name: {"dataset": name} for name in order},
        same={"who": [f"{name}.person" for name in order]},
        flag_when="true", one_warning_per="who", supervises="bare.id", send_to={"by": "bare.id"}, grade=RED,
    )  # fmt: skip
    rows = {"bare": [{"person": NUMBER}], "b": named("张三"), "c": named("李四")}
    assert tiers(duck, compiled, rows) == {("cannot_tell", "B", None)}
    assert tiers(duck, compiled, {**rows, "c": named("张三")}) == {("flag", "A", "red")}


@pytest.mark.parametrize(
    "names",
    [("张三", "李四"), ("李四", "张三"), ("张某某", "张三", "张四"), ("张三", None, "李四")],
)
def test_a_sum_over_rows_of_two_people_under_one_number_is_no_warning(
    office: Office, duck: Duck, names: tuple[str | None, ...]
) -> None:
    people(office)
    slots: dict[str, Any] = {
        "shape": "sum", "flag_when": "sum.t > 0", "grade": RED, "supervises": "a.person", "send_to": {"by": "a.person"},
        "sum": {"over": "a", "per": "a.person", "what": {"t": "total(a.amount)"}},
    }  # fmt: skip
    alone = office.compiled(facts={"a": {"dataset": "a"}}, one_warning_per="a.person", **slots)
    joined = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        one_warning_per="who", **slots,
    )  # fmt: skip
    for name in [name for name in names if name]:
        rows = {"a": named(*names), "b": named(name)}
        assert tiers(duck, joined, rows) == {("cannot_tell", "B", None)}
        assert tiers(duck, alone, rows) == {("cannot_tell", "B", None)}
    fine = {"a": named("张三", None, "张某某"), "b": named("张三")}
    assert tiers(duck, joined, fine) == tiers(duck, alone, fine) == {("flag", "A", "red")}


def test_no_text_of_a_model_makes_red_of_contradicting_names(office: Office, duck: Duck) -> None:
    """A sql model cannot claim the tier itself."""
    people(office)
    compiled = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        shape="sql", flag_when="true", one_warning_per="who", supervises="a.person", send_to={"by": "a.person"},
        sql="SELECT 'A' AS tier, a._row AS a, b._row AS b FROM a JOIN b ON a.person__key = b.person__key",
        grade={"red": "rows(a) >= 1 or true", "yellow": "otherwise"},
    )  # fmt: skip
    rows = {"a": named("张三"), "b": named("李四")}
    assert tiers(duck, compiled, rows) == {("cannot_tell", "B", None)}


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({"same": {"n": ["a.amount", "b.amount"]}, "flag_when": "a.person = b.person"}, "write them under same"),
        ({"same": {"w": ["a.person", "b.name"]}, "flag_when": "true"}, "are not identifiers of one kind"),
        ({"same": {"w": ["a.amount", "b.name"]}, "flag_when": "true"}, "are not identifiers of one kind"),
        (
            {
                "shape": "sql", "flag_when": "true",
                "sql": "SELECT a._row AS a, b._row AS b FROM a JOIN b ON a.person__key = b.person__key",
            },
            "write 'a.person' and 'b.person' under same",
        ),
    ],
)  # fmt: skip
def test_people_are_tied_where_their_names_are_compared(
    office: Office, slots: dict[str, Any], said: str
) -> None:
    people(office)
    refused = office.refused(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, one_warning_per="a.amount",
        supervises="a.person", send_to={"by": "a.person"}, **slots,
    )  # fmt: skip
    assert said in refused


def test_lack_does_not_take_somebody_elses_row(office: Office, duck: Duck) -> None:
    """Under an equal number with another name it neither shows nor excludes what is due."""
    people(office)
    compiled = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        shape="lack", lack={"fact": "b"}, one_warning_per="who", supervises="a.person", send_to={"by": "a.person"},
    )  # fmt: skip
    assert one(duck, compiled, {"a": named("张三"), "b": named("张三")}) == "clear"
    assert one(duck, compiled, {"a": named("张三"), "b": named("李四")}) == "cannot_tell"
    assert one(duck, compiled, {"a": named("张三"), "b": []}) == "flag"


def test_a_name_alone_makes_a_candidate_and_no_warning(office: Office, duck: Duck) -> None:
    office.dataset("buy", {"firm": "org.name", "code": "text"})
    office.dataset("barred", {"firm": "org.name", "code": "text"}, subject="code")
    asked: dict[str, Any] = {
        "facts": {"buy": {"dataset": "buy"}, "barred": {"dataset": "barred"}}, "flag_when": "true",
        "supervises": "buy.firm", "send_to": {"by": "buy.firm"}, "grade": RED,
    }  # fmt: skip
    rows: dict[str, list[Row]] = {
        "buy": [{"firm": "东山公司", "code": "1"}],
        "barred": [{"firm": "東山公司", "code": "1"}],
    }
    name = ["buy.firm", "barred.firm"]
    alone = office.compiled(same={"firm": name}, one_warning_per="firm", **asked)
    assert tiers(duck, alone, rows) == {("cannot_tell", "E", None)}
    with_code = office.compiled(
        same={"code": ["buy.code", "barred.code"], "firm": name}, one_warning_per="code", **asked
    )
    assert tiers(duck, with_code, rows) == {("flag", "A", "red")}
    office.dataset("barred", {"firm": "org.name", "code": "text"})
    asked["facts"] = {"buy": {"dataset": "buy"}, "barred": {"dataset": "barred"}}
    no_number = office.compiled(
        same={"code": ["buy.code", "barred.code"], "firm": name}, one_warning_per="code", **asked
    )
    assert tiers(duck, no_number, rows) == {("cannot_tell", "E", None)}


def test_masked_numbers_tie_nobody(office: Office, duck: Duck) -> None:
    office.dataset("a", {**PERSON, "person": {"type": "person.id", "masked": True}})
    office.dataset("b", PERSON)
    compiled = office.compiled(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"who": ["a.person", "b.person"]},
        flag_when="true", one_warning_per="who", supervises="a.person", send_to={"by": "a.person"},
    )  # fmt: skip
    masked = f"{NUMBER[:6]}********{NUMBER[-4:]}"
    assert (
        judge(duck, compiled, {"a": [{"person": masked, "name": "张三"}], "b": named("张三")}) == {}
    )


# one_warning_per


def test_what_is_absent_still_groups(office: Office, duck: Duck) -> None:
    office.dataset("pay", {"id": "text", "kind": "text", "on": "date"})
    compiled = office.compiled(
        facts={"pay": {"dataset": "pay"}}, flag_when="true", one_warning_per=["pay.kind", "pay.on"],
        supervises="pay.id", send_to={"by": "pay.id"},
        grade={"red": "rows(pay) >= 2", "yellow": "otherwise"},
    )  # fmt: skip
    pay: list[Row] = [{"id": "1"}, {"id": "2"}, {"id": "3", "kind": "x", "on": "2020"}]
    levels = {
        (row["per_1"], row["per_2"]): row["level"] for row in found(duck, compiled, {"pay": pay})
    }
    assert levels == {("", ""): "red", ("x", "2020-01-01..2020-12-31"): "yellow"}
