"""A process that has imported everything and forks for every attempt, so that killing two hundred costs little.

    with Warm() as warm:
        took = warm.run("tests.soak.test_collide:run", folder)                # undisturbed: its seconds
        warm.run("tests.soak.test_collide:run", folder, kill_after=took / 3)  # `kill -9` on the way

What is called makes ready whatever is not to be killed, and returns what then begins: seconds count from there.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
#: What the engine imports when it needs it; nothing of it may start a thread before the fork.
_LATER = (
    "deltalake",
    "duckdb",
    "pyarrow.parquet",
    "plumbline.engine",
    "plumbline.engine.fact.load",
)


class Warm:
    """Runs what it is told, each time in a fork of a process that did nothing yet."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.warm import serve; serve()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, call: str, *given: object, kill_after: float | None = None) -> float:
        """Call `module:function`, and what it returns; how many seconds that took, or lived.

        Raises:
            AssertionError: it failed otherwise than by being killed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"call": call, "given": [str(each) for each in given], "kill_after": kill_after}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        killed = kill_after is not None and done["status"] == -signal.SIGKILL
        assert killed or done["status"] == 0, done
        return float(done["seconds"])


def serve() -> None:
    """The process itself."""
    for name in _LATER:
        importlib.import_module(name)
    for line in sys.stdin:
        said = json.loads(line)
        module, _, name = said["call"].partition(":")
        call = getattr(importlib.import_module(module), name)
        status, seconds = _attempt(call, said["given"], said["kill_after"])
        print(json.dumps({"status": status, "seconds": seconds}), flush=True)  # noqa: T201


def _attempt(call: object, given: list[str], kill_after: float | None) -> tuple[int, float]:
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(2, 1)  # what it prints is no answer of ours
        try:
            begin = call(*given)  # type: ignore[operator]
            os.write(tell, b".")
            begin()
            os._exit(0)
        except BaseException:  # noqa: BLE001 -- told, whatever it is
            traceback.print_exc()
            os._exit(1)
    os.close(tell)
    os.read(ready, 1)
    os.close(ready)
    since = time.monotonic()
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)  # nobody else has taken its number: it was not waited for
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - since
