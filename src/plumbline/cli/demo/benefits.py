"""Benefits paid month by month, against the register of deaths (model 1).

The finance bureau pays five schemes and delivers a year at a time, each year in the shape that
the program of that year wrote. Grants to the bereaved run through the same books.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo import deaths
from plumbline.cli.demo.city import City, Register, choose, words
from plumbline.cli.demo.days import (
    LAST_MONTH,
    NEVER,
    Ints,
    Mask,
    day,
    first_of,
    last_of,
    month,
    month_of,
    plus_years,
    write_days,
    write_months,
    year_of,
)
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    NUMBER_DAMAGE,
    some,
    thousands,
    touch,
    write_amounts,
)
from plumbline.cli.demo.files import write_csv, write_parquet
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows, every, groups

MODEL = "benefit-after-death"
FROM = month(2021)

DIBAO, SENIOR, VETERANS, DISABILITY, BEREAVEMENT, FUNERAL = range(6)
#: As the truth names them; the first five letters of no register.
SCHEMES = ("dibao", "senior", "veterans", "disability", "bereavement", "funeral")
SPELLINGS = {
    DIBAO: ("低保", "最低生活保障"),
    SENIOR: ("高龄津贴", "高龄"),
    VETERANS: ("优抚", "优抚补助"),
    DISABILITY: ("残疾人两项补贴", "残疾两补"),
    BEREAVEMENT: ("抚恤金",),
    FUNERAL: ("丧葬费",),
}
OFFICES = ("民政局", "卫生健康局", "退役军人事务局", "残疾人联合会", "民政局", "民政局")
MONTHLY_FEN = (68_000, 20_000, 90_000, 26_000, 1_500_000, 600_000)
PER_SCHEME = (SENIOR, VETERANS, DISABILITY)

PAYMENTS = Register(
    "benefit_payments",
    damage={
        "身份证号": NUMBER_DAMAGE,
        "所属月份": {
            "impossible date": lambda _, turn: ("2023-13", "2022年00月", "不详")[turn % 3]
        },
        "发放金额(元)": AMOUNT_DAMAGE,
    },
    spoilt=0.0005,
)


def payment(**columns: Any) -> Rows:
    """Payments: person, scheme, the month they are for, and into which of a person's accounts."""
    usual = {
        "scheme": SENIOR,
        "household": 0,
        "others": -1,
        "account": 0,
        "planted": False,
        "paid": last_of(columns["month"]) - 5,
        "fen": np.array(MONTHLY_FEN)[columns.get("scheme", SENIOR)],
    }
    return Rows(**usual | columns)


def simulate(city: City) -> None:
    """Lawful payments until the month of death, and the stories."""
    pool = city.pool(MODEL)
    _plant_collisions(city, city.rng(MODEL), pool)
    _plant_traps(city, pool)
    rng, free = city.rng("benefits"), np.zeros(len(city.people), np.bool_)
    free[pool.rest] = True
    people = city.people
    eighty = month_of(plus_years(people.born, 80)) + 1
    _pay(city, np.flatnonzero(free & (eighty <= LAST_MONTH)), SENIOR, eighty)
    old_men = free & people.male & (people.born < day(1962))
    for scheme, who, share in ((VETERANS, old_men, 0.04), (DISABILITY, free, 0.012)):
        person = np.flatnonzero(who & (rng.random(len(free)) < share))
        started = np.maximum(month_of(people.born) + 36, FROM - 40)
        _pay(city, person, scheme, started)
    died = np.flatnonzero(free & (people.died >= day(2021)) & (people.died < NEVER))
    for scheme, share in ((BEREAVEMENT, 0.1), (FUNERAL, 0.3)):
        person = died[rng.random(len(died)) < share]
        paid = np.minimum(month_of(people.died[person]) + 2, LAST_MONTH)
        city.add("benefit_payments", payment(person=person, scheme=scheme, month=paid))


def _pay(city: City, person: Ints, scheme: int, started: Ints) -> None:
    last = np.minimum(month_of(city.people.died[person]), LAST_MONTH)
    owner, months = every(np.maximum(started[person], FROM), last)
    city.add("benefit_payments", payment(person=person[owner], scheme=scheme, month=months))


def _story(city: City, person: Ints, months: tuple[Any, Any], **columns: Any) -> None:
    """Planted payments to each person from a first to a last month."""
    first, last, _ = np.broadcast_arrays(*months, person)
    owner, each = every(first, last)
    spread = {k: v[owner] if isinstance(v, np.ndarray) else v for k, v in columns.items()}
    city.add(
        "benefit_payments",
        payment(person=person[owner], month=each, planted=True, **spread),
    )
    city.protect("deaths", person)


