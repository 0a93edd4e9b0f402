"""Public servants: posts, pay, insurance and leave; against death, prison and other jobs (model 26).

The organisation department keeps posts, the staffing commission approves leave, the treasury
pays, and the insurance office knows who insures whom. Pay comes a year at a time; the others are
complete lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo import custody, deaths, loose
from plumbline.cli.demo.city import City, Register, choose, words
from plumbline.cli.demo.custody import PRISON, PROBATION, SHORT_TERM, held
from plumbline.cli.demo.days import (
    AS_OF,
    DAY,
    LAST_MONTH,
    MONTH,
    NEVER,
    Ints,
    Mask,
    bounds,
    day,
    first_of,
    last_of,
    month,
    month_of,
    plus_years,
    write_dates,
    write_days,
    write_months,
    year_of,
)
from plumbline.cli.demo.dirt import AMOUNT_DAMAGE, NUMBER_DAMAGE, write_amounts, wrong_code
from plumbline.cli.demo.files import Sheet, write_csv, write_xlsx
from plumbline.cli.demo.people import Pool
from plumbline.cli.demo.rows import Rows, every, pairs

MODEL = "payroll-without-work"
FROM = month(2023)

POSTS = ("科员", "副科长", "科长", "副局长", "局长", "工程师", "教师", "医师")
LEAVE = {0: ("借调", "挂职"), 1: ("脱产学习", "学习进修"), 2: ("产假",), 3: ("长病假", "病假")}
SECONDMENT, STUDY, MATERNITY, SICK = LEAVE

OFFICIALS = Register(
    "officials",
    key=("person", "unit", "started"),
    damage={"身份证号": NUMBER_DAMAGE, "任职日期": {"impossible date": lambda *_: "2019-06-31"}},
)
PAYROLL = Register(
    "payroll",
    key=("person", "unit", "month"),
    damage={"身份证号": NUMBER_DAMAGE, "实发金额(元)": AMOUNT_DAMAGE},
    spoilt=0.0005,
)
INSURANCE = Register(
    "social_insurance",
    key=("person", "employer", "started"),
    damage={
        "身份证号": NUMBER_DAMAGE,
        "统一社会信用代码": {"wrong check of a credit code": wrong_code},
    },
    spoilt=0.001,
)
LEAVES = Register("leave_approvals", damage={"身份证号": NUMBER_DAMAGE})


def post(**columns: Any) -> Rows:
    """Posts: person, unit, what they are, and from when to when."""
    return Rows(**{"post": 0, "ended": NEVER, "misnamed": False, "planted": False} | columns)


def pay(**columns: Any) -> Rows:
    """Pay: person, unit and month."""
    fen = 420_000 + columns["person"] * 6_151 % 500_000
    return Rows(**{"fen": fen, "planted": False} | columns)


def insured(**columns: Any) -> Rows:
    """Insurance: person, employer (units first, then companies), and how precisely the span is known."""
    return Rows(**{"ended": NEVER, "precision": DAY, "planted": False} | columns)


def leave(**columns: Any) -> Rows:
    """Approved absence: person, unit, kind, from when to when."""
    return Rows(**{"kind": SICK, "planted": False} | columns)


def simulate(city: City) -> None:
    rng, pool, people = city.rng(MODEL), city.pool(MODEL), city.people
    _plant(city, pool)
    working = (people.born < day(2000)) & (people.born > day(1968)) & ~city.involved("custody")
    person = pool.take(len(people) // 30, working & people.alive(FROM))
    unit = rng.integers(len(city.units), size=len(person))
    started = plus_years(people.born[person], 24) + rng.integers(0, 2_000, size=len(person))
    retired = last_of(month_of(plus_years(people.born[person], 60)))
    ended = np.minimum(retired, people.died[person])
    _employ(city, person, unit, started, ended, rng.integers(len(POSTS), size=len(person)))
    _everyday_leave(city, rng, person, unit, started, ended)
    private = np.flatnonzero(working & np.isin(np.arange(len(people)), pool.rest))
    private = private[rng.random(len(private)) < 0.5]
    begun = rng.integers(day(2012), day(2025), size=len(private))
    city.add(
        "social_insurance",
        insured(
            person=private,
            employer=len(city.units) + rng.integers(len(city.companies), size=len(private)),
            started=begun,
            ended=np.where(rng.random(len(private)) < 0.4, begun + 700, NEVER),
            precision=np.where(private % 3 == 0, MONTH, DAY),
        )[people.died[private] == NEVER],
    )


def _employ(
    city: City, person: Ints, unit: Ints, started: Ints, ended: Ints, rank: Any = 0, **marks: Any
) -> None:
    """A post, its insurance and its pay, all for the same span."""
    current = np.where(ended > AS_OF, NEVER, ended)
    span = {"person": person, "started": started, "ended": current, **marks}
    city.add("officials", post(**span, unit=unit, post=rank))
    city.add("social_insurance", insured(**span, employer=unit))
    owner, months = every(
        np.maximum(month_of(started), FROM), np.minimum(month_of(ended), LAST_MONTH)
    )
    city.add("payroll", pay(person=person[owner], unit=unit[owner], month=months, **marks))


def _everyday_leave(
    city: City, rng: np.random.Generator, person: Ints, unit: Ints, started: Ints, ended: Ints
) -> None:
    away = (rng.random(len(person)) < 0.06) & (started < day(2022)) & (ended > day(2025))
    person, unit = person[away], unit[away]
    begun = rng.integers(day(2022), day(2025), size=len(person))
    kind = np.where(city.people.male[person], rng.choice([STUDY, SICK], len(person)), MATERNITY)
    until = begun + 158
    city.add(
        "leave_approvals", leave(person=person, unit=unit, kind=kind, started=begun, ended=until)
    )


def _plant(city: City, pool: Pool) -> None:
    people = city.people
    alive = people.alive() & (people.born < day(1994)) & (people.born > day(1968))
    alive &= ~city.involved("custody")
    dead = (people.died > day(2023, 2)) & (people.died < day(2025, 4)) & (people.born > day(1950))
    dead &= ~city.involved("deaths", planted=True)
    some, few = city.many // 3, city.few

    def staff(count: int, where: Mask, until: int | Ints = LAST_MONTH) -> Ints:
        """Officials who are paid until a month."""
        person = pool.take(count, where)
        unit = person % len(city.units)
        started = np.full(count, day(2014, 8))
        ended = last_of(np.broadcast_to(until, person.shape))
        _employ(city, person, unit, started, np.where(ended > AS_OF, NEVER, ended), planted=True)
        city.protect("deaths", person)
        city.protect("officials", person)
        return person

    def behind(person: Ints, **stay: Any) -> Ints:
        usual = {"started": day(2023, 6, 8), "ended": day(2024, 10, 7)}
        city.add("custody", held(person=person, planted=True, **usual | stay))
        return person

    def elsewhere(person: Ints, first: int, last: int, precision: int = DAY) -> Ints:
        employer = len(city.units) + person % len(city.companies)
        span = {"started": first, "ended": last, "precision": precision}
        city.add(
            "social_insurance", insured(person=person, employer=employer, planted=True, **span)
        )
        return person

    def away(kind: int) -> Ints:
        """Insured elsewhere for half a year, with leave approved for longer."""
        women = alive & ~people.male if kind == MATERNITY else alive
        person = elsewhere(staff(few, women), day(2024, 2), day(2024, 7, 31))
        span = {"started": day(2024, 1), "ended": day(2024, 9, 30)}
        unit = person % len(city.units)
        city.add(
            "leave_approvals", leave(person=person, unit=unit, kind=kind, planted=True, **span)
        )
        return person

    late = pool.take(some, dead)
    _paid_on(city, late, month_of(people.died[late]) + 3)
    behind(staff(some // 2, alive), kind=PRISON)
    behind(staff(some // 2, alive), kind=SHORT_TERM, ended=day(2023, 10, 7))
    elsewhere(staff(some // 2, alive), day(2023, 9), day(2024, 6, 30))
    elsewhere(staff(some - some // 2, alive), day(2023, 9, 4), day(2024, 6, 9), MONTH)

    timely = pool.take(few, dead)
    _paid_on(city, timely, month_of(people.died[timely]))
    entered = staff(2 * few, alive)
    on = np.full(few, day(2024, 3, 3)) + np.arange(few)
    fixed = {"on": on, "planted": True}
    city.add("deaths", deaths.death(person=entered[:few], cancelled=day(2024, 6), **fixed))
    city.add("deaths", deaths.death(person=entered[few:], misnamed=True, source=1, **fixed))
    traps = {
        "secondment": away(SECONDMENT),
        "approved study": away(STUDY),
        "maternity leave": away(MATERNITY),
        "long sick leave": away(SICK),
        "month of death": timely,
        "cancelled death": entered[:few],
        "number equal, another's name": entered[few:],
        "suspended sentence": behind(staff(few, alive), kind=PROBATION),
        "under appeal": behind(staff(few, alive), final=False),
        "stopped with the sentence": behind(staff(few, alive, month(2023, 5))),
        "changed employer within a month": elsewhere(
            staff(few, alive), day(2024, 5, 6), day(2024, 5, 28)
        ),
        "insured elsewhere before": elsewhere(staff(few, alive), day(2012, 3), day(2014, 7, 31)),
    }
    for name, person in traps.items():
        city.trap(MODEL, name, person)


def _paid_on(city: City, person: Ints, until: Ints) -> None:
    """Dead officials, in whose name pay went on until a month."""
    on = deaths.agreed(city, person)
    unit, started = person % len(city.units), np.full(len(person), day(2011, 5))
    _employ(city, person, unit, started, on, planted=True)
    owner, months = every(month_of(on) + 1, until)
    row = {"person": person[owner], "unit": unit[owner], "month": months}
    city.add("payroll", pay(**row, planted=True))


def judge(city: City) -> None:
    """Pay for months after death, months in prison, or months fully insured by somebody else."""
    rows = city.usable(PAYROLL)
    sure, doubtful = deaths.last_known(city)
    found: list[tuple[Ints, bool, Mask]] = []
    for latest, certain in ((sure, True), (doubtful, False)):
        died = latest[rows.person]
        late = (died < NEVER) & (rows.month > month_of(np.where(died < NEVER, died, 0)))
        found.append((rows.person[late], True, np.full(int(late.sum()), certain)))
    stays = custody.standing(city)
    stays = stays[np.isin(stays.kind, (PRISON, SHORT_TERM))]
    at, stay = custody.overlapping(rows, stays)
    found.append((rows.person[at], True, ~stays.misnamed[stay]))
    outside = rows.person[_insured_elsewhere(city, rows)]
    found.append((outside, False, np.ones(len(outside), np.bool_)))
    person = np.concatenate([who for who, _, _ in found])
    red = np.concatenate([np.full(len(who), grade) for who, grade, _ in found])
    city.report(MODEL, person, red, np.concatenate([known for _, _, known in found]))


def _insured_elsewhere(city: City, rows: Rows) -> Ints:
    """Pay whose whole month another employer insured, without approved absence for all of it."""
    spans, leaves = city.usable(INSURANCE), city.usable(LEAVES)
    concerned = np.flatnonzero(np.isin(rows.person, spans.person))
    at, span = pairs(rows.person[concerned], spans.person)
    at, spans = concerned[at], spans[span]
    _, begun = bounds(spans.started, spans.precision)
    until, _ = bounds(np.minimum(spans.ended, AS_OF), spans.precision)
    until = np.where(spans.ended == NEVER, NEVER, until)
    months, unit = rows.month[at], rows.unit[at]
    whole = (begun <= first_of(months)) & (until >= last_of(months)) & (spans.employer != unit)
    at = np.unique(at[whole])
    paid, absence = pairs(rows.person[at], leaves.person)
    months = rows.month[at][paid]
    covered = leaves.started[absence] <= first_of(months)
    covered &= leaves.ended[absence] >= last_of(months)
    return np.setdiff1d(at, at[paid[covered]])


def deliver(city: City) -> None:
    rng = city.rng("staff delivered")
    _deliver_officials(city, rng)
    _deliver_payroll(city, rng)
    _deliver_insurance(city, rng)
    _deliver_leaves(city, rng)


def _deliver_officials(city: City, rng: np.random.Generator) -> None:
    """One workbook with a sheet for the city's counties of each half."""
    rows = city.settle(OFFICIALS)
    number, name = city.who(rng, rows)
    other = loose.of(city.people, rows.person, "性别", "出生日期")
    code, unit = city.units.named(rows.unit)
    county = city.units.county[rows.unit]
    columns = city.strike(
        OFFICIALS,
        rows,
        {
            "身份证号": number,
            "姓名": name,
            "性别": other["性别"],
            "出生年月": other["出生日期"],
            "单位代码": code,
            "单位名称": unit,
            "现任职务": words(POSTS, rows.post),
            "任职日期": write_days(rows.started),
            "免职日期": write_days(rows.ended),
            "区县": city.counties(county),
        },
    )
    sheets = [
        Sheet(
            name=label,
            columns={h: cells.filter(pa.array(county // 6 == n)) for h, cells in columns.items()},
            above=(f"干部任职情况表（{label}）",),
            groups=(("干部", 4), ("任职单位", 2), ("任职", 3), ("属地", 1)),
            below=("填表人：王某　　填表日期：2025年12月31日",),
            dates=frozenset({"任职日期", "免职日期"}),
        )
        for n, label in enumerate(("东片", "西片"))
    ]
    write_xlsx(city.inbox / "officials" / "干部任职情况_20251231.xlsx", sheets)
    city.rows_written(OFFICIALS, rows)


def _deliver_payroll(city: City, rng: np.random.Generator) -> None:
    """A year a file, in the encoding of the treasury's old mainframe."""
    rows = city.settle(PAYROLL)
    year = year_of(first_of(rows.month))
    for each in range(2023, 2026):
        part = rows[year == each]
        number, name = city.who(rng, part, share=0.002)
        code, unit = city.units.named(part.unit)
        columns = city.strike(
            PAYROLL,
            part,
            {
                "身份证号": number,
                "姓名": name,
                "单位代码": code,
                "预算单位": unit,
                "工资月份": write_months(part.month, "han"),
                "实发金额(元)": write_amounts(part.fen),
                "发放日期": write_days(first_of(part.month) + 14, "compact"),
                "工资卡号": city.accounts(part.person, 60),
                "区县": city.counties(city.units.county[part.unit]),
            },
        )
        path = city.inbox / "payroll" / f"工资发放_{each}年.csv"
        write_csv(path, columns, encoding="gb18030", newline="\r\n", page=5_000)
    city.rows_written(PAYROLL, rows)


def _deliver_insurance(city: City, rng: np.random.Generator) -> None:
    """One complete list; some spans are known by month only, open ones have an empty end."""
    rows = city.settle(INSURANCE)
    number, name = city.who(rng, rows, share=0.002)
    both = [
        pa.chunked_array([one, other]).combine_chunks()
        for one, other in (
            (city.units.code, city.companies.code),
            (city.units.name, city.companies.name),
        )
    ]
    code, employer = (cells.take(pa.array(rows.employer)) for cells in both)
    county = np.r_[city.units.county, city.companies.county][rows.employer]
    columns = city.strike(
        INSURANCE,
        rows,
        {
            "身份证号": number,
            "姓名": name,
            "统一社会信用代码": code,
            "参保单位": employer,
            "参保起始": write_dates(rows.started, rows.precision),
            "参保终止": write_dates(rows.ended, np.where(rows.ended == NEVER, DAY, rows.precision)),
            "参保地": city.counties(county),
        },
    )
    write_csv(
        city.inbox / "social_insurance" / "参保明细_20251231.csv", columns, encoding="utf-8-sig"
    )
    city.rows_written(INSURANCE, rows)


def _deliver_leaves(city: City, rng: np.random.Generator) -> None:
    rows = city.settle(LEAVES)
    number, name = city.who(rng, rows)
    code, unit = city.units.named(rows.unit)
    columns = city.strike(
        LEAVES,
        rows,
        {
            "批准文号": pa.array(
                [f"澜编办〔{n // 500 + 2022}〕{n % 500 + 1}号" for n in range(len(rows))]
            ),
            "身份证号": number,
            "姓名": name,
            "单位代码": code,
            "工作单位": unit,
            "离岗类型": choose(rng, rows.kind, LEAVE),
            "起始日期": write_days(rows.started, "numerals"),
            "截止日期": write_days(rows.ended, "numerals"),
            "区县": city.counties(city.units.county[rows.unit]),
        },
    )
    sheet = Sheet("离岗审批", columns, above=("机关事业单位人员离岗审批台账",))
    write_xlsx(city.inbox / "leave_approvals" / "离岗审批_20251231.xlsx", [sheet])
    city.rows_written(LEAVES, rows)
