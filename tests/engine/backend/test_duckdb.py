"""What does not fit the memory is laid on disk, and that is told."""

from __future__ import annotations

from pathlib import Path

from plumbline.engine.backend import Limits, open_duckdb

SORT = "CREATE OR REPLACE TEMP TABLE sorted AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range({}) ORDER BY b"


def test_what_a_statement_laid_on_disk_is_told(tmp_path: Path) -> None:
    with open_duckdb(Limits("150MB", threads=1, spill=tmp_path / "spill")) as duck:
        duck.watch_spill()
        duck.run(SORT.format(1_000))
        assert duck.spilled() == 0
        duck.run(SORT.format(3_000_000))
        assert duck.spilled() > 1_000_000
        duck.run("SELECT 1")
    assert not list((tmp_path / "spill").glob("*"))
