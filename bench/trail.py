"""The trail: rows sealed per second, what an append costs beside its transaction, and verification.

    python -m bench.trail [--rows 1000000] [--times 500] [--dir DIR]

A database is filled with entries that wait; they are sealed in batches, each with its signed head, sent to a
file, and verified against it. An append is measured as the difference between the medians of a transaction that
moves one row, and the same transaction with its entry, each on the wall and in time of processors, which on
PostgreSQL is the program's and its server's together. Every step is a process of its own; PostgreSQL is measured
where PLUMBLINE_TEST_POSTGRES names a server of this machine (`scripts/with-databases python -m bench.trail`).
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import plumbline
from bench.collide import machine
from bench.measure import apart

HERE = Path(__file__).parent
BEGIN, END = "<!-- trail -->", "<!-- end of trail -->"
MIB = 2**20
HEAD = (
    "| database | rows | sealed a second | a processor's second | append ms | of processors "
    "| transaction ms: without, with | to a file, rows a second | verified a second | a processor's second "
    "| peak MiB sealing | verifying |\n|---|" + "--:|" * 11
)


def measured(name: str, database: str, folder: Path, rows: int, times: int) -> str:
    """A line of the table."""
    (folder / "plumbline.toml").write_text('[workspace]\nname = "bench"\n', "utf-8")

    def step(what: str) -> dict[str, float]:
        return apart(
            "bench.trail_once",
            {
                "step": what,
                "database": database,
                "folder": str(folder),
                "rows": rows,
                "times": times,
            },
        )

    step("fill")
    sealed, sent, verified, appended = map(step, ("seal", "anchor", "verify", "append"))
    without, with_ = appended["without"] * 1000, appended["with"] * 1000
    return (
        f"| {name} | {rows:,} | {rows / sealed['seconds']:,.0f} | {rows / sealed['cpu']:,.0f} "
        f"| {with_ - without:.2f} | {appended['cpu'] * 1000:.2f} | {without:.2f}, {with_:.2f} "
        f"| {rows / sent['seconds']:,.0f} "
        f"| {rows / verified['seconds']:,.0f} | {rows / verified['cpu']:,.0f} | {sealed['bytes'] / MIB:.0f} | {verified['bytes'] / MIB:.0f} |"
    )


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """An empty database on the server, gone afterwards."""
    import psycopg  # noqa: PLC0415 -- where there is a PostgreSQL

    name = f"plumbline_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def write_down(text: str, readme: Path) -> None:
    """Put the text between the markers, which are added at the end where they are missing."""
    before = readme.read_text("utf-8")
    if BEGIN not in before:
        about = (__doc__ or "").split("\n\n")[2].strip()
        before += f"\n## The trail\n\n`python -m bench.trail`: {about}\n\n{BEGIN}\n{END}\n"
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=500)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    given = parser.parse_args()
    busy = os.getloadavg()[0]
    lines = []
    print(HEAD)
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        lines.append(measured("SQLite", "", Path(folder), given.rows, given.times))
        print(lines[-1], flush=True)
    if server := os.environ.get("PLUMBLINE_TEST_POSTGRES"):
        with tempfile.TemporaryDirectory(dir=given.dir) as folder, own_database(server) as address:
            lines.append(measured("PostgreSQL", address, Path(folder), given.rows, given.times))
            print(lines[-1], flush=True)
    after = os.getloadavg()[0]
    listed = "\n".join(lines)
    write_down(
        f"{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, "  # noqa: DTZ005 -- the day on the wall
        f"Python {platform.python_version()}, Django {version('Django')}. `python -m bench.trail --rows "
        f"{given.rows} --times {given.times}`. Load average {busy:.1f} before, {after:.1f} after: above 2, "
        f"other work ran beside it.\n\n{HEAD}\n{listed}",
        given.readme,
    )


if __name__ == "__main__":
    main()
