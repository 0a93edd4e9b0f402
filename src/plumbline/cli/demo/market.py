"""Companies and who stands behind them, against posts and contracts (model 29).

The register of companies comes as an archive, a table for each county, named by an old Windows;
the register of roles is one text table. An official may hold shares by inheritance, from the stock
exchange, or because the organisation sent them; a stolen identity is nobody's fault but the thief's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo import procurement, staff
from plumbline.cli.demo.city import City, Register, choose, pick, words
from plumbline.cli.demo.days import NEVER, Ints, Mask, day, write_days
from plumbline.cli.demo.dirt import DATE_DAMAGE, LOOSE_NUMBER_DAMAGE, write_amounts, wrong_code
from plumbline.cli.demo.files import csv_bytes, write_csv, write_sqlite, write_zip
from plumbline.cli.demo.loose import (
    BARE,
    BIRTH,
    HIDDEN,
    MASKED,
    PHONE,
    SEX,
    USUAL,
    everyday,
    is_loose,
    known_by,
    other_cells,
)
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows, pairs

MODEL = "own-company-wins-contract"

KINDS = {
    "legal_rep": ("法定代表人",),
    "shareholder": ("股东",),
    "controller": ("实际控制人",),
    "director": ("董事",),
    "auditor": ("监事",),
    "manager": ("经理",),
}
HOLDING = ("legal_rep", "shareholder", "controller")
ORIGINS = {"": ("",), "capital": ("出资",), "inherited": ("继承",), "listed": ("证券交易",)}

COMPANIES = Register(
    "companies",
    damage={
        "统一社会信用代码": {"wrong check of a credit code": wrong_code},
        "成立日期": DATE_DAMAGE,
    },
    spoilt=0.003,
)
ROLES = Register(
    "company_roles",
    key=("company", "person", "kind", "started"),
    damage={
        "身份证号": LOOSE_NUMBER_DAMAGE,
        "统一社会信用代码": {"wrong check of a credit code": wrong_code},
    },
)


def role(**columns: Any) -> Rows:
    """Roles: person, company, kind, from when to when, and what excuses it."""
    usual = {
        "kind": "legal_rep",
        "origin": "",
        "percent": 0,
        "ended": NEVER,
        "assigned": False,
        "startup": False,
        "stolen": NEVER,
        "misnamed": False,
        "planted": False,
        **USUAL,
    }
    return Rows(**usual | columns)


def simulate(city: City) -> None:
    rng, pool = city.rng(MODEL), city.pool(MODEL)
    firms = city.company_pool
    _plant(city, rng, pool, firms)
    companies, people = city.companies, city.people
    adults = pool.rest
    adults = adults[
        ~city.involved("officials")[adults]
        & (people.born[adults] < day(1990))
        & (people.born[adults] > day(1950))
    ]
    everyone = np.arange(len(companies))
    for kind, share in (("legal_rep", 1.0), ("shareholder", 0.8), ("auditor", 0.4)):
        company = everyone[rng.random(len(companies)) < share]
        person = rng.choice(adults, len(company))
        started = companies.registered[company]
        moved = (rng.random(len(company)) < 0.1) & (started < day(2013))
        holds = kind == "shareholder"
        rows = role(
            company=company,
            person=person,
            kind=kind,
            origin="capital" if holds else "",
            percent=rng.integers(10, 100, size=len(company)) if holds else 0,
            started=started,
            ended=np.where(moved, started + 2_000, NEVER),
        )
        alone = people.alone[rows.person]
        city.add("company_roles", everyday(rng, rows, {MASKED: 0.08 * alone, BARE: 0.03 * alone}))


def _plant(city: City, rng: np.random.Generator, pool: Pool, firms: Pool) -> None:
    people, few = city.people, city.few
    free = people.alive() & (people.born < day(1990)) & (people.born > day(1968))
    free &= ~city.involved("custody") & ~city.involved("officials")
    office = (day(2012, 3), day(2023, 8))
    signed = day(2018, 5, 17)

    def story(
        count: int,
        *,
        on: Any = signed,
        unit_of: int = 0,
        office: tuple[int, int] = office,
        **holding: Any,
    ) -> Ints:
        """Officials, what they hold, and a contract of that company with their unit."""
        person = pool.take(count, free)
        company = firms.take(count, city.companies.revoked == NEVER)
        unit = person % len(city.units)
        post = {"started": office[0], "ended": office[1], "post": 2, "planted": True}
        city.add("officials", staff.post(person=person, unit=unit, **post))
        usual = {"company": company, "started": day(2014, 2), "planted": True}
        city.add("company_roles", role(**{"person": person} | usual | holding))
        buyer = (unit + unit_of) % len(city.units)
        procurement.sign(city, buyer, company, np.broadcast_to(on, person.shape))
        return person

    some = city.many // 3
    story(some, on=rng.integers(day(2015), day(2023), size=some))
    story(some, on=rng.integers(day(2015), day(2023), size=some), kind="shareholder", percent=45)
    story(some, kind="controller", ended=day(2019, 1))
    # The register of companies publishes its roles, and hides the numbers.
    story(2 * few, stated=MASKED, tells=BIRTH | PHONE)
    story(2 * few, stated=BARE, tells=SEX | BIRTH)
    story(few, stated=HIDDEN, tells=SEX | BIRTH)

    names = people.name.dictionary_encode().indices.to_numpy()
    official, namesake = pool.take_pairs(few, names, free)
    company = firms.take(few, city.companies.revoked == NEVER)
    unit = official % len(city.units)
    city.add("officials", staff.post(person=official, unit=unit, started=office[0], planted=True))
    holding = {"company": company, "started": day(2014, 2), "planted": True}
    city.add("company_roles", role(person=namesake, **holding))
    procurement.sign(city, unit, company, np.full(few, signed))

    doubled, stranger = pool.take_pairs(few, people.double_of, free)
    company = firms.take(few, city.companies.revoked == NEVER)
    unit = doubled % len(city.units)
    city.add("officials", staff.post(person=doubled, unit=unit, started=office[0], planted=True))
    holding = {"company": company, "started": day(2014, 2), "planted": True}
    city.add("company_roles", role(person=stranger, stated=MASKED, **holding))
    procurement.sign(city, unit, company, np.full(few, signed))

    struck_off = firms.take(few, city.companies.revoked < day(2018))
    revoked = pool.take(few, free)
    unit = revoked % len(city.units)
    city.add("officials", staff.post(person=revoked, unit=unit, started=office[0], planted=True))
    holding = {"company": struck_off, "started": day(2012), "planted": True}
    city.add("company_roles", role(person=revoked, **holding))
    late = city.companies.revoked[struck_off] + 200
    procurement.sign(city, unit, struck_off, late)
    traps = {
        "sent by the organisation": story(few, assigned=True),
        "inherited shares": story(few, kind="shareholder", origin="inherited", percent=20),
        "listed shares": story(few, kind="shareholder", origin="listed", percent=1),
        "stolen identity": story(few, stolen=day(2017, 4)),
        "approved start-up of a researcher": story(few, kind="shareholder", startup=True),
        "company struck off before": revoked,
        "given up before taking office": story(few, started=day(2008), ended=day(2011, 12)),
        "contract after leaving office": story(few, on=day(2024, 5), office=office),
        "contract with another unit": story(few, unit_of=7),
        "no holder, only a supervisor": story(few, kind="auditor"),
        "same name, another person": official,
        "same name and birth date, masked": doubled,
        "number equal, another's name": story(few, misnamed=True),
    }
    for name, person in traps.items():
        city.trap(MODEL, name, person)


def judge(city: City) -> None:
    """A contract of the own unit with a company held by an official, all at the same time."""
    posts, roles = city.usable(staff.OFFICIALS), city.usable(ROLES)
    contracts = procurement.standing(city)
    excused = roles.assigned | roles.startup | (roles.stolen < NEVER)
    excused |= np.isin(roles.origin, ("inherited", "listed"))
    roles = roles[np.isin(roles.kind, HOLDING) & ~excused]
    at_post, at_role = pairs(posts.person, roles.person)
    posts, roles = posts[at_post], roles[at_role]
    at, contract = pairs(roles.company, contracts.supplier)
    posts, roles, contracts = posts[at], roles[at], contracts[contract]
    on = contracts.on
    crossed = (contracts.buyer == posts.unit) & (city.companies.revoked[roles.company] >= on)
    for held in (posts, roles):
        crossed &= (held.started <= on) & (held.ended >= on)
    named = ~(posts.misnamed | roles.misnamed)
    registered = np.zeros(len(city.companies), np.bool_)
    registered[city.usable(COMPANIES).company] = True
    crossed &= registered[roles.company]

    def keys(which: Mask) -> list[tuple[str, ...]]:
        held = roles[crossed & which]
        return [
            (city.number(p), city.companies.codes[c])
            for p, c in zip(held.person, held.company, strict=True)
        ]

    loose = is_loose(roles.stated)
    found, asked = set(keys(named & ~loose)), set(keys(~loose))
    for subject, company in found:
        city.truth.warn(MODEL, subject, "red", company)
    for subject, company in asked - found:
        city.truth.ask(MODEL, subject, company)
    known = known_by(city.people, company_roles=roles[crossed & named & loose])
    city.report_loose(MODEL, keys(named & loose), ["yellow"] * len(known), known)


def deliver(city: City) -> None:
    _deliver_companies(city)
    _deliver_roles(city, city.rng("roles delivered"))


def _deliver_companies(city: City) -> None:
    rows = city.settle(COMPANIES)
    companies = city.companies
    code, name = companies.named(rows.company)
    county, gone = companies.county[rows.company], companies.revoked[rows.company] < NEVER
    status = np.where(gone, 2 + rows.company % 2, rows.company % 2)
    columns = city.strike(
        COMPANIES,
        rows,
        {
            "统一社会信用代码": code,
            "企业名称": name,
            "登记状态": words(("存续", "在业", "吊销", "注销"), status),
            "成立日期": write_days(companies.registered[rows.company], "slash"),
            "注吊销日期": write_days(companies.revoked[rows.company], "slash"),
            "住所": pa.array([f"{COUNTIES[c]}人民路{n % 400 + 1}号" for n, c in enumerate(county)]),
            "登记地": city.counties(county),
        },
    )
    members = {
        f"{place}.csv": csv_bytes(pick(columns, county == n), encoding="gb18030", newline="\r\n")
        for n, place in enumerate(COUNTIES)
    }
    write_zip(city.inbox / "companies" / "市场主体登记_20251231.zip", members)
    write_sqlite(city.inbox.parent / "databases" / "market.sqlite", "market_entities", columns)
    city.rows_written(COMPANIES, rows)


def _deliver_roles(city: City, rng: np.random.Generator) -> None:
    rows = city.settle(ROLES)
    number, name = city.who(rng, rows)
    code, company = city.companies.named(rows.company)
    percent = write_amounts(rows.percent * 100, places=1)
    columns = city.strike(
        ROLES,
        rows,
        {
            "统一社会信用代码": code,
            "企业名称": company,
            "身份证号": number,
            "姓名": name,
            **other_cells(city.people, rows),
            "角色": choose(rng, rows.kind, KINDS),
            "持股比例(%)": pc.if_else(pa.array(rows.percent > 0), percent, ""),
            "股权来源": choose(rng, rows.origin, ORIGINS),
            "起始日期": write_days(rows.started),
            "终止日期": write_days(rows.ended),
            "委派文件": words(("", "澜组发〔2014〕7号"), rows.assigned.astype(int)),
            "科研人员创业批准文号": words(("", "澜科创〔2014〕3号"), rows.startup.astype(int)),
            "冒名登记报案日期": write_days(rows.stolen),
            "登记地": city.counties(city.companies.county[rows.company]),
        },
    )
    path = city.inbox / "company_roles" / "企业人员任职_20251231.txt"
    write_csv(path, columns, encoding="utf-16", delimiter="\t", newline="\r\n")
    city.rows_written(ROLES, rows)
