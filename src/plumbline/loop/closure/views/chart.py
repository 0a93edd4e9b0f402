"""The picture of an effect: two lines of monthly rates, and the day on which the mechanism came into force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from plumbline.loop.closure.queries.effect import Effect, Share

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 28
#: Months with fewer facts are not drawn: one flag among three facts is no rate.
_FEWEST = 5


@dataclass(frozen=True)
class Dot:
    """A month of one line: where, and what it says."""

    x: float
    y: float
    month: date
    share: Share


@dataclass(frozen=True)
class Chart:
    """All that the picture needs, in its own units.

    Attributes:
        lines: `concerned` or `untouched` -> its dots; a month with too few facts has none.
        ticks: (y, percent in words) of the rates beside the picture.
        months: (x, month) below it.
        turn: x of the day on which the mechanism came into force; None if it lies outside.
        bands: (line, points of a polygon): between which rates the true one lies, month by month.
    """

    bands: list[tuple[str, str]]
    lines: dict[str, list[Dot]]
    ticks: list[tuple[float, str]]
    months: list[tuple[float, date]]
    turn: float | None

    def path(self, name: str) -> str:
        """As SVG's `points`."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.lines[name])

    @property
    def concerned(self) -> str:
        return self.path("concerned")

    @property
    def untouched(self) -> str:
        return self.path("untouched")


def chart_of(effect: Effect, in_force_from: date) -> Chart | None:
    """None where there are not two months to draw a line between."""
    points = effect.points
    if len(points) < 2:
        return None
    first, last = _number(points[0].month), _number(points[-1].month)
    top = max(
        (s.rate for p in points for s in (p.concerned, p.untouched) if s.facts >= _FEWEST),
        default=0,
    )
    top = max(top, 0.01)

    def x(months: float) -> float:
        return LEFT + (months - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(rate: float) -> float:
        return TOP + (1 - rate / top) * (HEIGHT - TOP - BOTTOM)

    lines = {
        name: [
            Dot(x(_number(p.month)), y(share.rate), p.month, share)
            for p in points for share in [getattr(p, name)] if share.facts >= _FEWEST
        ]
        for name in ("concerned", "untouched")
    }  # fmt: skip
    turn = _number(in_force_from) + (in_force_from.day - 1) / 31
    every = max(1, (last - first) // 6)
    return Chart(
        [(name, _band(dots, y, top)) for name, dots in lines.items() if len(dots) > 1],
        lines,
        [(y(top * part / 2), f"{100 * top * part / 2:.1f}%") for part in (0, 1, 2)],
        [(x(n), date(n // 12, n % 12 + 1, 1)) for n in range(first, last + 1, every)],
        x(turn) if first <= turn <= last else None,
    )


def _band(dots: list[Dot], y: Callable[[float], float], top: float) -> str:
    """The interval of every month, up one way and down the other, as far as the picture reaches."""
    ends = [(dot.x, *dot.share.interval) for dot in dots]
    above = [(x, y(min(high, top))) for x, _, high in ends]
    below = [(x, y(min(low, top))) for x, low, _ in reversed(ends)]
    return " ".join(f"{x:.1f},{height:.1f}" for x, height in above + below)


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1
