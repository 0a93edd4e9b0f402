"""The file itself: what the workbench knows of each disposal, and names and numbers from the store where they were let go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from plumbline.bilingual import language, say
from plumbline.engine import NOT_A_VERDICT, EarlyWarning, FactRow, SupervisionModel, is_formula
from plumbline.kit.table import book, pdf
from plumbline.kit.table.table import Column, Table
from plumbline.loop.disposal.exporting.actions import Taken
from plumbline.loop.disposal.exporting.models import Export, Form
from plumbline.loop.disposal.exporting.queries import rows_of
from plumbline.loop.disposal.models import NEVER, Disposal, State
from plumbline.loop.disposal.queries.letter import office
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.warning.models import Level
from plumbline.org.models import User
from plumbline.org.policy import normal_number, person_digest

_NUMBERS = frozenset({"person.id", "org.code"})


@dataclass(frozen=True)
class Person:
    """Whom a warning is about, in clear; empty where no register has a whole number of them.

    Attributes:
        whom: digest of the number.
    """

    names: str = ""
    number: str = ""
    whom: str = ""


@dataclass(frozen=True)
class File:
    """A list as it leaves, and what the trail is told of it."""

    content: bytes
    taken: Taken


def composed(export: Export, *, by: User, at: datetime) -> File:
    """The file as whoever asked may have it at this moment; nothing is written down yet.

    Raises:
        NoFontError: a PDF is wanted, and there is no Chinese font.
        PlumblineError: the store cannot be read.
    """
    rows = rows_of(export, by, at)
    clear = _in_clear([row.warning.key for row in rows]) if export.in_clear else {}
    table = _table(export, rows, clear, by, at)
    if export.form == Form.PDF:
        content = pdf.write(table, at=at, fonts=office() / "fonts")
    else:
        content = book.write(table, neutral=_neutral)
    whom = frozenset(person.whom for person in clear.values() if person.whom)
    return File(content, Taken(len(rows), whom, hashlib.sha256(content).hexdigest()))


def _neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also when it is saved as CSV and opened again."""
    return f"'{text}" if is_formula(text) else text


def _in_clear(keys: Sequence[str]) -> Mapping[str, Person]:
    """Whom warnings are about, by key, from exactly the rows that their runs saw."""
    if not keys:
        return {}
    of = workspace()
    found = of.warnings(register="warnings", withdrawn=True, keys=list(keys))
    gone = of.purged(found)  # of these nobody knows the person any more
    found = [warning for warning in found if warning.key not in gone]
    rows = of.evidence(found)
    return {
        warning.key: _subject(of.model_behind(warning), warning, rows[warning.key])
        for warning in found
    }


def _subject(
    model: SupervisionModel, warning: EarlyWarning, rows: Mapping[str, Mapping[int, FactRow]]
) -> Person:
    """Number and names of the one whom a warning is about: of nobody else that its rows name."""
    wanted, lang = normal_number(warning.subject), language()
    names: dict[str, None] = {}
    number = ""
    for each in warning.evidence:
        row = rows[each.fact][each.row]
        for column, declared in row.dataset.columns.items():
            if declared.type not in _NUMBERS or normal_number(str(row.values[column][0])) != wanted:
                continue
            number = wanted
            for named in model.facts[each.fact].names_of(column)[:1]:
                if name := row.show(named, lang, masked=False):
                    names[name] = None
    if not number:
        return Person()
    return Person("、".join(names), number, person_digest(number))


def _table(
    export: Export, rows: Sequence[Disposal], clear: Mapping[str, Person], by: User, at: datetime
) -> Table:
    moment = f"{localtime(at):%Y-%m-%d %H:%M}"
    kind = (
        say("含姓名和号码", "with names and numbers")
        if export.in_clear
        else say("已脱敏", "masked")
    )
    origin = say("导出第{}号 · {}（{}）· {} · {}行 · {}", "export {} · {} ({}) · {} · {} rows · {}").format(
        export.number, by.name, by.get_username(), moment, len(rows), kind
    )  # fmt: skip
    if export.case:
        origin += " · " + say("案卷号：{}", "file {}").format(export.case)
    if export.purpose:
        origin += " · " + say("用途：{}", "for: {}").format(export.purpose)
    return Table(
        title=str(say("处置清单", "List of disposals")),
        notice=NOT_A_VERDICT[language()],
        origin=origin,
        watermark=f"{by.name} {by.get_username()} {moment} {export.number}",
        columns=_columns(export),
        rows=[_cells(export, row, clear.get(row.warning.key, Person())) for row in rows],
    )


def _columns(export: Export) -> list[Column]:
    in_clear = [
        Column(str(say("姓名或名称", "Name")), 14),
        Column(str(say("号码", "Number")), 22),
    ]  # fmt: skip
    return [
        Column(str(say("编号", "Number of the disposal")), 8),
        Column(str(say("等级", "Level")), 6),
        Column(str(say("模型", "Model")), 22),
        Column(str(say("对象", "About")), 20),
        *(in_clear if export.in_clear else []),
        Column(str(say("说明", "What it says")), 48),
        Column(str(say("被监督单位", "Supervised")), 22),
        Column(str(say("涉及金额（元）", "Amount (yuan)")), 14, right=True),
        Column(str(say("承办", "Worked by")), 16),
        Column(str(say("状态", "State")), 9),
        Column(str(say("到期", "Due")), 11),
    ]


def _cells(export: Export, case: Disposal, person: Person) -> list[str]:
    warning: Any = case.warning
    due = "" if case.due_at >= NEVER else f"{localtime(case.due_at):%Y-%m-%d}"
    return [
        str(case.pk), str(Level(case.level).label), warning.name, warning.about,
        *([person.names, person.number] if export.in_clear else []),
        warning.words, warning.supervised, warning.money, case.body.name if case.body else "",
        str(State(case.state).label), due,
    ]  # fmt: skip
