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
    Oversight.objects.bulk_create(
        Oversight(body=body, unit=watched, starts_on=date(2025, 1, 1))
        for body, watched in ((office, city), (group, industry), (locality, county))
    )
    places = {
        "fen": ("分办员", Role.DISPATCHER, office), "li": ("核查员李", Role.VERIFIER, office),
        "zhou": ("核查员周", Role.VERIFIER, office), "wang": ("派驻组王", Role.VERIFIER, group),
        "qin": ("县纪委秦", Role.VERIFIER, locality), "head": ("室主任", Role.OFFICE_HEAD, office),
        "group_head": ("派驻组组长", Role.OFFICE_HEAD, group),
        "standing": ("常委", Role.STANDING_MEMBER, office), "secretary": ("书记", Role.SECRETARY, office),
        "keeper": ("案管员", Role.CASE_MANAGER, office), "clarifier": ("澄清专员", Role.CLARIFIER, office),
        "author": ("模型员", Role.MODEL_AUTHOR, office), "jurist": ("法规员", Role.CLAUSE_REVIEWER, office),
        "approver": ("模型审批人", Role.MODEL_APPROVER, office), "data": ("数据管理员", Role.DATA_MANAGER, office),
        "provider": ("民政局数据员", Role.DATA_PROVIDER, civil), "contact": ("经信局联系人", Role.UNIT_CONTACT, industry),
        "figures": ("统计员", Role.STATISTICIAN, office), "sysadmin": ("系统管理员", Role.SYSTEM_ADMIN, None),
        "secadmin": ("安全管理员", Role.SECURITY_ADMIN, None), "auditor": ("审计管理员", Role.AUDIT_ADMIN, None),
        "stranger": ("陌生人", None, None),
    }  # fmt: skip
    # One by one, as `user` makes them, they would take half the time of a test.
    users = User.objects.bulk_create(
        User(username=username, name=name, unit=place if isinstance(place, Unit) else None)
        for username, (name, _, place) in places.items()
    )
    grants = []
    for made, (_, role, place) in zip(users, places.values(), strict=True):
        if role:
            where = {"unit" if isinstance(place, Unit) else "body": place}
            grants.append(Grant(user=made, role=role, starts_on=date(2026, 1, 1), **where))
    Grant.objects.bulk_create(grants)
    return SimpleNamespace(
        city=city, industry=industry, civil=civil, county=county, county_civil=county_civil,
        office=office, group=group, locality=locality,
        **{made.username: made for made in users},
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
