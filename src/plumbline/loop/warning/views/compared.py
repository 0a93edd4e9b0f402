"""Evidence side by side: one line for what the registers both say, with what agrees, differs and decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plumbline.loop.supervision.intake import Cell, FactShown, Row, Told

#: More facts than this, or one alone, are not compared side by side.
_MOST_FACTS = 4


@dataclass(frozen=True)
class Line:
    """What the registers say of one thing: a cell of each, or none.

    Attributes:
        mark: `agrees`, `differs`, or nothing where it is not held against anything.
        decides: the model's condition asks for one of them, or its sentence quotes it.
    """

    title: str
    cells: tuple[Cell | None, ...]
    mark: str
    decides: bool


@dataclass(frozen=True)
class Compared:
    """The leading rows of a warning's facts.

    Attributes:
        lines: what is held against each other, or decides; `rest` what one of them says beside that.
        agree, differ: how many lines do.
    """

    facts: tuple[FactShown, ...]
    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    rest: tuple[Line, ...]

    @property
    def agree(self) -> int:
        return sum(line.mark == "agrees" for line in self.lines)

    @property
    def differ(self) -> int:
        return sum(line.mark == "differs" for line in self.lines)


def compared(told: Told) -> Compared | None:
    """The first row of each fact, which the sentence quotes; none where there is nothing to hold it against."""
    facts = [fact for fact in told.facts if fact.rows][:_MOST_FACTS]
    if len(facts) < 2:
        return None
    rows = [fact.rows[0] for fact in facts]
    left = [[cell for cell in row.cells if not cell.empty or cell.decides] for row in rows]
    lines = []
    for cell in [cell for cells in left for cell in cells]:
        if not any(cell in cells for cells in left):
            continue  # it stands in the line of another already
        taken = tuple(_beside(cell, cells) for cells in left)
        for cells, one in zip(left, taken, strict=True):
            if one is not None:
                cells.remove(one)
        lines.append(_line(cell.title, taken))
    first = {"differs": 0, "": 1, "agrees": 2}
    told_of = [line for line in lines if line.mark or line.decides or _shared(line)]
    ranked = sorted(told_of, key=lambda line: (first[line.mark], not line.decides))
    rest = tuple(line for line in lines if line not in told_of)
    return Compared(tuple(facts), tuple(rows), tuple(ranked), rest)


def _shared(line: Line) -> bool:
    return sum(cell is not None for cell in line.cells) > 1


def _beside(cell: Cell, cells: Sequence[Cell]) -> Cell | None:
    """The cell of another row that says the same thing: itself, held against it, or called alike."""
    if cell in cells:
        return cell
    if cell.mark:
        return next((each for each in cells if each.mark and each.type == cell.type), None)
    alike = (each for each in cells if each.title == cell.title and not each.mark)
    return next(alike, None)


def _line(title: str, cells: tuple[Cell | None, ...]) -> Line:
    there = [cell for cell in cells if cell is not None]
    marks = {cell.mark for cell in there}
    mark = "differs" if "differs" in marks else "agrees" if "agrees" in marks else ""
    if not mark and len(there) > 1 and _equal(there):
        mark = "agrees"
    titles = list(dict.fromkeys(cell.title for cell in there))
    return Line(" / ".join(titles) or title, cells, mark, any(cell.decides for cell in there))


def _equal(cells: Iterable[Cell]) -> bool:
    """Do they read the same? Masked values tell nothing."""
    values = {cell.value for cell in cells}
    return len(values) == 1 and "*" not in next(iter(values))
