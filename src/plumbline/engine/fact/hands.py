"""Many hands: processes that help the one that was asked.

Each hand is an interpreter of its own, started anew: the threads of DuckDB do not survive a fork,
and a program that uses the library need not be written so that it can be imported a second time,
as `multiprocessing` would have it. It works on what it is handed, one job after another, and ends
with the process that started it, however that ends. Where hands write, they have inherited the
store's lock, which is therefore free only once the last of them is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from plumbline.errors import PlumblineError, StoreError, Text

Answer = TypeVar("Answer")

_SERVE = "from plumbline.engine.fact.hands import serve; serve({handle})"


@dataclass(frozen=True)
class _Failed:
    """What a job raised instead of answering."""

    error: Exception


def share_out(
    work: Callable[..., Answer],
    jobs: Sequence[tuple[Any, ...]],
    *,
    hands: int,
    lock: int | None = None,
) -> list[Answer]:
    """`work(*job)` for every job, by so many hands; the answers in the order of the jobs.

    Jobs are begun in their order. The first error ends it: what other hands are working on is
    broken off, which the store survives like any other kill.

    Args:
        work: a function of a module; it, the jobs and the answers go from process to process.
        lock: the open lock that the hands inherit, where they write.

    Raises:
        StoreError: a hand has died. Otherwise whatever a job raised.
    """
    waiting, working = deque(enumerate(jobs)), dict[Connection, int]()
    answers: dict[int, Answer] = {}
    with ExitStack() as at_work:
        free = [at_work.enter_context(_hand(lock)) for _ in range(hands)]
        while waiting or working:
            while waiting and free:
                number, job = waiting.popleft()
                hand = free.pop()
                working[hand] = number
                _tell(hand, (work, job))
            for ready in wait(list(working)):
                hand = next(each for each in working if each is ready)
                answers[working.pop(hand)] = _answer(hand)
                free.append(hand)
    return [answers[number] for number in range(len(jobs))]


@contextmanager
def _hand(lock: int | None) -> Iterator[Connection]:
    """A process that works on what is sent to it."""
    ours, theirs = Pipe()
    with ours:
        with theirs:
            handle = theirs.fileno()
            process = subprocess.Popen(  # noqa: S603 -- this interpreter, our own words
                [sys.executable, "-P", "-c", _SERVE.format(handle=handle)],
                stdin=subprocess.DEVNULL,
                pass_fds=(handle,) if lock is None else (handle, lock),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        try:
            yield ours
        finally:
            process.kill()  # it is idle, or what it does is not wanted any more
            process.wait()


def _tell(hand: Connection, job: tuple[Any, ...]) -> None:
    try:
        hand.send(job)
    except BrokenPipeError as error:
        raise _died() from error


def _answer(hand: Connection) -> Any:
    try:
        answer = hand.recv()
    except (EOFError, ConnectionResetError) as error:
        raise _died() from error
    if isinstance(answer, _Failed):
        raise answer.error
    return answer


def _died() -> StoreError:
    return StoreError(
        Text(
            "一个帮忙的进程意外中止，可能是内存不够；已装完的文件不受影响",
            "a process that helped has died, perhaps for want of memory; files that were loaded "
            "before are unharmed",
        ),
        hint=Text(
            "在 plumbline.toml 的 [limits] 里写 threads = 1，由一个进程完成",
            "let one process do it: threads = 1 under [limits] in plumbline.toml",
        ),
    )


def serve(handle: int) -> None:
    """The life of a hand: jobs come in and answers go out by the connection `handle`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    connection = Connection(handle)
    jobs: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]] = SimpleQueue()
    Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    while True:
        work, job = jobs.get()
        try:
            answer = work(*job)
        except Exception as error:  # noqa: BLE001 -- it is raised where somebody can be told
            answer = _Failed(_portable(error))
        connection.send(answer)


def _receive(connection: Connection, jobs: SimpleQueue[Any]) -> None:
    """Take jobs in; once nobody can hand out any, nobody waits for the one at hand either."""
    try:
        while True:
            jobs.put(connection.recv())
    finally:
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error itself where it survives the way; otherwise its name, words and traceback."""
    if isinstance(error, PlumblineError | OSError):
        return error
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.add_note("".join(traceback.format_exception(error)))
    return told
