"""The people who work the invented city's warnings: units, supervision bodies, one or two of every role.

All of them are made by the acts that a real office uses, one after the other, so that the trail begins
with how everybody came to their rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import transaction

from plumbline.cli.demo.benefits import OFFICES as PAYING
from plumbline.cli.demo.days import day
from plumbline.cli.demo.identifiers import citizen_numbers
from plumbline.cli.demo.organisations import DEPARTMENTS
from plumbline.cli.demo.people import CITY, COUNTIES, FIRST_COUNTY
from plumbline.org import actions
from plumbline.org.models import BodyKind, Role, SupervisionBody, Unit, User
from plumbline.org.policy import remembering

#: Everybody's password in the demo, and only there; a real account begins with a one-time link.
PASSWORD = "澜州演示-2026-plumb"  # noqa: S105 -- it is printed beside the accounts

#: What a bureau is about, by the end of its name.
_SECTORS = {
    "经济和信息化局": "honours", "民政局": "benefits", "卫生健康局": "benefits", "残疾人联合会": "benefits",
    "退役军人事务局": "benefits", "社会保险事业管理中心": "pensions", "医疗保障局": "medical",
    "农业农村局": "farming",
}  # fmt: skip
_BUREAUS = tuple(
    dict.fromkeys((*DEPARTMENTS, *PAYING, "经济和信息化局", "社会保险事业管理中心", "医疗保障局"))
)

CITY_OFFICE = "澜州市纪委监委第一监督检查室"
SECOND_OFFICE = "澜州市纪委监委第二监督检查室"
RESIDENT = "驻市经济和信息化局纪检监察组"

#: Login name, name, role, where (a body or a unit), born.
_OFFICERS = (
    ("fenban", "林知远", Role.DISPATCHER, CITY_OFFICE),
    ("hecha1", "陈晓东", Role.VERIFIER, CITY_OFFICE),
    ("hecha2", "周海燕", Role.VERIFIER, CITY_OFFICE),
    ("hecha3", "沈一帆", Role.VERIFIER, SECOND_OFFICE),
    ("hecha4", "顾平", Role.VERIFIER, SECOND_OFFICE),
    ("zuyuan1", "王敏", Role.VERIFIER, RESIDENT),
    ("zuyuan2", "许立", Role.VERIFIER, RESIDENT),
    ("xian1", "秦川", Role.VERIFIER, "澜江区纪委监委"),
    ("xian2", "方晴", Role.VERIFIER, "澜江区纪委监委"),
    ("xianzhuren", "夏树", Role.OFFICE_HEAD, "澜江区纪委监委"),
    ("zhuren", "吴雪梅", Role.OFFICE_HEAD, CITY_OFFICE),
    ("zhuren2", "邵文", Role.OFFICE_HEAD, SECOND_OFFICE),
    ("zuzhang", "郑国安", Role.OFFICE_HEAD, RESIDENT),
    ("changwei", "何静", Role.STANDING_MEMBER, CITY_OFFICE),
    ("shuji", "唐正", Role.SECRETARY, CITY_OFFICE),
    ("anguan", "罗秀英", Role.CASE_MANAGER, CITY_OFFICE),
    ("chengqing", "白帆", Role.CLARIFIER, CITY_OFFICE),
    ("moxing", "任远", Role.MODEL_AUTHOR, CITY_OFFICE),
    ("fagui", "石清", Role.CLAUSE_REVIEWER, CITY_OFFICE),
    ("shenpi", "范黎", Role.MODEL_APPROVER, CITY_OFFICE),
    ("shuju", "贾欣", Role.DATA_MANAGER, CITY_OFFICE),
    ("tongji", "孟佳", Role.STATISTICIAN, CITY_OFFICE),
    ("minzheng", "丁香", Role.DATA_PROVIDER, "澜江区民政局"),
    ("jingxin", "姚成", Role.UNIT_CONTACT, "澜江区经济和信息化局"),
    ("minzheng2", "卢明", Role.UNIT_CONTACT, "澜江区民政局"),
    ("lianluo", "姜宁", Role.UNIT_CONTACT, CITY[1]),
)  # fmt: skip
_ADMINISTRATORS = (
    ("xitong", "高磊", Role.SYSTEM_ADMIN),
    ("anquan", "梁静", Role.SECURITY_ADMIN),
    ("shenji", "宋恒", Role.AUDIT_ADMIN),
)


#: Who signs in how, for the reader: login name, name, role.
ACCOUNTS = (
    *((username, name, role) for username, name, role, _ in _OFFICERS),
    *_ADMINISTRATORS,
)


@dataclass(frozen=True)
class Officers:
    """Everybody by login name, and the bodies by name."""

    users: dict[str, User]
    bodies: dict[str, SupervisionBody]
    units: dict[str, Unit]

    def __getitem__(self, username: str) -> User:
        return self.users[username]


@transaction.atomic  # all of it, or none of it; and one commit
def appoint(at: datetime, since: date) -> Officers:
    """Appoint the administrators; they found units and bodies, open accounts and grant the roles.

    Args:
        since: from when bodies supervise and roles are held.
    """
    number = _numbers()
    users = {
        username: actions.appoint_first(
            role, username, name, next(number), at=at, reason="演示城市的第一任管理员"
        )
        for username, name, role in _ADMINISTRATORS
    }
    system, security = users["xitong"], users["anquan"]
    with remembering():
        units = _found_units(system, at)
        bodies = _found_bodies(units, system, at, since)
    for username, name, role, place in _OFFICERS:
        unit, body = units.get(place), bodies.get(place)
        user = actions.add_user(username, name, by=system, at=at, unit=unit, number=next(number))
        actions.grant(user, role, by=security, at=at, starts_on=since, body=body, unit=unit)
        users[username] = user
    User.objects.filter(pk__in=[user.pk for user in users.values()]).update(
        password=make_password(PASSWORD)  # of one kind for all, so that it is worked out once
    )
    return Officers(users, bodies, units)


def _found_units(by: User, at: datetime) -> dict[str, Unit]:
    code, name = CITY
    city = actions.add_unit(name, by=by, at=at, region=code)
    units = {name: city}
    for place, county in enumerate(COUNTIES):
        region = str(FIRST_COUNTY + place)
        units[county] = actions.add_unit(county, city, by=by, at=at, region=region)
        for bureau in _BUREAUS:
            units[county + bureau] = actions.add_unit(
                county + bureau, units[county], by=by, at=at, region=region,
                sector=_SECTORS.get(bureau, ""),
            )  # fmt: skip
    return units


def _found_bodies(
    units: dict[str, Unit], by: User, at: datetime, since: date
) -> dict[str, SupervisionBody]:
    city = units[CITY[1]]
    first = actions.add_body(CITY_OFFICE, BodyKind.OFFICE, by=by, at=at)
    bodies = {CITY_OFFICE: first}
    bodies[SECOND_OFFICE] = actions.add_body(SECOND_OFFICE, BodyKind.OFFICE, first, by=by, at=at)
    bodies[RESIDENT] = actions.add_body(RESIDENT, BodyKind.RESIDENT_GROUP, first, by=by, at=at)
    actions.oversee(first, city, by=by, at=at, starts_on=since)
    for sector in ("pensions", "medical", "farming"):
        actions.oversee(bodies[SECOND_OFFICE], city, by=by, at=at, starts_on=since, sector=sector)
    actions.oversee(bodies[RESIDENT], city, by=by, at=at, starts_on=since, sector="honours")
    for county in COUNTIES:
        name = f"{county}纪委监委"
        bodies[name] = actions.add_body(name, BodyKind.LOCALITY, first, by=by, at=at)
        actions.oversee(bodies[name], units[county], by=by, at=at, starts_on=since)
    return bodies


def _numbers() -> Iterator[str]:
    """Citizen numbers of an invented province, which nobody in the registers bears."""
    count = len(_OFFICERS) + len(_ADMINISTRATORS)
    order = np.arange(count) + 960  # no inhabitant is born so late in a day's order
    yield from citizen_numbers(
        np.full(count, FIRST_COUNTY), np.full(count, day(1980)), order
    ).to_pylist()
