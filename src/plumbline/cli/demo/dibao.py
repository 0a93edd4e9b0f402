"""Households on the minimum allowance: who belongs to them, and what each member earns.

Civil affairs keeps the households month by month and the members as one complete list; the
checking centre gathers incomes from tax, insurance and pensions. Model 6 asks whether a month's
income, never a year's average, lies above the limit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo import benefits, loose
from plumbline.cli.demo.city import City, Register, choose, words
from plumbline.cli.demo.days import (
    LAST_MONTH,
    NEVER,
    Ints,
    day,
    first_of,
    last_of,
    month,
    month_of,
    write_days,
    write_months,
    year_of,
)
from plumbline.cli.demo.dirt import AMOUNT_DAMAGE, NUMBER_DAMAGE, write_amounts
from plumbline.cli.demo.files import table, write_csv, write_json, write_parquet
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows, every, groups, pairs

MODEL = "dibao-income-over-limit"
FROM = month(2021)
NEW_LIMIT_FROM = month(2022)
GRACE_MONTHS = 6

KINDS = {
    "wage": ("工资薪金", "工资"),
    "service": ("劳务报酬",),
    "pension": ("养老金",),
    "transfer": ("转移收入",),
}

HOUSEHOLDS = Register(
    "dibao_households",
    key=("household", "month"),
    damage={
        "保障人数": {"not a number": lambda _, turn: ("三人", "见名册")[turn % 2]},
        "刚性支出扣减(元)": AMOUNT_DAMAGE,
    },
    spoilt=0.001,
)
MEMBERS = Register(
    "household_members", key=("household", "person"), damage={"成员身份证号": NUMBER_DAMAGE}
)
INCOMES = Register(
    "incomes",
    key=("person", "month", "kind"),
    damage={"身份证号": NUMBER_DAMAGE, "收入金额(元)": AMOUNT_DAMAGE},
    spoilt=0.001,
)


def limit(months: Ints) -> Ints:
    """Fen a head and month."""
    return np.where(months < NEW_LIMIT_FROM, 100_000, 110_000)


def household_month(**columns: Any) -> Rows:
    """A household in a month: how many belong to it, and what is deducted from its income."""
    return Rows(**{"deduction": 0, "planted": False} | columns)


def member(**columns: Any) -> Rows:
    """Who belongs to a household, from the first day of a month to the last of another."""
    return Rows(**{"ended": NEVER, "relation": 0, "planted": False} | columns)


def income(**columns: Any) -> Rows:
    """What a person earned in a month; `employed` is when the present job began."""
    return Rows(**{"kind": "wage", "employed": day(2017, 3), "planted": False} | columns)


def simulate(city: City) -> None:
    rng, pool = city.rng(MODEL), city.pool(MODEL)
    _everyday(city, rng, pool.take(len(city.people) // 40, city.people.alive(day(2021))))
    number = len(city.people)  # planted households are numbered above the others
    number = _plant_collisions(city, pool, number)
    _plant_traps(city, pool, number)


def _everyday(city: City, rng: np.random.Generator, person: Ints) -> None:
    """Households of one to four, each with incomes that leave it below the limit."""
    household = np.sort(rng.integers(1, len(person) // 2 + 1, size=len(person)))
    _, head = np.unique(household, return_index=True)
    size = np.diff(np.r_[head, len(household)])
    started = np.repeat(rng.integers(FROM - 20, month(2025), size=len(head)), size)
    died = np.minimum(month_of(city.people.died[person]), LAST_MONTH)
    ended = np.where(city.people.died[person] < NEVER, city.people.died[person], NEVER)
    there = died >= started
    relation = np.arange(len(person)) - np.repeat(head, size)
    row = {"household": household, "person": person, "relation": np.minimum(relation, 3)}
    members = member(**row, started=first_of(started), ended=ended)[there]
    city.add("household_members", members)
    owner, months = every(np.maximum(started, FROM)[there], died[there])
    belonging = Rows(household=members.household[owner], person=members.person[owner], month=months)
    _, leading = np.unique(members.household, return_index=True)
    heads = np.zeros(len(person), np.int64)
    heads[members.household[leading]] = members.person[leading]
    _monthly(city, belonging, heads)
    _everyday_incomes(city, rng, members, belonging)


def _monthly(city: City, belonging: Rows, heads: Ints) -> None:
    """A row a household and month, and the allowance paid to its head."""
    group, first = groups(belonging.household, belonging.month)
    count = np.bincount(group)
    household, months = belonging.household[first], belonging.month[first]
    head = heads[household]
    present = np.zeros(len(first), np.int64)
    np.add.at(present, group, belonging.person == head[group])
    fixed = {"household": household, "month": months, "head": head}
    deduction = np.where(household % 6 == 0, 20_000 + household % 7 * 1_000, 0)
    city.add("dibao_households", household_month(**fixed, members=count, deduction=deduction))
    city.add(
        "benefit_payments",
        benefits.payment(
            person=head,
            month=months,
            scheme=benefits.DIBAO,
            household=household,
            others=count - present,
            fen=40_000 * count + household % 50 * 100,
        ),
    )


def _everyday_incomes(city: City, rng: np.random.Generator, members: Rows, belonging: Rows) -> None:
    """Half of the members earn something, always less than the limit of one head."""
    earning = rng.random(len(city.people)) < 0.5
    kinds = np.array(list(KINDS))[rng.integers(len(KINDS), size=len(city.people))]
    usual = rng.integers(200, 900, size=len(city.people)) * 100
    rows = belonging[earning[belonging.person]]
    city.add(
        "incomes",
        income(
            person=rows.person,
            month=rows.month,
            kind=kinds[rows.person],
            fen=usual[rows.person] + rows.month % 5 * 1_000,
            employed=np.where(kinds[rows.person] == "wage", day(2016, 5), NEVER),
        ),
    )
    # Before the allowance began some earned well; that is another year's money.
    before = members[(rng.random(len(members)) < 0.1) & (members.started > first_of(FROM + 8))]
    last = month_of(before.started) - 1
    owner, months = every(last - 4, last)
    city.add("incomes", income(person=before.person[owner], month=months, fen=520_000))


def _household(
    city: City,
    person: Ints,
    number: int,
    span: tuple[int, int],
    *,
    leaves: int = NEVER,
    fen: int = 0,
) -> Ints:
    """Planted households of two for a span of months; gives their numbers.

    Args:
        city: to which they are added.
        person: two for each household.
        number: of the first household.
        span: first and last month.
        leaves: last month in which the first of the two belongs to it.
        fen: deducted for unavoidable expenses.
    """
    couples = person.reshape(-1, 2)
    household = number + np.arange(len(couples))
    left = NEVER if leaves == NEVER else int(last_of(leaves))
    fixed = {"household": household, "started": first_of(span[0]), "planted": True}
    for at in (0, 1):
        ended = left if at == 0 else NEVER
        city.add(
            "household_members", member(**fixed, person=couples[:, at], relation=at, ended=ended)
        )
    owner, months = every(np.full(len(household), span[0]), np.full(len(household), span[1]))
    city.add(
        "dibao_households",
        household_month(
            household=household[owner],
            month=months,
            head=couples[owner, 1],
            members=np.where(months > leaves, 1, 2),
            deduction=fen,
            planted=True,
        ),
    )
    return household


def _earn(city: City, person: Ints, first: int, last: int, fen: int, **columns: Any) -> None:
    owner, months = every(np.full(len(person), first), np.full(len(person), last))
    city.add(
        "incomes", income(person=person[owner], month=months, fen=fen, planted=True, **columns)
    )


def _plant_collisions(city: City, pool: Pool, number: int) -> int:
    """Months above the limit; gives the number of the next household."""
    alive = city.people.alive() & (city.people.born < day(1995))
    for story in range(3):
        person = pool.take(2 * (city.many // 3), alive)
        number += len(_household(city, person, number, (month(2021, 3), month(2024, 6))))
        one, other = person[::2], person[1::2]
        if story == 0:  # two good months in an otherwise poor year, which an average would hide
            _earn(city, one, month(2022, 2), month(2022, 8), 30_000)
            _earn(city, other, month(2022, 5), month(2022, 6), 310_000)
        elif story == 1:  # above the limit of its time, though below today's
            _earn(city, one, month(2021, 9), month(2021, 10), 210_000)
        else:  # an old job beside a pension
            _earn(city, one, month(2023, 1), month(2023, 3), 150_000, employed=day(2020))
            pension = {"kind": "pension", "employed": NEVER}
            _earn(city, other, month(2023, 2), month(2023, 3), 90_000, **pension)
    return number


#: Trap -> first and last month of the income, its fen, and what is special about it.
TRAPS: dict[str, tuple[int, int, int, dict[str, int]]] = {
    "good months before the allowance": (month(2022), month(2022, 6), 600_000, {}),
    "deduction for unavoidable expenses": (
        *(month(2023), month(2023, 4), 250_000),
        {"fen": 60_000},
    ),
    "first months of a new job": (
        *(month(2023, 3), month(2023, 7), 400_000),
        {"employed": day(2023, 3)},
    ),
    "exactly the limit": (month(2023), month(2023, 4), 220_000, {}),
    "limit raised since": (month(2022, 9), month(2022, 11), 210_000, {}),
    "income after leaving the household": (
        *(month(2023, 4), month(2023, 9), 500_000),
        {"leaves": month(2023)},
    ),
}


def _plant_traps(city: City, pool: Pool, number: int) -> None:
    alive = city.people.alive() & (city.people.born < day(1995))
    for name, (first, last, fen, special) in TRAPS.items():
        person = pool.take(2 * city.few, alive)
        ways = {key: special[key] for key in ("leaves", "fen") if key in special}
        household = _household(city, person, number, (month(2022, 7), month(2024, 6)), **ways)
        number += len(household)
        employed = special.get("employed", day(2017, 3))
        _earn(city, person[::2], first, last, fen, employed=employed)
        city.truth.trap(MODEL, name, (household_code(one) for one in household))


def household_code(household: int) -> str:
    return f"DB{3_801_000_000 + household}"


def judge(city: City) -> None:
    """The members' incomes of each month by itself, less what is deducted, against the limit."""
    rows, members, earned = city.usable(HOUSEHOLDS), city.usable(MEMBERS), city.usable(INCOMES)
    job = np.where(earned.employed < NEVER, earned.employed, 0)
    grace = (earned.employed < NEVER) & (earned.month >= month_of(job))
    grace &= earned.month < month_of(job) + GRACE_MONTHS
    earned = earned[~grace]
    at_income, at_member = pairs(earned.person, members.person)
    earned, members = earned[at_income], members[at_member]
    belongs = members.started <= last_of(earned.month)
    belongs &= members.ended >= first_of(earned.month)
    months = 1_000  # more than there are
    key = (members.household * months + earned.month)[belongs]
    own = rows.household * months + rows.month
    known, slot = np.unique(own, return_inverse=True)
    at = np.minimum(np.searchsorted(known, key), len(known) - 1)
    hit = known[at] == key
    total = np.zeros(len(known), np.int64)
    np.add.at(total, at[hit], earned.fen[belongs][hit])
    over = total[slot] - rows.deduction > limit(rows.month) * rows.members
    for household, each in zip(rows.household[over], rows.month[over], strict=True):
        when = f"{1970 + each // 12}-{each % 12 + 1:02}"
        city.truth.warn(MODEL, household_code(household), "yellow", when)


