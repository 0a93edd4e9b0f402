"""A list as XLSX: every cell is text, nothing is a formula, a link or a number."""

from __future__ import annotations

import io
from collections.abc import Callable

import xlsxwriter

from plumbline.kit.table.table import Table

_HEADER_ROW = 3  # after the title, the notice and the line of origin
_MOST_FOOTER = 240  # a spreadsheet takes 255 signs, with its own marks
_MOST_CELL = 32_767


def write(table: Table, *, neutral: Callable[[str], str]) -> bytes:
    """The list as a workbook.

    Args:
        neutral: marks text that a spreadsheet could take for a formula when the list is saved as CSV and
            opened again.
    """
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True,
    }  # fmt: skip
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, options) as book:
        plain = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        right = book.add_format({"valign": "top", "num_format": "@", "align": "right"})
        bold = book.add_format({"bold": True})
        grey = book.add_format({"italic": True, "font_color": "#666666"})
        head = book.add_format(
            {"bold": True, "bg_color": "#E7E9ED", "bottom": 1, "text_wrap": True}
        )
        sheet = book.add_worksheet()
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, column.width)
        sheet.write_string(0, 0, neutral(table.title), bold)
        sheet.write_string(1, 0, neutral(table.notice), grey)
        sheet.write_string(2, 0, neutral(table.origin), grey)
        for place, column in enumerate(table.columns):
            sheet.write_string(_HEADER_ROW, place, neutral(column.title), head)
        for line, row in enumerate(table.rows, _HEADER_ROW + 1):
            for place, (column, text) in enumerate(zip(table.columns, row, strict=True)):
                style = right if column.right else plain
                sheet.write_string(line, place, neutral(text)[:_MOST_CELL], style)
        sheet.freeze_panes(_HEADER_ROW + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER_ROW)
        # In a footer `&` begins a command.
        said = table.origin[: _MOST_FOOTER // 2].replace("&", "&&")
        sheet.set_footer(f"&L{said}&R&P / &N")
    return made.getvalue()
