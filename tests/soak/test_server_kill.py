"""`kill -9` of the whole workbench while people act: what they were told is done is done once, and the trail verifies."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from plumbline.engine import Workspace
from tests.soak.clients import WHO, Crowd, course

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("PLUMBLINE_SOAK_SERVER_KILLS", "25"))
CLIENTS = 4
CASES = 300  # more than they get through

#: The entries on the trail that an act of a client makes; of several approvals the last closes.
TOLD = {
    "sign_for": "signed_for", "assign": "assigned", "note": "noted", "do_step": "step_done", "find": "found",
    "sign_findings": "findings_signed", "report": "reported",
}  # fmt: skip


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


def _acting(env: dict[str, str], verb: str) -> Any:
    command = f"import django; django.setup(); from tests.soak import acting; acting.tell('{verb}')"
    done = subprocess.run(
        [sys.executable, "-c", command], env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


class Served:
    """`plumbline serve` with all that it starts, known by the workspace in their environment."""

    def __init__(self, env: dict[str, str], folder: Path, port: int) -> None:
        self._env, self._folder, self._port = env, folder, port
        self._mark = f"PLUMBLINE_WORKSPACE={env['PLUMBLINE_WORKSPACE']}\0".encode()
        self.address = f"http://127.0.0.1:{port}"
        self.said = folder / "served.log"
        self.start()

    def start(self) -> None:
        with self.said.open("ab") as said:
            self._main = subprocess.Popen(
                [sys.executable, "-m", "plumbline.cli", "serve", "--port", str(self._port)],
                env=self._env, cwd=self._folder, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def processes(self) -> dict[int, str]:
        """Of all that live, the number and the command."""
        found = {}
        for each in Path("/proc").iterdir():
            with suppress(OSError):
                if each.name.isdecimal() and self._mark in (each / "environ").read_bytes():
                    command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(each.name)] = command
        return found

    def answers(self) -> None:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            assert self._main.poll() is None, self.said.read_text()[-4000:]
            with suppress(requests.ConnectionError, requests.Timeout):
                if requests.get(f"{self.address}/account/login/", timeout=10).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(self.said.read_text()[-4000:])

    def kill_all(self) -> None:
        """Nobody is left to tidy up."""
        while alive := self.processes():
            for pid in alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._main.wait(0.05)
        self._main.wait()

    def kill_first(self) -> None:
        """The one that holds the others; they see it and leave by themselves."""
        self._main.kill()
        self._main.wait()
        until = time.monotonic() + 60
        while self.processes():
            assert time.monotonic() < until, self.processes()
            time.sleep(0.1)

    def kill_a_page_server(self, chance: random.Random) -> bool:
        """One of the processes that serve pages; another takes its place."""
        serving = sorted(
            pid for pid, command in self.processes().items() if "spawn_main" in command
        )
        if not serving:
            return False
        os.kill(chance.choice(serving), signal.SIGKILL)
        return True

    def end(self) -> int:
        self._main.send_signal(signal.SIGTERM)
        return self._main.wait(120)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _kill_servers(tmp_path: Path, database: str) -> None:
    office = tmp_path / "office"
    Workspace.create(office)
    with (office / "plumbline.toml").open("a") as settings:
        settings.write('\n[workbench]\nsecond_factor = "optional"\n')
    env = {
        **os.environ,
        "PLUMBLINE_WORKSPACE": str(office),
        "PLUMBLINE_DATABASE": database,
        "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    chance = random.Random(20260318)  # noqa: S311 -- moments, not secrets
    prepared = _acting(env, f"prepare:{CASES}")
    served = Served(env, tmp_path, _free_port())
    crowd = Crowd(served.address, prepared["cases"], prepared["people"])
    killed: Counter[str] = Counter()
    try:
        served.answers()
        crowd.start(CLIENTS)
        acts = 0
        for number in range(KILLS):
            if number % 5:  # one of five is killed while it starts
                served.answers()
                crowd.acts_again(acts)  # the others while somebody is at work
            time.sleep(chance.uniform(0, 2))
            acts = crowd.counts["acts"]
            if number % 6 == 4 and served.kill_a_page_server(chance):
                killed["a page server"] += 1
                continue
            if number % 6 == 5:
                served.kill_first()
                killed["the first process"] += 1
            else:
                served.kill_all()
                killed["all"] += 1
            served.start()
            assert not crowd.faults, (crowd.faults, served.said.read_text()[-4000:])
        served.answers()
        crowd.stop()
        assert not crowd.faults, (crowd.faults, served.said.read_text()[-4000:])
        assert served.end() == 0
    finally:
        crowd.enough.set()
        served.kill_all()
    left = _acting(env, "report")
    print(f"\n{dict(killed)}; {dict(crowd.counts)}; {len(crowd.finished)} disposals closed")  # noqa: T201
    _nothing_lost_nothing_twice(crowd, left)
    verified = subprocess.run(
        [sys.executable, "-m", "plumbline.cli", "trail", "verify", "--json"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
    found = json.loads(verified.stdout)
    assert found["sealed"] > crowd.counts["acts"] / 2  # it was sealed between the kills
    assert found["faults"] == []


def _nothing_lost_nothing_twice(crowd: Crowd, left: dict[str, Any]) -> None:
    # Sessions outlive the server; everybody signed in once.
    assert crowd.counts["sessions"] == len(WHO) * CLIENTS
    assert crowd.counts["unanswered"] > 0  # some were hit while they acted
    assert len(crowd.finished) >= CLIENTS
    assert set(left["cases"]) == {str(case) for case in crowd.acknowledged}
    assert left["unlike"] == left["twice"] == []
    assert left["altered"] == 0
    for case, done in crowd.acknowledged.items():
        acts = course(case, crowd.notes, crowd.people)
        assert done == [act.name for act in acts]  # clients leave nothing half done
        found = left["cases"][str(case)]
        assert found["told"] == [*(TOLD[act.name] for act in acts[:-2]), "approved", "closed"]
        by = {name: [act.said for act in acts if act.name == name] for name in done}
        assert found["notes"] == sorted([*(said["text"] for said in by["note"]), f"报告{case}-完"])
        assert found["steps"] == sorted(said["finding"] for said in by["do_step"])
        assert found["findings"] == sorted(said["note"] for said in by["find"])
        assert (found["state"], found["verifiers"], found["signed"], found["reviews"]) == (
            "closed", 2, 2, 2,
        )  # fmt: skip
        assert found["due"] == ["report", "review", "review", "sign"]
        assert found["running"] == []


def test_a_killed_server_loses_nothing_and_doubles_nothing_on_sqlite(tmp_path: Path) -> None:
    _kill_servers(tmp_path, "")


@pytest.mark.postgres
def test_a_killed_server_loses_nothing_and_doubles_nothing_on_postgresql(
    tmp_path: Path, postgres: str
) -> None:
    with _database_of_its_own(postgres) as database:
        _kill_servers(tmp_path, database)