def deliver(city: City) -> None:
    rng = city.rng("dibao delivered")
    _deliver_households(city, rng)
    _deliver_members(city, rng)
    _deliver_incomes(city, rng)


def _deliver_households(city: City, rng: np.random.Generator) -> None:
    """Year by year; the first two years came as text tables with tabs."""
    rows = city.settle(HOUSEHOLDS)
    year = year_of(first_of(rows.month))
    folder = city.inbox / "dibao_households"
    styles = {2021: "numerals", 2022: "han0"}
    for each in range(2021, 2026):
        part = rows[year == each]
        head, head_name = city.who(rng, part.but(person=part.head), share=0.002)
        other = loose.of(city.people, part.head, "联系电话", "住址")
        columns = city.strike(
            HOUSEHOLDS,
            part,
            {
                "户编号": city.household_codes(part.household),
                "户主身份证号": head,
                "户主姓名": head_name,
                "联系电话": other["联系电话"],
                "家庭住址": other["住址"],
                "保障月份": write_months(part.month, styles.get(each, "iso")),
                "保障人数": pa.array(part.members).cast(pa.string()),
                "保障金额(元)": write_amounts(part.members * 40_000, places=0),
                "刚性支出扣减(元)": write_amounts(part.deduction, places=0),
                "审批单位": words([f"{c}民政局" for c in COUNTIES], city.people.county[part.head]),
                "区县": city.counties(city.people.county[part.head]),
            },
        )
        if each < 2023:
            write_csv(folder / f"低保家庭月报_{each}年.tsv", columns, delimiter="\t")
        else:
            write_csv(folder / f"低保家庭月报_{each}年.csv", columns, encoding="utf-8-sig")
    city.rows_written(HOUSEHOLDS, rows)


