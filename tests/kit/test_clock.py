"""Deadlines: they start and stop, pause on a document, are extended, tell upwards, and follow the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import DeclarationError
from plumbline.kit.clock import ladder, queries
from plumbline.kit.clock.actions import (
    DeadlineError,
    Starting,
    adopt_calendar,
    extend,
    pause,
    resume,
    start,
    stop,
    sweep,
)
from plumbline.kit.clock.calendar import announced, calendar, close, day_of
from plumbline.kit.clock.ladder import KINDS, STANDARD, Step, next_at, passed
from plumbline.kit.clock.models import Due, Level, Notice, Pause, WorkingCalendar
from plumbline.trail.models import Entry
from tests import people
from tests.examples import at_most

NOW = people.NOW  # Wednesday 18 March 2026, ten in the morning
DAYS = announced()


def at(day: int, hour: int = 10, month: int = 3) -> datetime:
    """A moment in Shanghai in the spring of 2026."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def begun(kind: str = "report", working_days: int = 5, subject: str = "disposal:1") -> Due:
    return start(subject, Starting(kind, working_days), at=NOW)


def ends_on(due: Due) -> date:
    due.refresh_from_db()
    return day_of(due.due_at)


# -- starting and stopping -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_deadline_ends_as_its_last_working_day_closes() -> None:
    due = begun(working_days=5)
    assert due.due_at == close(date(2026, 3, 25))
    assert due.due_at == at(26, 0) - timedelta(seconds=1)
    assert list(queries.running("disposal:1")) == [due]


@pytest.mark.django_db
def test_a_kind_runs_once_for_a_subject() -> None:
    begun("sign")
    with pytest.raises(DeadlineError, match="running already"):
        begun("sign")
    begun("report")
    assert Due.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("working_days", [0, -3])
def test_a_deadline_has_a_day_at_least(working_days: int) -> None:
    with pytest.raises(DeadlineError):
        begun(working_days=working_days)


@pytest.mark.django_db
def test_a_kind_without_a_ladder_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        begun("dance")


@pytest.mark.django_db
def test_only_the_kinds_that_are_named_stop() -> None:
    signing, reporting = begun("sign"), begun("report")
    assert stop("disposal:1", "sign", at=at(19)) == 1
    signing.refresh_from_db()
    assert (signing.stopped_at, signing.next_at) == (at(19), None)
    assert list(queries.running("disposal:1")) == [reporting]
    assert stop("disposal:1", at=at(20)) == 1
    assert stop("disposal:1", at=at(20)) == 0
    begun("sign")  # and may begin anew


@pytest.mark.django_db
def test_what_stops_while_it_is_paused_ends_its_pause() -> None:
    due = begun()
    pause(due, by=None, at=at(19), document="青纪函〔2026〕3号", reason="等待鉴定")
    stop("disposal:1", at=at(20))
    assert Pause.objects.get().ends_at == at(20)


# -- how long there is ---------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "working_days", "hours", "overdue"),
    [
        (at(18), 5, 181, False),
        (at(20, 18), 3, 125, False),
        (at(21, 9), 3, 110, False),  # a Saturday
        (at(25, 10), 0, 13, False),
        (at(25, 23), 0, 0, False),
        (at(26, 0), -1, -1, True),
        (at(28, 12), -2, -1, True),  # a Saturday again
    ],
)
def test_how_long_there_is(moment: datetime, working_days: int, hours: int, overdue: bool) -> None:  # noqa: FBT001
    left = queries.remaining(begun(), moment)
    assert (left.working_days, left.hours, left.overdue) == (working_days, hours, overdue)
    assert not left.paused


@pytest.mark.django_db
def test_what_was_done_in_time_is_not_overdue_later() -> None:
    due = begun()
    stop("disposal:1", at=at(24))
    due.refresh_from_db()
    assert not queries.remaining(due, at(1, month=6)).overdue


@pytest.mark.django_db
def test_lists_of_deadlines_leave_out_what_stopped_and_what_is_paused() -> None:
    soon, later, paused, done = (
        start(f"disposal:{n}", Starting("report", days), at=NOW)
        for n, days in enumerate([2, 9, 2, 2])
    )
    pause(paused, by=None, at=NOW, document="函", reason="等待鉴定")
    stop(done.subject, at=NOW)
    assert list(queries.due_between(NOW, at(20, 23))) == []
    assert list(queries.due_between(NOW, at(21, 0))) == [soon]
    assert list(queries.overdue(at(20, 23))) == []
    assert list(queries.overdue(at(23))) == [soon]
    assert list(queries.overdue(at(30, month=4))) == [soon, later]


