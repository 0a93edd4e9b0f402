"""Which warnings somebody sees, how they are found, and which are worked first.

    rank = 1000 x level + 100 x tier + precision x (1 + log10(1 + yuan at stake))

Level comes before tier, tier before all else: red 3, yellow 2, blue 1; tier A 3, C 2, D 1. The last part is the
harm one may expect to be confirmed: how often this model was right, counted with one success and one failure
more than there were (so that a model without outcomes stands at one half), times the order of magnitude of the
money at stake. It stays below 100, as money stays below 10^90 yuan.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import log10

LEVELS = {"red": 3, "yellow": 2, "blue": 1}
TIERS = {"A": 3, "C": 2, "D": 1}


def score(level: str, tier: str, outcomes: tuple[int, int], amount_fen: int | None) -> float:
    """How early a warning is worked; higher first.

    Args:
        outcomes: of its model: how many warnings were confirmed, of how many closed.
    """
    confirmed, closed = outcomes
    precision = (confirmed + 1) / (closed + 2)
    yuan = max(amount_fen or 0, 0) / 100
    expected = precision * (1 + log10(1 + yuan))
    return 1000 * LEVELS[level] + 100 * TIERS.get(tier, 0) + round(expected, 6)


def week_of(day: date) -> date:
    """The Monday of a day's week: budgets are counted from it."""
    return day - timedelta(days=day.weekday())
