"""Hundreds of open pages that are told what waits: what they cost the server while nobody asks for a page.

    python -m bench.live [--rows 1000000] [--pages 500] [--seconds 60] [--dir DIR | --office DIR]

The office of `bench.web`. Each page is another head of office or dispatcher, signed in, who has the inbox open and asks
what waits once a minute, as `plumb.js` does, each at another moment, by a connection that is kept. First nobody does
anything; then the system acts every two seconds, so that every page finds something new whenever it asks, what
waits is counted for it, and it asks again after two minutes. The server's processes are told apart from those that play the pages; on PostgreSQL what
its processes spend counts too.
"""

from __future__ import annotations

import os
import time
from typing import Any

from bench.measure import apart
from bench.web import Filled, options, said, serving, table, write_down

BEGIN, END = "<!-- live -->", "<!-- end of live -->"
#: Seconds between two acts of somebody; none.
ACTS = (0, 2)
HEAD = (
    "| database | warnings | open pages | acts | asked a second | of these told anew | server, % of a core | pages' own, % "
    "| median ms | 95th percentile ms |\n|---|" + "--:|" * 9
)  # fmt: skip


def measured(name: str, filled: Filled, given: Any) -> str:
    """A line of the table with and without acts."""
    lines = []
    with serving(filled) as (address, spent):
        asking = {
            "address": address, "cookies": filled.cookies[: given.pages], "every": given.every, "seen": None,
            "folder": str(filled.folder), "database": filled.database, "acts": 0,
        }  # fmt: skip
        # At first each page is told how it stands.
        seen = apart("bench.live_once", {**asking, "seconds": 0})["seen"]
        for acts in ACTS:
            busy, before, start = os.getloadavg()[0], spent(), time.perf_counter()
            told = apart(
                "bench.live_once", {**asking, "seconds": given.seconds, "acts": acts, "seen": seen}
            )
            share = (spent() - before) / (time.perf_counter() - start)
            seen = told["seen"]
            lines.append(
                f"| {name} | {given.rows:,} | {given.pages} | {f'every {acts} s' if acts else 'none'} "
                f"| {told['rate']:.1f} | {told['anew']:.0%} | {share:.1%} | {told['clients']:.1%} "
                f"| {told['median']:.0f} | {told['p95']:.0f} (load before: {busy:.1f}) |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument(
        "--every", type=int, default=60, help="seconds between two questions of a page"
    )
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    listed = table(HEAD, measured, given)
    write_down(
        f"{said('live', given)} --pages {given.pages} --every {given.every} --seconds {given.seconds}`. A load above 2 "
        f"before means that other work ran beside it.\n\n{listed}",
        given.readme, BEGIN, END,
    )  # fmt: skip


if __name__ == "__main__":
    main()
