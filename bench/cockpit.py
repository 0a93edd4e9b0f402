# ruff: noqa: PLC0415 -- Django is set up for a database before its models are imported
"""The cockpit over a million warnings: how long its page takes, and what keeping its counts costs.

    python -m bench.cockpit [--rows 1000000] [--repeat 20]

Twelve counties of twenty departments, three years, fifteen models; most warnings are closed with a finding,
some led to a lead, some brought money back, some are overdue. SQLite in a file of its own; PostgreSQL as well,
where PLUMBLINE_TEST_POSTGRES names a server, as a user whom its row-level walls hold, in a database made for this
and dropped afterwards. What is measured is the whole page as a head of the topmost office asks for it: rights, sums, template, pictures'
numbers. The rows are put in without the counting triggers and counted once, which is a figure of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.web import own_database

HERE = Path(__file__).parent
BEGIN, END = "<!-- cockpit -->", "<!-- end of cockpit -->"
NOW = datetime.now(UTC).replace(microsecond=0)  # deadlines are over or not by the clock
MONTHS, MODELS, COUNTIES, DEPARTMENTS = 36, 15, 12, 20
_BATCH = 20_000
PAGES = {
    "the last twelve months": "/cockpit/",
    "since the beginning": "/cockpit/?period=all",
    "one county": "/cockpit/?region=380105",
    "rows of a figure": "/cockpit/rows/confirmed/",
}


def measure(rows: int, repeat: int) -> dict[str, Any]:
    """Fill a new database and ask for its pages; Django is set up for it."""
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from plumbline.web.cockpit import counting
    from plumbline.web.cockpit.models import Tally

    call_command("migrate", verbosity=0, interactive=False)
    head, units = _office()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cache_size = -1000000")
        for statement in counting.uninstall():
            cursor.execute(statement)
    filled = _timed(lambda: _fill(rows, head, units))
    with connection.cursor() as cursor:
        for statement in counting.install():
            cursor.execute(statement)
    counted = _timed(lambda: counting.recount(NOW))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()  # pages have a connection as it is opened for them
    client = Client(HTTP_HOST="localhost")
    client.force_login(head, backend="allauth.account.auth_backends.AuthenticationBackend")
    pages = {}
    for name, path in PAGES.items():
        client.get(path)
        times = sorted(_timed(lambda path=path: _page(client, path)) for _ in range(repeat))  # type: ignore[misc]
        pages[name] = {"median": median(times), "most": times[int(0.95 * (repeat - 1))]}
    kept = _cost_of_keeping(units)
    return {
        "pages": pages, "filled": filled, "counted": counted, "tallies": Tally.objects.count(), **kept,
        "size": _size(), "version": ".".join(map(str, connection.get_database_version())),
    }  # fmt: skip


def _timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _page(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


def _size() -> int:
    """Bytes of the database."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(settings.DATABASES["default"]["NAME"]).stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _office() -> tuple[Any, list[Any]]:
    from plumbline.org.models import BodyKind, Grant, Oversight, Role, SupervisionBody, Unit, User

    def unit(name: str, region: str, above: Any = None) -> Any:
        made = Unit.objects.create(name=name, region=region, parent=above)
        made.path = f"{above.path if above else '/'}{made.pk}/"
        made.save(update_fields=["path"])
        return made

    city = unit("澜州市", "380100")
    units = []
    for county in range(1, COUNTIES + 1):
        region = f"3801{county:02d}"
        whole = unit(f"第{county}区", region, city)
        units += [unit(f"第{county}区第{n}局", region, whole) for n in range(DEPARTMENTS)]
    office = SupervisionBody.objects.create(name="第一监督检查室", kind=BodyKind.OFFICE)
    Oversight.objects.create(body=office, unit=city, starts_on=NOW.date() - timedelta(days=2000))
    head = User.objects.create(username="head", name="室主任", unit=city, person="f" * 64)
    Grant.objects.create(
        user=head, role=Role.OFFICE_HEAD, body=office, starts_on=NOW.date() - timedelta(days=2000)
    )
    return head, units


