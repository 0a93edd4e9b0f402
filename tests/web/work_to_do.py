"""Tasks and functions that the worker's tests give it to do."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django_tasks import task

from plumbline.web.apart import apart


@task()
def add(one: int, other: int) -> int:
    return one + other


@task(takes_context=True)
def who_am_i(context: Any) -> str:
    return str(context.task_result.id)


@task()
def fail(words: str) -> None:
    raise ValueError(words)


@task()
def meet_a_locked_database() -> None:
    raise OperationalError("database is locked")


@task()
def leave() -> None:
    sys.exit(3)


def greet(name: str) -> str:
    return f"hello {name}"


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def complain() -> None:
    raise ValueError("no such register")


def linger(path: str) -> None:
    """Show for as long as it lives that it does."""
    while True:
        Path(path).write_text(f"{time.time()}", encoding="utf-8")
        time.sleep(0.05)


def linger_apart(path: str) -> None:
    apart("tests.web.work_to_do.linger", path)


@task()
def greet_task(at: str) -> str:
    return greet(at)
