"""Taking collisions into the workbench: how long so many new warnings take, and a run that changed nothing.

    python -m bench.intake [--warnings 20000] [--inbox 1000000]

A workspace of its own is made, with as many honours as offences, each about another person; one run flags them
all. Then they are taken in: sentences in both languages, parties, happenings, ranks. Beside it stands the list:
its first page and a later one out of `--inbox` warnings, the 95th of a hundred. `PLUMBLINE_DATABASE` chooses
PostgreSQL; otherwise it is SQLite in the workspace.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from plumbline.engine import Workspace
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.types.cn.person_id import check_character

AT = datetime(2026, 3, 18, 2, tzinfo=UTC)
NAME = "bench-honours"
UNITS = 200
WORDS = {"zh": "测量", "en": "measured"}

MODEL: dict[str, Any] = {
    "model": NAME, "title": WORDS, "theme": "honours", "status": "live", "question": WORDS,
    "line": {"says": WORDS, "basis": [{"law": "测量"}]},
    "facts": {"honour": {"dataset": "bench_honours"}, "offence": {"dataset": "bench_offences"}},
    "same": {"person": ["honour.person", "offence.person"]},
    "supervises": "honour.by", "send_to": {"by": "honour.by"}, "in_force_on": "as_of",
    "flag_when": "before(offence.on, honour.on)",
    "one_warning_per": ["person"], "grade": {"yellow": "otherwise"},
    "say": {"zh": "{honour.name}于{offence.on}受处罚，{honour.on}获评，{honour.by}可能存在审核把关不严的情形。",
            "en": "{honour.name}: offence {offence.on}, honour {honour.on}, approved by {honour.by}."},
    "check": {"zh": ["核对"]}, "innocent": {"zh": ["登记错误"]},
    "expect": {"flag_rate": "0%..100%", "per": "honour"},
}  # fmt: skip


def workspace(folder: Path, warnings: int) -> Workspace:
    """A workspace in which one run raises so many warnings."""
    of = Workspace.create(folder)
    (folder / "regions.yml").write_text("regions:\n  '380100': 甲市\n", encoding="utf-8")
    (folder / "plumbline.toml").write_text(
        '[workspace]\nname = "bench"\ncountry = "regions.yml"\n', encoding="utf-8"
    )
    for name, more in (("bench_honours", {"by": "text"}), ("bench_offences", {})):
        columns = {"no": "text", "person": "person.id", "on": "date", **more}
        told = {
            "dataset": name, "title": WORDS, "department": WORDS, "legal_basis": WORDS,
            "purpose": WORDS, "retention": "1 year", "delivery": {"kind": "full"}, "key": ["no"],
            "columns": {
                **{c: {"from": c, "type": kind} for c, kind in columns.items()},
                "name": {"from": "name", "type": "person.name", "of": "person"},
            },
        }  # fmt: skip
        path = folder / "catalog" / "datasets" / f"{name}.yml"
        path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    path = folder / "catalog" / "models" / "bench" / NAME / "model.yml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(MODEL, ensure_ascii=False), encoding="utf-8")
    of = Workspace(folder)
    for name, on in (("bench_honours", "2015-06-01"), ("bench_offences", "2012-03-01")):
        file = folder / "inbox" / name / f"{name}-2026-01-31.csv"
        file.parent.mkdir(parents=True)
        with file.open("w", encoding="utf-8") as rows:
            rows.write("no,person,on,name" + (",by" if name == "bench_honours" else "") + "\n")
            for i in range(warnings):
                born = date(1950, 1, 1) + timedelta(days=i % 18_000)
                first = f"380101{born:%Y%m%d}{i // 18_000:03}"
                unit = f",单位{i % UNITS}" if name == "bench_honours" else ""
                rows.write(f"{i},{first}{check_character(first)},{on},王五{unit}\n")
        load_delivery(
            of.store, of.dataset(name), file, received_at=AT, as_of=date(2026, 1, 31),
            accept="bench", by="bench",
        )  # fmt: skip
    return of


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds by the clock, and what came of it."""
    begun = time.perf_counter()
    result = act()
    return time.perf_counter() - begun, result