@pytest.mark.django_db
def test_a_deadline_in_a_year_not_yet_announced_says_so(tmp_path: Path, settings: Any) -> None:
    settings.WORKSPACE = tmp_path
    late = start("disposal:1", Starting("report", 5), at=datetime(2026, 12, 30, 2, tzinfo=UTC))
    said = queries.remark(late)
    assert said is not None
    assert "2027" in said.en
    assert queries.remark(begun(subject="disposal:2")) is None


# -- pauses and extensions -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_pause_moves_the_end_by_its_working_days() -> None:
    cast = people.cast()
    due = begun()  # to Wednesday 25 March
    pause(due, by=cast.li, at=at(19), document=" 青纪函〔2026〕3号 ", reason="等待鉴定")
    assert due.next_at is None
    left = queries.remaining(due, at(23))
    assert (left.working_days, left.paused) == (4, True)  # as on the 19th
    resume(due, by=cast.li, at=at(24))  # Thursday, Friday and Monday were lost
    assert ends_on(due) == date(2026, 3, 30)
    told = list(Entry.objects.order_by("pk").values_list("action", "actor", "subject", "reason"))
    assert told == [
        ("deadline.paused", "li", "disposal:1", "等待鉴定"),
        ("deadline.resumed", "li", "disposal:1", ""),
    ]
    assert Entry.objects.latest("pk").detail == {
        "due": due.pk, "kind": "report", "document": "青纪函〔2026〕3号",
        "from": "2026-03-25", "to": "2026-03-30",
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("document", "reason"), [("", "等待鉴定"), ("  ", "等待鉴定"), ("函", ""), ("函", " ")]
)
def test_a_pause_needs_a_document_and_a_reason(document: str, reason: str) -> None:
    due = begun()
    with pytest.raises(DeadlineError):
        pause(due, by=None, at=NOW, document=document, reason=reason)
    assert not Pause.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_the_database_too_refuses_a_pause_without_a_document() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.create(due=begun(), starts_at=NOW, document="", reason="等待鉴定")


@pytest.mark.django_db
def test_a_pause_cannot_save_what_is_overdue_nor_be_doubled() -> None:
    due = begun()
    with pytest.raises(DeadlineError, match="overdue"):
        pause(due, by=None, at=at(26), document="函", reason="等待鉴定")
    pause(due, by=None, at=at(25, 23), document="函", reason="等待鉴定")
    with pytest.raises(DeadlineError, match="already"):
        pause(due, by=None, at=at(25, 23), document="函", reason="等待鉴定")
    with pytest.raises(DeadlineError):
        resume(due, by=None, at=at(25, 22))  # before it began
    resume(due, by=None, at=at(28))  # a Saturday: the day that was left is the next working day
    assert ends_on(due) == date(2026, 3, 30)
    with pytest.raises(DeadlineError, match="not paused"):
        resume(due, by=None, at=at(28))


@pytest.mark.django_db
def test_what_is_over_is_neither_paused_nor_resumed_nor_extended() -> None:
    due = begun()
    stop("disposal:1", at=NOW)
    with pytest.raises(DeadlineError, match="over"):
        pause(due, by=None, at=NOW, document="函", reason="等待鉴定")
    with pytest.raises(DeadlineError, match="over"):
        resume(due, by=None, at=NOW)
    with pytest.raises(DeadlineError, match="over"):
        extend(due, by=None, at=NOW, working_days=2, reason="情况复杂")
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_an_extension_needs_a_reason_and_is_told() -> None:
    due = begun()
    with pytest.raises(DeadlineError, match="say why"):
        extend(due, by=None, at=NOW, working_days=2, reason=" ")
    with pytest.raises(DeadlineError):
        extend(due, by=None, at=NOW, working_days=0, reason="情况复杂")
    extend(due, by=people.cast().head, at=at(24), working_days=5, reason="情况复杂")
    assert ends_on(due) == date(2026, 4, 1)
    told = Entry.objects.get()
    assert (told.action, told.actor, told.detail["working_days"]) == (
        "deadline.extended",
        "head",
        5,
    )
    assert (told.detail["from"], told.detail["to"]) == ("2026-03-25", "2026-04-01")


@pytest.mark.django_db
def test_an_extended_deadline_is_reminded_of_anew() -> None:
    due = begun()
    sweep(at(24, 1))
    assert [n.working_days for n in queries.notices()] == [-1]
    extend(due, by=None, at=at(24), working_days=5, reason="情况复杂")  # to Wednesday 1 April
    assert sweep(at(26)) == 0
    sweep(at(27))
    sweep(at(31))
    assert [(n.working_days, n.level) for n in queries.notices()] == [(-1, 0), (-3, 0), (-1, 0)]