def _plant_collisions(city: City, rng: np.random.Generator, pool: Pool) -> None:
    """Paid on after death: once or twice, for months, or into a new account."""
    dead = (city.people.died > day(2021, 8)) & (city.people.died < day(2025, 3))
    for scheme in (*PER_SCHEME, DIBAO):
        person = pool.take(city.many // 3, dead & _eligible(city, scheme))
        died = month_of(deaths.agreed(city, person))
        periods = rng.integers(1, 8, size=len(person))
        others = 0 if scheme == DIBAO else -1
        _story(city, person, (died - 6, died + 1 + periods), scheme=scheme, others=others)
    # Two periods only, but the second went into an account opened after the death.
    person = pool.take(max(6, city.few), dead & _eligible(city, VETERANS))
    died = month_of(deaths.agreed(city, person))
    _story(city, person, (died - 6, died + 2), scheme=VETERANS)
    _story(city, person, (died + 3, died + 3), scheme=VETERANS, account=1)


def _eligible(city: City, scheme: int) -> Mask:
    born = city.people.born
    if scheme == SENIOR:
        return born < day(1940)
    return born < (day(1962) if scheme == VETERANS else day(2000))


def _plant_traps(city: City, pool: Pool) -> None:
    people = city.people
    dead = (people.died > day(2021, 9)) & (people.died < day(2025, 1)) & (people.born < day(1962))
    alive = people.alive() & (people.born < day(1962))

    def late(name: str) -> tuple[Ints, Ints]:
        person = pool.take(city.few, dead)
        city.trap(MODEL, name, person)
        return person, month_of(deaths.agreed(city, person))

    person, died = late("arrears for months of life")
    _story(city, person, (died - 4, died), scheme=DISABILITY, paid=last_of(died + 5))
    person, died = late("grants to the bereaved")
    _story(city, person, (died + 2, died + 2), scheme=FUNERAL)
    _story(city, person, (died + 3, died + 3), scheme=BEREAVEMENT)
    person, died = late("month of grace")
    _story(city, person, (died - 3, died + 1), scheme=VETERANS)
    person, died = late("household with living members")
    _story(city, person, (died - 3, died + 6), scheme=DIBAO, others=2)

    # The police say so, the crematorium half a year earlier: nobody can tell yet.
    person = pool.take(city.few, dead)
    on = people.died[person]
    city.add("deaths", deaths.death(person=person, source=deaths.POLICE, on=on, planted=True))
    earlier = deaths.death(person=person, source=deaths.CREMATION, on=on - 185, planted=True)
    city.add("deaths", earlier, earlier.but(source=deaths.HEALTH))
    _story(city, person, (month_of(on) - 8, month_of(on)), scheme=DISABILITY)
    city.trap(MODEL, "two sources disagree", person)

    # Entered for the living: cancelled, withdrawn by a later delivery, or mis-keyed.
    for name, entry in (
        ("cancelled death", {"cancelled": day(2023, 9, 5)}),
        ("withdrawn death", {"withdrawn": True}),
        ("mis-keyed number in the crematorium", {"misnamed": True, "source": deaths.CREMATION}),
    ):
        person = pool.take(city.few, alive)
        on = np.full(len(person), day(2023, 2, 11)) + np.arange(len(person))
        city.add("deaths", deaths.death(person=person, on=on, planted=True, **entry))
        _story(city, person, (month(2022), LAST_MONTH), scheme=VETERANS)
        city.trap(MODEL, name, person)


def judge(city: City) -> None:
    """A month wholly after the month of death and one of grace, by every source that stands."""
    rows = city.usable(PAYMENTS)
    rows = rows[(rows.scheme < BEREAVEMENT) & ~((rows.scheme == DIBAO) & (rows.others > 0))]
    sure, doubtful = deaths.last_known(city)
    for latest, certain in ((sure, True), (doubtful, False)):
        died = latest[rows.person]
        late = rows[(died < NEVER) & (rows.month > month_of(np.where(died < NEVER, died, 0)) + 1)]
        group, first = groups(late.person, late.scheme)
        periods = np.bincount(group, minlength=len(first))
        moved = np.zeros(len(first), np.bool_)
        np.logical_or.at(moved, group, late.account != late.account[first][group])
        for n, at in enumerate(first):
            subject, scheme = city.number(late.person[at]), SCHEMES[late.scheme[at]]
            if certain:
                level = "red" if periods[n] >= 3 or moved[n] else "yellow"
                city.truth.warn(MODEL, subject, level, scheme)
            else:
                city.truth.ask(MODEL, subject, scheme)


def deliver(city: City) -> None:
    """Year by year, so that no year's cells are in memory with another's."""
    rng = city.rng("benefits delivered")
    rows = city.settle(PAYMENTS)
    folder = city.inbox / "benefit_payments"
    year = year_of(first_of(rows.month))
    for each in range(2021, 2026):
        part = rows[year == each]
        columns = _cells(city, rng, part, each)
        name = f"惠民补贴发放明细_{each}年"
        if each == 2021:
            write_csv(folder / f"{name}.csv", columns, encoding="utf-8-sig", quoted=True)
        elif each == 2022:
            write_csv(folder / f"{name}.txt", columns, encoding="gb18030", delimiter="\t")
        elif each == 2023:
            write_parquet(folder / f"{name}.parquet", columns)
        else:
            write_csv(folder / f"{name}.csv", columns)
    city.rows_written(PAYMENTS, rows)


def _cells(city: City, rng: np.random.Generator, rows: Rows, year: int) -> dict[str, pa.Array]:
    style = {2021: "han", 2022: "iso", 2023: "compact", 2024: "dot"}.get(year, "iso")
    number, name = city.who(rng, rows, share=0.002)
    amount = write_amounts(rows.fen)
    if year == 2021:
        amount = touch(amount, some(rng, len(rows), 0.01), thousands)
    county = city.people.county[rows.person]
    offices = [f"{place}{office}" for place in COUNTIES for office in OFFICES]
    return city.strike(
        PAYMENTS,
        rows,
        {
            "发放流水号": city.running("benefit_payments", len(rows), 12),
            "身份证号": number,
            "姓名": name,
            "补贴项目": choose(rng, rows.scheme, SPELLINGS),
            "所属月份": write_months(rows.month, style),
            "发放日期": write_days(rows.paid),
            "发放金额(元)": amount,
            "银行账号": city.accounts(rows.person, rows.scheme * 2 + rows.account),
            "户编号": city.household_codes(rows.household),
            "户内其他在保人数": pc.if_else(
                pa.array(rows.others >= 0), pa.array(rows.others).cast(pa.string()), ""
            ),
            "审批单位": words(offices, county * len(OFFICES) + rows.scheme),
            "区县": city.counties(county),
        },
    )