def take_in(of: Workspace, warnings: int) -> None:
    """Needs Django, which needs the workspace first."""
    from plumbline.loop.supervision.intake import take_in_catalog  # noqa: PLC0415
    from plumbline.loop.supervision.models import ModelVersion, State  # noqa: PLC0415
    from plumbline.loop.warning.intake import collide_and_take_in, take_in  # noqa: PLC0415
    from plumbline.loop.warning.models import EarlyWarning  # noqa: PLC0415
    from plumbline.org.models import Unit, User  # noqa: PLC0415

    for i in range(UNITS):
        unit = Unit.objects.create(name=f"单位{i}", region="380100")
        unit.path = f"/{unit.pk}/"
        unit.save()
    one, two = (User.objects.create(username=n, name=n) for n in ("bench-a", "bench-b"))
    take_in_catalog(of, at=AT)
    ModelVersion.objects.filter(model=NAME).update(
        state=State.LIVE, proposed_by=one, approved_by=two, cases_passed_at=AT
    )
    run, _ = timed(lambda: of.collide([NAME], at=AT, statuses={NAME: "live"}))
    busy = time.process_time()
    first, _ = timed(lambda: take_in(of, at=AT))
    busy = time.process_time() - busy
    assert EarlyWarning.objects.count() == warnings
    again, _ = timed(lambda: take_in(of, at=AT))
    same, _ = timed(lambda: collide_and_take_in(of.directory, at=AT))
    print(
        f"run {run:.1f} s; {warnings:,} taken in {first:.1f} s, of which the processor {busy:.1f} s"
    )
    print(
        f"nothing new {again * 1000:.0f} ms; a run that changes nothing, with its intake, {same:.1f} s"
    )


def list_them(many: int) -> None:
    """The list as an officer of a body over all units opens it, first and later pages, filtered too."""
    from django.db import connection  # noqa: PLC0415

    from plumbline.loop.warning.models import EarlyWarning  # noqa: PLC0415
    from plumbline.loop.warning.queries import inbox  # noqa: PLC0415
    from plumbline.org.models import (  # noqa: PLC0415
        BodyKind,
        Grant,
        Oversight,
        Role,
        SupervisionBody,
        Unit,
        User,
    )

    units = list(Unit.objects.order_by("pk"))
    have = EarlyWarning.objects.count()
    for begun in range(have, many, 5000):
        EarlyWarning.objects.bulk_create(
            (
                EarlyWarning(
                    key=f"{i:016x}", model=f"model-{i % 60}", version=1, title="测量",
                    level=("red", "yellow", "yellow", "blue")[i % 4], tier="A", about=f"王* · {i}",
                    sentence="王*于2012年受处罚，2015年获评工匠。", supervised="局", unit=units[i % UNITS],
                    region="380100", theme="honours", raised_at=AT - timedelta(seconds=i),
                    changed_at=AT, as_of=AT.date(), run=1, budgeted_on=AT.date(),
                )
                for i in range(begun, min(begun + 5000, many))
            ),
            batch_size=500,
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    body = SupervisionBody.objects.create(name="测量室", kind=BodyKind.OFFICE)
    Oversight.objects.bulk_create(
        Oversight(body=body, unit=unit, starts_on=date(2025, 1, 1)) for unit in units[: UNITS // 4]
    )
    user = User.objects.create(username="bench-head", name="室主任")
    Grant.objects.create(user=user, role=Role.OFFICE_HEAD, body=body, starts_on=date(2025, 1, 1))
    for name, said in (
        ("first page", {}), ("red", {"level": "red"}), ("one model", {"model": "model-7"}),
        ("one unit", {"unit": units[3]}),
    ):  # fmt: skip
        after, times = "", []
        for _ in range(100):
            spent, page = timed(partial(inbox, user, AT.date(), said, after))
            times.append(spent)
            after = page.after
        print(f"list of {many:,}, {name}, 100 pages on end: 95th {sorted(times)[94] * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--warnings", type=int, default=20_000)
    parser.add_argument("--inbox", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        of = workspace(Path(folder) / "bench", given.warnings)
        os.environ["PLUMBLINE_WORKSPACE"] = str(of.directory)
        os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
        import django  # noqa: PLC0415 -- its settings are in the workspace that was just made
        from django.core.management import call_command  # noqa: PLC0415

        django.setup()
        call_command("migrate", verbosity=0)
        take_in(of, given.warnings)
        if given.inbox:
            list_them(given.inbox)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
