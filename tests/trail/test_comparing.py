"""Where a list of rows differs from the same list as it was kept elsewhere, and how."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from plumbline.trail.comparing import Comparison, Difference, How, Row


def rows(*numbers: int) -> list[Row]:
    return [(number, b"%d" % number) for number in numbers]


def differences(here: list[Row], outside: list[Row], at_once: int = 3) -> list[Difference]:
    comparison = Comparison(iter(outside))
    for begin in range(0, len(here), at_once):
        comparison.feed(here[begin : begin + at_once])
    assert comparison.left_out == 0
    return list(comparison.end())


def test_a_row_that_is_gone() -> None:
    assert differences(rows(1, 2, 4, 5), rows(1, 2, 3, 4, 5)) == [Difference(How.DELETED, 3, 2)]


def test_rows_that_are_gone_from_the_end() -> None:
    assert differences(rows(1, 2), rows(1, 2, 3, 4)) == [
        Difference(How.DELETED, 3, 2),
        Difference(How.DELETED, 4, 3),
    ]


def test_rows_cut_from_the_end_and_newer_ones_in_their_place() -> None:
    assert differences(rows(1, 2, 5, 6, 7, 8), rows(1, 2, 3, 4)) == [
        Difference(How.DELETED, 3, 2),
        Difference(How.DELETED, 4, 3),
    ]


def test_a_row_that_was_put_in() -> None:
    assert differences(rows(1, 9, 2, 3), rows(1, 2, 3, 10)) == [
        Difference(How.INSERTED, 9, 1),
        Difference(How.DELETED, 10, 3),
    ]


def test_a_row_that_says_something_else() -> None:
    here = [*rows(1, 2), (3, b"else"), *rows(4)]
    assert differences(here, rows(1, 2, 3, 4)) == [Difference(How.ALTERED, 3, 2)]


def test_two_rows_that_changed_places() -> None:
    far = [*range(1, 3), 9, *range(4, 9), 3, *range(10, 13)]
    assert differences(rows(*far), rows(*range(1, 13))) == [
        Difference(How.REORDERED, 3, 2),
        Difference(How.REORDERED, 9, 8),
    ]
    assert differences(rows(1, 3, 2, 4), rows(1, 2, 3, 4)) == [Difference(How.REORDERED, 2, 1)]


def test_newer_rows_are_no_difference() -> None:
    assert differences(rows(1, 2, 3, 4, 5, 6, 7), rows(1, 2)) == []


def test_nothing_in_common() -> None:
    here = [(number, b"else") for number in range(5)]
    found = differences(here, rows(*range(5)))
    assert Counter(each.how for each in found) == {How.ALTERED: 5}


numbers = st.lists(st.integers(0, 30), unique=True, max_size=25)


@given(here=numbers, outside=numbers, at_once=st.integers(1, 30))
def test_nothing_that_differs_is_passed_over(
    here: list[int], outside: list[int], at_once: int
) -> None:
    """Without what is told to be gone, new or moved, both say the same."""
    found = differences(rows(*here), rows(*outside), at_once)
    how = {each.number: each.how for each in found}
    assert {n for n, h in how.items() if h is How.DELETED} == set(outside) - set(here)
    inserted = {n for n, h in how.items() if h is How.INSERTED}
    common = [at for at, n in enumerate(here) if n in outside and n not in how]
    before_the_last = set(here[: common[-1]]) if common else set()
    assert before_the_last - set(outside) <= inserted <= set(here) - set(outside)
    assert [n for n in here if n not in how and n in outside] == [
        n for n in outside if n not in how
    ]


def test_a_row_with_a_high_number_before_the_last() -> None:
    assert differences(rows(1, 99, 2), rows(1, 2)) == [Difference(How.INSERTED, 99, 1)]
