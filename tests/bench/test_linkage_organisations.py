"""The truth is drawn the same again, and what is tied firmly is right."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from bench.linkage_organisations import BEGIN, END, Line, measured, write_down
from bench.organisations_region import country, draw
from plumbline.engine.backend import open_duckdb
from plumbline.engine.linkage.organisation_compare import LEVELS, compare
from plumbline.engine.linkage.organisation_name import names_of
from plumbline.engine.linkage.organisations import link_organisations


def test_a_seed_draws_the_same_rows() -> None:
    one, other = draw(300, 100, 3), draw(300, 100, 3)
    assert [table.to_pylist() for table in one] == [table.to_pylist() for table in other]
    assert draw(300, 100, 4)[1].to_pylist() != one[1].to_pylist()


def test_firm_ties_are_right_and_the_others_are_among_the_candidates(tmp_path: Path) -> None:
    register, rows = draw(2_000, 1_000, 5)
    pq.write_table(register, tmp_path / "register.parquet")
    pq.write_table(rows, tmp_path / "rows.parquet")
    with open_duckdb() as duck:
        lines, kinds = measured(duck, tmp_path, ["ours", "equal names"])
    c, d, both, candidates, equal = lines
    assert c.precision == 1
    assert d.precision > 0.99
    assert both.right > equal.right
    assert both.right + candidates.right > 0.95 * both.of
    assert len(kinds) == 13


def test_how_near_names_are_is_said_alike_in_sql_and_in_python() -> None:
    register, rows = draw(3_000, 1_500, 9)
    place, order = country(), list(LEVELS)
    with open_duckdb() as duck:
        duck.register("register", register)
        duck.register("rows", rows)
        ties = link_organisations(duck, "register", "rows", place)
        found = duck.run(f"""
            SELECT r.name, o.spelled, t.why
            FROM {ties} AS t JOIN rows AS r ON r.claim = t.claim JOIN (
                SELECT code, list(name) AS spelled FROM register GROUP BY code
            ) AS o ON o.code = t.code""")
    read = names_of(place).read
    assert len(found) > 1_000
    for name, spelled, why in found:
        nearest = min((compare(read(name), read(o)).level for o in spelled), key=order.index)
        said = json.loads(why)
        assert said["level"] == nearest or (said["level"] == "unknown" and "code" in said["agreed"])


def test_a_table_goes_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter\n", encoding="utf-8")
    write_down(str(Line("ours", 10, 9, 20, 1.5, 300)), readme)
    assert readme.read_text(encoding="utf-8") == (
        f"# Before\n\n{BEGIN}\n| ours | 10 | 9 | 90.00% | 45.00% | 1.5 | 300 |\n{END}\n\nAfter\n"
    )