@pytest.mark.django_db
def test_an_extension_of_what_is_paused_does_not_let_it_run() -> None:
    due = begun()
    pause(due, by=None, at=at(19), document="函", reason="等待鉴定")
    extend(due, by=None, at=at(20), working_days=2, reason="情况复杂")
    due.refresh_from_db()
    assert due.next_at is None
    assert sweep(at(30, month=6)) == 0
    resume(due, by=None, at=at(20))
    assert ends_on(due) == date(2026, 3, 30)  # two by the extension, one by the pause


@pytest.mark.django_db
def test_a_month_by_the_calendar_ends_with_a_working_day_and_is_extended_from_there() -> None:
    due = start("lead:1", Starting("lead", until=date(2026, 4, 18)), at=NOW)  # a Saturday
    assert ends_on(due) == date(2026, 4, 20)
    pause(due, by=None, at=at(1, month=4), document="函", reason="等待鉴定")
    resume(due, by=None, at=at(2, month=4))
    assert ends_on(due) == date(2026, 4, 21)
    extend(due, by=None, at=at(2, month=4), working_days=1, reason="情况复杂")
    assert ends_on(due) == date(2026, 4, 22)
    with pytest.raises(DeadlineError):
        start("lead:2", Starting("lead", until=date(2026, 3, 18)), at=NOW)


@pytest.mark.django_db(transaction=True)
@at_most(20)
@given(
    given_days=st.integers(1, 20),
    acts=st.lists(
        st.tuples(st.sampled_from(["pause", "extend"]), st.integers(0, 4), st.integers(0, 12)),
        max_size=4,
    ),
)
def test_nobody_gains_or_loses_a_working_day(
    given_days: int, acts: list[tuple[str, int, int]]
) -> None:
    """Working days on which the clock ran are always those that were given."""
    due = start("disposal:1", Starting("report", given_days), at=NOW)
    try:
        now, lost, more = NOW, 0, 0
        for act, wait, length in acts:
            now += timedelta(days=wait)
            if now > due.due_at:
                break
            if act == "pause":
                pause(due, by=None, at=now, document="函", reason="等待鉴定")
                before = day_of(now)
                now += timedelta(days=length)
                resume(due, by=None, at=now)
                lost += DAYS.count(before - timedelta(days=1), day_of(now) - timedelta(days=1))
            elif length:
                extend(due, by=None, at=now, working_days=length, reason="情况复杂")
                more += length
        assert DAYS.is_working(ends_on(due))
        assert DAYS.count(day_of(NOW), ends_on(due)) == given_days + more + lost
        assert due.due_at == queries.end_of(due)
    finally:
        due.delete()


# -- the ladder ----------------------------------------------------------------------------------


def test_every_kind_has_a_ladder_that_climbs() -> None:
    for kind in KINDS:
        steps = ladder.ladder(kind)
        assert [s.working_days for s in steps] == sorted({s.working_days for s in steps})
        assert [s.level for s in steps] == sorted(s.level for s in steps)


def test_an_office_sets_a_ladder_of_its_own(settings: Any) -> None:
    settings.WORKBENCH = {"ladders": {"sign": [[-1, "handler"], [0, "head"], [2, "secretary"]]}}
    ladder.check()
    assert ladder.ladder("sign") == (
        Step(-1, Level.HANDLER),
        Step(0, Level.HEAD),
        Step(2, Level.SECRETARY),
    )
    assert ladder.ladder("report") == STANDARD
    settings.WORKBENCH["ladders"]["standard"] = [[0, "handler"]]
    assert ladder.ladder("report") == (Step(0, Level.HANDLER),)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"dance": [[0, "head"]]}, "no kind of deadline 'dance'"),
        ({"sign": []}, "is no ladder"),
        ({"sign": [[0, "mayor"]]}, "is no ladder"),
        ({"sign": [["soon", "head"]]}, "is no ladder"),
        ({"sign": [[1, "head"], [0, "handler"]]}, "in their order"),
        ({"sign": [[0, "head"], [0, "handler"]]}, "one step a day"),
        ({"sign": [[-3, "handler"], [-1, "handler"]]}, "must hear of it"),
        ({"sign": [[1000, "handler"]]}, "is no ladder"),
        ([["sign"]], "is no ladder"),
    ],
    ids=range(9),
)
def test_what_is_no_ladder_is_told_with_its_place(settings: Any, said: Any, why: str) -> None:
    settings.WORKBENCH = {"ladders": said}
    with pytest.raises(DeclarationError, match=why) as refused:
        ladder.check()
    assert "[workbench.ladders]" in str(refused.value)


