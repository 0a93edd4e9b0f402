"""Parcels of farmland, and the area for which subsidies were paid (model 12).

Every county delivers its own parcels in its own shape; one county measures subsidies in hectares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plumbline.cli.demo.city import City, Register, pick, words
from plumbline.cli.demo.days import Ints, day, write_days, year_from
from plumbline.cli.demo.dirt import (
    DATE_DAMAGE,
    OPTIONAL_NUMBER_DAMAGE,
    write_amounts,
)
from plumbline.cli.demo.files import (
    Sheet,
    table,
    write_csv,
    write_html,
    write_json,
    write_spreadsheet_xml,
    write_xls,
    write_xlsx,
)
from plumbline.cli.demo.people import COUNTIES, FIRST_COUNTY
from plumbline.cli.demo.rows import Rows, groups

MODEL = "farmland-subsidy-over-area"
FROM, TO = 2019, 2025
HECTARE_COUNTY = COUNTIES.index("雁湖县")
MU = 10_000  # areas are counted in ten-thousandths of a mu; so is a hectare's 15 mu

_NO_NUMBER = {"not a number": lambda _, turn: ("约三亩", "见图", "/")[turn % 3]}
PARCELS = Register(
    "parcels",
    damage={"承包方身份证号": OPTIONAL_NUMBER_DAMAGE, "确权面积(亩)": _NO_NUMBER},
    spoilt=0.001,
)
SUBSIDIES = Register(
    "farmland_subsidies",
    damage={"领补人身份证号": OPTIONAL_NUMBER_DAMAGE, "发放日期": DATE_DAMAGE},
    spoilt=0.001,
)


def parcel(city: City, person: Ints, **columns: Any) -> Rows:
    """Parcels: number, contractor, county, and confirmed area."""
    usual = {"person": person, "county": city.people.county[person], "planted": False}
    return Rows(parcel=city.serials("parcels", len(person)), **usual | columns)


def simulate(city: City) -> None:
    rng, pool = city.rng(MODEL), city.pool(MODEL)
    adults = city.people.born < day(1990)
    _plant(city, rng, pool.take(city.many + 6 * city.few + 200, adults))
    person = rng.choice(pool.rest, len(city.people) // 12, replace=False)
    rows = parcel(city, person, area=rng.integers(80, 2_000, size=len(person)) * MU // 100)
    city.add("parcels", rows)
    for year in range(FROM, TO + 1):
        grown = rows[rng.random(len(rows)) < 0.6]
        tiller = np.where(rng.random(len(grown)) < 0.1, rng.permutation(grown.person), grown.person)
        share = np.where(rng.random(len(grown)) < 0.05, 50, 100)
        _subsidise(city, grown, year, grown.area * share // 100, tiller)
        half = share == 50
        _subsidise(city, grown[half], year, grown.area[half] // 2, grown.person[half])


def _subsidise(
    city: City, rows: Rows, year: int, area: Ints, farmer: Ints, *, planted: bool = False
) -> None:
    """Pay for an area, which must be whole in the unit that the county reports."""
    step = np.where(rows.county == HECTARE_COUNTY, 15, 100)
    city.add(
        "farmland_subsidies",
        Rows(
            parcel=rows.parcel,
            county=rows.county,
            year=np.full(len(rows), year),
            area=area // step * step,
            person=farmer,
            contractor=rows.person,
            planted=planted,
        ),
    )


def _plant(city: City, rng: np.random.Generator, cast: Ints) -> None:
    people = list(cast)

    def story(
        count: int,
        *shares: int,
        years: tuple[int, ...] = (2023,),
        county: int | None = None,
        tiller: int = 0,
    ) -> list[str]:
        """Parcels paid for in shares (percent of the confirmed area), each to another farmer.

        The first goes to the contractor, or to somebody else where `tiller` is not 0.
        """
        person = np.array([people.pop() for _ in range(count)])
        where = city.people.county[person] if county is None else np.full(count, county)
        area = rng.integers(100, 900, size=count) * MU // 50
        rows = parcel(city, person, area=area, county=where, planted=True)
        city.add("parcels", rows)
        for year in years:
            for n, share in enumerate(shares):
                farmer = np.roll(person, n + tiller)
                _subsidise(city, rows, year, area * share // 100, farmer, planted=True)
        return [parcel_code(c, p) for c, p in zip(rows.county, rows.parcel, strict=True)]

    some, few = city.many // 3, city.few
    story(some, 100, 100)
    story(some, 130)
    story(some, 70, 60, county=HECTARE_COUNTY)
    traps = {
        "tilled by another than the contractor": story(few, 100, tiller=1),
        "shared between two farmers": story(few, 60, 40),
        "within the tolerance of measuring": story(few, 103),
        "measured in hectares": story(few, 100, county=HECTARE_COUNTY),
        "the same area in three years": story(few, 100, years=(2021, 2022, 2023)),
    }
    for name, parcels in traps.items():
        city.truth.trap(MODEL, name, parcels)


def parcel_code(county: Any, number: Any) -> str:
    return f"{FIRST_COUNTY + int(county)}1020100{int(number):06}"


def judge(city: City) -> None:
    """All that was paid for a parcel in a year, against its confirmed area and five percent."""
    parcels, paid = city.usable(PARCELS), city.usable(SUBSIDIES)
    confirmed = np.full(int(paid.parcel.max()) + 1, -1)
    confirmed[parcels.parcel] = parcels.area
    group, first = groups(paid.parcel, paid.year)
    total = np.zeros(len(first), np.int64)
    np.add.at(total, group, paid.area)
    limit = confirmed[paid.parcel[first]]
    for at in first[(limit >= 0) & (total * 100 > limit * 105)]:
        code = parcel_code(paid.county[at], paid.parcel[at])
        city.truth.warn(MODEL, code, "yellow", str(paid.year[at]))


def deliver(city: City) -> None:
    rng = city.rng("farmland delivered")
    _deliver_parcels(city, rng)
    _deliver_subsidies(city, rng)


def _codes(rows: Rows) -> pa.Array:
    return pa.array(
        [parcel_code(c, p) for c, p in zip(rows.county.tolist(), rows.parcel.tolist(), strict=True)]
    )


def _deliver_parcels(city: City, rng: np.random.Generator) -> None:
    """Twelve complete lists, each from the program that its county happens to have."""
    rows = city.settle(PARCELS)
    number, name = city.who(rng, rows)
    columns = city.strike(
        PARCELS,
        rows,
        {
            "地块编码": _codes(rows),
            "确权面积(亩)": write_amounts(rows.area, per=MU),
            "承包方身份证号": number,
            "承包方": name,
            "确权登记日期": write_days(day(2015) + rows.parcel * 7 % 1_200),
            "发证机关": words([f"{place}人民政府" for place in COUNTIES], rows.county),
            "区县": city.counties(rows.county),
        },
    )
    for n, place in enumerate(COUNTIES):
        part = pick(columns, rows.county == n)
        path = city.inbox / "parcels" / f"{place}确权地块_20251231"
        _write_list(path, n, _ledger(place, part))
    city.rows_written(PARCELS, rows)


def _ledger(place: str, columns: dict[str, pa.Array]) -> Sheet:
    return Sheet(
        place,
        columns,
        above=(f"{place}农村承包土地确权登记簿", "填报单位：农业农村局　　单位：亩"),
        numbers=frozenset({"确权面积(亩)"}),
        dates=frozenset({"确权登记日期"}),
    )


def _write_list(path: Path, county: int, sheet: Sheet) -> None:
    match county % 7:
        case 0:
            write_csv(path.with_suffix(".csv"), sheet.columns, encoding="gb18030", newline="\r\n")
        case 1:
            write_csv(path.with_suffix(".tsv"), sheet.columns, delimiter="\t")
        case 2:
            write_xlsx(path.with_suffix(".xlsx"), [sheet])
        case 3:
            write_json(path.with_suffix(".json"), table(sheet.columns).to_pylist())
        case 4:
            write_xls(path.with_suffix(".xls"), sheet)
        case 5:
            write_html(path.with_suffix(".xls"), sheet)
        case _:
            write_spreadsheet_xml(path.with_suffix(".xml"), sheet)


def _deliver_subsidies(city: City, rng: np.random.Generator) -> None:
    """Text tables for eleven counties; for the twelfth a workbook in hectares, a sheet a year."""
    rows = city.settle(SUBSIDIES)
    number, name = city.who(rng, rows, share=0.005)
    hectares = rows.county == HECTARE_COUNTY
    columns = city.strike(
        SUBSIDIES,
        rows,
        {
            "补贴编号": city.running("farmland_subsidies", len(rows)),
            "地块编码": _codes(rows),
            "年度": pa.array(rows.year).cast(pa.string()),
            "领补人身份证号": number,
            "领补人": name,
            "实际种植人": name,
            "补贴金额(元)": write_amounts(rows.area * 120 // 100),
            "发放日期": write_days(year_from(rows.year) + 200),
            "一卡通账号": city.accounts(rows.person, 70),
            "核定单位": words([f"{place}农业农村局" for place in COUNTIES], rows.county),
            "区县": city.counties(rows.county),
        },
    )
    mu = {"补贴面积(亩)": write_amounts(np.where(hectares, 0, rows.area), per=MU)}
    shown = np.where(hectares, rows.area // 15, 0)
    ha = {"补贴面积(公顷)": write_amounts(shown, per=MU, places=4)}
    folder = city.inbox / "farmland_subsidies"
    for first, last in ((FROM, 2021), (2022, 2024), (TO, TO)):
        these = (rows.year >= first) & (rows.year <= last)
        period = f"{last}年" if first == last else f"{first}年-{last}年"
        part = pick(columns | mu, these & ~hectares)
        write_csv(folder / f"耕地地力保护补贴_{period}.csv", part, encoding="utf-8-sig")
    sheets = [
        Sheet(
            f"{year}年",
            pick(columns | ha, (rows.year == year) & hectares),
            above=(f"{year}年耕地地力保护补贴发放表", "面积单位：公顷"),
            numbers=frozenset({"补贴面积(公顷)", "年度"}),
        )
        for year in range(FROM, TO + 1)
    ]
    write_xlsx(folder / f"雁湖县耕地补贴_{FROM}年-{TO}年.xlsx", sheets)
    city.rows_written(SUBSIDIES, rows)
