"""Opens an office in an empty folder, in a process of its own: `python -m tests.journeys.opening FOLDER`.

The cast has its rights and one password, two models are in force, the registers of before have collided:
two warnings about honours were worked to their end, six about benefits wait.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.journeys import registers

PASSWORD = "一所老办公楼-2026"  # noqa: S105 -- of nobody but the cast
MODELS = ("honour-despite-offence", "benefit-after-death")

_SETTINGS = """\
[workspace]
name = "澜州市"
country = "country.yml"
[limits]
threads = 1
memory = "500MB"
[workbench]
second_factor = "optional"
"""
_COUNTRY = """\
regions:
  '380000': 澜省
  '380100': 澜州市
  '380101': 澜江区
"""


def lay_out(folder: Path) -> None:
    """A workspace and what departments had put into its inbox."""
    from plumbline.engine import Workspace  # noqa: PLC0415 -- as below

    Workspace.create(folder)
    (folder / "plumbline.toml").write_text(_SETTINGS, encoding="utf-8")
    (folder / "country.yml").write_text(_COUNTRY, encoding="utf-8")
    inbox = folder / "inbox"
    for name in ("honours", "offences", "benefit_payments", "deaths"):
        (inbox / name).mkdir(parents=True, exist_ok=True)
    before = (*registers.EARLIER, *(each for each in registers.ORDINARY if not each.record))
    registers.write_masters(inbox / "honours" / "工艺美术大师2025-12-31.xlsx", before)
    registers.write_offences(inbox / "offences" / "处罚2025-12-31.csv", registers.EARLIER)
    registers.write_payments(inbox / "benefit_payments" / "一卡通2025-12-31.csv")
    registers.write_deaths(inbox / "deaths" / "火化2025-12-31.csv")


def people(since: date) -> Any:
    """The cast of all tests, in office since long ago, and those whom this story needs beside them."""
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415

    from plumbline.org.models import Grant, Oversight, Role, Unit, User  # noqa: PLC0415
    from tests import people as everybody  # noqa: PLC0415

    cast = everybody.cast()
    cast.industry.former_names = ["经济和信息化局"]  # as the catalog calls the department
    cast.industry.save()
    cast.centre = everybody.unit(registers.CENTRE, cast.city, region="380300", sector="honours")
    cast.bureau = everybody.user("bureau", "经信局数据员", Role.DATA_PROVIDER, unit=cast.industry, works_at=cast.industry)  # fmt: skip
    cast.civil_contact = everybody.user("civil", "民政局联系人", Role.UNIT_CONTACT, unit=cast.civil, works_at=cast.civil)  # fmt: skip
    cast.xu = everybody.user("xu", "派驻组许", Role.VERIFIER, body=cast.group)
    cast.deputy_head = everybody.user("deputy", "副主任", Role.OFFICE_HEAD, body=cast.office)
    Grant.objects.update(starts_on=since)
    Oversight.objects.update(starts_on=since)
    User.objects.update(password=make_password(PASSWORD))
    everybody.known(*User.objects.all())
    assert Unit.objects.filter(name=registers.BUREAU).exists()
    return cast


def worked(case: Any, cast: Any, at: datetime) -> None:
    """To its end: true, nobody's fault, and the clause says nothing that can be checked."""
    from plumbline.loop.disposal.actions.dispatch import sign_for  # noqa: PLC0415
    from plumbline.loop.disposal.actions.review import approve  # noqa: PLC0415
    from plumbline.loop.disposal.actions.verify import (  # noqa: PLC0415
        assign_verifiers,
        do_step,
        find,
        report,
        sign_findings,
    )
    from plumbline.loop.disposal.models import Finding  # noqa: PLC0415
    from plumbline.loop.disposal.queries.disposal import found  # noqa: PLC0415

    head, one, other = (
        (cast.group_head, cast.wang, cast.xu)
        if case.body == cast.group
        else (cast.head, cast.li, cast.zhou)
    )
    sign_for(case, by=head, at=at)
    assign_verifiers(case, [one, other], by=head, at=at)
    for step in case.steps.all():
        do_step(case, step, by=one, at=at, finding="已核对")
    for finding in (Finding.RIGHT_PERSON, Finding.DATA_CORRECT, Finding.PARTLY_TRUE, Finding.NOBODY,
                    Finding.CLAUSE_UNCLEAR):  # fmt: skip
        find(case, finding, by=other, at=at)
    seen = set(found(case).values_list("pk", flat=True))
    for verifier in (one, other):
        sign_findings(case, seen, by=verifier, at=at)
    report(case, by=one, at=at, summary="按当年办法审核；“遵纪守法”没有可核对的标准")
    for reviewer in (head, cast.standing, cast.secretary)[: len(case.chain)]:
        approve(case, case.reports, by=reviewer, at=at)


def open_office(folder: Path) -> Any:
    """All of it; gives the cast and its cases."""
    import os  # noqa: PLC0415

    os.environ |= {
        "PLUMBLINE_WORKSPACE": str(folder),
        "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
    }
    lay_out(folder)
    import django  # noqa: PLC0415 -- it reads the workspace's settings when it is set up

    django.setup()
    from django.utils import timezone  # noqa: PLC0415

    from plumbline.loop.disposal.models import Disposal  # noqa: PLC0415
    from plumbline.loop.supervision import actions, intake  # noqa: PLC0415
    from plumbline.trail.sealing import seal  # noqa: PLC0415
    from plumbline.web import night, serving  # noqa: PLC0415

    serving.migrate()
    at = timezone.now() - timedelta(hours=3)
    cast = people(timezone.localdate(at) - timedelta(days=400))
    office = intake.workspace()
    for version in intake.take_in_catalog(office, at=at):
        if version.model in MODELS:
            actions.try_out(version, intake.check(office, version.model), by=cast.author, at=at)
            actions.propose(version, by=cast.author, at=at, reason="沿用", without_samples=True)
            actions.promote(version, by=cast.approver, at=at, reason="同意")
    night.work(at)
    honours = Disposal.objects.filter(warning__theme="honours").order_by("pk")
    for case in honours:
        worked(case, cast, at + timedelta(hours=1))
    seal(at=timezone.now())
    return SimpleNamespace(cast=cast, honours=honours.count(), all=Disposal.objects.count())


if __name__ == "__main__":
    opened = open_office(Path(sys.argv[1]).absolute())
    assert (opened.honours, opened.all) == (2, 2 + len(registers.LATE)), opened
