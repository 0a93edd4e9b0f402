"""One step of `bench.trail` in a process of its own, on a database that the step before left."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.once import peak

AT = datetime(2026, 3, 18, tzinfo=UTC)
_SOME = 20_000
_RUN = 50  # transactions of a kind, one after the other: PostgreSQL's time is told in hundredths
_DETAIL = {"from": "raised", "to": "signed"}


def _set_up(request: dict[str, Any]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
    os.environ["PLUMBLINE_WORKSPACE"] = request["folder"]
    if request["database"]:
        os.environ["PLUMBLINE_DATABASE"] = request["database"]
    import django  # noqa: PLC0415 -- after its settings are named

    django.setup()


def _spent() -> float:
    """Seconds of processors so far: this process's, and those of its PostgreSQL on the same machine."""
    from django.db import connection  # noqa: PLC0415 -- after Django is set up

    own = time.process_time()
    if connection.vendor != "postgresql":
        return own
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return own + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def fill(request: dict[str, Any]) -> dict[str, float]:
    """Tables, and entries that wait: as the program appends them, but many at once."""
    from django.core.management import call_command  # noqa: PLC0415 -- after Django is set up
    from django.db import connection, transaction  # noqa: PLC0415 -- as above

    from plumbline.trail.models import Entry, Unsealed  # noqa: PLC0415 -- as above

    call_command("migrate", "trail", verbosity=0)
    for begin in range(0, request["rows"], _SOME):
        with transaction.atomic():
            Entry.objects.bulk_create(
                _entries(begin, min(request["rows"], begin + _SOME)), batch_size=_SOME
            )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('trail_entry', 'id'), %s)", [request["rows"]]
            )
            cursor.execute("ANALYZE")  # as the server does of itself in time
    assert Unsealed.objects.count() == request["rows"]
    return {}


def _entries(begin: int, end: int) -> Iterator[Any]:
    from plumbline.trail.actions import content_of  # noqa: PLC0415 -- after Django is set up
    from plumbline.trail.digest import hash_by  # noqa: PLC0415 -- as above
    from plumbline.trail.models import Entry  # noqa: PLC0415 -- as above
    from plumbline.trail.tree import leaf_of  # noqa: PLC0415 -- as above

    sha = hash_by("sha256")
    for number in range(begin, end):
        entry = Entry(
            id=number + 1, at=AT + timedelta(seconds=number), actor="li", action="warning.signed_for",
            subject=f"warning:{number}", reason="按期签收", detail=_DETAIL,
        )  # fmt: skip
        entry.digest = leaf_of(sha, content_of(entry))
        yield entry


def seal(request: dict[str, Any]) -> dict[str, float]:
    from plumbline.trail import sealing  # noqa: PLC0415 -- after Django is set up

    before, start = _spent(), time.perf_counter()
    done = sealing.seal(at=AT)
    seconds = time.perf_counter() - start
    assert done.rows == request["rows"]
    return {"seconds": seconds, "cpu": _spent() - before, "bytes": peak()}


def append(request: dict[str, Any]) -> dict[str, float]:
    """A transaction that moves one row, without and with its entry, by turns."""
    from django.db import connection, transaction  # noqa: PLC0415 -- after Django is set up

    from plumbline.trail.actions import record  # noqa: PLC0415 -- as above

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_case (id integer PRIMARY KEY, state text)")
        cursor.execute("DELETE FROM bench_case")
        cursor.execute("INSERT INTO bench_case VALUES (1, 'raised')")
    taken: dict[bool, list[float]] = {False: [], True: []}
    spent = dict.fromkeys(taken, 0.0)
    begun = 0.0
    for number, recorded in enumerate(_turns(request["times"])):
        if number % _RUN == 0:
            begun = _spent()
        start = time.perf_counter()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("UPDATE bench_case SET state = %s WHERE id = 1", [str(number)])
            if recorded:
                record(
                    "warning.signed_for", subject=f"warning:{number}", by=None, at=AT,
                    reason="按期签收", **_DETAIL,
                )  # fmt: skip
        taken[recorded].append(time.perf_counter() - start)
        if number % _RUN == _RUN - 1:
            spent[recorded] += _spent() - begun
    times = len(taken[True])
    return {
        "without": median(taken[False]),
        "with": median(taken[True]),
        "cpu": (spent[True] - spent[False]) / times,
    }


def _turns(times: int) -> Iterator[bool]:
    """Runs without and with an entry, so many transactions of each."""
    for _ in range(max(1, times // _RUN)):
        for recorded in (False, True):
            yield from [recorded] * _RUN


def anchor(request: dict[str, Any]) -> dict[str, float]:
    from plumbline.trail.anchor import anchor as send  # noqa: PLC0415 -- after Django is set up

    before, start = _spent(), time.perf_counter()
    [done] = send(at=AT)
    assert done.size >= request["rows"]
    return {
        "seconds": time.perf_counter() - start,
        "cpu": _spent() - before,
        "bytes": peak(),
    }


def verify(request: dict[str, Any]) -> dict[str, float]:
    """All rows, against the database's own tree and the file of heads."""
    from plumbline.trail import verifying  # noqa: PLC0415 -- after Django is set up
    from plumbline.trail.outside import outside  # noqa: PLC0415 -- as above

    before, start = _spent(), time.perf_counter()
    report = verifying.verify([outside(Path(request["folder"]) / "private" / "heads.jsonl")])
    seconds = time.perf_counter() - start
    assert (report.faults, report.checked, report.confirmed) == (
        [],
        request["rows"],
        request["rows"],
    )
    return {"seconds": seconds, "cpu": _spent() - before, "bytes": peak()}


STEPS = {"fill": fill, "seal": seal, "anchor": anchor, "verify": verify, "append": append}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    _set_up(asked)
    print(json.dumps(STEPS[asked["step"]](asked)))
