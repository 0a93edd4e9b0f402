"""Who is tied to what by the evidence, drawn by the server: people left, records in the middle, organisations right.

Where no person is named, the organisation that it is about stands left.

A warning rests on few rows, so that a picture that holds still says more than one that moves; it is printed
with the page, needs no script, and says in words what it shows to whoever does not see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.loop.supervision.intake import Cell, Told

_MOST_ROWS, _MOST_NODES = 8, 12
_STEP, _TOP, _WIDE = 54, 34, 760
_X = {"person": 92, "row": 380, "org": 668}


@dataclass(frozen=True)
class Node:
    """Somebody, an organisation, or a record.

    Attributes:
        kind: `person`, `org` or `row`.
        more: a second line.
        here: the warning is about it.
    """

    kind: str
    label: str
    more: str
    x: int
    y: int
    here: bool = False


@dataclass(frozen=True)
class Edge:
    """What ties somebody to a record: the column that names them there."""

    x1: int
    y1: int
    x2: int
    y2: int
    label: str

    @property
    def x(self) -> int:
        return round(self.x1 + (self.x2 - self.x1) * 0.5)

    @property
    def y(self) -> int:
        return round(self.y1 + (self.y2 - self.y1) * 0.5) - 4


@dataclass(frozen=True)
class Graph:
    """The picture.

    Attributes:
        said: the same in words, an edge each.
        more: records that are not drawn.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    said: tuple[str, ...]
    width: int
    height: int
    more: int


def graph(told: Told) -> Graph | None:
    """What the shown rows tie together; none where a picture would show nothing that the rows do not."""
    rows = [(fact, row) for fact in told.facts for row in fact.rows]
    drawn = rows[:_MOST_ROWS]
    bearers: dict[str, tuple[str, str, str]] = {}  # who -> kind, label, second line
    ties: list[tuple[str, int, str]] = []
    for number, (_, row) in enumerate(drawn):
        for who, kind, label, more, title in _bearers(row.cells):
            bearers.setdefault(who, (kind, label, more))
            ties.append((who, number, title))
    shown = list(bearers)[:_MOST_NODES]
    if len(shown) < 2 or len(ties) < 3:
        return None
    sides = {kind: [who for who in shown if bearers[who][0] == kind] for kind in ("person", "org")}
    most = max(len(drawn), *(len(side) for side in sides.values()))
    height = 2 * _TOP + _STEP * (most - 1)

    def place(position: int, of: int) -> int:
        return round(height / 2 + (position - (of - 1) / 2) * _STEP)

    spots = {
        who: (_X[kind], place(n, len(side)))
        for kind, side in sides.items()
        for n, who in enumerate(side)
    }
    nodes = [
        Node(bearers[who][0], bearers[who][1], bearers[who][2], *spots[who], here=who == told.subject)
        for who in shown
    ]  # fmt: skip
    nodes += [
        Node("row", fact.title, f"{row.file}:{row.line}", _X["row"], place(n, len(drawn)))
        for n, (fact, row) in enumerate(drawn)
    ]
    edges = [
        Edge(*spots[who], _X["row"], place(n, len(drawn)), title) for who, n, title in ties if who in spots
    ]  # fmt: skip
    said = [
        f"{bearers[who][1]} — {title} — {drawn[n][0].title}" for who, n, title in ties if who in spots
    ]  # fmt: skip
    return Graph(
        tuple(nodes), tuple(edges), tuple(dict.fromkeys(said)), _WIDE, height, len(rows) - len(drawn)
    )  # fmt: skip


def _bearers(cells: tuple[Cell, ...]) -> list[tuple[str, str, str, str, str]]:
    """Everybody a row names: who, kind, what they are called, second line, and as what."""
    found, described = [], set()
    for cell in cells:
        if cell.who and cell.type in ("person.id", "org.code"):
            name = next(
                (c for c in cells if c.bearer == cell.column and c.type.endswith(".name")), None
            )
            if name:
                described.add(name.column)
            label = name.value if name else cell.value
            kind = "person" if cell.type == "person.id" else "org"
            found.append((cell.who, kind, label, cell.value if name else "", cell.title))
    for cell in cells:
        if cell.who and cell.type in ("person.name", "org.name") and cell.column not in described:
            kind = "person" if cell.type == "person.name" else "org"
            found.append((cell.who, kind, cell.value, "", cell.title))
    return found
