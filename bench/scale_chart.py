"""A chart of growth as SVG: one panel a question, both axes logarithmic, with lines of slope 1 behind.

Written by hand, since nothing else here draws; it has no script and reads well in light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]  # (rows, seconds)

WIDE, HIGH, ACROSS = 250, 190, 4
LEFT, TOP, RIGHT, BOTTOM = 40, 26, 10, 26
HEAD = 62
#: Way -> its colour by light and by dark, and how its points are drawn.
LOOKS = {
    "engine": ("#0b5cad", "#6cb6ff"),
    "duckdb": ("#a35c00", "#e8a33d"),
    "pandas": ("#a02c6d", "#f083bd"),
    "polars": ("#1c7a3e", "#5fd38a"),
    "spark": ("#5f4bb6", "#b6a3ff"),
}
MARKS = {
    "engine": '<circle cx="{x}" cy="{y}" r="4.2"/>',
    "duckdb": '<path d="M{x} {y}m-4 4h8v-8h-8z"/>',
    "pandas": '<path d="M{x} {y}m-4.5 3.5h9l-4.5 -8z"/>',
    "polars": '<path d="M{x} {y}m-4.5 -3.5h9l-4.5 8z"/>',
    "spark": '<path d="M{x} {y}m0 -5l5 5l-5 5l-5 -5z"/>',
}


def slope(points: Points) -> float:
    """The exponent k of seconds = c * rows ** k by least squares of the logarithms."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return over / sum((x - mean_x) ** 2 for x in xs)


