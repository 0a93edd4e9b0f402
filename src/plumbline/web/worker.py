"""The worker: it takes tasks from the queue and keeps the schedule, and may be killed at any moment.

The queue is django-tasks-db's, which leaves a killed worker's tasks running for ever. Here each worker shows
that it lives (`Worker`), and every other one gives back what the dead had begun. A tick of the schedule
belongs to whoever moves it on by a conditional update, and what it puts into the queue is committed with it.
So each task is done to its end at least once, and its end is written down once.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from traceback import format_exception
from typing import Any, cast
from uuid import UUID, uuid4

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone
from django_tasks.base import TaskContext, TaskResult, TaskResultStatus
from django_tasks.utils import normalize_json
from django_tasks_db.models import DBTaskResult

from plumbline.web.models import Tick, Worker
from plumbline.web.schedule import Entry

log = logging.getLogger("plumbline.worker")

#: Each is worked by a thread of its own, so that short tasks do not wait behind long ones.
LANES = ("default", "long")
ATTEMPTS = 10  # a task that so many workers died of is not tried again
_BEAT = 5.0  # seconds
_DEAD_AFTER = timedelta(seconds=30)
_IDLE = 0.5
#: How often the dead are looked for, and the schedule read again though nothing in it is known to be due.
_ROUND = 2.0  # seconds
_NAP = 30.0  # seconds that a lane sleeps at most when nobody wakes it
Begun = DBTaskResult[Any, Any]
_NUMBER = re.compile(r"(?<!\d)(\d{4})\d{10}(\d{3}[\dXx])(?!\d)")


# -- who is alive --------------------------------------------------------------------------------


def _here() -> str:
    """This boot of this machine, in which numbers of processes mean something; empty where it is unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _born(pid: int) -> str:
    """When a process began; empty where there is none, or one that has ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = told.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]


def sign_on(at: datetime) -> UUID:
    """Enter this process among the workers."""
    me = uuid4()
    Worker.objects.create(
        id=me, place=_here(), pid=os.getpid(), born=_born(os.getpid()), started_at=at, seen_at=Now()
    )
    return me


def beat(me: UUID, at: datetime) -> None:
    """Show that this process lives; one that was taken for dead enters itself again."""
    if not Worker.objects.filter(pk=me).update(seen_at=Now()):
        Worker.objects.create(
            id=me, place=_here(), pid=os.getpid(), born=_born(os.getpid()), started_at=at,
            seen_at=Now(),
        )  # fmt: skip


def _dead() -> list[Worker]:
    """Workers of this machine whose process is gone, and those of whom nothing was heard for long."""
    here = _here()
    silent = set(
        Worker.objects.filter(seen_at__lt=Now() - _DEAD_AFTER).values_list("pk", flat=True)
    )
    return [
        each for each in Worker.objects.all()
        if each.pk in silent or (here and each.place == here and _born(each.pid) != each.born)
    ]  # fmt: skip


def reap() -> int:
    """Give back to the queue what dead workers had begun.

    Returns:
        How many tasks.
    """
    # In this order: a worker signs on before it takes a task, so the owner of what runs is found below.
    running = list(DBTaskResult.objects.running())
    dead = _dead()
    gone = {str(each.pk) for each in dead}
    alive = {f"{pk}" for pk in Worker.objects.values_list("pk", flat=True)} - gone
    given = sum(
        _give_back(each)
        for each in running
        if not each.worker_ids or each.worker_ids[-1] not in alive
    )
    for each in dead:
        each.delete()  # one that was only slow enters itself again
    return given


def _give_back(begun: Begun) -> int:
    if len(begun.worker_ids) >= ATTEMPTS:
        log.error("%s given up: %d workers died of it", begun.task_path, ATTEMPTS)
        said = f"{ATTEMPTS} workers died while they did this"
        return _finish(begun, TaskResultStatus.FAILED, exception_class_path="builtins.RuntimeError",
                       traceback=said)  # fmt: skip
    log.warning("%s begun by a worker that is gone; given back", begun.task_path)
    given: int = _still(begun).update(status=TaskResultStatus.READY, started_at=None)
    return given


# -- tasks ---------------------------------------------------------------------------------------


def _still(begun: Begun) -> Any:
    """The task, if it is still the same attempt at it."""
    return DBTaskResult.objects.filter(
        pk=begun.pk, status=TaskResultStatus.RUNNING, started_at=begun.started_at
    )


def _finish(begun: Begun, status: str, **columns: Any) -> int:
    changed: int = _still(begun).update(status=status, finished_at=timezone.now(), **columns)
    return changed


def claim(me: UUID, lane: str) -> Begun | None:
    """Take the next task, so that nobody else does."""
    ready = DBTaskResult.objects.ready().filter(queue_name=lane)
    if not ready.exists():  # asked without a lock
        return None
    with transaction.atomic():
        found = ready.get_locked()
        if found is not None:
            found.claim(str(me))
    return found


def ready_lanes() -> set[str]:
    """The lanes in which a task waits."""
    waiting = DBTaskResult.objects.ready().order_by().values_list("queue_name", flat=True)
    return set(waiting.distinct()) & set(LANES)


def perform(begun: Begun) -> bool:
    """Carry a task out and write down how it ended.

    Returns:
        Whether the end is ours to write: not if the task was given to somebody else meanwhile.

    Raises:
        OperationalError: the database was away; nothing is written down, give the task back.
    """
    try:
        task, given = begun.task, begun.args_kwargs
        context = (
            [TaskContext(task_result=cast("TaskResult[Any]", begun.task_result))]
            if task.takes_context
            else []
        )
        value = normalize_json(task.call(*context, *given["args"], **given["kwargs"]))
    except (OperationalError, InterfaceError):  # the database is away or locked: try again
        raise
    except BaseException as error:
        log.exception("%s failed", begun.task_path)
        told = _NUMBER.sub(r"\1**********\2", "".join(format_exception(error)))
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        done = _finish(begun, TaskResultStatus.FAILED, exception_class_path=kind, traceback=told)
    else:
        done = _finish(begun, TaskResultStatus.SUCCESSFUL, return_value=value,
                       exception_class_path="", traceback="")  # fmt: skip
    return done == 1


# -- the schedule --------------------------------------------------------------------------------


def plan(entries: Iterable[Entry], at: datetime) -> None:
    """Enter what the schedule holds, and work out anew what was entered by another rhythm."""
    for entry in entries:
        rhythm, next_at = str(entry.rhythm), entry.rhythm.after(at)
        tick, _ = Tick.objects.get_or_create(
            name=entry.name, defaults={"rhythm": rhythm, "next_at": next_at}
        )
        if tick.rhythm != rhythm:
            Tick.objects.filter(name=entry.name, rhythm=tick.rhythm).update(
                rhythm=rhythm, next_at=next_at
            )


def fire(entries: Sequence[Entry], at: datetime) -> list[str]:
    """Carry out, or put into the queue, what has fallen due; each tick once, however many workers there are.

    Returns:
        Names of the entries that fell to this worker.
    """
    waiting = dict(Tick.objects.filter(next_at__lte=at).values_list("name", "next_at"))
    fired = []
    for entry in entries:
        if entry.name not in waiting:
            continue
        with transaction.atomic():
            won = Tick.objects.filter(name=entry.name, next_at=waiting[entry.name]).update(
                next_at=entry.rhythm.after(at), fired_at=at
            )
            if won and entry.task:
                entry.task.enqueue(at.isoformat())
        if not won:
            continue
        fired.append(entry.name)
        if entry.run:
            _run(entry, at)
    return fired


def _until_due(at: datetime) -> float:
    """Seconds until the schedule next has something to do."""
    soonest = Tick.objects.aggregate(at=Min("next_at"))["at"] or at
    return float((soonest - at).total_seconds())


def _run(entry: Entry, at: datetime) -> None:
    assert entry.run
    fault = ""
    try:
        entry.run(at)
    except Exception as error:
        log.exception("%s failed", entry.name)
        fault = _NUMBER.sub(r"\1**********\2", f"{type(error).__name__}: {error}")
    Tick.objects.filter(name=entry.name).update(done_at=timezone.now(), fault=fault)


# -- the process ---------------------------------------------------------------------------------


@dataclass
class Shift:
    """One worker from its start to its end.

    Attributes:
        stop: set, and it ends once the tasks in hand are done.
    """

    entries: Sequence[Entry]
    stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _wake: dict[str, threading.Event] = field(
        default_factory=lambda: {lane: threading.Event() for lane in LANES}
    )

    def work(self) -> None:
        """Work until it is told to stop."""
        me = sign_on(timezone.now())
        plan(self.entries, timezone.now())
        lanes = [threading.Thread(target=self._lane, args=(me, lane), name=lane) for lane in LANES]
        heart = threading.Thread(target=self._beat, args=(me,), name="heart")
        for thread in (heart, *lanes):
            thread.start()
        log.info("at work")
        # One small question twice a second finds what there is to do; all else is asked when it may matter.
        round_at = due_at = time.monotonic()  # the clock on the wall may be set back
        while not self.stop.wait(_IDLE):
            with _unharmed():
                now, at = time.monotonic(), timezone.now()
                if now >= round_at:
                    round_at = now + _ROUND
                    reap()
                if now >= due_at:
                    fire(self.entries, at)
                    due_at = now + min(_until_due(at), _ROUND)
                for name in ready_lanes():
                    self._wake[name].set()
        for wake in self._wake.values():
            wake.set()
        log.info("stopping; tasks in hand are finished first")
        for lane in lanes:
            lane.join()
        self._over.set()
        heart.join()
        with _unharmed():
            Worker.objects.filter(pk=me).delete()
        connections.close_all()

    def _lane(self, me: UUID, lane: str) -> None:
        while not self.stop.is_set():
            begun, done = None, False
            with _unharmed():
                begun = claim(me, lane)
                if begun is not None:
                    perform(begun)
                done = True
            if (
                begun is not None and not done
            ):  # the database was away when the end was to be written
                self._return(begun)
            elif begun is None:
                self._wake[lane].wait(_NAP if done else _IDLE)
                self._wake[lane].clear()
        connections.close_all()

    def _return(self, begun: Begun) -> None:
        """Give back a task whose end could not be written; this process lives, so nobody else would."""
        returned = False
        while not returned and not self.stop.wait(_IDLE):
            with _unharmed():
                _give_back(begun)
                returned = True

    def _beat(self, me: UUID) -> None:
        while not self._over.wait(_BEAT):
            with _unharmed():
                beat(me, timezone.now())
        connections.close_all()


@contextmanager
def _unharmed() -> Iterator[None]:
    """Whatever fails is written down and tried again; a database may be away for a while."""
    for connection in connections.all(initialized_only=True):
        # Opening SQLite's file anew for each small question is most of what an idle worker would do.
        if connection.settings_dict["CONN_MAX_AGE"] != 0:
            connection.close_if_unusable_or_obsolete()
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        log.warning("the database does not answer: %s", error)
        connections.close_all()
    except Exception:
        log.exception("a fault of the worker's own")
        connections.close_all()
