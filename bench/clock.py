# ruff: noqa: PLC0415 -- Django is set up for a database before its models are imported
"""Sweeping deadlines: how long it takes to find what is due among a million running ones, and to tell it.

    python -m bench.clock [--rows 1000000] [--repeat 5]

Of the rows 0, 100 or 10,000 have fallen due. SQLite in a file of its own; PostgreSQL as well, where
PLUMBLINE_TEST_POSTGRES names a server (`scripts/with-databases python -m bench.clock`), in a database made for
this and dropped afterwards. What is measured is the whole sweep: notices, the next step of each deadline, the
trail, the commit. Each database is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

HERE = Path(__file__).parent
BEGIN, END = "<!-- clock -->", "<!-- end of clock -->"
DUE = (0, 100, 10_000)
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)
#: Many more like the first, each a second later than the one before it.
_FILL = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)
        INSERT INTO clock_due (subject, kind, started_at, working_days, due_at, next_at, step)
        SELECT 'disposal:' || i, kind, started_at, working_days, due_at,
          datetime(next_at, '+' || i || ' seconds'), step FROM n, clock_due WHERE subject = 'disposal:0'
    """,
    "postgresql": """
        INSERT INTO clock_due (subject, kind, started_at, working_days, due_at, next_at, step)
        SELECT 'disposal:' || i, kind, started_at, working_days, due_at,
          next_at + make_interval(secs => i), step
        FROM generate_series(1, %s) i, clock_due WHERE subject = 'disposal:0'
    """,
}


def measure(rows: int, repeat: int) -> dict[str, Any]:
    """Fill a new database and sweep it; Django is set up for it."""
    from django.core.management import call_command
    from django.db import connection

    from plumbline.kit.clock.actions import Starting, start, sweep
    from plumbline.kit.clock.models import Notice

    call_command("migrate", verbosity=0, interactive=False)
    pattern = start("disposal:0", Starting("report", 10), at=NOW)
    before = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_FILL[connection.vendor], [rows - 1])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    filled = time.perf_counter() - before
    taken: dict[int, list[float]] = {due: [] for due in DUE}
    at = pattern.next_at - timedelta(seconds=1)
    for _ in range(repeat):
        for due in DUE:
            at += timedelta(seconds=due)
            before = time.perf_counter()
            told = sweep(at)
            taken[due].append(time.perf_counter() - before)
            assert told == due, (told, due)
    assert Notice.objects.count() == repeat * sum(DUE)
    return {
        "seconds": {due: median(each) for due, each in taken.items()},
        "filled": filled,
        "version": ".".join(map(str, connection.get_database_version())),
    }


@contextmanager
def postgresql(address: str) -> Iterator[str]:
    """A database for this alone."""
    import psycopg

    name = f"clock_{uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{address.rpartition('/')[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def apart(rows: int, repeat: int, database: str) -> dict[str, Any]:
    """Measure one database in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plumbline.toml").write_text('[workspace]\nname = "clock"\n')
        done = subprocess.run(
            [sys.executable, "-m", "bench.clock", "--rows", str(rows), "--repeat", str(repeat), "--once"],
            cwd=HERE.parent, check=True, capture_output=True, text=True,
            env={**os.environ, "PLUMBLINE_WORKSPACE": folder, "PLUMBLINE_DATABASE": database,
                 "DJANGO_SETTINGS_MODULE": "plumbline.web.settings"},
        )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def table(rows: int, repeat: int, figures: dict[str, dict[str, Any]]) -> str:
    from bench.collide import machine

    lines = [
        f"{datetime.now(tz=UTC):%Y-%m-%d}, {machine()}; Python {platform.python_version()}, "  # noqa: ISC004
        f"Django {version('django')}. `python -m bench.clock --rows {rows} --repeat {repeat}`; medians. "
        f"Load average {os.getloadavg()[1]:.1f} at the end.",
        "",
        f"| a sweep over {rows:,} running deadlines | "
        + " | ".join(f"{n:,} due" for n in DUE)
        + " |",
        "|---|" + "--:|" * len(DUE),
    ]
    for name, each in figures.items():
        cells = (f"{each['seconds'][str(due)] * 1000:,.1f} ms" for due in DUE)
        lines.append(f"| {name} {each['version']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        import django

        django.setup()
        print(json.dumps(measure(asked.rows, asked.repeat)))
        return
    figures = {"SQLite": apart(asked.rows, asked.repeat, "")}
    if server := os.environ.get("PLUMBLINE_TEST_POSTGRES"):
        with postgresql(server) as database:
            figures["PostgreSQL"] = apart(asked.rows, asked.repeat, database)
    else:
        print("PLUMBLINE_TEST_POSTGRES is not set, so PostgreSQL was not measured", file=sys.stderr)
    text = table(asked.rows, asked.repeat, figures)
    print(text)
    readme = HERE / "README.md"
    told = readme.read_text(encoding="utf-8")
    if BEGIN in told:
        before, _, rest = told.partition(BEGIN)
        readme.write_text(
            f"{before}{BEGIN}\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