def chart(data: Mapping[str, Mapping[str, Points]], names: Mapping[str, str]) -> str:
    """Question -> way -> its points, as one picture."""
    shown = {question: ways for question, ways in data.items() if ways}
    every = [point for ways in shown.values() for points in ways.values() for point in points]
    if not every:
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"/>\n'
    axes = _Axes([x for x, _ in every], [y for _, y in every])
    down = -(-len(shown) // ACROSS)
    width, height = ACROSS * WIDE + 16, HEAD + down * HIGH + 8
    panels = [
        f'<g transform="translate({8 + at % ACROSS * WIDE} {HEAD + at // ACROSS * HIGH})">'
        f"{_panel(question, ways, axes)}</g>"
        for at, (question, ways) in enumerate(shown.items())
    ]
    used = [way for way in LOOKS if any(way in ways for ways in shown.values())]
    colours = ["".join(f".{way}{{--c:{LOOKS[way][at]}}}" for way in LOOKS) for at in (0, 1)]
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">
<title id="t">Seconds by rows, seven questions, both axes logarithmic</title>
<desc id="d">{escape(_described(shown, names))}</desc>
<style>
svg{{font:12px system-ui,sans-serif;background:#fff;--ink:#1f2328;--soft:#59636e;--grid:#e3e7eb;--slope:#c3cad1}}
{colours[0]}
@media(prefers-color-scheme:dark){{svg{{background:#0d1117;--ink:#e6edf3;--soft:#9aa5b1;--grid:#242b33;--slope:#3d4751}}
{colours[1]}}}
text{{fill:var(--soft)}}.name{{fill:var(--ink);font-weight:600}}.grid{{stroke:var(--grid)}}
.slope{{stroke:var(--slope);stroke-dasharray:2 4}}.line{{fill:none;stroke:var(--c);stroke-width:1.6}}
.engine .line{{stroke-width:2.8}}.mark{{fill:var(--c)}}
</style>
<rect width="100%" height="100%" style="fill:transparent"/>
<text x="8" y="20" class="name" style="font-size:15px">Seconds on the wall by rows of payments</text>
{_legend(used, names)}
{"".join(panels)}
</svg>
"""


class _Axes:
    """Where a number of rows, and of seconds, lies in a panel."""

    def __init__(self, rows: Sequence[float], seconds: Sequence[float]) -> None:
        self.rows = (
            math.floor(math.log10(min(rows)) + 0.01),
            math.ceil(math.log10(max(rows)) - 0.01),
        )
        self.seconds = (math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds))))

    def x(self, rows: float) -> float:
        first, last = self.rows[0] - 0.12, max(self.rows[1], self.rows[0] + 1) + 0.12
        return round(LEFT + (math.log10(rows) - first) / (last - first) * (WIDE - LEFT - RIGHT), 1)

    def y(self, seconds: float) -> float:
        first, last = self.seconds
        share = (math.log10(seconds) - first) / (last - first)
        return round(HIGH - BOTTOM - share * (HIGH - TOP - BOTTOM), 1)


def _panel(question: str, ways: Mapping[str, Points], axes: _Axes) -> str:
    parts = [f'<text x="{LEFT}" y="16" class="name">{escape(question)}</text>']
    ours = ways.get("engine", ())
    if len(ours) > 1:
        told = f"exponent {slope(ours):.2f}"
        parts.append(f'<text x="{WIDE - RIGHT}" y="16" text-anchor="end">{told}</text>')
    left, right, top, bottom = LEFT, WIDE - RIGHT, TOP, HIGH - BOTTOM
    for power in range(axes.seconds[0], axes.seconds[1] + 1):
        y = axes.y(10**power)
        parts.append(f'<path class="grid" d="M{left} {y}H{right}"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4}" text-anchor="end">{10**power:g} s</text>')
    for power in range(axes.rows[0], max(axes.rows[1], axes.rows[0] + 1) + 1):
        x = axes.x(10**power)
        parts.append(f'<path class="grid" d="M{x} {top}V{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{_rows(power)}</text>')
    parts.append(_slopes(axes))
    for way in (way for way in reversed(LOOKS) if way in ways):
        at = [(axes.x(x), axes.y(y)) for x, y in ways[way]]
        line = " ".join(f"{x},{y}" for x, y in at)
        marks = "".join(MARKS[way].format(x=x, y=y) for x, y in at)
        parts.append(
            f'<g class="{way}"><polyline class="line" points="{line}"/><g class="mark">{marks}</g></g>'
        )
    return "".join(parts)


def _slopes(axes: _Axes) -> str:
    """Lines along which time grows with the rows."""
    first, last = 10 ** axes.rows[0], 10 ** max(axes.rows[1], axes.rows[0] + 1)
    lines = []
    for power in range(axes.seconds[0] - 4, axes.seconds[1]):
        begin, end = 3 * 10**power, 3 * 10**power * last / first
        low, high = 10 ** axes.seconds[0], 10 ** axes.seconds[1]
        x1, y1 = (first, begin) if begin >= low else (first * low / begin, low)
        x2, y2 = (last, end) if end <= high else (last * high / end, high)
        if x1 < x2 and y1 < y2:
            lines.append(f"M{axes.x(x1)} {axes.y(y1)}L{axes.x(x2)} {axes.y(y2)}")
    return f'<path class="slope" d="{"".join(lines)}"/>'


def _rows(power: int) -> str:
    if power < 3:
        return f"{10**power}"
    return f"{10 ** (power - 6):g} m" if power >= 6 else f"{10 ** (power - 3)},000"


def _legend(ways: Sequence[str], names: Mapping[str, str]) -> str:
    parts, x = [], 12
    for way in ways:
        mark = MARKS[way].format(x=x + 12, y=42)
        parts.append(
            f'<g class="{way}"><path class="line" d="M{x} 42h24"/><g class="mark">{mark}</g></g>'
            f'<text x="{x + 30}" y="46">{escape(names[way])}</text>'
        )
        x += 48 + 7 * len(names[way])
    parts.append(
        f'<path class="slope" d="M{x} 42h24"/><text x="{x + 30}" y="46">in proportion (exponent 1)</text>'
    )
    return "".join(parts)


def _described(data: Mapping[str, Mapping[str, Points]], names: Mapping[str, str]) -> str:
    told = []
    for question, ways in data.items():
        each = "; ".join(
            f"{names[way]} " + ", ".join(f"{y:.2f} s at {x:,.0f}" for x, y in points)
            for way, points in ways.items()
        )
        told.append(f"{question}: {each}")
    return ". ".join(told)
