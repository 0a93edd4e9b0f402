"""Who hears of a deadline, and when: reminders before its end, and upwards once it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plumbline.bilingual import say
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

LADDERS: dict[str, tuple[Step, ...]] = dict.fromkeys(KINDS, STANDARD)


def passed(kind: str, due_at: datetime, at: datetime, days: Calendar) -> int:
    """How many steps of its ladder lie behind a deadline that ends then."""
    return sum(step.moment(due_at, days) <= at for step in LADDERS[kind])


def next_at(kind: str, due_at: datetime, step: int, days: Calendar) -> datetime | None:
    """When the sweep is to look at it after so many steps; none at the top of the ladder."""
    steps = LADDERS[kind]
    return steps[step].moment(due_at, days) if step < len(steps) else None
