"""Handing out people so that no two stories mix."""

from __future__ import annotations

import numpy as np
import pytest

from plumbline.cli.demo.people import Pool, stream


def pool(free: int) -> Pool:
    return Pool(stream(1, "pool"), np.ones(free, bool))


def test_many_pairs_out_of_one_large_group() -> None:
    alike = np.zeros(100, np.int64)
    alike[:10] = np.arange(1, 11)  # like nobody else
    one, other = pool(100).take_pairs(45, alike, np.ones(100, bool))
    taken = [*one.tolist(), *other.tolist()]
    assert sorted(taken) == list(range(10, 100))


def test_a_pair_is_alike_and_nobody_is_handed_out_twice() -> None:
    some = pool(60)
    alike, where = np.arange(60) // 3, np.arange(60) < 30
    one, other = some.take_pairs(4, alike, where)
    assert (alike[one] == alike[other]).all()
    again, another = some.take_pairs(4, alike, where)
    taken = [p for each in (one, other, again, another) for p in each.tolist()]
    assert len(set(taken)) == 16
    assert max(taken) < 30
    assert set(some.rest.tolist()) == {*range(60)} - {*taken}


@pytest.mark.parametrize("count", [2, 3])
def test_too_few_are_refused(count: int) -> None:
    alike = np.array([7, 7, 7, 8])  # the third has nobody left to go with
    with pytest.raises(ValueError, match=f"{count} pairs wanted, 1 fit"):
        pool(4).take_pairs(count, alike, np.ones(4, bool))
