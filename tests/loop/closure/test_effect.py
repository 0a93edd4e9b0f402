"""The arithmetic of an effect: intervals, differences in differences, and what is too little to tell."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.loop.closure.models import Measurement
from plumbline.loop.closure.queries.effect import MINIMUM, WINDOW, Share, combined, compared

SHARES = st.integers(0, 10**6).flatmap(
    lambda facts: st.builds(Share, st.integers(0, facts), st.just(facts))
)
SEEN = Measurement(
    at=datetime(2026, 3, 1, tzinfo=UTC), as_of=date(2026, 2, 28), model="m", version=1
)


def test_wilson_as_published() -> None:
    """The two rates of Newcombe's first example (1998, part I, table I)."""
    assert Share(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert Share(0, 20).interval == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "difference", "low", "high"),
    [
        (Share(56, 70), Share(48, 80), 0.2, 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.6, 0.1705, 0.8090),
        (Share(10, 10), Share(0, 20), 1.0, 0.6791, 1.0),
    ],
    ids=["56/70 - 48/80", "9/10 - 3/10", "10/10 - 0/20"],
)
def test_two_rates_as_published(
    one: Share, other: Share, difference: float, low: float, high: float
) -> None:
    """Newcombe's tenth method by his own examples (1998, part II, table II)."""
    found = combined([(1, one), (-1, other)])
    assert found.estimate == pytest.approx(difference)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(SHARES)
def test_a_rate_lies_within_its_interval(share: Share) -> None:
    low, high = share.interval
    assert 0 <= low <= share.rate <= high <= 1


@given(st.lists(st.tuples(st.sampled_from([1, -1]), SHARES), min_size=1, max_size=4))
def test_a_sum_of_rates_lies_within_its_interval_and_mirrors(
    parts: list[tuple[int, Share]],
) -> None:
    found = combined(parts)
    assert found.low <= found.estimate <= found.high
    mirrored = combined([(-sign, share) for sign, share in parts])
    assert (mirrored.estimate, mirrored.low, mirrored.high) == pytest.approx(
        (-found.estimate, -found.high, -found.low)
    )


@given(SHARES, st.integers(2, 50))
def test_more_of_the_same_makes_it_narrower(share: Share, times: int) -> None:
    if not share.facts:
        return
    more = Share(share.flagged * times, share.facts * times)
    assert more.interval[1] - more.interval[0] < share.interval[1] - share.interval[0]


def months(
    concerned: tuple[Share, Share], untouched: tuple[Share, Share]
) -> list[tuple[date, bool, Share]]:
    before, after = date(2024, 12, 1), date(2025, 1, 1)
    return [
        (before, True, concerned[0]), (after, True, concerned[1]),
        (before, False, untouched[0]), (after, False, untouched[1]),
    ]  # fmt: skip


def test_what_changed_everywhere_is_taken_out() -> None:
    """From 20 % to 5 % where it is in force, from 20 % to 15 % where it is not: 10 points are its own."""
    found = compared(
        SEEN,
        date(2025, 1, 1),
        months((Share(200, 1000), Share(50, 1000)), (Share(200, 1000), Share(150, 1000))),
    )
    assert found.concerned.estimate == pytest.approx(-0.15)
    assert found.untouched.estimate == pytest.approx(-0.05)
    assert found.difference.estimate == pytest.approx(-0.10)
    # In groups as large as these the normal approximation is good: 1.96 times the square root of
    # .2 * .8 / 1000 * 2 + .05 * .95 / 1000 + .15 * .85 / 1000 is .0436.
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (-0.1436, -0.0564), abs=5e-4
    )
    assert found.verdict == "less"


def test_the_same_change_everywhere_is_no_effect() -> None:
    both = (Share(200, 1000), Share(100, 1000))
    assert compared(SEEN, date(2025, 1, 1), months(both, both)).verdict == "not_told"


def test_more_than_before_is_said_as_well() -> None:
    found = compared(
        SEEN, date(2025, 1, 1), months((Share(5, 500), Share(200, 500)), (Share(5, 500), Share(5, 500)))
    )  # fmt: skip
    assert found.verdict == "more"


@pytest.mark.parametrize("short", range(4))
def test_one_group_too_small_tells_nothing(short: int) -> None:
    groups = [Share(100, 1000), Share(0, 1000), Share(100, 1000), Share(100, 1000)]
    groups[short] = Share(0, MINIMUM - 1)
    found = compared(SEEN, date(2025, 1, 1), months((groups[0], groups[1]), (groups[2], groups[3])))
    assert found.verdict == "too_few"


def test_a_month_in_the_middle_of_which_it_came_into_force_counts_on_neither_side() -> None:
    found = compared(
        SEEN,
        date(2025, 1, 15),
        [
            (date(2024, 12, 1), True, Share(1, 10)),
            (date(2025, 1, 1), True, Share(2, 10)),
            (date(2025, 2, 1), True, Share(3, 10)),
        ],
    )
    assert (found.mixed, found.concerned_before, found.concerned_after) == (
        date(2025, 1, 1), Share(1, 10), Share(3, 10),
    )  # fmt: skip
    assert [point.month.month for point in found.points] == [12, 1, 2]


@given(st.integers(1, 28), st.integers(-40, 40))
def test_only_months_near_it_and_not_yet_over_are_compared(day: int, apart: int) -> None:
    number = 2024 * 12 + apart
    month = date(number // 12, number % 12 + 1, 1)
    found = compared(SEEN, date(2024, 1, day), [(month, False, Share(1, 10))])
    before, after = found.untouched_before.facts, found.untouched_after.facts
    last = WINDOW if day > 1 else WINDOW - 1
    if -WINDOW <= apart < 0:
        assert (before, after) == (10, 0)
    elif (0 if day == 1 else 1) <= apart <= last and month <= SEEN.as_of:
        assert (before, after) == (0, 10)
    else:
        assert (before, after) == (0, 0)
