"""Invoices claimed as expenses (model 35).

The accounting centre lists every claim; a summary that the declaration ignores has commas and
line breaks. Fully digital invoices have a number of twenty digits and no code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo.city import City, Register, either, words
from plumbline.cli.demo.days import AS_OF, Ints, day, write_days, year_of
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    DATE_DAMAGE,
    OPTIONAL_NUMBER_DAMAGE,
    write_amounts,
)
from plumbline.cli.demo.files import write_csv, write_json_lines
from plumbline.cli.demo.rows import Rows, groups

MODEL = "invoice-claimed-twice"

INVOICES = Register(
    "expense_invoices",
    damage={
        "报销人身份证号": OPTIONAL_NUMBER_DAMAGE,
        "发票号码": {
            "number turned into a float": lambda _n, _t: "2.53321E+19",
            "leading zeros lost": lambda _, turn: str(23_456 + turn),
        },
        "报销金额(元)": AMOUNT_DAMAGE,
        "报销日期": DATE_DAMAGE,
    },
    spoilt=0.002,
)


def claim(**columns: Any) -> Rows:
    """Claims: invoice, person, fen claimed and on its face, day, and whether it reverses another."""
    return Rows(**{"book": 0, "red": False, "planted": False} | columns)


def simulate(city: City) -> None:
    rng = city.rng(MODEL)
    people = city.people
    staff = np.flatnonzero(people.alive() & (people.born > day(1966)) & (people.born < day(2000)))
    count = len(people) // 5
    number = city.serials("invoices", count)
    face = rng.integers(30, 30_000, size=count) * 100
    person = rng.choice(staff, count)
    on = rng.integers(day(2022), AS_OF, size=count)
    city.add("expense_invoices", claim(number=number, person=person, fen=face, face=face, on=on))
    _plant(city, rng, staff)


def _plant(city: City, rng: np.random.Generator, staff: Ints) -> None:
    def story(count: int, *shares: int) -> Ints:
        """Invoices claimed several times, each time a share of the face in percent."""
        number = city.serials("invoices", count)
        face = rng.integers(3, 300, size=count) * 10_000
        on = rng.integers(day(2023), day(2025), size=count)
        for n, share in enumerate(shares):
            person = rng.choice(staff, count)
            row = {"number": number, "person": person, "fen": face // 100 * share, "face": face}
            city.add("expense_invoices", claim(**row, on=on + 40 * n, red=share < 0, planted=True))
        return number

    some, few = city.many // 3, city.few
    story(some, 100, 100)
    story(some, 70, 50)
    story(some, 100, 100, -20)
    traps = {
        "reversed, then claimed anew": story(few, 100, -100, 100),
        "shared between two budgets": story(few, 60, 40),
        "claimed twice, reversed once": story(few, 100, 100, -100),
        "partly reversed": story(few, 100, -30, 20),
    }
    for name, numbers in traps.items():
        city.truth.trap(MODEL, name, (invoice(n)[1] for n in numbers))
    # The next invoice of the book, and the same number in another book.
    number = city.serials("invoices", 2 * few)
    number = number[number % 3 != 0][:few]
    face = np.full(few, 88_000)
    for book in (0, 1):
        row = {
            "number": number,
            "person": staff[:few],
            "fen": face,
            "face": face,
            "on": day(2024, 5),
        }
        city.add("expense_invoices", claim(**row, book=book, planted=True))
    city.truth.trap(MODEL, "same number, another code", (invoice(n, 0)[1] for n in number))


def invoice(number: Any, book: int = 0) -> tuple[str, str]:
    """Code and number; every third invoice is fully digital and has no code."""
    n = int(number)
    if n % 3 == 0:
        return "", f"25332000{n:012}"
    return f"03300{book + n % 7:07}", f"{n:08}"


def judge(city: City) -> None:
    """Claimed at least twice, and in all for more than its face."""
    rows = city.usable(INVOICES)
    group, first = groups(rows.number, rows.book)
    total = np.zeros(len(first), np.int64)
    np.add.at(total, group, rows.fen)
    times = np.bincount(group, ~rows.red, len(first))
    for at in first[(times > 1) & (total > rows.face[first])]:
        code, number = invoice(rows.number[at], int(rows.book[at]))
        city.truth.warn(MODEL, number, "red", code)


def deliver(city: City) -> None:
    rng = city.rng("invoices delivered")
    rows = city.settle(INVOICES)
    number, name = city.who(rng, rows)
    unit_code, unit = city.units.named(rows.person % len(city.units))
    parts = [invoice(n, b) for n, b in zip(rows.number.tolist(), rows.book.tolist(), strict=True)]
    summary = ("差旅费", "会议费，含场租、\n茶歇", "办公用品")
    columns = city.strike(
        INVOICES,
        rows,
        {
            "报销明细号": city.running("expense_invoices", len(rows)),
            "报销人身份证号": number,
            "报销人": name,
            "单位代码": unit_code,
            "报销单位": unit,
            "发票代码": pa.array(
                [code or ("无", "-", "")[n % 3] for n, (code, _) in enumerate(parts)]
            ),
            "发票号码": pa.array([number for _, number in parts]),
            "报销金额(元)": write_amounts(rows.fen),
            "价税合计(元)": write_amounts(rows.face),
            "是否红字": either(rows.red, "是", "否"),
            "报销日期": write_days(rows.on, "compact"),
            "摘要": words(summary, rows.number % len(summary)),
            "区县": city.counties(city.units.county[rows.person % len(city.units)]),
        },
    )
    year = year_of(rows.on)
    for each in range(2022, 2026):
        mask = pa.array(year == each)
        part = {header: cells.filter(mask) for header, cells in columns.items()}
        path = city.inbox / "expense_invoices" / f"报销发票明细_{each}年"
        if each == 2022:
            write_json_lines(path.with_suffix(".jsonl"), part)
        else:
            write_csv(path.with_suffix(".csv"), part, encoding="utf-8-sig", quoted=True)
    city.rows_written(INVOICES, rows)
