"""Deadlines start and stop with the act that moves their subject; pauses and extensions are acts themselves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock import ladder
from plumbline.kit.clock.calendar import calendar, close, day_of
from plumbline.kit.clock.models import Due, Pause, WorkingCalendar
from plumbline.kit.clock.queries import end_of, open_pause
from plumbline.trail.actions import Actor, record

_BATCH = 1000


class DeadlineError(PlumblineError):
    """A deadline does not allow this: over, paused, running already, or something is missing."""


@dataclass(frozen=True)
class Starting:
    """A deadline that begins with an act: of which kind (`ladder.KINDS`), and how long it is.

    Attributes:
        until: its last day by the calendar, in place of working days (一个月); where that is not worked, it
            ends with the next working day (民法典 203).
    """

    kind: str
    working_days: int = 0
    until: date | None = None


@transaction.atomic
def start(subject: str, what: Starting, *, at: datetime) -> Due:
    """Let a deadline run, as part of the act that the trail tells of.

    It ends as the last of its working days closes; the day it starts on is none of them (民法典 201).

    Raises:
        DeadlineError: the subject has a running deadline of this kind, or no day is given.
    """
    where = f"{subject} {what.kind}"
    if what.working_days < 1 and (what.until is None or what.until <= day_of(at)):
        raise DeadlineError(
            Text("期限至少一个工作日", "a deadline has a working day at least"), where=where
        )
    days = calendar()
    first = days.add(what.until, 0) if what.until else day_of(at)
    due_at = close(days.add(first, what.working_days))
    step = ladder.passed(what.kind, due_at, at, days)
    try:
        with transaction.atomic():
            return Due.objects.create(
                subject=subject, kind=what.kind, started_at=at, working_days=what.working_days, until=what.until,
                due_at=due_at, step=step, next_at=ladder.next_at(what.kind, due_at, step, days),
            )  # fmt: skip
    except IntegrityError:
        raise DeadlineError(
            Text("这一期限已在计算", "this deadline is running already"), where=where
        ) from None


@transaction.atomic
def stop(subject: str, *kinds: str, at: datetime) -> int:
    """End running deadlines of a subject, and their pauses, as part of the act that the trail tells of.

    Args:
        kinds: which; all of them, if none is named.

    Returns:
        How many ended.
    """
    found = Due.objects.filter(subject=subject, stopped_at=None)
    if kinds:
        found = found.filter(kind__in=kinds)
    stopped = list(found.select_for_update().values_list("pk", flat=True))
    Pause.objects.filter(due__in=stopped, ends_at=None).update(ends_at=at)
    return Due.objects.filter(pk__in=stopped, stopped_at=None).update(stopped_at=at, next_at=None)


@transaction.atomic
def pause(
    due: Due,
    *,
    by: Actor | None,
    at: datetime,
    document: str,
    reason: str,
    on_behalf: Actor | None = None,
) -> Pause:
    """Stop the clock, on the strength of a document.

    Args:
        on_behalf: whose work a deputy does, as in the acts below.

    Raises:
        DeadlineError: no document or reason; or it is over, overdue, or paused already.
    """
    _say_why(due, document, Text("请写明文号", "name the document"))
    _say_why(due, reason)
    held = _running(due)
    if at > held.due_at:
        raise DeadlineError(
            Text("期限已过，不能再暂停", "it is overdue, too late for a pause"),
            where=str(due),
            hint=Text("如确需更多时间，请申请延期", "ask for an extension instead"),
        )
    if open_pause(held):
        raise DeadlineError(Text("已经暂停", "it is paused already"), where=str(due))
    Due.objects.filter(pk=due.pk, stopped_at=None).update(next_at=None)
    made = Pause.objects.create(due=held, starts_at=at, document=document.strip(), reason=reason)
    _tell("paused", held, by=by, at=at, reason=reason, on_behalf=on_behalf, document=made.document)
    due.refresh_from_db()
    return made


@transaction.atomic
def resume(due: Due, *, by: Actor | None, at: datetime, on_behalf: Actor | None = None) -> Due:
    """Let the clock go on; its end moves by the working days of the pause.

    Raises:
        DeadlineError: it is over, or not paused.
    """
    held = _running(due)
    found = open_pause(held)
    if found is None or at < found.starts_at:
        raise DeadlineError(Text("没有暂停，不能恢复", "it is not paused"), where=str(due))
    Pause.objects.filter(pk=found.pk, ends_at=None).update(ends_at=at)
    held = _running(due)
    before, held.due_at = held.due_at, end_of(held)
    held.next_at = ladder.next_at(held.kind, held.due_at, held.step, calendar())
    held.save(update_fields=["due_at", "next_at"])
    _tell("resumed", held, by=by, at=at, on_behalf=on_behalf, document=found.document,
          **_moved(before, held))  # fmt: skip
    due.refresh_from_db()
    return due


@transaction.atomic
def extend(
    due: Due,
    *,
    by: Actor | None,
    at: datetime,
    working_days: int,
    reason: str,
    on_behalf: Actor | None = None,
) -> Due:
    """Give more time; its reminders come anew before the new end.

    Raises:
        DeadlineError: no reason, no days, or it is over.
    """
    _say_why(due, reason)
    if working_days < 1:
        raise DeadlineError(
            Text("至少延长一个工作日", "extend it by a working day at least"), where=str(due)
        )
    held = _running(due)
    before = held.due_at
    held.working_days += working_days
    _let_end(held, end_of(held), at)
    _tell("extended", held, by=by, at=at, reason=reason, on_behalf=on_behalf,
          working_days=working_days, **_moved(before, held))  # fmt: skip
    due.refresh_from_db()
    return due


@transaction.atomic
def adopt_calendar(*, at: datetime, by: Actor | None = None) -> int:
    """Count running deadlines anew where the calendar has changed since it was last done.

    Returns:
        How many of them moved; each has its own row on the trail.

    Raises:
        DeclarationError: a file of the office's calendar is wrong; nothing was changed.
    """
    days = calendar(strict=True)
    known = WorkingCalendar.objects.order_by("-at", "-pk").first()
    if known and known.fingerprint == days.fingerprint:
        return 0
    adopted = WorkingCalendar.objects.create(
        fingerprint=days.fingerprint, years=sorted(days.years), at=at
    )
    moved = 0
    found = Due.objects.filter(stopped_at=None).order_by("pk").select_for_update()
    for held in found.prefetch_related("pauses").iterator(chunk_size=_BATCH):
        before, now = held.due_at, end_of(held)
        if now == before:
            continue
        _let_end(held, now, at)
        _tell("recounted", held, by=by, at=at, calendar=adopted.fingerprint, **_moved(before, held))
        moved += 1
    record("calendar.adopted", subject=f"calendar:{adopted.pk}", by=by, at=at,
           fingerprint=adopted.fingerprint, years=adopted.years, moved=moved)  # fmt: skip
    return moved


def sweep(at: datetime) -> int:
    """Make the notices that are due, in batches of one transaction each.

    Two sweeps at once share the work. Whatever was missed while nothing ran makes one notice for each
    deadline, that of the latest step; the others are counted in it.

    Returns:
        How many notices were made.
    """
    made = 0
    while taken := _sweep_batch(at):
        made += taken
    return made


@transaction.atomic
def _sweep_batch(at: datetime) -> int:
    days = calendar()
    # Rows that another sweep holds are its own; on SQLite a transaction that writes is alone anyway.
    batch = list(
        Due.objects.filter(stopped_at=None, next_at__lte=at)
        .order_by("next_at")
        .select_for_update(skip_locked=True)
        .values_list("pk", "kind", "due_at", "step")[:_BATCH]
    )
    alike: defaultdict[tuple[str, datetime, int], list[int]] = defaultdict(list)
    for pk, kind, due_at, step in batch:
        alike[kind, due_at, step].append(pk)
    told = 0
    for (kind, due_at, step), found in alike.items():
        done = ladder.passed(kind, due_at, at, days)
        if done > step:  # otherwise the calendar moved it away
            _notice(
                found,
                at,
                step=done - 1,
                taken=ladder.ladder(kind)[done - 1],
                skipped=done - 1 - step,
            )
            told += len(found)
        Due.objects.filter(pk__in=found, step=step, stopped_at=None).update(
            step=done, next_at=ladder.next_at(kind, due_at, done, days)
        )
    if told:
        record("deadline.told", subject="deadline:all", by=None, at=at, notices=told)
    return len(batch)


def _notice(dues: list[int], at: datetime, *, step: int, taken: ladder.Step, skipped: int) -> None:
    """Notices of deadlines that are alike, in one statement; an end that was moved and moved back is told once."""
    marks = ", ".join(["%s"] * len(dues))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO clock_notice (due_id, due_at, step, level, at, working_days, skipped)
            SELECT id, due_at, %s, %s, %s, %s, %s FROM clock_due WHERE id IN ({marks})
            ON CONFLICT DO NOTHING
            """,  # noqa: S608 -- marks alone; whatever comes from outside is bound
            [step, taken.level.value, connection.ops.adapt_datetimefield_value(at),
             taken.working_days, skipped, *dues],
        )  # fmt: skip


