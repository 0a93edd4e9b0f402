"""The day a delivery speaks of, out of its file name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath

from plumbline.engine.fact.types import UnreadableCellError
from plumbline.engine.fact.types.days import read_days
from plumbline.errors import DeliveryError, Text

_DATE = re.compile(
    r"""(?<!\d)(?:
      (?:19|20)\d\d年(?:\d{1,2}月(?:\d{1,2}[日号])?|[上下]半年|第?[1-4一二三四]季度)?
    | (?:19|20)\d\d([-_.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)
    | (?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)
    | (?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![-\d])
    )""",
    re.VERBOSE,
)
_UNTIL = re.compile(r"\s*(?:至|到|~|～|—+|-+|_)\s*")


def as_of_from_name(name: str) -> date:
    """The last day of the one date or period in a file name; of "...至...", of the second.

    Raises:
        DeliveryError: there is no date in it, or more than one.
    """
    stem = PurePath(name).stem
    found: list[tuple[int, int, date]] = []
    for match in _DATE.finditer(stem):
        try:
            days = read_days(match[0].replace("_", "-"))
        except UnreadableCellError:
            continue
        if days:
            found.append((match.start(), match.end(), days[1]))
    if len(found) == 2 and _UNTIL.fullmatch(stem[found[0][1] : found[1][0]]):
        found = found[1:]
    days_found = {day for _, _, day in found}
    if len(days_found) == 1:
        return days_found.pop()
    problem = (
        Text("文件名里有不止一个日期", "there is more than one date in the file's name")
        if found
        else Text("文件名里没有数据截止日期", "the file's name does not say its as-of date")
    )
    raise DeliveryError(
        problem,
        where=name,
        hint=Text(
            "改名为如“名单2024-06-30.xlsx”，或用 --as-of 2024-06-30 指定",
            "rename it like 'list-2024-06-30.xlsx', or pass --as-of 2024-06-30",
        ),
    )
