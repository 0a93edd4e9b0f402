"""How sure a share is that was counted."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Between which two shares the true one lies, with 95 percent confidence.

    E. B. Wilson, 1927: it keeps its word for small counts and for shares near 0 or 1. Everything from
    0 to 1 where nothing was counted.
    """
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = share + z2 / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # At the ends the interval touches them; what a float leaves over says nothing.
    return (
        0.0 if hits == 0 else min(share, low),
        1.0 if hits == of else max(share, high),
    )