@pytest.mark.django_db
def test_a_deadline_climbs_the_office_s_ladder(settings: Any) -> None:
    settings.WORKBENCH = {"ladders": {"sign": [[0, "head"], [1, "secretary"]]}}
    due = begun("sign", working_days=2)  # to Friday 20 March
    assert sweep(at(20)) == 0
    assert sweep(at(21)) == 1
    assert sweep(at(24)) == 1
    told = [(each.working_days, each.level) for each in due.notices.order_by("pk")]
    assert told == [(0, Level.HEAD), (1, Level.SECRETARY)]
    due.refresh_from_db()
    assert due.next_at is None


@given(day=st.dates(date(2024, 1, 1), date(2026, 11, 30)), kind=st.sampled_from(sorted(KINDS)))
def test_steps_come_in_their_order(day: date, kind: str) -> None:
    due_at = close(DAYS.add(day, 0))
    moments = [step.moment(due_at, DAYS) for step in ladder.ladder(kind)]
    assert moments == sorted(set(moments))
    for number, moment in enumerate(moments):
        assert passed(kind, due_at, moment - timedelta(seconds=1), DAYS) == number
        assert passed(kind, due_at, moment, DAYS) == number + 1
        assert next_at(kind, due_at, number, DAYS) == moment
    assert next_at(kind, due_at, len(moments), DAYS) is None


def test_reminders_leave_out_holidays() -> None:
    """Due on the first day after National Day 2025: three working days before is 28 September, a Sunday."""
    due_at = close(date(2025, 10, 9))
    assert day_of(Step(-1, Level.HANDLER).moment(due_at, DAYS)) == date(2025, 9, 30)
    assert day_of(Step(-3, Level.HANDLER).moment(due_at, DAYS)) == date(2025, 9, 28)
    assert day_of(Step(1, Level.HEAD).moment(due_at, DAYS)) == date(2025, 10, 10)
    assert day_of(Step(3, Level.STANDING_MEMBER).moment(due_at, DAYS)) == date(2025, 10, 13)


# -- sweeps --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_deadline_climbs_its_ladder_a_step_at_a_time() -> None:
    due = begun()  # to Wednesday 25 March
    told = []
    moment = NOW
    while moment < at(5, month=4):
        if sweep(moment):
            notice = queries.notices().first()
            assert notice is not None
            told.append((day_of(moment).day, notice.working_days, Level(notice.level).name))
            assert notice.skipped == 0
        moment += timedelta(hours=1)
    assert told == [
        (20, -3, "HANDLER"),
        (24, -1, "HANDLER"),
        (26, 0, "HANDLER"),  # in the first hour after the 25th
        (27, 1, "HEAD"),
        (31, 3, "STANDING_MEMBER"),
        (2, 5, "SECRETARY"),
    ]
    due.refresh_from_db()
    assert (due.next_at, due.stopped_at) == (None, None)
    assert list(queries.overdue(moment)) == [due]


@pytest.mark.django_db
def test_a_reminder_that_lay_before_the_beginning_is_none() -> None:
    begun("sign", 2)  # to Friday; three working days before is the Tuesday before it began
    assert sweep(NOW) == 0
    assert sweep(at(19, 1)) == 1
    assert [(n.working_days, n.skipped) for n in queries.notices()] == [(-1, 0)]


@pytest.mark.django_db
def test_a_week_without_a_sweep_makes_one_notice_for_each_deadline() -> None:
    for number in range(30):
        start(f"disposal:{number}", Starting("report", 5), at=NOW)
    assert sweep(at(30)) == 30
    assert sweep(at(30)) == 0
    assert {(n.working_days, n.level, n.skipped) for n in Notice.objects.all()} == {
        (1, Level.HEAD, 3)
    }
    assert Notice.objects.count() == 30
    assert Entry.objects.get().detail == {"notices": 30}


@pytest.mark.django_db
def test_what_stopped_is_not_told() -> None:
    begun()
    stop("disposal:1", at=at(19))
    assert sweep(at(1, month=6)) == 0


@pytest.mark.django_db
def test_more_than_a_batch_is_swept() -> None:
    due = begun()
    Due.objects.bulk_create(
        Due(subject=f"disposal:x{n}", kind="report", started_at=NOW, working_days=5,
            due_at=due.due_at, next_at=due.next_at)
        for n in range(2500)
    )  # fmt: skip
    assert sweep(at(20, 1)) == 2501
    assert Notice.objects.count() == 2501
    assert set(Due.objects.values_list("step", flat=True)) == {1}


