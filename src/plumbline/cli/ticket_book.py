"""Tickets as a workbook for the departments that delivered the rows: a sheet for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.cli.office import Office, neutral
from plumbline.cli.ticket import Tickets
from plumbline.cli.workbook import Look, opened_book
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.engine import RowName, Ticket

_LONGEST_TITLE = 31
_NOTICE = Text(
    "同一号码下姓名不符，号码或姓名必有一处写错，请核对并更正。这不是对任何人的指控，也未产生预警。"
    "本表未脱敏，只供报送部门核对。",
    "One number, names that do not go together: the number or a name is wrong somewhere. Please check "
    "and correct. Nobody is accused, and no warning was raised. Not masked; for the department alone.",
)
#: Heading and width of each column; the last two are for the department.
_COLUMNS = (
    (Text("行", "row"), 22),
    (Text("数据集", "dataset"), 22),
    (Text("文件", "file"), 30),
    (Text("工作表", "sheet"), 14),
    (Text("行号", "line"), 8),
    (Text("行数", "rows"), 8),
    (Text("号码", "number"), 22),
    (Text("此处姓名", "name here"), 20),
    (Text("别处姓名", "names elsewhere"), 44),
    (Text("核对结果", "what was found"), 30),
    (Text("更正为", "corrected to"), 24),
)


def write_tickets(office: Office, path: Path, found: Tickets) -> None:
    """Write tickets to an XLSX file.

    Raises:
        OSError: the file cannot be written.
    """
    of_each: dict[str, list[tuple[RowName, Ticket]]] = {}
    for name, ticket in found.listed:
        of_each.setdefault(found.department(name.dataset), []).append((name, ticket))
    with opened_book(path) as book:
        look = Look(office, book)
        taken: set[str] = set()
        for department, listed in of_each.items():
            _fill(book.add_worksheet(_title(department, taken)), look, found, listed)
        if not of_each:
            look.head(book.add_worksheet(), _NOTICE, 0, _COLUMNS)


def _title(department: str, taken: set[str]) -> str:
    """A sheet's name: short, without what spreadsheets do not take, and of its own."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", department).strip() or "-"
    title, number = plain[:_LONGEST_TITLE], 2
    while title.lower() in taken:
        tail = f" {number}"
        title, number = plain[: _LONGEST_TITLE - len(tail)] + tail, number + 1
    taken.add(title.lower())
    return title


def _fill(sheet: Any, look: Look, found: Tickets, listed: Sequence[tuple[RowName, Ticket]]) -> None:
    at = look.head(sheet, _NOTICE, len(listed), _COLUMNS)
    for row, (name, ticket) in enumerate(listed, at):
        source = found.rows[name].source
        cells = (
            str(name),
            found.rows[name].dataset.declared.title.text.in_(look.office.lang),
            source.file,
            source.sheet,
            str(source.line),
            str(ticket.rows),
            found.number(name),
            found.own(name),
            found.elsewhere(name, ticket),
            "",
            "",
        )
        for column, text in enumerate(cells):
            sheet.write_string(row, column, neutral(look.office.clean(text)), look.plain)
