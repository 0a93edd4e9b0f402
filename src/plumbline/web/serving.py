"""The workbench as processes: the tables brought up to date, a web server, and a worker beside it.

`Kept` holds a process up and stops it again. Every child watches the pipe from its parent, so that a parent
that was killed leaves nothing behind.
"""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from plumbline.errors import PlumblineError, Text
from plumbline.web.apart import end_with_parent

log = logging.getLogger("plumbline.serving")
_LOCK = 0x706C756D62  # any number of ours; PostgreSQL's advisory locks are numbers
_PATIENCE = 30  # seconds
_HASTY = 5
_THREADS = 4  # of each process that serves pages; more only wait for one another


class AddressTakenError(PlumblineError):
    """Something listens there already, or this machine has no such address."""


def claim_address(host: str, port: int) -> None:
    """See that an address is free before anything is started.

    Raises:
        AddressTakenError: it is not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a server just stopped is no bar
        try:
            tried.bind((host, port))
            tried.listen()
        except OSError as error:
            raise AddressTakenError(
                Text(f"不能在这里提供服务：{error.strerror}", f"cannot serve here: {error.strerror}"),
                where=f"{host}:{port}",
                hint=Text("换一个端口，例如 --port 8001；或先停止占用它的程序",
                          "take another, such as --port 8001, or stop what listens there"),
            ) from None  # fmt: skip


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time, on this machine (SQLite) or on all that share the database (PostgreSQL)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    database = Path(str(settings.DATABASES["default"]["NAME"]))
    with database.with_name(f"{database.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def migrate() -> bool:
    """Bring the tables up to date; of several who start at once one does it, and the others wait.

    Returns:
        Whether there was anything to do.
    """
    with _alone():
        executor = MigrationExecutor(connection)
        behind = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if behind:
            call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
    return behind


class KeepsEndingError(PlumblineError):
    """A process of the workbench ends each time shortly after it was started."""


class Kept:
    """A process that is started again when it ends of itself."""

    def __init__(self, name: Text, command: Sequence[str]) -> None:
        self._name, self._command = name, command
        self._hasty = 0  # how often in a row it ended as soon as it had begun
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._since = time.monotonic()
        return subprocess.Popen(  # noqa: S603 -- our own commands
            self._command, stdin=subprocess.PIPE, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def keep(self) -> None:
        """Start it again if it has ended.

        Raises:
            KeepsEndingError: there is no sense in that any more.
        """
        code = self._process.poll()
        if code is None:
            return
        self._hasty = self._hasty + 1 if time.monotonic() - self._since < _PATIENCE else 0
        if self._hasty >= _HASTY:
            raise KeepsEndingError(
                Text(f"{self._name.zh}一启动就结束（{code}）", f"{self._name.en} keeps ending ({code})"),
                hint=Text("原因见上面的输出", "the lines above say why"),
            )  # fmt: skip
        log.warning("%s ended with %s; starting it again", self._name.en, code)
        self._let_go()
        self._process = self._start()

    def ask_to_stop(self) -> None:
        """Let it finish what it has in hand."""
        self._process.terminate()

    def stopped(self) -> int:
        """Wait until it has ended; by force, if it takes too long."""
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Close the pipe by which the process knows that we live."""
        assert self._process.stdin
        self._process.stdin.close()


def server(host: str, port: int, workers: int) -> Kept:
    """The web server, in a process of its own."""
    command = [sys.executable, "-m", "plumbline.web.serving", host, str(port), str(workers)]
    return Kept(Text("网页服务", "the web server"), command)


def _serve(host: str, port: str, workers: str) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415 -- only the server's own process needs it
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    multiprocessing.set_start_method("spawn")  # a fork would take the watching thread's locks along
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    Server(
        "plumbline.web.wsgi:application", address=host, port=int(port), workers=int(workers),
        interface=Interfaces.WSGI, websockets=False, blocking_threads=_THREADS, log_level=LogLevels.warning,
        respawn_failed_workers=True, workers_kill_timeout=_PATIENCE // 2,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    _serve(*sys.argv[1:])
