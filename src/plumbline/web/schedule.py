"""What is done of itself, and when; in this order where several fall due at once.

    [workbench]
    night = "01:30"        # when deliveries are taken in and collide, in the office's own time

A machine that was off at that hour does it when it is next on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_tasks.base import Task

from plumbline.errors import DeclarationError, Text
from plumbline.kit.clock.actions import adopt_calendar, sweep
from plumbline.loop.closure import tasks as closure
from plumbline.loop.disposal import tasks as disposal
from plumbline.loop.disposal.exporting.actions import lapse
from plumbline.trail.anchor import anchor
from plumbline.trail.sealing import seal
from plumbline.web import tasks
from plumbline.web.cockpit.counting import fold, recount
from plumbline.web.programs.tasks import tell

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Every:
    """At every multiple of so many seconds."""

    seconds: int

    def after(self, at: datetime) -> datetime:
        whole = timedelta(seconds=self.seconds)
        return at - (at - _EPOCH) % whole + whole

    def __str__(self) -> str:
        return f"every {self.seconds} s"


@dataclass(frozen=True)
class Daily:
    """Once a day, by the office's clock."""

    time: time

    def after(self, at: datetime) -> datetime:
        zone = timezone.get_default_timezone()
        local = at.astimezone(zone)
        there = datetime.combine(local.date(), self.time, zone)
        return there if there > at else datetime.combine(local + timedelta(days=1), self.time, zone)

    def __str__(self) -> str:
        return f"daily {self.time:%H:%M}"


@dataclass(frozen=True)
class Entry:
    """One thing to be done.

    Attributes:
        run: short work, done by whoever moves the clock on; it is harmless to do it twice.
        task: long work, put into the queue in the same transaction.
    """

    name: str
    says: Text
    rhythm: Every | Daily
    run: Callable[[datetime], object] | None = None
    task: Task[[str], Any] | None = None


def night() -> time:
    """When the day's deliveries are worked, as the office has set it.

    Raises:
        DeclarationError: the setting is no time of day.
    """
    said = settings.WORKBENCH.get("night", "01:30")
    try:
        return said if isinstance(said, time) else time.fromisoformat(said)
    except (TypeError, ValueError):
        raise DeclarationError(
            Text(f"“{said}”不是时刻", f"'{said}' is no time of day"),
            where="plumbline.toml [workbench] night",
            hint=Text('写成 night = "01:30"', 'write night = "01:30"'),
        ) from None


def _seal(at: datetime) -> None:
    seal(at=at)


def _anchor(at: datetime) -> None:
    for place in anchor(at=at):
        if place.fault:
            raise place.fault


def _calendar(at: datetime) -> None:
    adopt_calendar(at=at)


def schedule() -> tuple[Entry, ...]:
    """All entries."""
    return (
        Entry("seal", Text("封存留痕", "Sealing the trail"), Every(5), run=_seal),
        Entry("anchor", Text("外存树头", "Heads kept outside"), Every(60), run=_anchor),
        Entry("sweep", Text("期限提醒", "Reminders of deadlines"), Every(60), run=sweep),
        Entry("lapse", Text("到期的导出", "Exports whose time is over"), Every(600), run=lapse),
        Entry("tell", Text("通知程序", "Telling programs"), Every(10), run=tell),
        Entry("calendar", Text("节假日安排", "Holidays announced"), Every(600), run=_calendar),
        Entry("asked", Text("办理页面上的请求", "What people asked for"), Every(3), run=tasks.ask),
        Entry(
            "night",
            Text("夜间接收与碰撞", "Deliveries taken in, and collisions"),
            Daily(night()),
            task=tasks.night,
        ),
        Entry(
            "carry_out",
            Text("落实处置结论", "Findings told to the engine and to departments"),
            Every(300),
            task=disposal.carry_out,
        ),
        Entry(
            "problems",
            Text("汇集治理问题", "Gathering governance problems"),
            Daily(time(5)),
            task=closure.propose_problems,
        ),
        Entry(
            "effects",
            Text("衡量制度成效", "Measuring the effect of mechanisms"),
            Daily(time(5, 30)),
            task=closure.measure_effects,
        ),
        Entry(
            "look_ups",
            Text("比对查看个人信息的留痕", "Reads of personal data held against the model"),
            Daily(time(5, 45)),
            task=tasks.look_ups,
        ),
        Entry("fold", Text("合并计数", "Counts added together"), Every(600), run=fold),
        Entry(
            "recount", Text("重新核对计数", "Counts worked out anew"), Daily(time(4)), run=recount
        ),
        Entry("tidy", Text("清理", "Clearing up"), Daily(time(4, 30)), task=tasks.tidy),
    )
