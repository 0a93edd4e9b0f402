"""Long work in a process of its own: whatever becomes of it, the worker lives on.

The two hold one pipe. When the worker is gone, even by `kill -9`, the pipe ends and the child with it, so
that work which is then done again is not done beside itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import django
from django.utils.module_loading import import_string

_TOLD = 4000  # characters of what the child said last


class ApartError(RuntimeError):
    """The work ended otherwise than well."""


def apart(function: str, *args: str) -> str:
    """Call a function by its dotted name, with words for arguments, in a new process.

    Returns:
        What it returned, in words.

    Raises:
        ApartError: it raised, or its process died.
    """
    with subprocess.Popen(  # noqa: S603 -- our own module, and names from our own code
        [sys.executable, "-m", "plumbline.web.apart", function, *args],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as child:  # fmt: skip
        assert child.stdin
        # `communicate` would close the pipe at once, and the child would take us for dead.
        held, child.stdin = child.stdin, None
        try:
            out, err = child.communicate()
        finally:
            held.close()
            child.kill()
    if child.returncode:
        how = f"signal {-child.returncode}" if child.returncode < 0 else f"{child.returncode}"
        raise ApartError(f"{function} ended with {how}: {err.decode(errors='replace')[-_TOLD:]}")
    return out.decode()


def end_with_parent(gone: Any = None) -> None:
    """Watch the pipe from whoever started this process; call `gone`, or leave, when it ends."""

    def watch() -> None:
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        if gone is None:
            os._exit(1)
        gone()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _main() -> None:
    end_with_parent()
    function, *args = sys.argv[1:]
    django.setup()
    sys.stdout.write(str(import_string(function)(*args)))


if __name__ == "__main__":
    _main()
