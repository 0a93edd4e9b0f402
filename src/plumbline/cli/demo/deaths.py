"""The register of deaths, as three sources know them: police, crematoria, doctors.

Each source delivers in its own shape. Most deaths stand in two or three of them; a few were
entered for the living and taken back later. The police write for old computers, with lines that
end in a carriage return alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo import loose
from plumbline.cli.demo.city import City, Register, either, pick, words
from plumbline.cli.demo.days import (
    AS_OF,
    DAY,
    MONTH,
    NEVER,
    Ints,
    bounds,
    write_dates,
    write_days,
)
from plumbline.cli.demo.dirt import DATE_DAMAGE, NUMBER_DAMAGE
from plumbline.cli.demo.files import Sheet, write_csv, write_json_lines, write_xlsx
from plumbline.cli.demo.rows import Rows

POLICE, CREMATION, HEALTH = 0, 1, 2
SOURCES = ("公安注销", "殡仪馆火化", "卫健死亡证明")

DEATHS = Register(
    "deaths",
    key=("person", "source"),
    damage={"死者证件号码": NUMBER_DAMAGE, "死亡日期": DATE_DAMAGE},
)


def death(**columns: Any) -> Rows:
    """Deaths: person, source, day of death, and whether the entry was cancelled or withdrawn."""
    usual = {
        "source": POLICE,
        "precision": DAY,
        "cancelled": NEVER,
        "withdrawn": False,
        "misnamed": False,
        "planted": False,
    }
    return Rows(**usual | columns)


def simulate(city: City) -> None:
    """What the sources know of those who died."""
    rng = city.rng("deaths")
    dead = np.flatnonzero(city.people.died <= AS_OF)
    for source, share in ((POLICE, 0.97), (CREMATION, 0.85), (HEALTH, 0.6)):
        person = dead[rng.random(len(dead)) < share]
        precision = rng.choice([DAY, MONTH], len(person), p=[0.99, 0.01])
        on = city.people.died[person]
        city.add("deaths", death(person=person, source=source, on=on, precision=precision))


def agreed(city: City, person: Ints) -> Ints:
    """Let all sources agree on these deaths; gives the day of each."""
    on = city.people.died[person]
    for source in (POLICE, CREMATION, HEALTH):
        city.add("deaths", death(person=person, source=source, on=on, planted=True))
    city.protect("deaths", person)
    return on


def judge(city: City) -> None:
    """Deaths alone cross no line."""


def last_known(city: City) -> tuple[Ints, Ints]:
    """For everybody the latest day on which they may have died, by the sources that stand.

    Returns:
        That day by entries whose name fits, NEVER where there is none; and by all entries of
        those to whom only another's name points.
    """
    rows = city.usable(DEATHS)
    rows = rows[(rows.cancelled == NEVER) & ~rows.withdrawn]
    _, latest = bounds(rows.on, rows.precision)
    sure = np.full(len(city.people), -NEVER, np.int64)
    doubtful = sure.copy()
    np.maximum.at(sure, rows.person[~rows.misnamed], latest[~rows.misnamed])
    np.maximum.at(doubtful, rows.person[rows.misnamed], latest[rows.misnamed])
    doubtful[sure > -NEVER] = -NEVER
    return np.where(sure == -NEVER, NEVER, sure), np.where(doubtful == -NEVER, NEVER, doubtful)


def deliver(city: City) -> None:
    rng = city.rng("deaths delivered")
    rows = city.settle(DEATHS)
    number, name = city.who(rng, rows)
    registered = np.minimum(rows.on + rng.integers(1, 40, size=len(rows)), AS_OF)
    style = np.array(["iso", "compact", "han"])[rows.source]
    written = write_dates(rows.on, rows.precision)
    columns = {
        "死者证件号码": number,
        "姓名": name,
        **loose.of(city.people, rows.person, "性别", "出生日期"),
        "数据来源": words(SOURCES, rows.source),
    }
    for kind in ("compact", "han"):
        which = style == kind
        written = _put(written, which, write_dates(rows.on[which], rows.precision[which], kind))
    columns |= {
        "死亡日期": written,
        "登记日期": write_days(registered),
        "撤销日期": write_days(rows.cancelled),
        "户籍地": city.counties_of(rows),
    }
    columns = city.strike(DEATHS, rows, columns)
    folder = city.inbox / "deaths"
    police, cremation, health = (pick(columns, rows.source == n) for n in range(3))
    write_csv(folder / "01公安注销_20251231.csv", police, encoding="gb18030", newline="\r")
    write_json_lines(folder / "02殡仪馆火化_20251231.jsonl", cremation)
    above = ("居民死亡医学证明（推断）书登记册",)
    below = ("注：死亡日期以医学证明为准",)
    write_xlsx(folder / "03卫健死亡证明_20251231.xlsx", [Sheet("登记册", health, above, (), below)])
    again = city.amended(rng, rows)
    change = {"操作类型": either(rows.withdrawn, "删除", "补报"), **columns}
    write_csv(folder / "04更正_20251231.csv", pick(change, again))
    city.rows_written(DEATHS, rows)
    city.delivered["deaths"] += int(again.sum())


def _put(cells: Any, which: Any, new: Any) -> Any:
    return pc.replace_with_mask(cells, pa.array(which), new)
