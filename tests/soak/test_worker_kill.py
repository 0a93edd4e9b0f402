"""`kill -9` of a worker at any moment: no task is lost, none takes effect twice, the trail still verifies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from plumbline.engine import Workspace

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("PLUMBLINE_SOAK_WORKER_KILLS", "25"))
AT_ONCE = 3


@contextmanager
def _database_of_its_own(address: str) -> Iterator[str]:
    import psycopg  # noqa: PLC0415 -- not everybody has PostgreSQL

    name = f"killed_{uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{address.rpartition('/')[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _command(verb: str) -> list[str]:
    """Django first: the tasks' module is known to the queue by its own name, not as `__main__`."""
    return [
        sys.executable,
        "-c",
        f"import django; django.setup(); from tests.soak import marking; marking.tell('{verb}')",
    ]


def _marking(env: dict[str, str], verb: str) -> Any:
    done = subprocess.run(_command(verb), env=env, cwd=ROOT, capture_output=True, check=True)
    return json.loads(done.stdout)


class _Worker:
    """A real one, and what it says."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.said = folder / f"{uuid4()}.log"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "plumbline.cli", "work"],
                env=env, cwd=folder, stdout=said, stderr=said,
            )  # fmt: skip

    def is_at_work(self) -> None:
        while b"at work" not in self.said.read_bytes():
            assert self.process.poll() is None, self.said.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _kill_workers(tmp_path: Path, database: str) -> None:
    Workspace.create(tmp_path / "office")
    env = {
        **os.environ,
        "PLUMBLINE_WORKSPACE": str(tmp_path / "office"),
        "PLUMBLINE_DATABASE": database,
        "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    chance = random.Random(20260318)  # noqa: S311 -- moments, not secrets
    # All of them bring an empty database up to date.
    workers = [_Worker(env, tmp_path) for _ in range(AT_ONCE)]
    try:
        for each in workers:
            each.is_at_work()
        queue = subprocess.Popen(
            _command("enqueue"), env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(KILLS):
            hit = number % AT_ONCE
            if number % 5:  # one of five is killed while it starts
                workers[hit].is_at_work()
            time.sleep(chance.uniform(0, 0.6))
            workers[hit].kill()
            workers[hit] = _Worker(env, tmp_path)
        enqueued = int(queue.communicate()[0])
        left, stalled = _marking(env, "report"), 0
        while left["states"].get("SUCCESSFUL") != enqueued:
            time.sleep(1)
            before, left = left, _marking(env, "report")
            stalled = stalled + 1 if left["states"] == before["states"] else 0
            assert stalled < 60, left
        for each in workers:
            each.is_at_work()
            each.process.send_signal(signal.SIGTERM)
        assert [each.process.wait(30) for each in workers] == [0] * AT_ONCE
    finally:
        for each in workers:
            each.kill()
    left = _marking(env, "report")
    print(f"\n{KILLS} kills, {enqueued} tasks: {left}")  # noqa: T201 -- a soak says what it saw
    assert left["states"] == {"SUCCESSFUL": enqueued}
    assert left["rows"] == left["entries"] == enqueued
    assert left["twice"] == 0
    assert sum(left["attempts"].values()) > left["attempts"]["1"]  # some workers were hit at work
    assert left["workers"] == 0
    verified = subprocess.run(
        [sys.executable, "-m", "plumbline.cli", "trail", "verify", "--json"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["sealed"] > 0


def test_killed_workers_lose_nothing_and_double_nothing_on_sqlite(tmp_path: Path) -> None:
    _kill_workers(tmp_path, "")


@pytest.mark.postgres
def test_killed_workers_lose_nothing_and_double_nothing_on_postgresql(
    tmp_path: Path, postgres: str
) -> None:
    with _database_of_its_own(postgres) as database:
        _kill_workers(tmp_path, database)
