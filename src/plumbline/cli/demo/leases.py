"""Rents of public property: what is due, and what was received (model 55).

The assets centre lists what is due; the tax service, which has collected rents since 2021,
delivers its receipts as lines of JSON.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo.city import City, Register
from plumbline.cli.demo.days import AS_OF, NEVER, Ints, day, first_of, month, write_days
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    DATE_DAMAGE,
    some,
    thousands,
    touch,
    write_amounts,
)
from plumbline.cli.demo.files import Sheet, write_json_lines, write_xlsx
from plumbline.cli.demo.people import COUNTIES
from plumbline.cli.demo.rows import Rows

MODEL = "rent-overdue"
LATE_DAYS, VERY_LATE_DAYS = 30, 60

DUES = Register(
    "lease_dues",
    damage={"应缴日期": DATE_DAMAGE, "应缴金额(元)": AMOUNT_DAMAGE},
    spoilt=0.002,
)
RECEIPTS = Register(
    "lease_receipts",
    damage={"缴款日期": DATE_DAMAGE, "合同编号": {"empty required cell": lambda _n, _t: ""}},
    spoilt=0.0,
)
ASSETS = ("沿街店面", "办公用房", "仓库", "鱼塘", "果园", "停车场")


def due(**columns: Any) -> Rows:
    """Instalments: lease, number of the instalment, day due, and what puts it off."""
    usual = {"agreed": NEVER, "dispute": NEVER, "elsewhere": NEVER, "planted": False}
    return Rows(**usual | columns)


def lease_number(lease: Any) -> str:
    return f"ZL{int(lease):06}"


def simulate(city: City) -> None:
    rng = city.rng(MODEL)
    count = max(150, len(city.people) // 200)
    lease = city.serials("leases", count)
    first = rng.integers(month(2021), month(2025), size=count) // 3 * 3
    for instalment in range(1, 17):
        on = first_of(first + 3 * (instalment - 1))
        rows = due(lease=lease, instalment=instalment, on=on, fen=rent(lease))
        rows = rows[on < day(2026, 6)]
        city.add("lease_dues", rows)
        paid = rows[rows.on <= AS_OF - 20]
        late = rng.integers(-10, 90, size=len(paid))
        _receive(city, paid, np.minimum(paid.on + late, AS_OF - 2))
    _plant(city)


def rent(lease: Ints) -> Ints:
    return 300_000 + lease * 7_700 % 2_000_000


def _receive(city: City, rows: Rows, on: Ints) -> None:
    row = {"lease": rows.lease, "instalment": rows.instalment, "on": on, "fen": rows.fen}
    city.add("lease_receipts", Rows(**row, planted=rows.planted))


def _plant(city: City) -> None:
    def story(count: int, on: int, *, paid: int = NEVER, **terms: Any) -> list[str]:
        """Leases whose third instalment fell due on a day, and was not paid by then."""
        lease = city.serials("leases", count)
        for instalment in (1, 2):
            before = np.full(count, on - 180 + 90 * (instalment - 1))
            rows = due(lease=lease, instalment=instalment, on=before, fen=rent(lease), planted=True)
            city.add("lease_dues", rows)
            _receive(city, rows, before + 3)
        row = {"lease": lease, "instalment": 3, "on": np.full(count, on), "fen": rent(lease)}
        rows = due(**row, planted=True, **terms)
        city.add("lease_dues", rows)
        if paid < NEVER:
            _receive(city, rows, np.full(count, paid))
        return [lease_number(one) for one in lease]

    some, few = city.many // 2, city.few
    autumn = day(2025, 9, 15)
    story(some // 2, autumn)
    story(some - some // 2, day(2025, 3, 1))
    story(some, day(2025, 11, 16))
    traps = {
        "later date agreed": story(few, autumn, agreed=day(2026, 3, 31)),
        "dispute in court": story(few, autumn, dispute=day(2025, 10, 9)),
        "paid to another account": story(few, autumn, elsewhere=day(2025, 9, 12)),
        "a fortnight late": story(few, day(2025, 12, 17)),
        "paid, though late": story(few, day(2025, 7, 1), paid=day(2025, 12, 20)),
        "not due yet": story(few, day(2026, 1, 10)),
    }
    for name, leases in traps.items():
        city.truth.trap(MODEL, name, leases)


def judge(city: City) -> None:
    """No receipt more than thirty, or sixty, days after the day due."""
    rows, paid = city.usable(DUES), city.usable(RECEIPTS)
    known = {*zip(paid.lease.tolist(), paid.instalment.tolist(), strict=True)}
    late = AS_OF - rows.on
    lawful = (rows.agreed < NEVER) | (rows.dispute < NEVER) | (rows.elsewhere < NEVER)
    rows, late = rows[(late > LATE_DAYS) & ~lawful], late[(late > LATE_DAYS) & ~lawful]
    for lease, instalment, days in zip(rows.lease, rows.instalment, late, strict=True):
        if (lease, instalment) not in known:
            level = "red" if days > VERY_LATE_DAYS else "yellow"
            city.truth.warn(MODEL, lease_number(lease), level, instalment_text(instalment))


def instalment_text(instalment: Any) -> str:
    return f"第{int(instalment)}期"


def deliver(city: City) -> None:
    rng = city.rng("leases delivered")
    _deliver_dues(city, rng)
    _deliver_receipts(city, rng)


def _deliver_dues(city: City, rng: np.random.Generator) -> None:
    rows = city.settle(DUES)
    code, name = city.units.named(rows.lease % len(city.units))
    county = city.units.county[rows.lease % len(city.units)]
    amount = touch(write_amounts(rows.fen), some(rng, len(rows), 0.05), thousands)
    columns = city.strike(
        DUES,
        rows,
        {
            "合同编号": pa.array([lease_number(n) for n in rows.lease.tolist()]),
            "期次": pa.array([instalment_text(n) for n in rows.instalment.tolist()]),
            "标的物": pa.array(
                [
                    f"{COUNTIES[c]}{ASSETS[n % 6]}{n}号"
                    for c, n in zip(county, rows.lease, strict=True)
                ]
            ),
            "承租人": city.names(rows.lease % len(city.people)),
            "单位代码": code,
            "出租单位": name,
            "应缴日期": write_days(rows.on, "han"),
            "应缴金额(元)": amount,
            "延期至": write_days(rows.agreed, "iso"),
            "涉诉立案日期": write_days(rows.dispute, "dot"),
            "缴入其他账户日期": write_days(rows.elsewhere, "iso"),
            "区县": city.counties(county),
        },
    )
    sheet = Sheet(
        "应缴租金",
        columns,
        above=("国有资产租金应缴台账", "单位：元"),
        below=("填报人：李某　　审核人：张某",),
        numbers=frozenset({"应缴金额(元)"}),
    )
    write_xlsx(city.inbox / "lease_dues" / "租金应缴台账_20251231.xlsx", [sheet])
    city.rows_written(DUES, rows)


def _deliver_receipts(city: City, rng: np.random.Generator) -> None:
    rows = city.settle(RECEIPTS)
    county = city.units.county[rows.lease % len(city.units)]
    columns = city.strike(
        RECEIPTS,
        rows,
        {
            "缴款书号": city.running("lease_receipts", len(rows)),
            "合同编号": pa.array([lease_number(n) for n in rows.lease.tolist()]),
            "期次": pa.array([instalment_text(n) for n in rows.instalment.tolist()]),
            "缴款人": city.names(rows.lease % len(city.people)),
            "缴款日期": write_days(rows.on, "iso"),
            "缴款金额(元)": touch(write_amounts(rows.fen), some(rng, len(rows), 0.02), thousands),
            "收款账号": pa.repeat("33000100200300400", len(rows)),
            "区县": city.counties(county),
        },
    )
    write_json_lines(city.inbox / "lease_receipts" / "租金缴款_20251231.jsonl", columns)
    city.rows_written(RECEIPTS, rows)
