"""The truth of a small city, worked out anew from its files: slowly, row by row, without arrays."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import openpyxl

from plumbline.cli.demo import score

from .conftest import Built

AS_OF = date(2025, 12, 31)


def rows_of(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".jsonl":
            yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
        elif path.suffix == ".xlsx":
            for page in openpyxl.load_workbook(path):
                yield from sheet_rows(page)
        else:
            raw = path.read_bytes()
            text = raw.decode("gb18030" if raw[:3] != b"\xef\xbb\xbf" else "utf-8-sig")
            yield from csv.DictReader(
                text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
            )


def sheet_rows(page: Any) -> Iterator[dict[str, Any]]:
    rows = [[cell if cell is not None else "" for cell in row] for row in page.values]
    at = next(n for n, row in enumerate(rows) if "区县" in row)
    for row in rows[at + 1 :]:
        if row[-1]:
            yield dict(zip(rows[at], row, strict=True))


def amount(cell: Any) -> Decimal | None:
    """Yuan; None where a clerk wrote words."""
    text = str(cell).strip().strip("￥").removeprefix("人民币").removesuffix("元").replace(",", "")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def readable(number: str) -> bool:
    return not ("*" in number or "E+" in number)


def expected(city: Built, model: str) -> dict[tuple[str, ...], str]:
    found = [w for w in city.truth["warnings"] if w["model"] == model]
    return {(w["subject"], *w["group"]): w["level"] for w in found}


def test_fuel_beyond_tank(city: Built) -> None:
    inbox = city.folder / "inbox"
    cars = {row["车牌号"]: row for row in rows_of(inbox / "vehicles")}
    fills = defaultdict(list)
    for row in rows_of(inbox / "fuel"):
        litres = amount(row["加油量(升)"])
        car = cars.get(row["车牌号"])
        if not car or litres is None or " " not in row["加油时间"] or row["用途"] != "车辆加油":
            continue
        if car["加油卡类型"] != "公用卡" and not car["容积更正申请日期"]:
            at = datetime.fromisoformat(row["加油时间"])
            fills[row["车牌号"]].append((at, litres))
    found: dict[tuple[str, ...], str] = {}
    for plate, each in fills.items():
        tank = Decimal(str(cars[plate]["油箱容积(升)"])) * Decimal("1.1")
        for at, _ in each:
            window = [n for when, n in each if timedelta() <= at - when <= timedelta(hours=4)]
            several, much = len(window) > 1, sum(window) > tank
            if several or much:
                red = (several and much) or found.get((plate,)) == "red"
                found[plate,] = "red" if red else "yellow"
    assert found == expected(city, "fuel-beyond-tank")


def test_rent_overdue(city: Built) -> None:
    inbox = city.folder / "inbox"
    paid = {(row["合同编号"], row["期次"]) for row in rows_of(inbox / "lease_receipts")}
    found = {}
    for row in rows_of(inbox / "lease_dues"):
        try:
            due = datetime.strptime(row["应缴日期"], "%Y年%m月%d日").date()  # noqa: DTZ007
        except ValueError:
            continue
        excused = row["延期至"] or row["涉诉立案日期"] or row["缴入其他账户日期"]
        key = (row["合同编号"], row["期次"])
        late = (AS_OF - due).days
        if late > 30 and not excused and key not in paid and amount(row["应缴金额(元)"]):
            found[key] = "red" if late > 60 else "yellow"
    assert found == expected(city, "rent-overdue")


def test_invoice_claimed_twice(city: Built) -> None:
    claims = defaultdict(list)
    for row in rows_of(city.folder / "inbox" / "expense_invoices"):
        fen = amount(row["报销金额(元)"])
        number = row["发票号码"]
        if fen is not None and number.isdigit() and len(number) >= 8 and _is_day(row["报销日期"]):
            code = "" if row["发票代码"] in {"无", "-"} else row["发票代码"]
            claims[number, code].append((fen, Decimal(row["价税合计(元)"]), row["是否红字"]))
    found = {
        key: "red"
        for key, each in claims.items()
        if sum(red == "否" for _, _, red in each) > 1 and sum(fen for fen, *_ in each) > each[0][1]
    }
    assert found == expected(city, "invoice-claimed-twice")


def _is_day(text: str, form: str = "%Y%m%d") -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return False
    return True


def test_unit_price_outlier(city: Built) -> None:
    peers = defaultdict(list)
    for row in rows_of(city.folder / "inbox" / "purchase_lines"):
        price = amount(row["成交单价(元)"])
        if price is not None and _is_day(row["成交日期"], "%Y-%m-%d"):
            key = tuple(
                row[h] for h in ("商品编码", "生产企业", "规格型号", "计量单位", "采购年度")
            )
            peers[key].append((price, row["含运费安装"], row["成交明细号"]))
    found = {}
    for lot in peers.values():
        prices = sorted(price for price, *_ in lot)
        low, high = (prices[math.ceil(len(prices) * part / 4) - 1] for part in (1, 3))
        for price, freight, number in lot:
            if len(lot) >= 8 and price > high + (high - low) * Decimal("1.5") and freight == "否":
                found[number,] = "yellow"
    assert found == expected(city, "unit-price-outlier")


def test_a_run_that_finds_all_and_invents_one_scores_so() -> None:
    truth = {
        "warnings": [
            {"model": "m", "subject": "a", "level": "red", "group": ["2021-03"]},
            {"model": "m", "subject": "b", "level": "red", "group": ["2021"]},
            {"model": "m", "subject": "c", "level": "red", "group": []},
        ],
        "questions": [{"model": "m", "subject": "q", "group": []}],
        "traps": [{"model": "m", "trap": "pit", "subject": "x"}],
    }
    raised = [
        {"model": "m", "subject": "a", "level": "red", "group": ["2021-03-01..2021-03-31"]},
        {"model": "m", "subject": "b", "level": "yellow", "group": ("2021-01-01..2021-12-31",)},
        {"model": "m", "subject": "x", "level": "red", "group": []},
    ]
    (found,) = score(truth, raised, []).values()
    assert found.found == 2
    assert found.missed == [("c", ())]
    assert found.invented == [("x", ())]
    assert found.wrong_level == [("b", ("2021",))]
    assert found.sprung == [("pit", "x")]
    assert (found.precision, found.recall) == (2 / 3, 2 / 3)
    assert found.questions == (1.0, 0.0)


def test_a_run_of_nothing_is_precise_and_finds_nothing() -> None:
    truth = {
        "warnings": [{"model": "m", "subject": "a", "level": "red"}],
        "questions": [],
        "traps": [],
    }
    (found,) = score(truth, [], []).values()
    assert (found.precision, found.recall) == (1.0, 0.0)