def _fill(rows: int, head: Any, units: list[Any]) -> None:
    from django.db import transaction

    from plumbline.kit.clock.models import Due
    from plumbline.loop.disposal.models import Disposal, Document, Lead, Outcome, Posting
    from plumbline.loop.warning.models import EarlyWarning
    from plumbline.org.models import SupervisionBody

    chance = random.Random(38)  # noqa: S311 -- invented rows
    body = SupervisionBody.objects.get()
    first = min(rows, _BATCH)
    with transaction.atomic():
        warnings = EarlyWarning.objects.bulk_create(list(_warnings(range(first), units, chance)))
        cases = Disposal.objects.bulk_create([_disposal(each, body, chance) for each in warnings])
        closed = [each for each in cases if each.closed_at]
        Outcome.objects.bulk_create(
            Outcome(
                disposal=each, round=1, aspect="fact", found_by=head, found_at=each.closed_at,
                finding=chance.choices(["true", "untrue", "unverifiable"], [35, 60, 5])[0],
            )
            for each in closed
        )  # fmt: skip
        Lead.objects.bulk_create(
            Lead(
                number=f"{n}", year=2026, serial=n + 1, origin="warning", disposal=each,
                body=body, title="线索", text="情况", received_at=each.closed_at, received_by=head,
            )
            for n, each in enumerate(closed) if n % 20 == 0
        )  # fmt: skip
        paper = Document.objects.create(
            disposal=cases[0],
            by=head,
            at=NOW,
            name="收据",
            kind="text/plain",
            size=1,
            sha256="0" * 64,
        )
        Posting.objects.bulk_create(
            Posting(
                disposal=each, kind=kind, fen=chance.randrange(1, 500_000), key=f"{kind}-{each.pk}",
                evidence=paper, by=head, at=each.closed_at,
            )
            for n, each in enumerate(closed) if n % 50 == 0 for kind in ("due", "recovered")
        )  # fmt: skip
        # A tenth of those at work is overdue, as it is in an office that can just keep up.
        Due.objects.bulk_create(
            Due(
                subject=f"disposal:{each.pk}", kind="report", started_at=each.opened_at, working_days=10,
                due_at=NOW + timedelta(days=chance.randrange(-6, 54)),
            )
            for each in cases if not each.closed_at
        )  # fmt: skip
    _multiply(rows // first)


def _multiply(times: int) -> None:
    """The first rows so many times, each copy under numbers of its own: a statement for each table."""
    from django.core.management.color import no_style
    from django.db import connection, transaction

    from plumbline.kit.clock.models import Due
    from plumbline.loop.disposal.models import Disposal, Lead, Outcome, Posting
    from plumbline.loop.warning.models import EarlyWarning

    moved: dict[Any, dict[str, str]] = {
        EarlyWarning: {"key": "{copy} || substr(key, 7)"},
        Disposal: {"warning_id": "warning_id + {by}"},
        Outcome: {"disposal_id": "disposal_id + {by}"},
        Lead: {"disposal_id": "disposal_id + {by}", "number": "number || '/' || {copy}", "serial": "serial + {by}"},
        Posting: {"disposal_id": "disposal_id + {by}", "key": "key || '/' || {copy}"},
        Due: {"subject": "'disposal:' || (CAST(substr(subject, 10) AS integer) + {by})"},
    }  # fmt: skip
    last = {model: model.objects.order_by("-pk").values_list("pk", flat=True)[0] for model in moved}
    # Copies of disposals must lie as far apart as copies of their warnings, and so must all the others.
    by = max(last.values())
    for copy in range(1, times):
        with transaction.atomic(), connection.cursor() as cursor:
            for model, changes in moved.items():
                columns = [field.column for field in model._meta.local_concrete_fields]  # noqa: SLF001 -- Django's documented way
                words = {"copy": f"'{copy:06d}'", "by": str(copy * by)}
                known = {
                    name: said.format(**words)
                    for name, said in {"id": "id + {by}", **changes}.items()
                }
                table = model._meta.db_table  # noqa: SLF001 -- as above
                names = ", ".join(f'"{name}"' for name in columns)
                values = ", ".join(known.get(name, f'"{name}"') for name in columns)
                cursor.execute(
                    f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE id <= {last[model]}"
                )
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(moved)):
            cursor.execute(statement)


