"""Citizen numbers in a `sql:` model are followed to the facts they come from, however they are called."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.engine.backend import Duck
from tests.engine.line.small import Office, Row, found, number

PERSON = {
    "person": "person.id", "name": {"type": "person.name", "of": "person"},
    "id": "text", "amount": "integer",
}  # fmt: skip


def asked(office: Office, sql: str, **slots: Any) -> dict[str, Any]:
    for name in ("a", "b", "c"):
        office.dataset(name, PERSON)
    return {
        "facts": {name: {"dataset": name} for name in ("a", "b", "c")}, "shape": "sql", "sql": sql,
        "flag_when": "true", "one_warning_per": "a.id", "supervises": "a.id", "send_to": {"by": "a.id"},
        **slots,
    }  # fmt: skip


A = "WITH p AS (SELECT a._row AS r, a.person__key AS k FROM a)"
U = "WITH u AS (SELECT a._row AS r, a.person__key AS k FROM a UNION ALL SELECT b._row, b.person__key FROM b)"
MOST = "WITH p AS (SELECT MAX(a.person__key) AS k FROM a GROUP BY a.id)"
EITHER = "WITH m AS (SELECT COALESCE(a.person__key, b.person__key) AS k, a._row AS r FROM a LEFT JOIN b ON b.id = a.id)"
COUNTED = "n AS (SELECT COUNT(p.k) AS k FROM p), m AS (SELECT COUNT(b.person__key) AS k FROM b)"

TIED = [
    f"{A} SELECT p.r AS a, b._row AS b FROM p JOIN b ON b.person__key = p.k",
    f"{A}, q AS (SELECT p.k AS j, p.r FROM p) SELECT q.r AS a FROM q JOIN b ON q.j = b.person__key",
    "WITH p(r, k) AS (SELECT a._row, a.person__key FROM a) SELECT p.r AS a FROM p JOIN b ON b.person__key = p.k",
    "SELECT a._row AS a FROM a JOIN (SELECT b.person AS n FROM b) AS t ON t.n = a.person",
    "SELECT a._row AS a FROM a WHERE a.person__key IN (SELECT b.person__key FROM b)",
    "SELECT a._row AS a FROM a WHERE (a.id, a.person__key) IN (SELECT b.id, b.person__key FROM b)",
    "SELECT a._row AS a FROM a WHERE a.person__key = ANY (SELECT b.person__key FROM b)",
    "SELECT a._row AS a FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.person__key = a.person__key)",
    "SELECT a._row AS a FROM a JOIN b USING (person__key)",
    "SELECT a._row AS a FROM a SEMI JOIN b ON CAST(b.person AS TEXT) IS NOT DISTINCT FROM a.person",
    "WITH p AS (SELECT * FROM a) SELECT p._row AS a FROM p JOIN b ON b.person__key = p.person__key",
    f"{MOST} SELECT b._row AS b, CAST(NULL AS BIGINT) AS a FROM b JOIN p ON p.k = b.person__key",
    f"{U} SELECT MAX(u.r) AS a, u.k AS person FROM u GROUP BY u.k",
    f"{EITHER} SELECT MAX(m.r) AS a FROM m GROUP BY m.k",
]  # fmt: skip


@pytest.mark.parametrize("sql", TIED)
def test_a_number_under_another_name_is_still_a_number(office: Office, sql: str) -> None:
    said = "write 'a.person' and 'b.person' under same, so that names are compared"
    assert said in office.refused(**asked(office, sql))
    together = {"who": ["a.person", "b.person", "c.person"]}
    assert office.refused(**asked(office, sql, same=together)) == "compiles"


def test_three_registers_in_one_column_are_all_named(office: Office) -> None:
    sql = f"{U} SELECT u.r AS a FROM u JOIN c ON c.person__key = u.k"
    assert "write 'a.person' and 'b.person' and 'c.person' under same" in office.refused(
        **asked(office, sql)
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a._row AS a FROM a JOIN b ON a.id = b.id AND a.person__key <> b.person__key",
        "SELECT a._row AS a FROM a JOIN b ON a.id = b.id AND sex(a.person) = sex(b.person)",
        "SELECT a._row AS a FROM a JOIN b ON a.id = b.id AND age(a.person, as_of) = age(b.person, as_of)",
        f"{A}, {COUNTED} SELECT a._row AS a FROM a JOIN n ON TRUE JOIN m ON m.k = n.k",
        f"{A} SELECT a._row AS a FROM a JOIN p ON p.k = a.person__key",
        "SELECT a._row AS a FROM a JOIN (VALUES (1), (2)) AS t(x) ON t.x = a.amount",
    ],
)
def test_what_ties_no_two_people_is_left_alone(office: Office, sql: str) -> None:
    assert office.refused(**asked(office, sql)) == "compiles"


def test_what_cannot_be_followed_is_refused(office: Office) -> None:
    sql = (
        "SELECT a._row AS a FROM a, LATERAL (SELECT b.person__key AS k FROM b) AS l "
        "WHERE l.k = a.person__key"
    )
    said = office.refused(**asked(office, sql))
    assert "it is unclear where 'l.k' comes from" in said
    assert "use a query under WITH" in said


def test_names_are_compared_however_the_number_was_called(office: Office, duck: Duck) -> None:
    sql = f"{A} SELECT p.r AS a, b._row AS b FROM p JOIN b ON b.person__key = p.k"
    compiled = office.compiled(**asked(office, sql, same={"who": ["a.person", "b.person"]}))
    a: list[Row] = [{"person": number(1), "name": "张三", "id": "1"}]
    b: list[Row] = [{"person": number(1), "name": "李四", "id": "1"}]
    assert [row["tier"] for row in found(duck, compiled, {"a": a, "b": b})] == ["B"]
    b[0]["name"] = "张三"
    assert [row["tier"] for row in found(duck, compiled, {"a": a, "b": b})] == ["A"]
