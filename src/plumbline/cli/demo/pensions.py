"""Monthly pensions of the last three years, against custody (model 2).

Behind bars a pension is suspended; under a sentence served at home it goes on, but is not
raised. The insurance centre delivers by year: two years from its column store, the last as text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo import custody
from plumbline.cli.demo.city import City, Register, either, words
from plumbline.cli.demo.custody import (
    CONTROL,
    DETENTION,
    OUTSIDE,
    PAROLE,
    PRISON,
    PROBATION,
    SHORT_TERM,
    held,
)
from plumbline.cli.demo.days import (
    LAST_MONTH,
    Ints,
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
from plumbline.cli.demo.dirt import AMOUNT_DAMAGE, NUMBER_DAMAGE, write_amounts
from plumbline.cli.demo.files import write_csv, write_parquet
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows, every

MODEL = "pension-in-custody"
FROM = month(2023)
RAISED_IN = 6  # July

PENSIONS = Register(
    "pensions",
    key=("person", "month"),
    damage={"身份证号": NUMBER_DAMAGE, "养老金(元)": AMOUNT_DAMAGE},
    spoilt=0.0003,
)


def pension(person: Ints, months: Ints, **columns: Any) -> Rows:
    """Pensions: a sum of the person's own, raised every July unless told otherwise."""
    base = 180_000 + person * 7_919 % 420_000
    raised = months // 12 - FROM // 12 + (months % 12 >= RAISED_IN)
    usual = {"person": person, "month": months, "adjusted": months % 12 == RAISED_IN}
    return Rows(**usual | {"fen": base + raised * 6_000, "planted": False} | columns)


def simulate(city: City) -> None:
    """Lawful pensions, suspended behind bars, and the stories."""
    rng, pool, people = city.rng(MODEL), city.pool(MODEL), city.people
    retired = month_of(plus_years(people.born, np.where(people.male, 60, 55))) + 1
    _plant(city, pool)
    person = pool.rest
    person = person[(retired[person] <= LAST_MONTH) & (rng.random(len(person)) < 0.75)]
    last = np.minimum(month_of(people.died[person]), LAST_MONTH)
    owner, months = every(np.maximum(retired[person], FROM), last)
    rows = pension(person[owner], months)
    stays = city.so_far("custody")
    at, stay = custody.overlapping(rows, stays)
    suspended = np.zeros(len(rows), np.bool_)
    suspended[at[custody.inside(stays)[stay]]] = True
    at_home = np.zeros(len(rows), np.bool_)
    at_home[at] = True
    city.add("pensions", rows.but(adjusted=rows.adjusted & ~at_home)[~suspended])


def _plant(city: City, pool: Pool) -> None:
    people = city.people
    alive = people.alive() & (people.born < day(1958)) & (people.born > day(1935))
    alive &= ~city.involved("custody")

    def story(
        count: int, stay: dict[str, Any], unpaid: tuple[int, int] = (0, -1), **paid: Any
    ) -> Ints:
        """Pensioners held as told, paid every month but those from `unpaid` to `unpaid`."""
        person = pool.take(count, alive)
        city.add("custody", held(**{"person": person, "planted": True} | stay))
        owner, months = every(np.full(count, FROM), np.full(count, LAST_MONTH))
        rows = pension(person[owner], months, planted=True, **paid)
        city.add("pensions", rows[(months < unpaid[0]) | (months > unpaid[1])])
        return person

    some = city.many // 4
    begun, ended = day(2023, 5, 10), day(2024, 11, 20)
    story(some, {"kind": PRISON, "started": begun, "ended": ended})
    story(some, {"kind": SHORT_TERM, "started": day(2024, 2, 5), "ended": day(2024, 5, 4)})
    story(some, {"kind": DETENTION, "started": day(2023, 9, 12), "ended": day(2023, 12, 20)})
    story(6, {"kind": PRISON, "started": day(2024, 3, 8)})  # still inside
    for kind in (PROBATION, CONTROL, PAROLE, OUTSIDE):
        story(some // 2, {"kind": kind, "started": day(2023, 3, 6), "ended": day(2025, 3, 5)})

    few, span = city.few, (month(2023, 5), month(2024, 11))
    gone = {"kind": PRISON, "started": begun, "ended": ended}
    traps = {
        "probation, pension unchanged": story(
            *(few, {"kind": PROBATION, "started": begun, "ended": day(2025, 11, 9)}), adjusted=False
        ),
        "acquitted": story(few, {**gone, "kind": DETENTION, "acquitted": day(2024, 12, 2)}),
        "under appeal": story(few, {**gone, "final": False}),
        "suspended in time": story(few, gone, span),
        "judged long before it began": story(
            *(few, {**gone, "started": day(2024, 3, 11), "judged": day(2023, 2, 1)}),
            (month(2024, 3), month(2024, 11)),
        ),
        "released early": story(
            *(few, {**gone, "released": day(2024, 2, 9)}), (month(2023, 5), month(2024, 2))
        ),
        "record withdrawn": story(few, {**gone, "withdrawn": True}),
        "number equal, another's name": story(few, {**gone, "misnamed": True}),
    }
    for name, person in traps.items():
        city.trap(MODEL, name, person)


def judge(city: City) -> None:
    """A month that shares a day with custody, or a rise in a month under a sentence at home."""
    rows, stays = city.usable(PENSIONS), custody.standing(city)
    at, stay = custody.overlapping(rows, stays)
    rows, stays = rows[at], stays[stay]
    red = custody.inside(stays)
    crossed = red | rows.adjusted
    city.report(MODEL, rows.person[crossed], red[crossed], ~stays.misnamed[crossed])


def deliver(city: City) -> None:
    rng = city.rng("pensions delivered")
    rows = city.settle(PENSIONS)
    folder = city.inbox / "pensions"
    year = year_of(first_of(rows.month))
    for each in range(2023, 2026):
        columns = _cells(city, rng, rows[year == each])
        if each < 2025:
            write_parquet(folder / f"养老金发放_{each}年.parquet", columns)
        else:
            write_csv(folder / f"养老金发放_{each}年.csv", columns)
    city.rows_written(PENSIONS, rows)


def _cells(city: City, rng: np.random.Generator, rows: Rows) -> dict[str, pa.Array]:
    number, name = city.who(rng, rows, share=0.001)
    county = city.people.county[rows.person]
    centres = [f"{place}社会保险事业管理中心" for place in COUNTIES]
    return city.strike(
        PENSIONS,
        rows,
        {
            "身份证号": number,
            "姓名": name,
            "所属月份": write_months(rows.month, "compact"),
            "养老金(元)": write_amounts(rows.fen),
            "本月是否调整待遇": either(rows.adjusted, "是", "否"),
            "发放日期": write_days(last_of(rows.month) - 10),
            "银行账号": city.accounts(rows.person, 50),
            "经办机构": words(centres, county),
            "统筹区": city.counties(county),
        },
    )