def _warnings(numbers: range, units: list[Any], chance: random.Random) -> Iterator[Any]:
    from plumbline.loop.warning.models import EarlyWarning

    for n in numbers:
        model = min(int(chance.expovariate(0.25)), MODELS - 1)
        # A model is about three of a county's departments, not about all.
        unit = units[
            chance.randrange(COUNTIES) * DEPARTMENTS + (model + chance.randrange(3)) % DEPARTMENTS
        ]
        raised = NOW - timedelta(days=chance.randrange(MONTHS * 30), minutes=n % 1440)
        yield EarlyWarning(
            key=f"{n:064x}", model=f"model-{model}", version=1, title=f"模型{model}",
            level=chance.choices(["red", "yellow", "blue"], [25, 55, 20])[0], tier="A", about="王某某",
            sentence="王某某于2012年受到行政处罚。", supervised=unit.name, unit=unit, region=unit.region,
            theme="honours", raised_at=raised, changed_at=raised, as_of=raised.date(), run=1,
            budgeted_on=raised.date(), rank=2300.0,
        )  # fmt: skip


def _disposal(warning: Any, body: Any, chance: random.Random) -> Any:
    from plumbline.loop.disposal.models import Disposal, State

    is_old = warning.raised_at < NOW - timedelta(days=20)
    closed = None
    if is_old and chance.random() < 0.9:
        closed = min(warning.raised_at + timedelta(days=chance.randrange(3, 40)), NOW)
    return Disposal(
        warning=warning, state=State.CLOSED if closed else State.VERIFYING, level=warning.level, body=body,
        opened_at=warning.raised_at, dispatched_at=warning.raised_at, signed_at=warning.raised_at,
        reported_at=closed, closed_at=closed, reports=1 if closed else 0,
    )  # fmt: skip


def _cost_of_keeping(units: list[Any], rows: int = 5_000) -> dict[str, float]:
    """Seconds that 5,000 new warnings take with the counting triggers and without them."""
    from django.db import connection, transaction

    from plumbline.loop.warning.models import EarlyWarning
    from plumbline.web.cockpit import counting

    def write() -> None:
        chance = random.Random(39)  # noqa: S311 -- invented rows
        with transaction.atomic():
            EarlyWarning.objects.bulk_create(
                list(_warnings(range(10**9, 10**9 + rows), units, chance))
            )
            transaction.set_rollback(True)

    with_them = median(_timed(write) for _ in range(3))
    with connection.cursor() as cursor:
        for statement in counting.uninstall():
            cursor.execute(statement)
    return {"with": with_them, "without": median(_timed(write) for _ in range(3))}


# -- both databases, and the table -----------------------------------------------------------------


def apart(rows: int, repeat: int, address: str) -> dict[str, Any]:
    """Measure one database in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "plumbline.toml").write_text(
            '[workspace]\nname = "bench"\n\n[workbench]\nsecond_factor = "optional"\n'
        )
        done = subprocess.run(
            [sys.executable, "-m", "bench.cockpit", "--rows", str(rows), "--repeat", str(repeat), "--once"],
            cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PLUMBLINE_WORKSPACE": folder, "PLUMBLINE_DATABASE": address,
                 "DJANGO_SETTINGS_MODULE": "plumbline.web.settings"},
        )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def table(rows: int, repeat: int, figures: dict[str, dict[str, Any]]) -> str:
    from bench.collide import machine

    lines = [
        f"{datetime.now(tz=UTC):%Y-%m-%d}, {machine()}; Python {platform.python_version()}, "  # noqa: ISC004
        f"Django {version('django')}. `python -m bench.cockpit --rows {rows} --repeat {repeat}`; medians, and "
        "what 95 of 100 stay within. "
        f"Load average {os.getloadavg()[1]:.1f} at the end: above 2, other work ran beside it.",
        "",
        f"| the page over {rows:,} warnings | " + " | ".join(f"{name}, s | 95 %" for name in figures) + " |",
        "|---|" + "--:|--:|" * len(figures),
    ]  # fmt: skip
    for page in PAGES:
        times = (each["pages"][page] for each in figures.values())
        cells = (f"{each['median']:.3f} | {each['most']:.3f}" for each in times)
        lines.append(f"| {page} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [
        f"{name} {each['version']}: {each['tallies']:,} tallies in a database of {each['size'] / 2**20:,.0f} MiB. "
        f"Counting everything anew takes {each['counted']:.1f} s. 5,000 new warnings take {each['with']:.2f} s "
        f"with the counting triggers, {each['without']:.2f} s without."
        for name, each in figures.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        import django

        django.setup()
        print(json.dumps(measure(asked.rows, asked.repeat)))
        return
    figures = {"SQLite": apart(asked.rows, asked.repeat, "")}
    if server := os.environ.get("PLUMBLINE_TEST_POSTGRES"):
        with own_database(server) as database:
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
            f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
