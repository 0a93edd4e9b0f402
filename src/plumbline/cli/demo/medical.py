"""Settled medical treatment, against deaths (model 21) and against the item's own limits (model 23).

The insurance bureau delivers claims by year, each line an item; reversed claims come later. The
diagnosis, which the declaration ignores, runs over several lines in some cells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from plumbline.cli.demo import deaths, loose
from plumbline.cli.demo.city import City, Register, either, words
from plumbline.cli.demo.days import (
    AS_OF,
    MONTH,
    NEVER,
    Ints,
    day,
    plus_years,
    whole_years,
    write_days,
    year_of,
)
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    DATE_DAMAGE,
    OPTIONAL_NUMBER_DAMAGE,
    write_amounts,
)
from plumbline.cli.demo.files import Sheet, write_csv, write_parquet, write_xlsx
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows

AFTER_DEATH = "treatment-after-death"
AGAINST = "treatment-against-sex-or-age"
FROM = day(2023)

ANYONE, MEN, WOMEN = 0, 1, 2
OLDEST = 150


class Item(NamedTuple):
    """What may be charged, and to whom."""

    name: str
    sex: int = ANYONE
    youngest: int = 0
    oldest: int = OLDEST


ITEMS = (
    *map(
        Item,
        (
            "普通门诊诊查费",
            "血常规",
            "尿常规",
            "肝功能",
            "胸部CT平扫",
            "心电图",
            "腹部彩超",
            "静脉输液",
        ),
    ),
    *map(
        Item,
        (
            "二级护理",
            "换药",
            "阿莫西林胶囊",
            "二甲双胍片",
            "氨氯地平片",
            "布洛芬缓释胶囊",
            "胃镜检查",
        ),
    ),
    Item("宫腔镜检查", WOMEN),
    Item("产前常规检查", WOMEN, 15, 55),
    Item("取卵术", WOMEN, 18, 50),
    Item("子宫切除术", WOMEN),
    Item("前列腺特异性抗原测定", MEN),
    Item("前列腺电切术", MEN),
    Item("小儿头皮静脉输液", ANYONE, 0, 14),
    Item("新生儿疾病筛查", ANYONE, 0, 0),
    Item("老年综合评估", ANYONE, 60),
)
GENERAL = 15  # so many of the items are for anyone
KINDS = ("门诊", "住院", "购药")

CLAIMS = Register(
    "medical_claims",
    damage={
        "身份证号": OPTIONAL_NUMBER_DAMAGE,
        "就诊日期": DATE_DAMAGE,
        "基金支付(元)": AMOUNT_DAMAGE,
    },
    spoilt=0.0005,
)


def code(item: Any) -> str:
    return f"YB{100 + int(item):04}"


def treatment(**columns: Any) -> Rows:
    """Treatment: claim, person, item, first and last day of service, day of settlement."""
    usual = {
        "kind": 0,
        "until": columns["on"],
        "settled": columns["on"],
        "newborn": False,
        "corrected": NEVER,
        "withdrawn": False,
        "planted": False,
        "fen": 3_000 + columns["person"] * 37 % 40_000,
    }
    return Rows(**usual | columns)


def simulate(city: City) -> None:
    rng = city.rng("medical")
    _everyday(city, rng)
    pool = city.pool(AFTER_DEATH)
    _plant_after_death(city, rng, pool)
    _plant_against(city, rng, pool)


def _everyday(city: City, rng: np.random.Generator) -> None:
    """Treatment that fits whoever received it, and ended with life."""
    people = city.people
    count = len(people) * 2
    person = rng.integers(len(people), size=count)
    on = rng.integers(FROM, AS_OF - 40, size=count)
    inpatient = rng.random(count) < 0.08
    item = np.where(
        rng.random(count) < 0.9,
        rng.integers(GENERAL, size=count),
        rng.integers(GENERAL, len(ITEMS), size=count),
    )
    until = np.where(inpatient, on + rng.integers(2, 20, size=count), on)
    rows = treatment(
        claim=city.serials("medical_claims", count),
        person=person,
        item=item,
        kind=np.where(inpatient, 1, np.where(item > 9, 2, 0)),
        on=on,
        until=until,
        settled=until + rng.integers(0, 30, size=count),
    )
    lived = (rows.until < people.died[person]) & (on >= people.born[person])
    disputed = np.zeros(len(people), np.bool_)
    entries = city.so_far("deaths")
    disputed[entries.person[~entries.misnamed & (entries.on != people.died[entries.person])]] = True
    rows = rows[lived & ~contradicts(city, rows) & ~(disputed & ~people.alive())[person]]
    second = rows[rng.random(len(rows)) < 0.25]
    city.add("medical_claims", rows, second.but(item=(second.item + 1) % GENERAL))


def contradicts(city: City, rows: Rows) -> Any:
    """Whether an item is limited to another sex or age than the patient's on the day."""
    sex = np.array([item.sex for item in ITEMS])[rows.item]
    youngest = np.array([item.youngest for item in ITEMS])[rows.item]
    oldest = np.array([item.oldest for item in ITEMS])[rows.item]
    own = np.where(city.people.male[rows.person], MEN, WOMEN)
    age = whole_years(city.people.born[rows.person], rows.on)
    return ((sex != ANYONE) & (sex != own)) | (age < youngest) | (age > oldest)


