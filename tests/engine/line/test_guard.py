"""What no model's text can lift: tiers B and E never warn, and red needs tier A."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck
from plumbline.engine.collision.trial import lay_out
from plumbline.engine.line.compile import compile_model
from plumbline.errors import DeclarationError
from tests.engine.line.small import AS_OF, Office, number

WHO = number(1)
COLUMNS: dict[str, Any] = {
    "no": "text",
    "person": {"type": "person.id", "masked": True},
    "name": {"type": "person.name", "of": "person"},
    "county": "text",
    "amount": "integer",
}
FULL = {"person": WHO, "name": "王五", "county": "甲", "amount": "1"}
#: Rows that may or may not be about WHO, by how they are tied.
TIED = {
    "A": {**FULL, "no": "A"},
    "B": {**FULL, "no": "B", "name": "孙小小"},
    "C": {**FULL, "no": "C", "person": "3801**********0012"},
    "D": {**FULL, "no": "D", "person": None},
    "E": {**FULL, "no": "E", "person": None},  # guessed
    "name": {**FULL, "no": "name", "person": None},  # nobody even guessed
}

CONDITIONS = (
    "true", "1 = 1", "a.amount = b.amount", "a.county = b.county", "a.name = b.name",
    "a.person = b.person", "a.name LIKE b.name", "b.name IN (a.name)", "a.person__tier = 'A' or true",
    "b.person__tier <> 'E'", "b.person__who = a.person", "substr(a.person, 1, 6) = substr(b.person, 1, 6)",
    "a.name = b.name or a.amount = b.amount", "coalesce(a.name, b.name) = 'x' or true",
    "not (a.name <> b.name)", "case when a.name = b.name then true else false end",
)  # fmt: skip
SAME = (
    {"who": ["a.person", "b.person"]},
    {"who": ["a.name", "b.name"]},
    {"county": ["a.county", "b.county"]},
    {"amount": ["a.amount", "b.amount"]},
    {"who": ["a.name", "b.name"], "county": ["a.county", "b.county"]},
    {"who": ["a.person", "b.person"], "name": ["a.name", "b.name"]},
    {"amount": ["a.amount", "b.amount"], "name": ["a.name", "b.name"]},
)
QUERIES = (
    "SELECT a._row AS a, b._row AS b FROM a JOIN b ON {on}",
    "SELECT a._row AS a, b._row AS b, 'A' AS tier FROM a, b WHERE {on}",
    (
        "WITH x AS (SELECT a._row AS r, a.name__key AS n, a.person__who AS p FROM a) "
        "SELECT x.r AS a, b._row AS b FROM x JOIN b ON x.n = b.name__key OR x.p = b.person__who"
    ),
    "SELECT a._row AS a, (SELECT MIN(b._row) FROM b WHERE b.name__key = a.name__key) AS b FROM a",
    "SELECT a._row AS a, b._row AS b FROM a JOIN b ON a.person__key // 10 = b.person__key // 10",
    "SELECT a._row AS a FROM a WHERE a.name__key IN (SELECT b.name__key FROM b)",
)
ON = (
    "a.name__key = b.name__key", "a.person__key = b.person__key", "a.person__who = b.person__who",
    "a.county = b.county", "a.amount = b.amount", "substr(a.name, 1, 1) = substr(b.name, 1, 1)",
    "a.name__key = b.name__key OR a.amount = b.amount",
)  # fmt: skip
GRADES = ({"red": "true"}, {"red": "otherwise"}, {"red": "b.amount > 0", "yellow": "otherwise"},
          {"red": "rows(b) > 0"}, {"yellow": "false", "red": "otherwise"})  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    """What an author may try, knowingly or not."""
    slots: dict[str, Any] = {
        "facts": {"a": {"dataset": "a"}, "b": {"dataset": "b"}},
        "supervises": "a.county", "send_to": {"by": "a.county"},
        "same": draw(st.sampled_from(SAME)), "grade": draw(st.sampled_from(GRADES)),
        "one_warning_per": draw(st.sampled_from([["a.person", "b.no"], ["b.no"], ["a.name", "b.no"]])),
    }  # fmt: skip
    if draw(st.booleans()):
        query = draw(st.sampled_from(QUERIES))
        slots |= {
            "shape": "sql",
            "flag_when": "true",
            "sql": query.format(on=draw(st.sampled_from(ON))),
        }
        if draw(st.booleans()):
            slots["same"] = {}
    else:
        slots["flag_when"] = draw(st.sampled_from(CONDITIONS))
    return slots


def lay_out_ties(office: Office, duck: Duck) -> dict[int, str]:
    """Tables as models see them; gives how each row of b is tied to the one of a."""
    lay_out(duck, office.datasets["a"], [{**FULL, "no": "a"}])
    lay_out(duck, office.datasets["b"], list(TIED.values()))
    loose = " ".join(f"WHEN no = '{tier}' THEN '{tier}'" for tier in "CD")
    guess = f"{WHO[:17]} AS person__key, '{WHO}' AS person__who, 'E' AS person__tier"
    duck.run(
        "CREATE OR REPLACE TEMP TABLE seen AS SELECT * REPLACE ("
        f"CASE WHEN no IN ('C', 'D') THEN {WHO[:17]} ELSE person__key END AS person__key, "
        f"CASE WHEN no IN ('C', 'D') THEN '{WHO}' ELSE person__who END AS person__who, "
        f"CASE {loose} ELSE 'A' END AS person__tier) FROM b"
    )
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE guessed AS SELECT * REPLACE ({guess}) FROM b WHERE no = 'E'"
    )
    for name, table in (("b", "seen"), ("b__maybe", "guessed")):
        duck.register(name, duck.arrow(f"SELECT * FROM {table}"))
    return dict(duck.run("SELECT _row, no FROM b"))  # type: ignore[arg-type]


def ties_people(slots: dict[str, Any]) -> bool:
    """Does the model say that the two rows are about one person?"""
    told = f"{slots['same']} {slots.get('flag_when')} {slots.get('sql')}"
    return "name" in told or "person" in told.replace("a.person__tier", "").replace(
        "b.person__tier", ""
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(slots=texts())
def test_no_text_warns_of_somebody_who_is_not_surely_meant(
    tmp_path_factory: pytest.TempPathFactory, duck: Duck, slots: dict[str, Any]
) -> None:
    office = Office(tmp_path_factory.mktemp("guard"))
    office.dataset("a", COLUMNS)
    office.dataset("b", COLUMNS)
    tied = lay_out_ties(office, duck)
    try:
        compiled = compile_model(office.model(**slots))
    except DeclarationError:
        return  # refused, with words
    rows = duck.arrow(f"SELECT * FROM ({compiled.on(AS_OF)})").to_pylist()
    for row in (r for r in rows if r["verdict"] == "flag"):
        assert row["tier"] in ("A", "C", "D")
        meant = tied.get(row.get("row_b"), "name")  # type: ignore[arg-type]
        if ties_people(slots):
            assert meant in ("A", "C", "D"), slots
            assert row["level"] != "red" or meant == "A", slots


@pytest.mark.parametrize(
    "condition", ["a.name = b.name", "a.name LIKE b.name", "b.name in (a.name)"]
)
def test_a_name_compared_outside_same_is_refused_with_the_slot(
    office: Office, condition: str
) -> None:
    office.dataset("a", COLUMNS)
    office.dataset("b", COLUMNS)
    refused = office.refused(
        facts={"a": {"dataset": "a"}, "b": {"dataset": "b"}}, same={"amount": ["a.amount", "b.amount"]},
        flag_when=condition, one_warning_per="a.amount", supervises="a.county", send_to={"by": "a.county"},
    )  # fmt: skip
    assert "flag_when: 'a.name' and 'b.name' cannot be compared here" in refused
    assert "write them under same" in refused
