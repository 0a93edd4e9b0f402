from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.linkage import pairing

Pairs = Sequence[tuple[int, int, float]]


def weighed(duck: Duck, pairs: Pairs) -> None:
    duck.run("CREATE TABLE weighed (claim BIGINT, candidate BIGINT, match_weight DOUBLE)")
    for pair in pairs:
        duck.run("INSERT INTO weighed VALUES (?, ?, ?)", pair)


def best(pairs: Pairs, **options: float | bool) -> set[tuple[int, int]]:
    with open_duckdb() as duck:
        weighed(duck, pairs)
        pairing.best(duck, "weighed", "best", **{"least": 0.0, **options})  # type: ignore[arg-type]
        return {(a, b) for a, b in duck.run("SELECT claim, candidate FROM best")}


def test_the_heaviest_wins() -> None:
    assert best([(1, 10, 5.0), (1, 11, 4.0), (2, 11, 3.0)]) == {(1, 10), (2, 11)}


def test_none_of_two_equals_is_taken() -> None:
    assert best([(1, 10, 5.0), (1, 11, 5.0)]) == set()


def test_within_the_margin_nobody_is_linked() -> None:
    assert best([(1, 10, 5.0), (1, 11, 4.5)], margin=1) == set()


def test_too_light_is_no_link() -> None:
    assert best([(1, 10, -1.0)]) == set()


def test_a_candidate_is_linked_once() -> None:
    pairs = [(1, 10, 5.0), (2, 10, 4.0)]
    assert best(pairs) == {(1, 10), (2, 10)}
    assert best(pairs, once=True) == {(1, 10)}
    assert best([(1, 10, 5.0), (2, 10, 5.0)], once=True) == set()


some_pairs = st.lists(
    st.tuples(st.integers(0, 5), st.integers(10, 15), st.sampled_from([1.0, 2.0, 3.0])),
    unique_by=lambda pair: pair[:2], max_size=12,
)  # fmt: skip


@settings(max_examples=20)
@given(some_pairs, st.randoms())
def test_the_order_of_pairs_changes_nothing(
    pairs: list[tuple[int, int, float]], draw: object
) -> None:
    shuffled = list(pairs)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert best(pairs, once=True) == best(shuffled, once=True)


def test_clusters_hang_together() -> None:
    chain = [(at, at + 1, 9.0) for at in range(1, 9)]
    with open_duckdb() as duck:
        weighed(duck, [*chain, (20, 21, 9.0), (9, 20, -3.0)])
        assert pairing.clusters(duck, "weighed", "clustered", least=0) == 2
        found = dict(duck.run("SELECT claim, cluster FROM clustered"))
    assert found == {**dict.fromkeys(range(1, 10), 1), 20: 20, 21: 20}
