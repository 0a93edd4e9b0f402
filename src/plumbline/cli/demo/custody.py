"""Who was held, where, from when to when: prisons, detention, and sentences served at home.

The justice bureau corrects its list by a later delivery. What counts is when a sentence really
began and ended, not the day of the judgment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.city import City, Register, choose, either, pick
from plumbline.cli.demo.days import AS_OF, NEVER, Ints, Mask, day, first_of, last_of, write_days
from plumbline.cli.demo.dirt import DATE_DAMAGE, NUMBER_DAMAGE
from plumbline.cli.demo.files import Sheet, write_csv, write_xlsx
from plumbline.cli.demo.rows import Rows, pairs

PRISON, DETENTION, SHORT_TERM, PROBATION, CONTROL, PAROLE, OUTSIDE = range(7)
BEHIND_BARS = (PRISON, DETENTION, SHORT_TERM)
KINDS = {
    PRISON: ("有期徒刑", "监狱服刑"),
    DETENTION: ("刑事拘留", "逮捕", "羁押"),
    SHORT_TERM: ("拘役",),
    PROBATION: ("缓刑",),
    CONTROL: ("管制",),
    PAROLE: ("假释",),
    OUTSIDE: ("暂予监外执行",),
}

CUSTODY = Register(
    "custody",
    key=("person", "kind", "started"),
    damage={"身份证号": NUMBER_DAMAGE, "开始日期": DATE_DAMAGE},
)


def held(**columns: Any) -> Rows:
    """Custody: person, kind, first and last day as sentenced, and an earlier release."""
    usual = {
        "kind": PRISON,
        "ended": NEVER,
        "released": NEVER,
        "judged": columns["started"],
        "final": True,
        "acquitted": NEVER,
        "withdrawn": False,
        "misnamed": False,
        "planted": False,
    }
    return Rows(**usual | columns)


def simulate(city: City) -> None:
    rng = city.rng("custody")
    people = city.people
    adults = np.flatnonzero((people.born < day(1995)) & (people.born > day(1940)))
    person = rng.choice(adults, len(people) // 120, replace=False)
    started = rng.integers(day(2011), day(2025, 6), size=len(person))
    rows = held(
        person=person,
        kind=rng.choice(len(KINDS), len(person), p=[0.35, 0.12, 0.1, 0.3, 0.04, 0.05, 0.04]),
        started=started,
        ended=started + rng.integers(60, 1_800, size=len(person)),
        judged=started - rng.integers(-60, 60, size=len(person)),
        final=rng.random(len(person)) < 0.97,
    )
    early = (rng.random(len(rows)) < 0.2) & (rows.kind == PRISON)
    rows = rows.but(released=np.where(early, (started + rows.ended) // 2, NEVER))
    over = np.minimum(rows.ended, rows.released)
    city.add("custody", rows[people.died[person] > np.minimum(over, AS_OF)])


def overlapping(rows: Rows, custody: Rows) -> tuple[Ints, Ints]:
    """Pairs of monthly rows and stays of one person that share at least a day."""
    concerned = np.flatnonzero(np.isin(rows.person, np.unique(custody.person)))
    at, stay = pairs(rows.person[concerned], custody.person)
    at = concerned[at]
    end = np.minimum(custody.ended, custody.released)[stay]
    months = rows.month[at]
    shared = (custody.started[stay] <= last_of(months)) & (end >= first_of(months))
    return at[shared], stay[shared]


def inside(rows: Rows) -> Mask:
    """Stays behind bars, as against sentences served at home."""
    return np.isin(rows.kind, BEHIND_BARS)


def standing(city: City) -> Rows:
    """The stays that no acquittal, appeal or correction has put in doubt."""
    rows = city.usable(CUSTODY)
    return rows[rows.final & (rows.acquitted == NEVER) & ~rows.withdrawn]


def judge(city: City) -> None:
    """Custody alone crosses no line."""


def deliver(city: City) -> None:
    rng = city.rng("custody delivered")
    rows = city.settle(CUSTODY)
    number, name = city.who(rng, rows)
    open_end = (rows.ended == NEVER) & (np.arange(len(rows)) % 2 == 0)
    columns = city.strike(
        CUSTODY,
        rows,
        {
            "身份证号": number,
            "姓名": name,
            "类别": choose(rng, rows.kind, KINDS),
            "开始日期": write_days(rows.started),
            "届满日期": pc.if_else(pa.array(open_end), "9999-12-31", write_days(rows.ended, "han")),
            "提前释放日期": write_days(rows.released, "dot"),
            "判决日期": write_days(rows.judged, "slash"),
            "是否生效": either(rows.final, "是"),
            "宣告无罪日期": write_days(rows.acquitted),
            "文书号": pa.array([f"澜刑执〔{n:05}〕号" for n in range(len(rows))]),
            "区县": city.counties_of(rows),
        },
    )
    folder = city.inbox / "custody"
    serving = inside(rows)
    write_csv(folder / "01羁押服刑_20251231.csv", pick(columns, serving), encoding="gb18030")
    write_xlsx(
        folder / "02社区矫正_20251231.xlsx",
        [Sheet("在矫对象", pick(columns, ~serving), above=("社区矫正对象名册",))],
    )
    again = city.amended(rng, rows)
    change = {"变更类型": either(rows.withdrawn, "删除", "修改"), **columns}
    write_csv(folder / "03更正_20251231.csv", pick(change, again))
    city.rows_written(CUSTODY, rows)
    city.delivered["custody"] += int(again.sum())
