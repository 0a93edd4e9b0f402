"""Who hears of a deadline, and when: reminders before its end, and upwards once it is over.

An office may set ladders of its own, for a kind of deadline (`KINDS`) or for all others (`standard`):
working days from the end, and to whom it goes.

    [workbench.ladders]
    sign = [[-1, "handler"], [0, "handler"], [1, "head"], [2, "secretary"]]
    standard = [[-3, "handler"], [0, "handler"], [1, "head"], [5, "secretary"]]
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from plumbline.bilingual import say
from plumbline.errors import DeclarationError, Text
from plumbline.kit.clock.calendar import Calendar, close, day_of, opening
from plumbline.kit.clock.models import Level


@dataclass(frozen=True)
class Step:
    """One notice.

    Attributes:
        working_days: before the end (negative): as that day opens. From the end on: as that day closes.
        level: to whom it goes.
    """

    working_days: int
    level: Level

    def moment(self, due_at: datetime, days: Calendar) -> datetime:
        """When it is due, of a deadline that ends then."""
        day = days.add(day_of(due_at), self.working_days)
        return opening(day) if self.working_days < 0 else close(day)


#: Three days and one day before the end; then once it is over, and upwards while nothing happens.
STANDARD = (
    Step(-3, Level.HANDLER),
    Step(-1, Level.HANDLER),
    Step(0, Level.HANDLER),
    Step(1, Level.HEAD),
    Step(3, Level.STANDING_MEMBER),
    Step(5, Level.SECRETARY),
)

#: Every kind of deadline there is, and what it is called.
KINDS = {
    "sign": say("签收", "Sign for it"),
    "report": say("核查反馈", "Report"),
    "review": say("审核", "Review"),
    "lead": say("问题线索处置", "Dispose of the lead"),
    "answer": say("部门答复", "Answer of the department"),
    "rectify": say("整改", "Rectify"),
    "look_back": say("回头看", "Look back"),
    "campaign": say("专项治理", "Campaign"),
    "follow_up": say("跟踪落实", "Follow up"),
}

_LEVELS = {level.name.lower(): level for level in Level}
_FARTHEST = 250  # working days: about a year


def ladder(kind: str) -> tuple[Step, ...]:
    """The steps of a kind of deadline, as the office has set them; else the standard ones.

    Raises:
        KeyError: there is no such kind: a fault of the program.
        DeclarationError: what the office wrote is no ladder.
    """
    KINDS[kind]
    said = settings.WORKBENCH.get("ladders", {})
    for name in (kind, "standard"):
        if name in said:
            return _steps(name, said[name])
    return STANDARD


def check() -> None:
    """See, before anything is started, that every ladder that the office has set is one.

    Raises:
        DeclarationError: one is not, or is for no kind of deadline; it says which.
    """
    said = settings.WORKBENCH.get("ladders", {})
    if not isinstance(said, dict):
        raise _wrong("", f"{said!r}")
    for name, steps in said.items():
        if name not in {*KINDS, "standard"}:
            known = ", ".join(["standard", *KINDS])
            raise DeclarationError(
                Text(f"没有“{name}”这种期限", f"there is no kind of deadline '{name}'"),
                where=f"plumbline.toml [workbench.ladders] {name}",
                hint=Text(f"可用：{known}", f"there are: {known}"),
            )
        _steps(name, steps)


def _steps(name: str, said: Any) -> tuple[Step, ...]:
    """Each later than the one before, and the last when the deadline is over: somebody hears of it then."""
    if not isinstance(said, list) or not said:
        raise _wrong(name, f"{said!r}")
    steps = []
    for each in said:
        match each:
            case [int(days), str(level)] if abs(days) <= _FARTHEST and level in _LEVELS:
                steps.append(Step(days, _LEVELS[level]))
            case _:
                raise _wrong(name, f"{each!r}")
    order = [step.working_days for step in steps]
    if order != sorted(set(order)):
        raise _wrong(
            name, f"{order}", Text("按先后次序写，每天一级", "in their order, one step a day")
        )
    if order[-1] < 0:
        raise _wrong(
            name, f"{order}", Text("到期后须有人知道", "somebody must hear of it once it is over")
        )
    return tuple(steps)


def _wrong(name: str, said: str, why: Text | None = None) -> DeclarationError:
    return DeclarationError(
        Text(f"{said} 不是提醒阶梯", f"{said} is no ladder"),
        where=f"plumbline.toml [workbench.ladders] {name}".rstrip(),
        hint=why or Text(
            f'写成 [[-1, "handler"], [0, "handler"], [1, "head"]]；可用 {", ".join(_LEVELS)}',
            f'write [[-1, "handler"], [0, "handler"], [1, "head"]]; there are {", ".join(_LEVELS)}',
        ),
    )  # fmt: skip


def passed(kind: str, due_at: datetime, at: datetime, days: Calendar) -> int:
    """How many steps of its ladder lie behind a deadline that ends then."""
    return sum(step.moment(due_at, days) <= at for step in ladder(kind))


def next_at(kind: str, due_at: datetime, step: int, days: Calendar) -> datetime | None:
    """When the sweep is to look at it after so many steps; none at the top of the ladder."""
    steps = ladder(kind)
    return steps[step].moment(due_at, days) if step < len(steps) else None