def _claim(city: City, person: Ints, **columns: Any) -> Rows:
    """Planted claims, each of its own number."""
    number = city.serials("medical_claims", len(person))
    rows = treatment(**{"claim": number, "person": person, "item": 0, "planted": True} | columns)
    city.add("medical_claims", rows)
    return rows


def _plant_after_death(city: City, rng: np.random.Generator, pool: Pool) -> None:
    people, few = city.people, city.few
    dead = (people.died > day(2023, 2)) & (people.died < day(2025, 6))
    dead &= ~city.involved("deaths", planted=True)
    alive = people.alive() & (people.born < day(1990)) & ~city.involved("deaths")

    person = pool.take(city.many, dead)
    on = deaths.agreed(city, person)
    _claim(city, person, on=on + rng.integers(2, 90, size=len(person)), item=10)

    def died() -> tuple[Ints, Ints]:
        person = pool.take(few, dead)
        return person, deaths.agreed(city, person)

    settled, on = died()
    _claim(city, settled, on=on - 6, until=on, settled=on + 25, kind=1, item=8)
    same_day, on = died()
    _claim(city, same_day, on=on, item=5)
    reversed_, on = died()
    _claim(city, reversed_, on=on + 20, withdrawn=True)
    vague = pool.take(few, dead)
    on = people.died[vague]
    for source in range(3):
        entry = deaths.death(person=vague, source=source, on=on, precision=MONTH, planted=True)
        city.add("deaths", entry)
    _claim(city, vague, on=on)
    entered = pool.take(2 * few, alive)
    on = np.full(few, day(2024, 5, 5)) + np.arange(few)
    wrong = {"on": on, "planted": True}
    city.add("deaths", deaths.death(person=entered[:few], cancelled=day(2024, 8), **wrong))
    city.add("deaths", deaths.death(person=entered[few:], misnamed=True, source=1, **wrong))
    _claim(city, entered, on=day(2024, 6, 20) + np.arange(2 * few))
    for name, who in {
        "settled after death, treated before": settled,
        "on the day of death": same_day,
        "claim reversed": reversed_,
        "only the month of death is known": vague,
        "cancelled death": entered[:few],
        "number equal, another's name": entered[few:],
    }.items():
        city.trap(AFTER_DEATH, name, who)


def _plant_against(city: City, rng: np.random.Generator, pool: Pool) -> None:
    people = city.people
    alive = people.alive() & ~city.involved("deaths")
    adult = alive & (people.born < day(1985)) & (people.born > day(1960))
    old = alive & (people.born < day(1948))
    names = [item.name for item in ITEMS]

    def charge(count: int, where: Any, item: str, **columns: Any) -> list[str]:
        person = pool.take(count, where)
        on = rng.integers(day(2023, 2), day(2025, 6), size=count)
        rows = _claim(city, person, item=names.index(item), **{"on": on} | columns)
        return [claim_number(claim) for claim in rows.claim]

    some = city.many // 4
    charge(some, adult & people.male, "宫腔镜检查")
    charge(some, old & ~people.male, "取卵术")
    charge(some, adult & ~people.male, "前列腺特异性抗原测定")
    charge(some, adult, "小儿头皮静脉输液")

    few = city.few
    mothers = alive & ~people.male & (people.born > day(1985)) & (people.born < day(2000))
    traps = {
        "newborn settled with the mother": charge(few, mothers, "新生儿疾病筛查", newborn=True),
        "code corrected since": charge(
            few, adult & people.male, "宫腔镜检查", corrected=day(2025, 9)
        ),
        "claim reversed": charge(few, adult & people.male, "子宫切除术", withdrawn=True),
        "within the limits": charge(few, old & people.male, "前列腺电切术"),
    }
    child = pool.take(few, alive & (people.born > day(2009)) & (people.born < day(2010, 6)))
    birthday = plus_years(people.born[child], 15)
    item = names.index("小儿头皮静脉输液")
    rows = _claim(city, child, item=item, on=birthday - 1, settled=birthday + 9)
    traps["birthday between treatment and settlement"] = [claim_number(c) for c in rows.claim]
    for name, claims in traps.items():
        city.truth.trap(AGAINST, name, claims)


