"""One statement in a process of its own: how long it takes, and the most memory the process held.

Reads a `Statement` as JSON, prints a `Measured`. It imports DuckDB alone, so that two statements measured by it
differ in nothing but their text.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def peak() -> int:
    """The most memory this process ever held, in bytes.

    Linux counts for a new process what its parent held when it was made, so its own mark is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(marks[0].split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def once(statement: dict[str, Any]) -> dict[str, float]:
    import duckdb  # noqa: PLC0415 -- who measures something else with `peak` need not hold it

    with duckdb.connect(":memory:", config=statement["config"]) as connection:
        for setup in statement["setup"]:
            connection.execute(setup)
        start = time.perf_counter()
        connection.execute(f"CREATE TEMP TABLE result AS {statement['query']}")
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "bytes": peak()}


if __name__ == "__main__":
    print(json.dumps(once(json.load(sys.stdin))))