@pytest.mark.django_db
def test_notices_are_told_to_whom_they_concern() -> None:
    begun()
    start("disposal:2", Starting("sign", 2), at=NOW)
    sweep(at(24))
    assert [n.due.subject for n in queries.notices(subjects=["disposal:1"])] == ["disposal:1"]
    assert [n.due.subject for n in queries.notices(up_to=Level.HANDLER)] == ["disposal:1"]
    assert queries.notices().count() == 2


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_tell_each_deadline_once() -> None:
    due = begun()
    Due.objects.bulk_create(
        Due(subject=f"disposal:x{n}", kind="report", started_at=NOW, working_days=5,
            due_at=due.due_at, next_at=due.next_at)
        for n in range(1500)
    )  # fmt: skip
    barrier, made, faults = Barrier(4), [], []

    def sweeper() -> None:
        try:
            barrier.wait()
            made.append(sweep(at(20, 1)))
        except Exception as fault:  # noqa: BLE001 -- told below
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [Thread(target=sweeper) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sum(made) == 1501
    assert Notice.objects.count() == 1501
    assert sum(e.detail["notices"] for e in Entry.objects.all()) == 1501


@pytest.mark.django_db(transaction=True)
def test_the_sweep_reads_the_index_of_what_is_due_and_not_the_table() -> None:
    due = begun()
    Due.objects.bulk_create(
        Due(subject=f"disposal:x{n}", kind="report", started_at=NOW, working_days=5,
            due_at=due.due_at, next_at=due.next_at + timedelta(minutes=n))
        for n in range(20_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    waiting = Due.objects.filter(stopped_at=None, next_at__lte=at(20, 1)).order_by("next_at")[:1000]
    plan = waiting.explain()
    assert "due_to_sweep" in plan
    assert "Seq Scan" not in plan
    assert "SCAN" not in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


# -- a calendar that arrives ---------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, settings: Any) -> Callable[[str], None]:
    """A workspace to which the calendar of 2027 comes."""
    settings.WORKSPACE = tmp_path

    def arrives(text: str) -> None:
        folder = tmp_path / "catalog" / "calendar"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "2027.yml").write_text(text, encoding="utf-8")

    return arrives


@pytest.mark.django_db
def test_running_deadlines_follow_a_calendar_that_arrives(office: Callable[[str], None]) -> None:
    december = datetime(2026, 12, 30, 2, tzinfo=UTC)
    assert adopt_calendar(at=december) == 0
    due, done = (
        start(f"disposal:{n}", Starting("report", 4), at=december) for n in (1, 2)
    )  # fmt: skip
    spring = start("disposal:3", Starting("report", 5), at=NOW)
    stop("disposal:2", at=december)
    assert ends_on(due) == date(2027, 1, 5)
    office(
        "year: 2027\nsource: 通知\nholidays: [{from: 2027-01-01, to: 2027-01-03}]\nworking_days: []\n"
    )
    assert adopt_calendar(at=december + timedelta(hours=1)) == 1
    assert adopt_calendar(at=december + timedelta(hours=2)) == 0
    assert ends_on(due) == date(2027, 1, 6)
    assert ends_on(done) == date(2027, 1, 5)
    assert ends_on(spring) == date(2026, 3, 25)
    assert due.next_at == next_at("report", due.due_at, due.step, calendar(strict=True))
    moved = Entry.objects.get(action="deadline.recounted")
    assert (moved.subject, moved.actor) == ("disposal:1", "system")
    assert (moved.detail["from"], moved.detail["to"]) == ("2027-01-05", "2027-01-06")
    adopted = Entry.objects.filter(action="calendar.adopted").latest("pk")
    assert adopted.detail["moved"] == 1
    assert 2027 in adopted.detail["years"]
    assert WorkingCalendar.objects.count() == 2
    assert queries.remark(due) is None


@pytest.mark.django_db
def test_a_wrong_calendar_moves_nothing(office: Callable[[str], None]) -> None:
    adopt_calendar(at=NOW)
    due = start("disposal:1", Starting("report", 4), at=datetime(2026, 12, 30, 2, tzinfo=UTC))
    office("year: 2027\nholidays: []\n")
    with pytest.raises(DeclarationError, match="2027"):
        adopt_calendar(at=NOW)
    assert ends_on(due) == date(2027, 1, 5)
    assert WorkingCalendar.objects.count() == 1