def claim_number(claim: Any) -> str:
    return f"JS{int(claim):010}"


def judge(city: City) -> None:
    """Service that began after the last day of life; items that cannot be the patient's."""
    rows = city.usable(CLAIMS)
    rows = rows[~rows.withdrawn]
    sure, doubtful = deaths.last_known(city)
    late = rows.on > np.minimum(sure, doubtful)[rows.person]
    person, known = rows.person[late], (rows.on > sure[rows.person])[late]
    city.report(AFTER_DEATH, person, np.ones(len(person), np.bool_), known)
    wrong = contradicts(city, rows) & ~rows.newborn & (rows.corrected == NEVER)
    for claim in np.unique(rows.claim[wrong]):
        city.truth.warn(AGAINST, claim_number(claim), "blue")


def deliver(city: City) -> None:
    rng = city.rng("medical delivered")
    _deliver_items(city)
    rows = city.settle(CLAIMS)
    folder = city.inbox / "medical_claims"
    year = year_of(rows.on)
    for each in range(2023, 2026):
        part = rows[year == each]
        columns = _cells(city, rng, part)
        if each == 2024:
            write_parquet(folder / f"医保结算明细_{each}年.parquet", columns)
        else:
            write_csv(folder / f"医保结算明细_{each}年.csv", columns, quoted=True)
    again = rows[city.amended(rng, rows)]
    status = {"记录状态": either(again.withdrawn, "冲销", "正常"), **_cells(city, rng, again)}
    write_csv(folder / "医保结算明细更正_20251231.csv", status, quoted=True)
    city.delivered["medical_claims"] = len(again)
    city.rows_written(CLAIMS, rows)


def _cells(city: City, rng: np.random.Generator, rows: Rows) -> dict[str, pa.Array]:
    number, name = city.who(rng, rows, share=0.002)
    county = city.people.county[rows.person]
    hospitals = [
        f"{place}{kind}" for place in COUNTIES for kind in ("人民医院", "中医院", "大药房")
    ]
    diagnosis = np.where(rows.claim % 50 == 0, 1, 0)
    claims = pa.array([claim_number(claim) for claim in rows.claim.tolist()])
    return city.strike(
        CLAIMS,
        rows,
        {
            "结算单号": claims,
            "身份证号": number,
            "姓名": name,
            **loose.of(city.people, rows.person, "性别", "联系电话"),
            "医疗类别": words(KINDS, rows.kind),
            "项目编码": words([code(n) for n in range(len(ITEMS))], rows.item),
            "项目名称": words([item.name for item in ITEMS], rows.item),
            "就诊日期": write_days(rows.on),
            "出院日期": write_days(np.where(rows.kind == 1, rows.until, NEVER)),
            "结算日期": write_days(rows.settled),
            "基金支付(元)": write_amounts(rows.fen),
            "新生儿随母结算": either(rows.newborn, "是", "否"),
            "编码更正日期": write_days(rows.corrected),
            "医疗机构": words(hospitals, county * 3 + rows.kind),
            "经办机构": words([f"{place}医疗保障局" for place in COUNTIES], county),
            "就医地": city.counties(county),
            "诊断名称": words(("常规诊查", "1. 高血压\n2. 糖尿病，待查"), diagnosis),
        },
    )


def _deliver_items(city: City) -> None:
    sexes, at = ("不限", "男", "女"), np.arange(len(ITEMS))
    columns = {
        "项目编码": pa.array([code(n) for n in at]),
        "项目名称": pa.array([item.name for item in ITEMS]),
        "限定性别": pa.array([sexes[item.sex] for item in ITEMS]),
        "最低年龄": pa.array([str(item.youngest) if item.youngest else "" for item in ITEMS]),
        "最高年龄": pa.array([str(item.oldest) if item.oldest < OLDEST else "" for item in ITEMS]),
    }
    sheet = Sheet(
        "目录",
        columns,
        above=("医疗服务项目目录（限定使用条件）",),
        numbers=frozenset({"最低年龄", "最高年龄"}),
    )
    write_xlsx(city.inbox / "medical_items" / "医疗服务项目目录_20251231.xlsx", [sheet])
    city.delivered["medical_items"] = len(ITEMS)
