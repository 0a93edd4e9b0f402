"""Reads of personal data as rows for the model of unusual look-ups: from the trail, by the night's worker.

Whose data was read is a digest there already, and stays one. A file is somebody's own where they did something about
it other than reading, or verify it; work is done for others where a file is their principal's, in the days of a
delegation. Who is on duty the office writes into `duty.csv` in its workspace, with the heads `account,from,until` and
times such as `2026-02-16 08:00`; without it nobody is.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import calendar, day_of
from plumbline.loop.disposal.models import Disposal, Verifier
from plumbline.loop.supervision.look_ups.intake import collide_look_ups
from plumbline.org.models import Delegation, Grant, User
from plumbline.trail.actions import READ, record
from plumbline.trail.models import Entry, Reading

DAYS = timedelta(days=30)
_EVENING, _MORNING = time(22), time(6)
_SEARCH = "search"
#: Acts that are nothing but looking.
_LOOKING = (READ, "warning.read", "disposal.read", "person.look_up_refused")
_DUTY = "duty.csv"


class DutyError(PlumblineError):
    """The list of who is on duty cannot be read."""


@dataclass
class _Day:
    """Whom one reader saw on one day, by digest."""

    persons: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    delegated: set[str] = field(default_factory=set)
    on_duty: set[str] = field(default_factory=set)
    at_night: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    entries: list[int] = field(default_factory=list)


def work(at: datetime | None = None) -> str:
    """Hold the reads of the last thirty days against the model; only the auditors' page tells what it finds."""
    at = at or timezone.now()
    rows = rows_of(at)
    found = collide_look_ups(rows, at)
    with transaction.atomic():
        record("look_ups.examined", subject="trail:look_ups", by=None, at=at,
               days=len(rows["look_up_days"]), warnings=found)  # fmt: skip
    return f"days {len(rows['look_up_days'])}, warnings {found}"


def rows_of(at: datetime) -> dict[str, list[dict[str, Any]]]:
    """The rows of both datasets, by header."""
    known = _Known(at)
    each, days = [], defaultdict[tuple[str, date], _Day](_Day)
    for read in known.reads():
        day = days[read.reader, read.on]
        kinds = {
            "own": read.own, "delegated": read.delegated, "on_duty": read.on_duty, "at_night": read.at_night,
        }  # fmt: skip
        for name in ("persons", *(kind for kind, holds in kinds.items() if holds)):
            getattr(day, name).add(read.whom)
        day.files |= {read.file} - {_SEARCH}
        day.entries.append(read.entry)
        each.append({
            "留痕号": read.entry, "账号": read.reader, "日期": read.on, "时间": f"{read.at:%Y-%m-%d %H:%M}",
            "被查看人摘要": read.whom, "页面": read.page, "案卷号": read.case, "用途": read.purpose,
            "本人承办": _yes(read.own), "代办": _yes(read.delegated), "值班": _yes(read.on_duty),
            "夜间": _yes(read.at_night), "休息日": _yes(known.rests(read.on)),
        })  # fmt: skip
    accounts = {reader for reader, _ in days}
    names = dict(User.objects.filter(username__in=accounts).values_list("username", "name"))
    units = _units(accounts, day_of(at))
    period = f"{day_of(at - DAYS)}..{day_of(at)}"
    told = []
    for (reader, on), day in sorted(days.items()):
        # Somebody seen in an own file, and in another's as well, needs no other reason.
        delegated = day.delegated - day.own
        on_duty = day.on_duty - day.own - delegated
        told.append({
            "账号": reader, "查看人": names.get(reader, ""), "单位": units.get(reader, ""), "日期": on, "比较期": period,
            "查看人数": len(day.persons), "承办案卷人数": len(day.own), "代办人数": len(delegated),
            "值班人数": len(on_duty), "夜间人数": len(day.at_night), "休息日": _yes(known.rests(on)),
            "案卷数": len(day.files), "首条留痕": min(day.entries), "末条留痕": max(day.entries),
        })  # fmt: skip
    return {"look_up_days": told, "look_ups": each}


