"""Two sides as tables and lines on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plumbline.cli.office import Cell, Office
from plumbline.engine import FactRow, RowName, Said, Side, beside
from plumbline.engine import said_by as _said_by
from plumbline.errors import Text


def said_by(office: Office, name: RowName, row: FactRow) -> Iterator[Said]:
    """What the row says of its bearer, as it may be shown here."""
    return _said_by(name, row, office.lang, masked=office.masked)


def sides(office: Office, whos: Sequence[str]) -> dict[str, Side]:
    """What all registers together say of each."""
    return office.workspace.sides(whos, office.lang, masked=office.masked)


def as_table(office: Office, left: Sequence[Said], right: Side) -> None:
    """Both sides as a table for people."""
    rows: list[list[Cell]] = [
        [
            (title.in_(office.lang), "bold"),
            here,
            there,
            ("=", "green") if agree == "same" else "",
        ]
        for title, here, there, agree in beside(left, right)
    ]
    heads = [Text("", ""), Text("这一行", "this row"), Text("名册", "registers"), Text("", "")]
    office.table(heads, rows)


def in_one_line(office: Office, said: Sequence[Said]) -> str:
    """All that is said, on a line."""
    comma = office.words("，", ", ")
    return comma.join(f"{one.title.in_(office.lang)} {one.shown}" for one in said)
