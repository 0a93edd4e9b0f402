from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.cli.demo.rows import Rows, every, groups, pairs

keys = st.lists(st.integers(0, 5), max_size=12)


@given(keys, keys)
def test_pairs_are_all_pairs_of_equal_keys(left: list[int], right: list[int]) -> None:
    at_left, at_right = pairs(np.array(left, np.int64), np.array(right, np.int64))
    expected = {(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b}
    found = list(zip(at_left.tolist(), at_right.tolist(), strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_groups_number_equal_keys_alike(rows: list[tuple[int, int]]) -> None:
    one, other = (np.array(column) for column in zip(*rows, strict=True))
    number, first = groups(one, other)
    assert len(first) == len(set(rows))
    assert [rows[first[n]] for n in number] == rows
    assert all(rows.index(rows[at]) == at for at in first)


def test_every_month_of_each_span() -> None:
    owner, value = every(np.array([5, 9, 3]), np.array([6, 8, 3]))
    assert owner.tolist() == [0, 0, 2]
    assert value.tolist() == [5, 6, 3]


def test_a_single_value_stands_for_the_column() -> None:
    rows = Rows(person=[1, 2], kind="fine")
    assert rows.kind.tolist() == ["fine", "fine"]
    assert rows[rows.person == 2].but(kind="prison").kind.tolist() == ["prison"]
    assert Rows.join(rows, rows[:0], rows).person.tolist() == [1, 2, 1, 2]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Rows(a=[1, 2], b=[1, 2, 3])


def test_an_unknown_column_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = Rows(a=[1]).b
