"""The truth is drawn the same again, and what is tied firmly is right."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from bench.linkage_organisations import BEGIN, END, Line, measured, write_down
from bench.organisations_region import draw
from plumbline.engine.backend import open_duckdb


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


def test_a_table_goes_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter\n", encoding="utf-8")
    write_down(str(Line("ours", 10, 9, 20, 1.5, 300)), readme)
    assert readme.read_text(encoding="utf-8") == (
        f"# Before\n\n{BEGIN}\n| ours | 10 | 9 | 90.00% | 45.00% | 1.5 | 300 |\n{END}\n\nAfter\n"
    )
