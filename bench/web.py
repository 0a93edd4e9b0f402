"""The inbox of a million warnings through the real server: what people wait for a list.

    python -m bench.web [--rows 1000000] [--clients 8] [--seconds 20] [--dir DIR | --office DIR]

An office of one city is seeded: bodies, 250 units, a warning and a disposal each row, one in twenty of them
open with its deadline running. `plumbline serve` serves it by two processes; clients, each signed in as another
head of office or dispatcher of the top body, ask one page after the other: the first pages of all tabs, each
filter, each order, and on to later pages by key. They do so without a pause, which shows how many pages there can
be, and with a pause of a second, which is still less than anybody reads. What is measured is the whole answer, from the
request to the last byte, at the client. PostgreSQL is measured where PLUMBLINE_TEST_POSTGRES names a server, as
a user whom its row-level walls hold.

Filling takes longer than measuring: with `--office` what is filled stays in that folder (and in that PostgreSQL), and is
measured the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
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
    "| database | warnings | clients | pause s | pages a second | median ms | 95th percentile ms | of a core, server / clients "
    "| slowest page, 95th ms |\n|---|" + "--:|" * 7 + "---|"
)  # fmt: skip


def measured(name: str, filled: Filled, given: Any) -> str:
    """A line of the table for each pause."""
    lines = []
    with serving(filled) as (address, spent):
        asking = {
            "step": "ask", "address": address, "pause": 0, "cookies": filled.cookies[: given.clients],
        }  # fmt: skip
        apart("bench.web_once", {**asking, "seconds": min(5, given.seconds)})  # until all is warm
        for pause in PAUSES:
            busy, before, start = os.getloadavg()[0], spent(), time.perf_counter()
            told = apart("bench.web_once", {**asking, "pause": pause, "seconds": given.seconds})
            share = (spent() - before) / (time.perf_counter() - start)
            page, slowest = max(told["pages"].items(), key=lambda each: each[1])
            lines.append(
                f"| {name} | {given.rows:,} | {given.clients} | {pause} | {told['rate']:,.0f} | {told['median']:.0f} "
                f"| {told['p95']:.0f} | {share:.0%} / {told['clients']:.0%} | `{page}` {slowest:.0f} (load before: {busy:.1f}) |"
            )
    return "\n".join(lines)


@dataclass(frozen=True)
class Filled:
    """An office that was seeded.

    Attributes:
        folder: its workspace.
        database: address of its PostgreSQL database; empty for SQLite.
        cookies: of everybody who has a session.
    """

    folder: Path
    database: str
    cookies: list[dict[str, Any]]


def fill(folder: Path, database: str, rows: int) -> Filled:
    """Seed an office, or take the one that the folder holds already; everybody signs in."""
    kept = folder / "office.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plumbline.toml").write_text(
            '[workspace]\nname = "bench"\n[workbench]\nsecond_factor = "optional"\n', "utf-8"
        )
        request = {"step": "fill", "database": database, "folder": str(folder), "rows": rows}
        named = apart("bench.web_once", request)
        kept.write_text(json.dumps({"database": database, "named": named}), "utf-8")
    told = json.loads(kept.read_text("utf-8"))
    request = {"step": "sign in", "database": told["database"], "folder": str(folder)}
    sessions = apart("bench.web_once", request)["sessions"]
    cookies = [{"session": session, **told["named"]} for session in sessions]
    return Filled(folder, told["database"], cookies)


@contextmanager
def offices(given: Any) -> Iterator[Iterator[tuple[str, Filled]]]:
    """The seeded offices, one after the other; kept where `--office` says so."""
    with ExitStack() as until:

        def each() -> Iterator[tuple[str, Filled]]:
            for name, server in (
                ("SQLite", ""),
                ("PostgreSQL", os.environ.get("PLUMBLINE_TEST_POSTGRES", "")),
            ):
                if name == "PostgreSQL" and not server:
                    continue
                kept = given.office and given.office.absolute() / name.lower()
                folder = kept or Path(
                    until.enter_context(tempfile.TemporaryDirectory(dir=given.dir))
                )
                database = ""
                if server and not (folder / "office.json").exists():
                    database = until.enter_context(own_database(server, keep=bool(kept)))
                yield name, fill(folder, database, given.rows)

        yield each()


@contextmanager
def serving(filled: Filled) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address of a server over the office, and what tells how many seconds of processors it spent so far."""
    folder, database = filled.folder, filled.database
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
        yield (
            address,
            lambda: _spent(server.pid) + (_spent_by_postgresql(database) if database else 0),
        )
    finally:
        server.terminate()
        server.wait()


def _spent(pid: int) -> float:
    """Seconds of processors that a process and all below it spent."""
    found = {pid}
    processes: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            said = stat.read_text().rpartition(")")[2].split()
            processes[int(stat.parent.name)] = (int(said[1]), sum(map(int, said[11:13])))
    while below := {each for each, (above, _) in processes.items() if above in found} - found:
        found |= below
    ticks = sum(processes[each][1] for each in found if each in processes)
    return ticks / os.sysconf("SC_CLK_TCK")


def _spent_by_postgresql(database: str) -> float:
    """Seconds of processors that PostgreSQL spent, on this machine."""
    import psycopg  # noqa: PLC0415 -- where there is a PostgreSQL

    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert found
        said = Path(f"/proc/{found[0]}/stat").read_text().rpartition(")")[2].split()
    postmaster = int(said[1])
    said = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, said[13:15])) / os.sysconf("SC_CLK_TCK")  # backends that are gone
    return _spent(postmaster) + ended


@contextmanager
def own_database(server: str, *, keep: bool = False) -> Iterator[str]:
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
            if not keep:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
                connection.execute(f"DROP ROLE {name}")


def write_down(text: str, readme: Path, begin: str, end: str) -> None:
    """Put the text between the markers."""
    head, _, rest = readme.read_text("utf-8").partition(begin)
    readme.write_text(f"{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}", "utf-8")


def said(module: str, given: Any) -> str:
    """Of what a table is: day, machine, versions and command."""
    day = datetime.now().date()  # noqa: DTZ005 -- the day on the wall
    return (
        f"{day}, {machine()}; plumbline {plumbline.__version__}, Python {platform.python_version()}, "
        f"Django {version('Django')}. `python -m bench.{module} --rows {given.rows}"
    )


def options(about: str | None) -> argparse.ArgumentParser:
    """What measurements over a seeded office can be told."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, help="where what is filled lies meanwhile")
    parser.add_argument("--office", type=Path, help="where what is filled stays")
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    return parser


def table(head: str, measured: Callable[..., str], given: argparse.Namespace) -> str:
    """A row for each database, told as it comes."""
    print(head)
    lines = [head]
    with offices(given) as every:
        for name, filled in every:
            lines.append(measured(name, filled, given))
            print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    listed = table(HEAD, measured, given)
    write_down(
        f"{said('web', given)} --clients {given.clients} --seconds {given.seconds}`. Clients and server share the "
        f"processors; a load above 2 before means that other work ran beside it.\n\n{listed}",
        given.readme, BEGIN, END,
    )  # fmt: skip


if __name__ == "__main__":
    main()
