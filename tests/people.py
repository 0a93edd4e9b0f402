"""The cast of the workbench's tests: a small city, its bodies, and one person of every role.

    cast = people.cast()             # in a test marked django_db
    cast.li                          # verifier of the first supervision office

Everybody is invented. `stranger` has no right to anything, and closes every test of a page.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from django.test import Client

from plumbline.org.models import (
    BodyKind,
    Grant,
    Oversight,
    Role,
    SupervisionBody,
    Unit,
    User,
)

#: When the tests' days are: a Wednesday, with an ordinary week around it.
TODAY = date(2026, 3, 18)
NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai


def unit(name: str, above: Unit | None = None, **fields: Any) -> Unit:
    """A unit at its place in the tree."""
    made = Unit.objects.create(name=name, parent=above, **fields)
    made.path = f"{above.path if above else '/'}{made.pk}/"
    made.save(update_fields=["path"])
    return made


def user(username: str, name: str, role: Role | None = None, **place: Any) -> User:
    """Somebody with a role in a body or a unit, since the beginning of the year."""
    made = User.objects.create(username=username, name=name, unit=place.pop("works_at", None))
    if role:
        Grant.objects.create(user=made, role=role, starts_on=date(2026, 1, 1), **place)
    return made


def cast() -> Any:
    """The whole cast; see its attributes."""
    city = unit("澜州市", region="380300")
    industry = unit("澜州市经济和信息化局", city, region="380300", sector="honours")
    civil = unit("澜州市民政局", city, region="380300", sector="benefits")
    county = unit("青禾县", city, region="380381")
    county_civil = unit("青禾县民政局", county, region="380381", sector="benefits")
    office = SupervisionBody.objects.create(name="第一监督检查室", kind=BodyKind.OFFICE)
    group = SupervisionBody.objects.create(
        name="驻市经信局纪检监察组", kind=BodyKind.RESIDENT_GROUP, above=office
    )
    locality = SupervisionBody.objects.create(
        name="青禾县纪委监委", kind=BodyKind.LOCALITY, above=office
    )
    for body, watched in ((office, city), (group, industry), (locality, county)):
        Oversight.objects.create(body=body, unit=watched, starts_on=date(2025, 1, 1))
    return SimpleNamespace(
        city=city, industry=industry, civil=civil, county=county, county_civil=county_civil,
        office=office, group=group, locality=locality,
        fen=user("fen", "分办员", Role.DISPATCHER, body=office),
        li=user("li", "核查员李", Role.VERIFIER, body=office),
        zhou=user("zhou", "核查员周", Role.VERIFIER, body=office),
        wang=user("wang", "派驻组王", Role.VERIFIER, body=group),
        qin=user("qin", "县纪委秦", Role.VERIFIER, body=locality),
        head=user("head", "室主任", Role.OFFICE_HEAD, body=office),
        group_head=user("group_head", "派驻组组长", Role.OFFICE_HEAD, body=group),
        standing=user("standing", "常委", Role.STANDING_MEMBER, body=office),
        secretary=user("secretary", "书记", Role.SECRETARY, body=office),
        keeper=user("keeper", "案管员", Role.CASE_MANAGER, body=office),
        clarifier=user("clarifier", "澄清专员", Role.CLARIFIER, body=office),
        author=user("author", "模型员", Role.MODEL_AUTHOR, body=office),
        jurist=user("jurist", "法规员", Role.CLAUSE_REVIEWER, body=office),
        approver=user("approver", "模型审批人", Role.MODEL_APPROVER, body=office),
        data=user("data", "数据管理员", Role.DATA_MANAGER, body=office),
        provider=user("provider", "民政局数据员", Role.DATA_PROVIDER, unit=civil, works_at=civil),
        contact=user("contact", "经信局联系人", Role.UNIT_CONTACT, unit=industry, works_at=industry),
        figures=user("figures", "统计员", Role.STATISTICIAN, body=office),
        sysadmin=user("sysadmin", "系统管理员", Role.SYSTEM_ADMIN),
        secadmin=user("secadmin", "安全管理员", Role.SECURITY_ADMIN),
        auditor=user("auditor", "审计管理员", Role.AUDIT_ADMIN),
        stranger=user("stranger", "陌生人"),
    )  # fmt: skip


def sign_in(client: Client, who: User) -> Client:
    """As by password, password asked again, and second factor, a moment ago."""
    client.force_login(who)
    session, now = client.session, time.time()
    session["account_authentication_methods"] = [
        {"method": "password", "at": now, "reauthenticated": True},
        {"method": "mfa", "at": now},
    ]
    session["account_authentication_methods_user"] = str(who.pk)
    session.save()
    return client


def known(*users: User) -> None:
    """As if their citizen numbers had been entered: without, nobody is given an officer's role."""
    for who in users:
        who.person = f"{who.pk:064}"
        who.save(update_fields=["person"])
