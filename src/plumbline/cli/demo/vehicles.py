"""Official cars and what was filled into them (model 32).

The offices administration keeps the cars in one workbook, tank sizes as numbers; the platform of
the filling stations delivers by year. Some stations' clocks know the day only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.city import City, Register, words
from plumbline.cli.demo.days import NEVER, Ints, day, write_days, year_of
from plumbline.cli.demo.dirt import write_amounts
from plumbline.cli.demo.files import Sheet, write_csv, write_xlsx
from plumbline.cli.demo.people import COUNTIES
from plumbline.cli.demo.rows import Rows, groups

MODEL = "fuel-beyond-tank"
DAY_SECONDS = 86_400
WINDOW_SECONDS = 4 * 3_600
FROM, TO = day(2024), day(2025, 12, 20)

CARS = ("大众帕萨特", "别克GL8", "丰田考斯特", "长城皮卡", "福特全顺")
TANKS = (6_600, 7_000, 9_500, 7_200, 8_000)  # centilitres

VEHICLES = Register("vehicles")
FUEL = Register(
    "fuel",
    damage={
        "车牌号": {"not a number plate": lambda _, turn: ("公务用车", "云Z-", "见备注")[turn % 3]},
        "加油量(升)": {"not a number": lambda _, turn: ("满箱", "—", "约50")[turn % 3]},
    },
    spoilt=0.001,
)


def vehicle(**columns: Any) -> Rows:
    """Cars: number, model, tank, and what explains unusual fills."""
    usual = {"fleet": False, "corrected": NEVER, "jerrycan": NEVER, "planted": False}
    return Rows(**usual | columns)


def fill(**columns: Any) -> Rows:
    """Fills: car, second, centilitres; whether the clock is known, whether into a can."""
    return Rows(**{"exact": True, "can": False, "planted": False} | columns)


def plate(car: Any) -> str:
    return f"云Z{int(car):05}"


def simulate(city: City) -> None:
    rng = city.rng(MODEL)
    count = max(160, len(city.people) // 250)
    car = city.serials("vehicles", count)
    model = rng.integers(len(CARS), size=count)
    city.add("vehicles", vehicle(car=car, model=model, fleet=rng.random(count) < 0.03))
    _everyday(city, rng, car, np.array(TANKS)[model])
    _plant(city, rng)


def _everyday(city: City, rng: np.random.Generator, car: Ints, tank: Ints) -> None:
    """A fill every week or so, never more than the tank holds."""
    weeks = (TO - FROM) // 7
    owner = np.repeat(np.arange(len(car)), weeks)
    on = FROM + np.tile(np.arange(weeks), len(car)) * 7 + rng.integers(0, 5, size=len(owner))
    at = on * DAY_SECONDS + rng.integers(7 * 3_600, 20 * 3_600, size=len(owner))
    litres = tank[owner] * rng.integers(30, 92, size=len(owner)) // 100
    city.add("fuel", fill(car=car[owner], at=at, litres=litres))


def _plant(city: City, rng: np.random.Generator) -> None:
    def story(count: int, gap: int, *shares: int, second: Any = None, **car: Any) -> Ints:
        """Cars with fills `gap` seconds apart, each a share of the tank in percent."""
        number = city.serials("vehicles", count)
        model = rng.integers(len(CARS), size=count)
        city.add("vehicles", vehicle(car=number, model=model, planted=True, **car))
        tank = np.array(TANKS)[model]
        _everyday(city, rng, number, tank)
        start = (FROM + 5 + 7 * rng.integers(2, 90, size=count)) * DAY_SECONDS + 31_000
        for n, share in enumerate(shares):
            special = second or {} if n else {}
            row = {"car": number, "at": start + n * gap, "litres": tank * share // 100}
            city.add("fuel", fill(**row, planted=True, **special))
        return number

    some, few = city.many // 3, city.few
    story(some, 2_900, 60, 85)
    story(some, 9_000, 40, 35)
    story(some, 0, 130)
    traps = {
        "card shared by the fleet": story(few, 1_800, 90, 80, fleet=True),
        "jerrycan for equipment": story(
            few, 600, 70, 60, second={"can": True}, jerrycan=day(2023, 4)
        ),
        "tank size under correction": story(few, 2_000, 80, 70, corrected=day(2025, 11)),
        "clock knows the day only": story(few, 2_000, 80, 70, second={"exact": False}),
        "five hours apart": story(few, 5 * 3_600, 80, 70),
        "within the tolerance": story(few, 0, 108),
    }
    for name, cars in traps.items():
        city.truth.trap(MODEL, name, (plate(car) for car in cars))


def judge(city: City) -> None:
    """Several fills within four hours, more than the tank holds, or both."""
    cars, fills = city.usable(VEHICLES), city.usable(FUEL)
    size = np.zeros(int(cars.car.max()) + 1, np.int64)
    size[cars.car] = np.array(TANKS)[cars.model]
    excused = np.zeros(len(size), np.bool_)
    excused[cars.car] = cars.fleet | (cars.corrected < NEVER)
    fills = fills[fills.exact & ~fills.can & ~excused[fills.car]]
    fills = fills[np.lexsort((fills.at, fills.car))]
    group, _ = groups(fills.car)
    span = 10 * 366 * 30 * DAY_SECONDS
    at = group * span + fills.at
    start = np.maximum(np.searchsorted(at, at - WINDOW_SECONDS), np.searchsorted(group, group))
    running = np.r_[0, np.cumsum(fills.litres)]
    here = np.arange(len(fills))
    several = here > start
    much = (running[here + 1] - running[start]) * 10 > size[fills.car] * 11
    yellow = np.unique(fills.car[several | much])
    red = np.unique(fills.car[several & much])
    for car in yellow:
        city.truth.warn(MODEL, plate(car), "red" if car in red else "yellow")


def deliver(city: City) -> None:
    _deliver_vehicles(city)
    _deliver_fuel(city)


def _deliver_vehicles(city: City) -> None:
    rows = city.settle(VEHICLES)
    code, name = city.units.named(rows.car % len(city.units))
    columns = {
        "车牌号": pa.array([plate(car) for car in rows.car.tolist()]),
        "单位代码": code,
        "使用单位": name,
        "品牌型号": words(CARS, rows.model),
        "油箱容积(升)": write_amounts(np.array(TANKS)[rows.model]),
        "容积更正申请日期": write_days(rows.corrected),
        "加油卡类型": words(("单车卡", "公用卡"), rows.fleet.astype(int)),
        "油桶备案日期": write_days(rows.jerrycan),
        "区县": city.counties(city.units.county[rows.car % len(city.units)]),
    }
    sheet = Sheet(
        "公务用车",
        columns,
        above=("公务用车编制台账",),
        groups=(("车辆", 1), ("单位", 2), ("参数", 3), ("加油", 2), ("属地", 1)),
        below=("注：油箱容积以车辆登记证为准。",),
        numbers=frozenset({"油箱容积(升)"}),
    )
    write_xlsx(city.inbox / "vehicles" / "公务用车台账_20251231.xlsx", [sheet])
    city.rows_written(VEHICLES, rows)


def _deliver_fuel(city: City) -> None:
    rows = city.settle(FUEL)
    seconds = rows.at.astype("M8[s]")
    moment = np.char.replace(np.datetime_as_string(seconds), "T", " ")
    only_day = np.datetime_as_string(seconds, unit="D")
    columns = city.strike(
        FUEL,
        rows,
        {
            "交易流水号": city.running("fuel", len(rows), 11),
            "加油卡号": pc.binary_join_element_wise(
                "9030", pc.utf8_lpad(pa.array(rows.car).cast(pa.string()), 8, "0"), ""
            ),
            "车牌号": pa.array([plate(car) for car in range(int(rows.car.max()) + 1)]).take(
                pa.array(rows.car)
            ),
            "加油时间": pa.array(np.where(rows.exact, moment, only_day)),
            "加油量(升)": write_amounts(rows.litres),
            "金额(元)": write_amounts(rows.litres * 78 // 10),
            "用途": words(("车辆加油", "设备油桶"), rows.can.astype(int)),
            "加油站": words([f"{place}第一加油站" for place in COUNTIES], rows.car % len(COUNTIES)),
            "区县": city.counties(rows.car % len(COUNTIES)),
        },
    )
    year = year_of(rows.at // DAY_SECONDS)
    for each in (2024, 2025):
        mask = pa.array(year == each)
        part = {header: cells.filter(mask) for header, cells in columns.items()}
        path = city.inbox / "fuel" / f"加油明细_{each}年.csv"
        write_csv(path, part, encoding="gb18030")
    city.rows_written(FUEL, rows)
