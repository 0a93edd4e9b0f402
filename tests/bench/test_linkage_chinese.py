"""Ties of invented people are right where the rules tie, and scored as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import linkage_chinese as scoring
from bench.linkage_chinese_data import prepared
from bench.linkage_chinese_once import once
from plumbline.engine.backend import Duck, open_duckdb

PEOPLE = 5_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("people")
    prepared(made, PEOPLE, seed=2)
    for way in (*scoring.SETS["chinese"][:2], scoring.OURS):
        once(way, made)
    return made


def laid_out(folder: Path, way: str) -> Duck:
    duck = open_duckdb()
    scoring.lay_out(duck, folder)
    scoring.links(duck, folder, way)
    scoring.best(duck, scoring.LIKELY)
    return duck


def test_what_rules_tie_is_right(folder: Path) -> None:
    with laid_out(folder, scoring.OURS) as duck:
        c, d = (scoring.score(duck, tiers=tier) for tier in "CD")
        shares = scoring.plain(duck)
        numbers = scoring.numbers(duck)
    assert c.tied > 500
    assert c.precision >= 0.999
    # Two in a hundred share name, birth date and sex with a stranger, hundreds of times as many as in life.
    assert d.precision >= 0.98
    assert shares["plain"] >= 0.9
    assert shares["plain"] > shares["told"] > shares["recorded"] > shares["masked"]
    assert numbers["joined"] == 0


def test_more_is_found_than_by_plain_rules(folder: Path) -> None:
    reached = {}
    for way in (*scoring.SETS["chinese"][:2], scoring.OURS):
        with laid_out(folder, way) as duck:
            reached[way] = scoring.score(duck, "masked").f1
    assert reached[scoring.OURS] > 0.9
    assert reached[scoring.OURS] == max(reached.values())


def test_how_ties_are_counted() -> None:
    score = scoring.Score(tied=10, right=8, of=16)
    assert (score.precision, score.recall) == (0.8, 0.5)
    assert score.f1 == pytest.approx(2 * 0.8 * 0.5 / 1.3)
    assert scoring.Score(0, 0, 0).f1 == 0


def test_of_two_candidates_that_weigh_alike_none_is_chosen() -> None:
    with open_duckdb() as duck:
        duck.run(
            "CREATE TABLE linked AS SELECT * FROM (VALUES (1, true, true, 'E', 9.0, 0.99, 11), "
            "(1, true, false, 'E', 8.5, 0.99, 12), (2, true, true, 'E', 9.0, 0.99, 11), "
            "(2, true, false, 'E', 2.0, 0.8, 12), (3, true, true, 'E', -9.0, 0.01, 11), "
            "(4, true, true, 'C', NULL, NULL, 11), (5, true, false, 'D', NULL, NULL, -11)) "
            "AS t(row, masked, hit, tier, weight, probability, found)"
        )
        scoring.best(duck, 0.3)
        assert duck.run("SELECT row FROM chosen ORDER BY row") == [(2,), (4,)]