def _units(accounts: set[str], on: date) -> dict[str, str]:
    """Account -> the body somebody works in, or the unit."""
    grants = Grant.objects.on(on).filter(user__username__in=accounts).order_by("-pk")
    return {
        account: body or unit or own or ""
        for account, body, unit, own in grants.values_list(
            "user__username", "body__name", "unit__name", "user__unit__name"
        )
    }


def _yes(holds: bool) -> str:  # noqa: FBT001 -- a cell
    return "是" if holds else "否"


@dataclass(frozen=True)
class _Read:
    entry: int
    reader: str
    at: datetime
    on: date
    whom: str
    page: str
    file: str
    case: str
    purpose: str
    own: bool
    delegated: bool
    on_duty: bool
    at_night: bool


class _Known:
    """What has to be known of the office to tell one look from another."""

    def __init__(self, at: datetime) -> None:
        self.at, self.zone = at, timezone.get_default_timezone()
        self.calendar = calendar()
        self.files = {
            f"disposal:{pk}": f"warning:{warning}"
            for pk, warning in Disposal.objects.values_list("pk", "warning_id")
        }
        self.worked = {
            (actor, self.file(subject))
            for actor, subject in Entry.objects.exclude(action__in=_LOOKING)
            .values_list("actor", "subject").distinct()
        } | {
            (user, f"warning:{warning}")
            for user, warning in Verifier.objects.values_list("user__username", "disposal__warning")
        }  # fmt: skip
        self.principals = defaultdict[str, list[tuple[str, date, date]]](list)
        for deputy, principal, first, last in Delegation.objects.filter(withdrawn_at=None).values_list(
            "deputy__username", "principal__username", "starts_on", "ends_on"
        ):  # fmt: skip
            self.principals[deputy].append((principal, first, last))
        self.duty = _duty(Path(settings.WORKSPACE) / _DUTY)

    def file(self, page: str) -> str:
        """What a page belongs to: a disposal to its warning."""
        return self.files.get(page, page)

    def rests(self, on: date) -> bool:
        return not self.calendar.is_working(on)

    def reads(self) -> Iterator[_Read]:
        """Each person of each read of the last thirty days."""
        found = (
            Reading.objects.filter(
                entry__action=READ, entry__at__gt=self.at - DAYS, entry__at__lte=self.at
            )
            .order_by("entry", "whom")
            .values_list(
                "entry", "entry__at", "entry__actor", "entry__subject", "entry__on_behalf",
                "entry__reason", "entry__detail", "whom",
            )
        )  # fmt: skip
        for entry, at, reader, page, on_behalf, purpose, detail, whom in found.iterator():
            local = at.astimezone(self.zone)
            on, file = local.date(), self.file(page)
            own = (reader, file) in self.worked
            theirs = {p for p, first, last in self.principals[reader] if first <= on <= last}
            delegated = bool(on_behalf) or any((p, file) in self.worked for p in theirs)
            yield _Read(
                entry, reader, local, on, whom, page, file, str(detail.get("case", "")), purpose,
                own=own, delegated=delegated and not own,
                on_duty=any(first <= at < last for first, last in self.duty.get(reader, ())),
                at_night=not _MORNING <= local.time() < _EVENING,
            )  # fmt: skip


def _duty(path: Path) -> dict[str, list[tuple[datetime, datetime]]]:
    """Account -> when it is on duty.

    Raises:
        DutyError: a line cannot be read.
    """
    found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    if not path.is_file():
        return found
    zone = timezone.get_default_timezone()
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                first, last = (
                    datetime.fromisoformat(row[name].strip()).replace(tzinfo=zone)
                    for name in ("from", "until")
                )
                found[row["account"].strip()].append((first, last))
            except (KeyError, ValueError, AttributeError):
                raise DutyError(
                    Text("值班表这一行读不懂", "a line of the duty list cannot be read"),
                    where=f"{path.name}:{line}",
                    hint=Text(
                        "表头为 account,from,until，时间如 2026-02-16 08:00",
                        "its heads are account,from,until, and times such as 2026-02-16 08:00",
                    ),
                ) from None
    return found