def _running(due: Due) -> Due:
    """The row as it is now, held until the transaction ends."""
    held = Due.objects.select_for_update().filter(pk=due.pk, stopped_at=None).first()
    if held is None:
        raise DeadlineError(Text("期限已经结束", "this deadline is over"), where=str(due))
    return held


def _let_end(due: Due, due_at: datetime, at: datetime) -> None:
    """Move an end. Steps that lie ahead again come again; those that are missing now are not lost."""
    days = calendar()
    due.due_at, due.step = due_at, min(due.step, ladder.passed(due.kind, due_at, at, days))
    due.next_at = None if open_pause(due) else ladder.next_at(due.kind, due_at, due.step, days)
    due.save(update_fields=["working_days", "due_at", "step", "next_at"])


def _say_why(
    due: Due,
    said: str,
    wanted: Text = Text("请写明理由", "say why"),  # noqa: B008 -- immutable
) -> None:
    if not said.strip():
        raise DeadlineError(wanted, where=str(due))


def _tell(
    past: str,
    due: Due,
    *,
    by: Actor | None,
    at: datetime,
    reason: str = "",
    on_behalf: Actor | None = None,
    **detail: Any,
) -> None:
    record(f"deadline.{past}", subject=due.subject, by=by, at=at, reason=reason,
           on_behalf=on_behalf, due=due.pk, kind=due.kind, **detail)  # fmt: skip


def _moved(before: datetime, due: Due) -> dict[str, Any]:
    return {"from": f"{day_of(before)}", "to": f"{day_of(due.due_at)}"}
