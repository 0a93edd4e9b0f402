"""A real office, as `plumbline serve` serves it: a workspace, its pages, its worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PATIENCE = 90  # seconds, on a shared machine


def environment(folder: Path) -> dict[str, str]:
    """As a machine has it that serves one workspace: nothing of the tests' own settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PLUMBLINE_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return kept | {
        "PLUMBLINE_WORKSPACE": str(folder), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "LANG": "C.UTF-8",
    }  # fmt: skip


class Office:
    """One workspace, its server and its worker.

    Attributes:
        address: where it is served, without a slash at its end.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = folder / "served.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "plumbline.cli", "--workspace", str(folder), "serve",
                 "--port", str(port), "--workers", "1", *options],
                env=environment(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait_until_served()

    def _wait_until_served(self) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/account/login/", timeout=5).close()  # noqa: S310 -- our own
            except OSError:  # it does not listen yet, or thinks about its first page
                time.sleep(0.3)
            else:
                return
        self.close()
        pytest.fail(f"the office is not served: {self._log.read_text('utf-8')}")

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_PATIENCE)

    def comes(self, task: str) -> None:
        """What the worker does by the clock, now: `plumbline.web.tasks.night` and its like.

        It is put into the queue as the schedule would; the office's own worker does it, beside the pages.
        """
        module, _, name = task.rpartition(".")
        said = (
            "import django, sys, time; django.setup()\n"
            f"from {module} import {name} as task\n"
            "from django.utils import timezone\n"
            "done = task.enqueue(timezone.now().isoformat())\n"
            "while not done.is_finished: time.sleep(0.2); done.refresh()\n"
            "sys.exit(str(done.status) if done.status != 'SUCCESSFUL' else 0)"
        )
        subprocess.run(
            [sys.executable, "-c", said], check=True, timeout=3 * _PATIENCE, cwd=ROOT,
            env=environment(self.folder) | {"DJANGO_SETTINGS_MODULE": "plumbline.web.settings"},
        )  # fmt: skip


def opened(folder: Path) -> Path:
    """The office of before, opened once for all who run tests beside each other."""
    with folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "opened").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(
                [sys.executable, "-m", "tests.journeys.opening", str(folder)], check=True, cwd=ROOT,
                env=environment(folder), timeout=5 * _PATIENCE,
            )  # fmt: skip
            (folder / "opened").touch()
    return folder
