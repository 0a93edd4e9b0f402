"""Warnings as a workbook to hand on: nothing in it is ever a formula, and it says what it is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from plumbline.cli.office import Office, neutral
from plumbline.cli.warning import Told
from plumbline.cli.words import LEVELS
from plumbline.engine import NOT_A_VERDICT, EarlyWarning
from plumbline.errors import Text

_FILLS = {"red": "#F8D7DA", "yellow": "#FFF3CD", "blue": "#D6E4F5"}
_HEADER_ROW = 2  # after the notice and the line of origin

#: Heading and width of each column.
_COLUMNS = (
    (Text("级别", "level"), 8),
    (Text("编号", "key"), 19),
    (Text("模型", "model"), 28),
    (Text("对象", "subject"), 24),
    (Text("说明", "sentence"), 60),
    (Text("身份", "identity"), 40),
    (Text("准绳", "line"), 36),
    (Text("证据来源", "evidence"), 40),
    (Text("核查步骤", "how to check"), 36),
    (Text("常见的正当解释", "usual innocent explanations"), 36),
    (Text("当事人或单位的说明", "reply of the person or unit"), 30),
    (Text("核查结果", "what was found"), 30),
)


def write_workbook(office: Office, path: Path, told: Told) -> None:
    """Write warnings to an XLSX file.

    Raises:
        OSError: the file cannot be written.
    """
    with opened_book(path) as book:
        _fill(office, book, told)


def opened_book(path: Path) -> Any:
    """A workbook to be filled row by row, in which no text is ever a formula, a link or a number.

    Raises:
        OSError: the file cannot be written.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    path.open("ab").close()  # a place that cannot be written to is told before anything is begun
    return xlsxwriter.Workbook(str(path), options)


class Look:
    """How lists that are handed on look: a notice, a line of origin, headings that stay in sight."""

    def __init__(self, office: Office, book: Any) -> None:
        self.office = office
        self.body = {"text_wrap": True, "valign": "top"}
        self.plain = book.add_format(self.body)
        self._notice = book.add_format({"bold": True, "font_color": "#7A1F1F"})
        self._origin = book.add_format({"italic": True, "font_color": "#666666"})
        self._header = book.add_format(
            {
                "bold": True,
                "bg_color": "#E7E9ED",
                "bottom": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        )

    def head(
        self, sheet: Any, notice: Text, count: int, columns: Sequence[tuple[Text, int]]
    ) -> int:
        """Write everything above the rows; gives the place of the first one."""
        lang = self.office.lang
        for column, (_, width) in enumerate(columns):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(_HEADER_ROW + 1, 2)
        sheet.autofilter(_HEADER_ROW, 0, _HEADER_ROW + count, len(columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER_ROW)
        said = _origin(self.office, count)
        sheet.set_footer("&L" + said.replace("&", "&&") + "&R&P / &N")
        sheet.write_string(0, 0, notice.in_(lang), self._notice)
        sheet.write_string(1, 0, said, self._origin)
        for column, (heading, _) in enumerate(columns):
            sheet.write_string(_HEADER_ROW, column, heading.in_(lang), self._header)
        return _HEADER_ROW + 1


def _fill(office: Office, book: Any, told: Told) -> None:
    sheet = book.add_worksheet(office.words("预警", "warnings"))
    look = Look(office, book)
    fills = {
        level: book.add_format({**look.body, "bg_color": c, "bold": True})
        for level, c in _FILLS.items()
    }
    first = look.head(sheet, Text(**NOT_A_VERDICT), len(told.warnings), _COLUMNS)
    for row, warning in enumerate(told.warnings, first):
        for column, text in enumerate(_cells(office, told, warning)):
            style = fills.get(warning.level or "", look.plain) if column == 0 else look.plain
            sheet.write_string(row, column, neutral(text), style)


def _origin(office: Office, count: int) -> str:
    """Who took this list, when, and whether it names people: it stands on every page."""
    masked = (
        office.words("已脱敏", "masked") if office.masked else office.words("未脱敏", "NOT masked")
    )
    return office.words(
        f"{office.user} 于 {office.now:%Y-%m-%d %H:%M} 从“{office.workspace.name}”导出，{count} 条，{masked}",
        f"exported by {office.user} on {office.now:%Y-%m-%d %H:%M} from '{office.workspace.name}', "
        f"{count} rows, {masked}",
    )


def _cells(office: Office, told: Told, warning: EarlyWarning) -> list[str]:
    lang, declared = office.lang, office.workspace.model_behind(warning).declared

    def listed(zh: list[str], en: list[str]) -> str:
        steps = en if lang == "en" and en else zh
        return "\n".join(f"{i}. {office.clean(step)}" for i, step in enumerate(steps, 1))

    return [
        LEVELS[warning.level].in_(lang) if warning.level else "",
        warning.key,
        office.clean(declared.title.text.in_(lang)),
        office.clean(" · ".join(filter(None, told.about[warning.key]))),
        office.clean(told.sentences[warning.key]),
        "\n".join(office.clean(said) for said in told.identity(warning)),
        office.clean(declared.line.says.text.in_(lang)),
        "\n".join(office.clean(place) for place in told.places(warning)),
        listed(declared.check.zh, declared.check.en),
        listed(declared.innocent.zh, declared.innocent.en),
        "",
        "",
    ]