def _deliver_members(city: City, rng: np.random.Generator) -> None:
    """One complete list, as an array of records."""
    rows = city.settle(MEMBERS)
    number, name = city.who(rng, rows)
    columns = city.strike(
        MEMBERS,
        rows,
        {
            "户编号": city.household_codes(rows.household),
            "成员身份证号": number,
            "成员姓名": name,
            "与户主关系": words(("户主", "配偶", "子女", "父母"), rows.relation),
            "纳入日期": write_days(rows.started),
            "退出日期": write_days(rows.ended),
            "区县": city.counties_of(rows),
        },
    )
    write_json(
        city.inbox / "household_members" / "低保家庭成员_20251231.json", table(columns).to_pylist()
    )
    city.rows_written(MEMBERS, rows)


def _deliver_incomes(city: City, rng: np.random.Generator) -> None:
    """The checking centre's own extract, a column store."""
    rows = city.settle(INCOMES)
    number, name = city.who(rng, rows, share=0.002)
    payer = np.where(
        rows.kind == "pension", 0, np.where(rows.kind == "transfer", 1, 2 + rows.person % 8)
    )
    columns = city.strike(
        INCOMES,
        rows,
        {
            "身份证号": number,
            "姓名": name,
            "收入月份": write_months(rows.month, "iso"),
            "收入金额(元)": write_amounts(rows.fen),
            "收入类型": choose(rng, rows.kind, KINDS),
            "支付单位": words(PAYERS, payer),
            "本次就业日期": write_days(rows.employed),
            "区县": city.counties_of(rows),
        },
    )
    write_parquet(city.inbox / "incomes" / "居民收入_20251231.parquet", columns)
    city.rows_written(INCOMES, rows)


PAYERS = (
    *("社会保险事业管理中心", "财政局", "澜州鸿泰服饰有限公司", "澜州绿源果蔬专业合作社"),
    *("临江金属制品厂", "望澜物业服务有限公司", "云汀茶业有限公司", "白鹭建筑劳务有限公司"),
    *("双渡餐饮服务有限公司", "梅坞竹器加工厂"),
)
