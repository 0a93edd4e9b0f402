"""The inbox of a million warnings through the real server: what people wait for a list.

    python -m bench.web [--rows 1000000] [--clients 8] [--seconds 20] [--dir DIR]

An office of one city is seeded: bodies, 250 units, a warning and a disposal each row, one in twenty of them
open with its deadline running. `plumbline serve` serves it by two processes; clients, each signed in as another
head of office or dispatcher of the top body, ask one page after the other: the first pages of all tabs, each
filter, each order, and on to later pages by key. They do so without a pause, which shows how many pages there can
be, and with a pause of a second, which is still less than anybody reads. What is measured is the whole answer, from the
request to the last byte, at the client. PostgreSQL is measured where PLUMBLINE_TEST_POSTGRES names a server, as
a user whom its row-level walls hold.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import plumbline
from bench.collide import machine
from bench.measure import apart

HERE = Path(__file__).parent
BEGIN, END = "<!-- web -->", "<!-- end of web -->"
#: Seconds between an answer and the next question of the same client: first those with the pause, on a cool server.
PAUSES = (1, 0)
HEAD = (
    "| database | warnings | clients | pause s | pages a second | median ms | 95th percentile ms | slowest page, 95th ms |\n"
    "|---|" + "--:|" * 6 + "---|"
)  # fmt: skip


def measured(name: str, database: str, folder: Path, given: Any) -> str:
    """A line of the table for each pause."""
    (folder / "plumbline.toml").write_text(
        '[workspace]\nname = "bench"\n[workbench]\nsecond_factor = "optional"\n', "utf-8"
    )
    request = {
        "database": database,
        "folder": str(folder),
        "rows": given.rows,
        "clients": given.clients,
    }
    cookies = apart("bench.web_once", {"step": "fill", **request})["cookies"]
    lines = []
    with serving(folder, database) as address:
        asking = {"step": "ask", "address": address, "cookies": cookies, "pause": 0}
        apart("bench.web_once", {**asking, "seconds": min(5, given.seconds)})  # until all is warm
        for pause in PAUSES:
            busy = os.getloadavg()[0]
            told = apart("bench.web_once", {**asking, "pause": pause, "seconds": given.seconds})
            page, slowest = max(told["pages"].items(), key=lambda each: each[1])
            lines.append(
                f"| {name} | {given.rows:,} | {given.clients} | {pause} | {told['rate']:,.0f} | {told['median']:.0f} "
                f"| {told['p95']:.0f} | `{page}` {slowest:.0f} (load before: {busy:.1f}) |"
            )
    return "\n".join(lines)


@contextmanager
def serving(folder: Path, database: str) -> Iterator[str]:
    """The address of a server over the workspace."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port = tried.getsockname()[1]
    env = {**os.environ, "PLUMBLINE_WORKSPACE": str(folder), "PLUMBLINE_DATABASE": database}
    log = folder / "serve.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "plumbline.cli", "serve", "--port", str(port), "--no-work", "--workers", "2"],
            env=env, stdout=written, stderr=subprocess.STDOUT,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urlopen(f"{address}/static/plumb.css").close()  # noqa: S310 -- our own
                break
            except OSError:
                if server.poll() is not None:
                    raise RuntimeError(log.read_text("utf-8")) from None
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """An empty database of a user who is no superuser, so that the walls hold; both are gone afterwards."""
    import psycopg  # noqa: PLC0415 -- where there is a PostgreSQL

    name, word = f"plumbline_bench_{os.getpid()}", secrets.token_hex(8)
    parts = urlsplit(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{word}'")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        try:
            yield urlunsplit(
                parts._replace(
                    netloc=f"{name}:{word}@{parts.hostname}:{parts.port}", path=f"/{name}"
                )
            )
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"DROP ROLE {name}")


def write_down(text: str, readme: Path) -> None:
    """Put the text between the markers, which are added at the end where they are missing."""
    before = readme.read_text("utf-8")
    if BEGIN not in before:
        about = (__doc__ or "").split("\n\n")[2].strip()
        before += f"\n## The inbox\n\n`python -m bench.web`: {about}\n\n{BEGIN}\n{END}\n"
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    given = parser.parse_args()
    lines = []
    print(HEAD)
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        lines.append(measured("SQLite", "", Path(folder), given))
        print(lines[-1], flush=True)
    if server := os.environ.get("PLUMBLINE_TEST_POSTGRES"):
        with tempfile.TemporaryDirectory(dir=given.dir) as folder, own_database(server) as address:
            lines.append(measured("PostgreSQL", address, Path(folder), given))
            print(lines[-1], flush=True)
    listed = "\n".join(lines)
    write_down(
        f"{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, "  # noqa: DTZ005 -- the day on the wall
        f"Python {platform.python_version()}, Django {version('Django')}. `python -m bench.web --rows "
        f"{given.rows} --clients {given.clients} --seconds {given.seconds}`. Clients and server share the "
        f"processors; a load above 2 before means that other work ran beside it.\n\n{HEAD}\n{listed}",
        given.readme,
    )


if __name__ == "__main__":
    main()
