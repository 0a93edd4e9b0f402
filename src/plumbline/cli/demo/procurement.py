"""Contracts, bans and purchases: split contracts, barred suppliers, prices out of line.

The procurement office delivers contracts by year, with amounts typed by hand; the list of the
barred is a workbook with notes; the trading centre's purchases come from an old Macintosh.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.city import City, Register, choose, either, pick, words
from plumbline.cli.demo.days import NEVER, Ints, day, write_days, year_of
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    DATE_DAMAGE,
    some,
    touch,
    write_amounts,
    wrong_code,
)
from plumbline.cli.demo.files import Sheet, write_csv, write_json, write_xlsx
from plumbline.cli.demo.people import COUNTIES
from plumbline.cli.demo.rows import Array, Rows, groups, pairs

SPLIT = "split-procurement"
BARRED = "barred-supplier"
OUTLIER = "unit-price-outlier"

NEW_LIMIT_FROM = day(2022)
WINDOW_DAYS = 30
FEWEST_PEERS = 8

ITEMS = (
    *(
        "计算机设备",
        "办公家具",
        "复印纸",
        "印刷服务",
        "物业管理服务",
        "软件开发服务",
        "车辆维修服务",
    ),
    *("绿化养护服务", "会议服务", "保安服务", "空调机", "打印机", "档案整理服务", "广告宣传服务"),
    *("房屋修缮", "道路养护工程", "消防设备", "医疗耗材", "实验室设备", "培训服务"),
)
EVERYDAY_ITEMS = 40
OPEN_COUNTY, OPEN_YEAR = COUNTIES.index("望澜区"), 2025
KINDS = {
    "ordinary": ("一般采购", "公开招标", "询价"),
    "framework": ("框架协议订单",),
    "monthly": ("按月服务",),
    "emergency": ("应急采购",),
}

_CODE_DAMAGE = {"wrong check of a credit code": wrong_code, "empty required cell": lambda *_: ""}
CONTRACTS = Register(
    "contracts",
    damage={
        "供应商代码": _CODE_DAMAGE,
        "签订日期": DATE_DAMAGE,
        "合同金额(元)": AMOUNT_DAMAGE,
    },
    spoilt=0.003,
)
BANS = Register(
    "barred_suppliers", key=("company", "started"), damage={"信用代码": _CODE_DAMAGE}, spoilt=0.01
)
PURCHASES = Register(
    "purchase_lines",
    damage={"成交单价(元)": AMOUNT_DAMAGE, "成交日期": DATE_DAMAGE},
    spoilt=0.002,
)


def limit(on: Ints) -> Ints:
    """Fen from which a contract must be put out to tender."""
    return np.where(on < NEW_LIMIT_FROM, 20_000_000, 40_000_000)


def contract(**columns: Any) -> Rows:
    """Contracts: buyer, supplier, item, day of signature, bid deadline, what kind they are of."""
    usual = {
        "item": 0,
        "kind": "ordinary",
        "fen": 90_000_000,
        "deadline": columns["on"] - 35,
        "addition": False,
        "net": False,
        "withdrawn": False,
        "planted": False,
    }
    return Rows(**usual | columns)


def sign(city: City, buyer: Ints, supplier: Ints, on: Ints, **columns: Any) -> Ints:
    """Planted contracts; gives their numbers."""
    number = city.serials("contracts", len(buyer))
    row = {"number": number, "buyer": buyer, "supplier": supplier, "on": on, "planted": True}
    city.add("contracts", contract(**row | columns))
    return number


def ban(**columns: Any) -> Rows:
    """Bans: company, from when to when, and an earlier end."""
    return Rows(**{"ended": NEVER, "lifted": NEVER, "planted": False} | columns)


def contract_number(number: Any) -> str:
    return f"LZCG-{int(number):07}"


def line_number(number: Any) -> str:
    return f"MX{int(number):09}"


def simulate(city: City) -> None:
    rng = city.rng("procurement")
    _plant_split(city, rng)
    _plant_barred(city, rng)
    _everyday(city, rng)
    _purchases(city, rng)
    city.add(
        "companies",
        Rows(
            company=np.arange(len(city.companies)),
            planted=~np.isin(np.arange(len(city.companies)), city.company_pool.rest),
        ),
    )


def _everyday(city: City, rng: np.random.Generator) -> None:
    """Small purchases, and large ones put out to tender; nothing that adds up to a limit."""
    count = len(city.people) // 10
    on = rng.integers(day(2016), day(2025, 12), size=count)
    small = rng.random(count) < 0.7
    tendered = 45_000_000 + rng.integers(0, 20_000, size=count) * 10_000
    supplier = rng.choice(city.company_pool.rest, count)
    rows = contract(
        number=city.serials("contracts", count),
        buyer=rng.integers(len(city.units), size=count),
        supplier=supplier,
        item=rng.integers(EVERYDAY_ITEMS, size=count),
        on=on,
        kind=rng.choice(list(KINDS), count, p=[0.85, 0.06, 0.06, 0.03]),
        fen=np.where(small, rng.integers(30, 280, size=count) * 10_000, tendered),
        deadline=on - rng.integers(10, 60, size=count),
    )
    rows = rows[
        (city.companies.revoked[supplier] > on) & (city.companies.registered[supplier] < on)
    ]
    city.add("contracts", rows)
    barred = rng.choice(city.company_pool.rest, max(30, len(city.companies) // 60), replace=False)
    started = rng.integers(day(2014), day(2025), size=len(barred))
    until = started + rng.choice([365, 730, 1_095], len(barred))
    row = {"company": barred, "started": started, "ended": until}
    city.add("barred_suppliers", ban(**row)[~np.isin(barred, supplier)])


# -- split contracts -----------------------------------------------------------------------


def _plant_split(city: City, rng: np.random.Generator) -> None:
    """Each story has a buyer and an item of its own."""
    turn = iter(range(1_000_000))

    def story(
        count: int,
        on: int,
        shares: tuple[int, ...],
        gap: int = 9,
        *,
        same: bool = True,
        **columns: Any,
    ) -> list[str]:
        """Contracts `gap` days apart, each for a share (in percent) of the limit of its time."""
        at = np.array([next(turn) for _ in range(count)])
        buyer, item = at % len(city.units), EVERYDAY_ITEMS + at // len(city.units)
        first = on + rng.integers(0, 200, size=count)
        supplier = city.company_pool.take(count, city.companies.revoked == NEVER)
        others = city.company_pool.take(count, city.companies.revoked == NEVER)
        for n, share in enumerate(shares):
            when = first + n * gap
            row = {"item": item, "fen": limit(when) // 100 * share, **columns}
            sign(city, buyer, others if n % 2 and not same else supplier, when, **row)
        return [f"{city.units.codes[b]} {item_code(i)}" for b, i in zip(buyer, item, strict=True)]

    old, new, some, few = day(2020, 2), day(2023, 2), city.many // 4, city.few
    story(some, old, (95, 96, 93))
    story(some, new, (95, 92), 14)
    story(some, old, (60, 55), same=False)
    story(some, new, (45, 40, 30), 12)
    pair = (60, 55)
    traps = {
        "call-offs from a framework": story(few, new, pair, kind="framework"),
        "monthly services": story(few, new, pair, 25, kind="monthly"),
        "emergency": story(few, new, pair, kind="emergency"),
        "approved addition to the budget": story(few, new, pair, addition=True),
        "limit raised since": story(few, day(2022, 1, 5), (45, 40)),
        "months apart": story(few, old, pair, 70),
        "tendered as a whole": story(few, new, (130, 20)),
        "net of tax only": story(few, new, pair, net=True),
        "contract cancelled": story(few, new, pair, withdrawn=True),
    }
    for name, keys in traps.items():
        city.truth.trap(SPLIT, name, keys)


def item_code(item: Any) -> str:
    return f"C{1_000 + int(item)}"


def standing(city: City) -> Rows:
    """The contracts that were not cancelled."""
    rows = city.usable(CONTRACTS)
    return rows[~rows.withdrawn]


def _judge_split(city: City, rows: Rows) -> None:
    """Contracts below the limit that reach it together within thirty days."""
    bound = limit(rows.on)
    counted = (rows.kind == "ordinary") & ~rows.addition & ~rows.net & (rows.fen < bound)
    rows = rows[counted]
    rows = rows[np.lexsort((rows.on, rows.item, rows.buyer))]
    group, _ = groups(rows.buyer, rows.item)
    # The window reaches back from each contract; sums come from running totals.
    span = 100_000
    at = group * span + rows.on
    start = np.searchsorted(at, at - WINDOW_DAYS)
    start = np.maximum(start, np.searchsorted(group, group))
    running = np.r_[0, np.cumsum(rows.fen)]
    here = np.arange(len(rows))
    over = (running[here + 1] - running[start] >= limit(rows.on)) & (here > start)
    flagged = np.zeros(len(rows), np.bool_)
    for first, last in zip(start[over], here[over], strict=True):
        flagged[first : last + 1] = True
    rows, group = rows[flagged], group[flagged]
    for each in np.unique(group):
        part = rows[group == each]
        red = len(np.unique(part.supplier)) == 1
        red &= bool((part.fen * 10 >= limit(part.on) * 9).all())
        buyer, item = city.units.codes[part.buyer[0]], item_code(part.item[0])
        city.truth.warn(SPLIT, buyer, "red" if red else "yellow", item)


# -- barred suppliers ----------------------------------------------------------------------


def _plant_barred(city: City, rng: np.random.Generator) -> None:
    started, ended = day(2021, 4), day(2023, 3, 31)
    firms = city.company_pool

    def story(count: int, on: int, deadline: int, contract: Any = None, **terms: Any) -> list[str]:
        """Barred companies, and a contract each; gives the contracts' numbers."""
        company = firms.take(count, city.companies.revoked == NEVER)
        span = {"started": started, "ended": ended, "planted": True}
        city.add("barred_suppliers", ban(company=company, **span | terms))
        return _won(city, rng, company, on, deadline, **contract or {})

    few, during = city.few, (day(2022, 5, 20), day(2022, 4, 11))
    story(city.many // 2, *during)
    story(city.many // 4, *during, ended=NEVER)
    story(city.many // 4, day(2023, 5, 8), day(2023, 2, 20))  # signed after the ban, bid within it
    traps = {
        "lifted before the bid": story(few, *during, lifted=day(2021, 12)),
        "barred after the bid": story(few, day(2021, 4, 28), day(2021, 3, 5)),
        "ban over": story(few, day(2023, 9), day(2023, 8)),
        "contract cancelled": story(few, *during, {"withdrawn": True}),
    }
    for name, kin in (
        ("branch with a code of its own", city.companies.branches),
        ("name alike", city.companies.look_alikes),
    ):
        mothers = np.arange(few) + (0 if name.startswith("branch") else few)
        city.add(
            "barred_suppliers", ban(company=mothers, started=started, ended=ended, planted=True)
        )
        traps[name] = _won(city, rng, kin[mothers], *during)
    for name, contracts in traps.items():
        city.truth.trap(BARRED, name, contracts)


def _won(
    city: City, rng: np.random.Generator, company: Ints, on: int, deadline: int, **columns: Any
) -> list[str]:
    buyer = rng.integers(len(city.units), size=len(company))
    item = rng.integers(EVERYDAY_ITEMS, size=len(company))
    when = np.full(len(company), on)
    row = {"item": item, "deadline": deadline, **columns}
    return [contract_number(n) for n in sign(city, buyer, company, when, **row)]


def _judge_barred(city: City, rows: Rows) -> None:
    """A bid deadline within a ban of the supplier's very code."""
    bans = city.usable(BANS)
    at, which = pairs(rows.supplier, bans.company)
    rows, bans = rows[at], bans[which]
    end = np.minimum(bans.ended, bans.lifted)
    within = (bans.started <= rows.deadline) & (rows.deadline <= end)
    for number in np.unique(rows.number[within]):
        city.truth.warn(BARRED, contract_number(number), "red")


# -- prices --------------------------------------------------------------------------------

GOODS = (
    *(("A4复印纸", "70g", "箱"), ("硒鼓", "CF388A", "支"), ("一次性手套", "中号", "盒")),
    *(("医用口罩", "平面型", "盒"), ("采血针", "7号", "支"), ("血糖试纸", "50片", "盒")),
    *(("办公椅", "网布", "把"), ("台式计算机", "i5/16G/512G", "台"), ("投影仪", "4000流明", "台")),
)
MAKERS = ("云峰", "蓝鲸", "新禾", "嘉利", "恒久", "卓越")


def _purchases(city: City, rng: np.random.Generator) -> None:
    """Lots of one good from one maker in one year, at prices close together."""
    everyday = max(60, len(city.people) // 800)
    lots = everyday + city.many + 4 * city.few
    size = rng.integers(12, 22, size=lots)
    small = slice(lots - city.few, lots)
    size[small] = 5  # too few to compare
    lot = np.repeat(np.arange(lots), size)
    nth = np.arange(len(lot)) - np.repeat(np.cumsum(size) - size, size)
    kind = lot // 60
    base = (200 + lot % 97 * 35) * 10
    price = base * (1_000 + rng.integers(-20, 21, size=len(lot))) // 1_000
    story = lot - everyday
    odd = (nth == 3) & (story >= 0)
    dear = odd & (story < city.many)
    part = (story - city.many) // city.few
    freight, other_pack, other_year, lonely = (
        odd & (story >= city.many) & (part == n) for n in range(4)
    )
    price = np.where(dear | freight | lonely, base * 17 // 10, price)
    price = np.where(other_pack | other_year, base * 8, price)
    year = 2019 + lot % 7
    number = city.serials("purchase_lines", len(lot))
    city.add(
        "purchase_lines",
        Rows(
            number=number,
            lot=lot,
            good=(lot % len(GOODS)),
            maker=lot // len(GOODS) % len(MAKERS),
            variant=kind,
            year=np.where(other_year, 2018, year),
            on=day(2018) + (year - 2018) * 365 + rng.integers(20, 340, size=len(lot)),
            pack=other_pack,
            fen=price,
            quantity=rng.integers(1, 60, size=len(lot)),
            freight=freight,
            buyer=rng.integers(len(city.units), size=len(lot)),
            supplier=rng.choice(city.company_pool.rest, len(lot)),
            planted=np.isin(lot, np.arange(everyday, lots)),
        ),
    )
    for name, which in {
        "freight included": freight,
        "sold by another measure": other_pack,
        "another year's price": other_year,
        "too few to compare": lonely,
    }.items():
        city.truth.trap(OUTLIER, name, (line_number(n) for n in number[which]))


def _peers(rows: Rows) -> Array:
    """The number of the group in which each line's price is compared."""
    number, _ = groups(rows.lot, rows.year, rows.pack)
    return number


def _judge_prices(city: City) -> None:
    """A price above the upper fence of its peers, freight aside."""
    rows = city.usable(PURCHASES)
    group = _peers(rows)
    order = np.lexsort((rows.fen, group))
    rows, group = rows[order], group[order]
    start = np.searchsorted(group, group)
    count = np.bincount(group)[group]
    low = rows.fen[start + (count + 3) // 4 - 1]
    high = rows.fen[start + (3 * count + 3) // 4 - 1]
    over = (count >= FEWEST_PEERS) & ((rows.fen - high) * 2 > (high - low) * 3) & ~rows.freight
    for number in rows.number[over]:
        city.truth.warn(OUTLIER, line_number(number), "yellow")


def judge(city: City) -> None:
    rows = standing(city)
    _judge_split(city, rows)
    _judge_barred(city, rows)
    _judge_prices(city)


# -- deliveries ----------------------------------------------------------------------------


def deliver(city: City) -> None:
    rng = city.rng("procurement delivered")
    _deliver_contracts(city, rng)
    _deliver_bans(city)
    _deliver_purchases(city)


def _by_hand(amount: str, turn: int) -> str:
    """An amount as typed into a form: in ten thousands, with separators, with its currency."""
    whole, _, cents = amount.partition(".")
    if cents == "00" and whole.endswith("0000"):
        return (f"人民币{whole[:-4]}万元", f"{whole[:-4]}万元")[turn % 2]
    return (f"{int(whole):,}.{cents}", f"￥{whole}.{cents}", f"{whole}.{cents}元")[turn % 3]


def _deliver_contracts(city: City, rng: np.random.Generator) -> None:
    rows = city.settle(CONTRACTS)
    folder = city.inbox / "contracts"
    columns = _contract_cells(city, rng, rows)
    year = year_of(rows.on)
    for first, last in ((2010, 2018), (2019, 2021), (2022, 2025)):
        part = pick(columns, (year >= first) & (year <= last))
        name = f"采购合同公告_{max(first, 2016)}年-{last}年.csv"
        write_csv(
            folder / name, part, encoding="gb18030" if first < 2019 else "utf-8-sig", quoted=True
        )
    again = city.amended(rng, rows)
    gone = np.where(rows.withdrawn, 1 + rows.number % 2, 0)
    status = {"合同状态": words(("有效", "作废", "撤销公告"), gone), **columns}
    write_csv(folder / "采购合同撤销_20251231.csv", pick(status, again), quoted=True)
    city.rows_written(CONTRACTS, rows)
    city.delivered["contracts"] += int(again.sum())
    _publish(city, rows)


def _publish(city: City, rows: Rows) -> None:
    """What one county bought in a year, from tender to contract, as an OCDS release package."""
    own = city.units.county[rows.buyer] == OPEN_COUNTY
    rows = rows[
        own & ~rows.withdrawn & ~rows.net & (rows.spoilt == 0) & (year_of(rows.on) == OPEN_YEAR)
    ]
    rows = rows[np.argsort(rows.number)]
    cells = rows.but(signed=_iso(rows.on), closed=_iso(rows.deadline))
    releases = [_release(city, row) for row in cells.records()]
    package = {
        "uri": f"https://example.invalid/ocds/{OPEN_YEAR}.json",
        "version": "1.1",
        "extensions": ["https://example.invalid/ocds/bids/extension.json"],
        "publishedDate": f"{OPEN_YEAR}-12-31T00:00:00+08:00",
        "publisher": {"name": "澜州市公共资源交易中心"},
        "releases": releases,
    }
    write_json(city.inbox / "ocds" / f"采购开放数据_{OPEN_YEAR}1231.json", package)
    for section, count in {
        "tenders": 1,
        "bids": 2,
        "awards": 1,
        "contracts": 1,
        "parties": 2,
    }.items():
        city.delivered[f"ocds_{section}"] = count * len(releases)


def _iso(days: Ints) -> list[str]:
    return [f"{day}T00:00:00+08:00" for day in write_days(days).to_pylist()]


def _release(city: City, row: Mapping[str, Any]) -> dict[str, Any]:
    """One purchase: its tender, the two who bid, the award and the contract."""
    number, companies = contract_number(row["number"]), city.companies
    other = (row["supplier"] + 1) % len(companies)
    buyer = {"id": city.units.codes[row["buyer"]], "name": city.units.names[row["buyer"]]}
    supplier, loser = (
        {"id": companies.codes[at], "name": companies.names[at]} for at in (row["supplier"], other)
    )
    title = buyer["name"] + ITEMS[row["item"] % len(ITEMS)]
    value, more = (
        {"amount": fen / 100, "currency": "CNY"} for fen in (row["fen"], row["fen"] * 103 // 100)
    )
    bids = [
        {"id": str(n), "date": row["closed"], "status": status, "tenderers": [who], "value": price}
        for n, (status, who, price) in enumerate(
            (("valid", supplier, value), ("disqualified", loser, more)), 1
        )
    ]
    return {
        "ocid": f"ocds-lz0000-{number}",
        "id": f"{number}-1",
        "date": row["signed"],
        "tag": ["contract"],
        "initiationType": "tender",
        "parties": [{**buyer, "roles": ["buyer"]}, {**supplier, "roles": ["supplier"]}],
        "buyer": buyer,
        "tender": {
            "id": number,
            "title": title,
            "status": "complete",
            "procuringEntity": buyer,
            "procurementMethod": "open",
            "tenderPeriod": {"endDate": row["closed"]},
            "numberOfTenderers": 2,
        },
        "bids": {"details": bids},
        "awards": [{"id": "1", "title": title, "suppliers": [supplier], "value": value}],
        "contracts": [
            {
                "id": number,
                "awardID": "1",
                "title": title,
                "value": value,
                "dateSigned": row["signed"],
            }
        ],
    }


def _contract_cells(city: City, rng: np.random.Generator, rows: Rows) -> dict[str, pa.Array]:
    buyer_code, buyer = city.units.named(rows.buyer)
    supplier_code, supplier = city.companies.named(rows.supplier)
    fen = write_amounts(rows.fen)
    amount = touch(fen, some(rng, len(rows), 0.08, 4_000), _by_hand)
    net = pa.array(rows.net)
    items = [ITEMS[n % len(ITEMS)] for n in range(int(rows.item.max()) + 1)]
    return city.strike(
        CONTRACTS,
        rows,
        {
            "合同编号": pa.array([contract_number(n) for n in rows.number.tolist()]),
            "项目名称": pc.binary_join_element_wise(buyer, words(items, rows.item), ""),
            "采购人代码": buyer_code,
            "采购人": buyer,
            "供应商代码": supplier_code,
            "供应商": supplier,
            "品目编码": words([item_code(n) for n in range(len(items))], rows.item),
            "品目名称": words(items, rows.item),
            "合同金额(元)": pc.if_else(net, "", amount),
            "合同金额(元,不含税)": pc.if_else(net, fen, ""),
            "投标截止日期": write_days(rows.deadline, "slash"),
            "签订日期": write_days(rows.on, "slash"),
            "合同类型": choose(rng, rows.kind, KINDS),
            "追加批文": either(rows.addition, "澜财采〔2023〕18号"),
            "区县": city.counties(city.units.county[rows.buyer]),
        },
    )


def _deliver_bans(city: City) -> None:
    rows = city.settle(BANS)
    code, name = city.companies.named(rows.company)
    ended = write_days(rows.ended, "han")
    columns = city.strike(
        BANS,
        rows,
        {
            "信用代码": code,
            "失信主体": name,
            "列入日期": write_days(rows.started, "han"),
            "处罚截止日期": pc.if_else(pa.array(rows.ended == NEVER), "2099-12-31", ended),
            "信用修复日期": write_days(rows.lifted, "han"),
            "决定书文号": pa.array([f"澜发改信〔{n:04}〕号" for n in range(len(rows))]),
            "决定机关": pa.repeat("澜州市发展和改革委员会", len(rows)),
            "区县": city.counties(city.companies.county[rows.company]),
        },
    )
    sheet = Sheet(
        "严重失信主体",
        columns,
        above=("政府采购严重违法失信行为记录名单", "（截至2025年12月31日）"),
        below=("注：已修复信用的仍予保留，供核对。",),
    )
    write_xlsx(city.inbox / "barred_suppliers" / "严重失信名单_20251231.xlsx", [sheet])
    city.rows_written(BANS, rows)


def _deliver_purchases(city: City) -> None:
    rows = city.settle(PURCHASES)
    buyer_code, buyer = city.units.named(rows.buyer)
    supplier_code, supplier = city.companies.named(rows.supplier)
    columns = city.strike(
        PURCHASES,
        rows,
        {
            "成交明细号": pa.array([line_number(n) for n in rows.number.tolist()]),
            "采购人代码": buyer_code,
            "采购人": buyer,
            "供应商代码": supplier_code,
            "供应商": supplier,
            "商品编码": pa.array([f"SP{n:05}" for n in rows.good.tolist()]),
            "商品名称": words([good for good, _, _ in GOODS], rows.good),
            "生产企业": words(MAKERS, rows.maker),
            "规格型号": pa.array(
                [f"{GOODS[g][1]}-{lot}" for g, lot in zip(rows.good, rows.lot, strict=True)]
            ),
            "计量单位": pc.if_else(
                pa.array(rows.pack), "大包装", words([unit for _, _, unit in GOODS], rows.good)
            ),
            "采购年度": pa.array(rows.year).cast(pa.string()),
            "成交日期": write_days(rows.on),
            "数量": pa.array(rows.quantity).cast(pa.string()),
            "成交单价(元)": write_amounts(rows.fen),
            "含运费安装": either(rows.freight, "是", "否"),
            "区县": city.counties(city.units.county[rows.buyer]),
        },
    )
    path = city.inbox / "purchase_lines" / "成交明细_20251231.csv"
    write_csv(path, columns, encoding="utf-8-sig", newline="\r", quoted=True)
    city.rows_written(PURCHASES, rows)
