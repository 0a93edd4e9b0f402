"""Honours of the city's bureau of economy, against the offences on the police's list (model 39).

The bureau keeps a list of honours since 2010 in one workbook, a sheet for each level, with the
names under public notice among those finally honoured. The police deliver by year, in the
encoding of an older system, and correct themselves in a later delivery.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.city import City, Register, choose, either, pick, words
from plumbline.cli.demo.days import (
    AS_OF,
    DAY,
    MONTH,
    NEVER,
    YEAR,
    Ints,
    Mask,
    bounds,
    day,
    plus_years,
    write_dates,
    write_days,
    year_of,
)
from plumbline.cli.demo.dirt import (
    AMOUNT_DAMAGE,
    DATE_DAMAGE,
    LOOSE_NUMBER_DAMAGE,
    some,
    thousands,
    touch,
    write_amounts,
)
from plumbline.cli.demo.files import Sheet, table, write_csv, write_xlsx
from plumbline.cli.demo.loose import (
    BARE,
    BIRTH,
    FULL,
    HIDDEN,
    HOME,
    MASKED,
    MISSPELT,
    OLD_PHONE,
    PHONE,
    SEX,
    USUAL,
    VEILED,
    WRONG_BIRTH,
    everyday,
    is_loose,
    known_by,
    other_cells,
)
from plumbline.cli.demo.people import COUNTIES, Pool
from plumbline.cli.demo.rows import Rows, groups, pairs

MODEL = "honour-despite-offence"

TITLES = ("工艺美术大师", "劳动模范", "道德模范", "优秀企业家", "首席技师", "最美乡村医生")
LEVELS = ("市级", "省级", "县级")
KINDS = {
    "criminal": ("刑事处罚",),
    "administrative": ("治安管理处罚", "行政处罚"),
    "party": ("党纪处分", "党纪政务处分"),
    "traffic_fine": ("交通违法罚款",),
}
REASONS = {
    "criminal": ("盗窃", "诈骗", "危险驾驶", "故意伤害", "非法吸收公众存款"),
    "administrative": ("赌博", "殴打他人", "偷税", "销售假冒商品", "非法占用林地"),
    "party": ("违反中央八项规定精神", "违规收受礼金", "失职失责"),
    "traffic_fine": ("超速行驶", "违反禁令标志", "驾驶机动车使用电话"),
}


OVERLAP = 12  # rows that stand in two extracts


def honour(**columns: Any) -> Rows:
    """Honours: person, on and how precisely that was written, title, whether finally granted."""
    usual = {
        "precision": DAY,
        "title": 0,
        "granted": True,
        "renamed": False,
        "old_number": False,
        "misnamed": False,
        "planted": False,
        **USUAL,
    }
    return Rows(**usual | columns)


def offence(**columns: Any) -> Rows:
    """Offences: person, kind, the day of the act and of the decision, and what became of it."""
    usual = {
        "precision": DAY,
        "kind": "administrative",
        "fen": 50_000,
        "final": True,
        "revoked": NEVER,
        "sealed": False,
        "misnamed": False,
        "withdrawn": False,
        "corrected_from": NEVER,
        "formerly": False,
        "old_number": False,
        "old_stated": False,
        "planted": False,
        "decided": np.asarray(columns["on"]) + 90,
        "named_as": columns["person"],
        **USUAL,
    }
    return Rows(**usual | columns)


HONOURS = Register(
    "honours",
    key=("person", "title", "granted"),
    damage={"身份证号": LOOSE_NUMBER_DAMAGE, "授予日期": DATE_DAMAGE},
)
OFFENCES = Register(
    "offences",
    damage={
        "身份证号": LOOSE_NUMBER_DAMAGE,
        "违法时间": DATE_DAMAGE,
        "罚款金额(元)": AMOUNT_DAMAGE,
    },
)


def simulate(city: City) -> None:
    """Honours and offences as they happen, most of them to different people."""
    rng, pool = city.rng(MODEL), city.pool(MODEL)
    adults = city.people.born < day(1992)
    _plant_collisions(city, rng, pool.take(city.many * 2, adults & city.people.alive()))
    _plant_traps(city, pool, adults)
    _plant_loose(city, pool, adults)
    rest = pool.rest[adults[pool.rest] & city.people.alone[pool.rest]]
    _everyday_honours(city, rng, rest)
    _everyday_offences(city, rng, rest)


def _everyday_honours(city: City, rng: np.random.Generator, adults: Ints) -> None:
    person = rng.choice(adults, len(city.people) // 36)
    on = rng.integers(day(2010), AS_OF - 30, size=len(person))
    rows = honour(
        person=person,
        on=on,
        precision=rng.choice([DAY, DAY, DAY, MONTH, YEAR], len(person)),
        title=rng.integers(len(TITLES), size=len(person)),
    )
    rows = rows[city.people.died[person] > on]
    old = rows.on < day(2013)  # before numbers were asked for
    rows = everyday(rng, rows, {BARE: np.where(old, 0.35, 0), MASKED: np.where(old, 0.25, 0.03)})
    noticed = rows[rng.random(len(rows)) < 0.3]
    notice = noticed.but(on=noticed.on - 20, granted=False, precision=DAY)
    city.add("honours", rows, notice)


def _everyday_offences(city: City, rng: np.random.Generator, adults: Ints) -> None:
    person = rng.choice(adults, len(city.people) // 25)
    count = len(person)
    on = rng.integers(day(2008), AS_OF - 200, size=count)
    kind = rng.choice(list(KINDS), count, p=[0.15, 0.4, 0.1, 0.35])
    rows = offence(
        person=person,
        on=on,
        decided=on + rng.integers(5, 160, size=count),
        precision=rng.choice([DAY, DAY, DAY, DAY, MONTH, YEAR], count),
        kind=kind,
        fen=np.where(
            kind == "traffic_fine",
            rng.choice([5_000, 10_000, 15_000, 20_000, 50_000], count),
            rng.integers(2, 100, size=count) * 10_000,
        ),
        final=rng.random(count) > 0.02,
        revoked=np.where(rng.random(count) < 0.02, on + 300, NEVER),
    )
    rows = rows[city.people.died[person] > on]
    published = rows.kind == "criminal"  # judgments, as courts publish them
    shares = {
        MASKED: np.where(published, 0.12, 0.02),
        HIDDEN: np.where(published, 0.08, 0),
        BARE: np.where(published, 0.05, 0.01),
        VEILED: 0.01,
    }
    city.add("offences", everyday(rng, rows, shares))


def _story(city: City, person: Ints, on: Any, before: Any, award: Any, act: Any) -> None:
    """An honour for each person on a day, and an offence some days before it."""
    fixed = {"person": person, "planted": True}
    city.add("honours", honour(**fixed, on=on, **award))
    city.add("offences", offence(**fixed, on=np.asarray(on) - before, **act))


def _plant_collisions(city: City, rng: np.random.Generator, person: Ints) -> None:
    """Offences that stood against an honour: the founding case, and its relatives."""
    size = len(person) // 5
    founding, recent, late, corrected, renamed = np.split(person[: 5 * size], 5)
    # Only the years are known: an offence in 2012, the title in 2015.
    year_only = {"precision": YEAR}
    on = np.full(size, day(2015, 9, 1))
    _story(city, founding, on, 1_200, year_only, {**year_only, "kind": "criminal"})
    # Within five years, under the old rule.
    on = rng.integers(day(2013), day(2019, 6), size=size)
    kind = rng.choice(["criminal", "administrative", "party"], size)
    _story(city, recent, on, rng.integers(200, 1_700, size=size), {"title": 1}, {"kind": kind})
    # Six to nine years before, a bar only since 2020; judged after the honour, but done before.
    on = rng.integers(day(2020), day(2025, 6), size=size)
    act = {"kind": "party", "decided": on + 120}
    _story(city, late, on, rng.integers(2_250, 3_200, size=size), {"title": 2}, act)
    # First delivered as an act after the honour, then corrected.
    on = rng.integers(day(2021), day(2024), size=size)
    act = {"kind": "criminal", "corrected_from": on + 10, "decided": on + 40}
    _story(city, corrected, on, 700, {"title": 3}, act)
    # Punished under a former name, which the list of honours gives beside the present one.
    on = rng.integers(day(2014), day(2025), size=size)
    _story(city, renamed, on, 900, {"title": 4, "renamed": True}, {"formerly": True})


#: Trap -> day of the honour, days from the offence to it, columns of the honour, of the offence.
TRAPS: dict[str, tuple[int, int, dict[str, Any], dict[str, Any]]] = {
    "trivial traffic fine": (day(2016, 6), 800, {}, {"kind": "traffic_fine", "fen": 15_000}),
    "penalty revoked": (day(2016, 6), 800, {}, {"kind": "criminal", "revoked": day(2015, 3)}),
    "under appeal": (day(2025, 6), 300, {}, {"kind": "criminal", "final": False}),
    "old rule in its time": (day(2018, 6), 2_600, {}, {"kind": "criminal"}),
    "act outside, judgment inside the window": (
        *(day(2017, 6), 2_000, {}),
        {"kind": "criminal", "decided": day(2013, 6)},
    ),
    "act after the honour": (day(2014, 6), -400, {}, {"kind": "criminal"}),
    "public notice, never granted": (day(2016, 6), 800, {"granted": False}, {"kind": "criminal"}),
    "same year, order unknown": (
        *(day(2016, 9), 100, {"precision": YEAR}),
        {"kind": "criminal", "precision": YEAR},
    ),
    "record withdrawn": (day(2022, 6), 800, {}, {"kind": "criminal", "withdrawn": True}),
}


def _plant_traps(city: City, pool: Pool, adults: Mask) -> None:
    """What looks alike and is lawful, unknowable, or somebody else's."""
    alive = adults & city.people.alive()
    for name, (on, before, award, act) in TRAPS.items():
        person = pool.take(city.few, alive)
        _story(city, person, on, before, award, act)
        city.trap(MODEL, name, person)

    # Done at sixteen and sealed by law: such a row may not even be copied.
    born = city.people.born
    person = pool.take(city.few, (born > day(1997, 8)) & (born < day(1999, 8)))
    _story(city, person, day(2023, 6), 2_900, {}, {"kind": "criminal", "sealed": True})
    city.trap(MODEL, "sealed juvenile record", person)

    # The number is right, the name is somebody else's: a question about the data.
    person = pool.take(city.few, alive)
    _story(city, person, day(2017, 6), 800, {}, {"misnamed": True})
    city.trap(MODEL, "number equal, another's name", person)

    # The name is right, the number somebody else's: strangers.
    names = city.people.name.dictionary_encode().indices.to_numpy()
    honoured, namesake = pool.take_pairs(city.few, names, alive)
    city.add("honours", honour(person=honoured, on=day(2016, 6), planted=True))
    city.add("offences", offence(person=namesake, on=day(2014, 6), kind="criminal", planted=True))
    city.trap(MODEL, "same name, another person", honoured)

    # Twins: one surname, one birth date, and numbers that differ in the last digits.
    elder, younger = pool.take_pairs(city.few, city.people.twin_of, alive)
    city.add("honours", honour(person=elder, on=day(2016, 6), planted=True))
    city.add("offences", offence(person=younger, on=day(2014, 6), kind="criminal", planted=True))
    city.trap(MODEL, "the twin's offence", elder)

    # Renumbered after an error of registration: no register ties the two numbers.
    renumbered = pool.take(city.few, alive)
    _story(city, renumbered, day(2016, 6), 740, {}, {"kind": "criminal", "old_number": True})
    for one in renumbered:
        city.truth.beyond(MODEL, city.number(one), "number changed between the two records")


#: Kind of loose row -> what the honour and the offence state, and what they tell besides.
LOOSE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "published judgment": ({}, {"stated": MASKED, "tells": SEX | BIRTH | HOME}),
    "judgment without number": ({}, {"stated": BARE, "tells": SEX | BIRTH}),
    "judgment without names": ({}, {"stated": HIDDEN, "tells": SEX | BIRTH}),
    "old list without numbers": ({"stated": BARE, "tells": SEX | BIRTH}, {}),
    "old list, masked": ({"stated": MASKED, "tells": PHONE | HOME}, {}),
    "both": (
        {"stated": BARE, "tells": SEX | BIRTH | HOME},
        {"stated": MASKED, "tells": BIRTH | PHONE},
    ),
    "misspelt": ({}, {"stated": BARE, "tells": SEX | BIRTH, "slip": MISSPELT}),
    "wrong birth date": ({}, {"stated": BARE, "tells": SEX | BIRTH, "slip": WRONG_BIRTH}),
    "former telephone": ({}, {"stated": MASKED, "tells": PHONE | HOME, "slip": OLD_PHONE}),
}


def _plant_loose(city: City, pool: Pool, adults: Mask) -> None:
    """Offences before an honour where one of the rows does not give the number."""
    alive = adults & city.people.alive()
    for award, act in LOOSE.values():
        person = pool.take(max(city.few, city.many // 8), alive)
        _story(city, person, day(2016, 6), 800, award, {"kind": "criminal", **act})
        # Some register knows everybody of them by number.
        fine = {"kind": "traffic_fine", "fen": 10_000, "planted": True}
        city.add("offences", offence(person=person, on=day(2019, 3), **fine))

    # Renumbered, and the register of offences says which number was borne before.
    person = pool.take(city.few, alive)
    act = {"kind": "criminal", "old_stated": True}
    _story(city, person, day(2016, 6), 740, {"old_number": True}, act)

    def strangers(alike: Ints, name: str, **act: Any) -> None:
        """An honour of one, an offence of another who is like them, and is known by number, too."""
        honoured, offender = pool.take_pairs(city.few, alike, alive)
        city.add("honours", honour(person=honoured, on=day(2016, 6), planted=True))
        other = {"on": day(2014, 6), "kind": "criminal", "planted": True}
        city.add("offences", offence(person=offender, **other | act))
        fine = {"kind": "traffic_fine", "fen": 10_000, "planted": True}
        city.add("offences", offence(person=offender, on=day(2019, 3), **fine))
        city.trap(MODEL, name, honoured)

    names = city.people.name.dictionary_encode().indices.to_numpy()
    doubles, twins = city.people.double_of, city.people.twin_of
    strangers(names, "same name, another's masked number", stated=MASKED)
    strangers(names, "same name, another without number", stated=BARE, tells=SEX | BIRTH)
    strangers(doubles, "same name and birth date, without number", stated=BARE, tells=SEX | BIRTH)
    strangers(doubles, "same name and birth date, masked", stated=MASKED)
    strangers(twins, "the twin's masked number", stated=MASKED)
    strangers(twins, "the twin's masked number and name", stated=HIDDEN)

    # Two people to whom one number was given: only their names tell them apart.
    person, other = pool.take_pairs(city.few, city.people.county, alive)
    act = {"kind": "criminal", "named_as": other}
    _story(city, person, day(2017, 6), 800, {}, act)
    city.trap(MODEL, "one number given to two people", person)


def judge(city: City) -> None:
    """An offence before a granted honour, and within the years that its time looked back."""
    award, act = city.usable(HONOURS), city.usable(OFFENCES)
    award = award[award.granted]
    act = act[~act.sealed & ~act.withdrawn]
    at_award, at_act = pairs(award.person, act.person)
    award, act = award[at_award], act[at_act]
    granted, latest_grant = bounds(award.on, award.precision)
    earliest_act, done = bounds(act.on, act.precision)
    back = np.where(granted >= day(2020), 10, 5)
    trivial = (act.kind == "traffic_fine") & (act.fen < 20_000)
    crossed = (done < granted) & (latest_grant <= plus_years(earliest_act, back))
    crossed &= act.final & (act.revoked == NEVER) & ~trivial
    award, act = award[crossed], act[crossed]
    apart = is_loose(award.stated) | is_loose(act.stated) | act.old_number | act.old_stated
    _judge_numbered(city, award[~apart], act[~apart])
    _judge_loose(city, award[apart], act[apart])


def _judge_numbered(city: City, award: Rows, act: Rows) -> None:
    """Both rows give the number in full."""
    group, first = groups(award.person, award.title)
    sure = ~(act.misnamed | award.misnamed) & (act.named_as == act.person)
    red = np.bincount(group, sure & (act.kind == "criminal"), len(first)) > 0
    known = np.bincount(group, sure, len(first)) > 0
    for one, title, is_known, is_red in zip(
        award.person[first], award.title[first], known, red, strict=True
    ):
        if is_known:
            city.truth.warn(MODEL, city.number(one), "red" if is_red else "yellow", TITLES[title])
        else:
            city.truth.ask(MODEL, city.number(one), TITLES[title])


def _judge_loose(city: City, award: Rows, act: Rows) -> None:
    """One of the rows lacks the number, or gives a former one."""
    same = (award.old_number == act.old_number) | act.old_stated
    sure = same & ~(act.misnamed | award.misnamed) & (act.named_as == act.person)
    award, act = award[sure], act[sure]
    known = known_by(city.people, honours=award, offences=act)
    for at in np.flatnonzero(act.old_stated & (award.stated == FULL) & (act.stated == FULL)):
        former = city.former_numbers(award.person[at : at + 1])[0].as_py()
        known[at].update(rests_on={"offences": "former number"}, also=former)
    loose = is_loose(award.stated) | is_loose(act.stated)
    red = (act.kind == "criminal") & ~loose
    city.report_loose(
        MODEL,
        [(city.number(p), TITLES[t]) for p, t in zip(award.person, award.title, strict=True)],
        np.where(red, "red", "yellow").tolist(),
        known,
    )


def deliver(city: City) -> None:
    _deliver_honours(city, city.rng("honours delivered"))
    _deliver_offences(city, city.rng("offences delivered"))


def _deliver_honours(city: City, rng: np.random.Generator) -> None:
    """One workbook, a sheet for each level: titles above, a header of two rows, notes below."""
    rows = city.settle(HONOURS)
    number, name = city.who(rng, rows)
    number = pc.if_else(pa.array(rows.old_number), city.former_numbers(rows.person), number)
    other = other_cells(city.people, rows)
    style = ("iso", "han", "dot", "numerals", "slash", "circle", "midnight")
    level = rows.title % len(LEVELS)
    written = [write_dates(rows.on, rows.precision, s) for s in style]
    at = rng.integers(len(style), size=len(rows))
    columns = city.strike(
        HONOURS,
        rows,
        {
            "序号": pa.array(np.arange(1, len(rows) + 1)).cast(pa.string()),
            "身份证号": number,
            "姓名": name,
            "曾用名": pc.if_else(pa.array(rows.renamed), city.former_names(rows.person), ""),
            "性别": other["性别"],
            "出生年月": other["出生日期"],
            "联系电话": other["联系电话"],
            "通讯地址": other["住址"],
            "荣誉称号": words(TITLES, rows.title),
            "名单类型": either(rows.granted, "授予", "公示"),
            "级别": words(LEVELS, level),
            "授予日期": pa.chunked_array(written)
            .combine_chunks()
            .take(pa.array(at * len(rows) + np.arange(len(rows)))),
            "审核单位": words(
                [f"{county}经济和信息化局" for county in COUNTIES], city.people.county[rows.person]
            ),
            "文号": pa.array(
                [f"澜经信发〔{y}〕{n % 90 + 1}号" for n, y in enumerate(year_of(rows.on))]
            ),
            "区县": city.counties_of(rows),
        },
    )
    sheets = [
        Sheet(
            name=label,
            columns=pick(columns, level == n),
            above=("澜州市荣誉称号台账", f"（{label}，截至2025年12月31日）"),
            groups=(("", 1), ("获评人", 7), ("荣誉", 6), ("属地", 1)),
            below=(
                "注：公示名单与授予名单不一致的，以授予文件为准。",
                "填表人：政治处　　审核人：",
            ),
            numbers=frozenset({"序号"}),
        )
        for n, label in enumerate(LEVELS)
    ]
    write_xlsx(city.inbox / "honours" / "荣誉称号台账_20251231.xlsx", sheets)
    city.rows_written(HONOURS, rows)


def _deliver_offences(city: City, rng: np.random.Generator) -> None:
    """By year of decision in GB18030, the last one as a workbook; then what was got wrong."""
    rows = city.settle(OFFENCES)
    columns = _offence_cells(city, rng, rows)
    folder = city.inbox / "offences"
    year = np.clip(year_of(rows.decided), 2010, 2025)
    first = rows.corrected_from != NEVER
    early = {
        **columns,
        "违法时间": pc.if_else(
            pa.array(first),
            write_days(np.where(first, rows.corrected_from, NEVER)),
            columns["违法时间"],
        ),
    }
    sound = (rows.spoilt == 0) & ~rows.sealed
    for start, end, shape in ((2010, 2014, 0), (2015, 2019, 1), (2020, 2025, 2)):
        these = (year >= start) & (year <= end)
        part = pick(early, these)
        name = f"违法犯罪记录_{start}年-{end}年"
        if shape == 0:
            path = folder / f"{name}.csv"
            write_csv(path, part, encoding="gb18030", newline="\r\n", quoted=True)
        elif shape == 1:
            path = folder / f"{name}.txt"
            write_csv(path, part, encoding="utf-16", delimiter="\t", quoted=True)
        else:  # put together from two extracts that overlap
            twice = pick(early, these & sound & (np.cumsum(these & sound) <= OVERLAP))
            both = pa.concat_tables([table(part), table(twice)])
            write_csv(folder / f"{name}.csv", both, encoding="utf-8-sig", quoted=True)
            city.truth.repeated["offences"] += OVERLAP
            city.delivered["offences"] = OVERLAP
    changed = first | rows.withdrawn
    change = {"变更类型": either(rows.withdrawn, "删除", "修改"), **columns}
    write_xlsx(
        folder / "违法犯罪记录更正_20251231.xlsx",
        [Sheet("更正", pick(change, changed), above=("更正说明：以下记录此前报送有误",))],
    )
    refused = int(rows.sealed.sum())
    city.truth.refused["offences"] += refused
    city.rows_written(OFFENCES, rows)
    city.delivered["offences"] += int(changed.sum())


def _offence_cells(city: City, rng: np.random.Generator, rows: Rows) -> dict[str, pa.Array]:
    number, name = city.who(rng, rows)
    name = pc.if_else(pa.array(rows.formerly), city.former_names(rows.person), name)
    former = city.former_numbers(rows.person)
    number = pc.if_else(pa.array(rows.old_number), former, number)
    amount = touch(write_amounts(rows.fen), some(rng, len(rows), 0.05), thousands)
    fined = np.isin(rows.kind, ["traffic_fine", "administrative"])
    bureaus = [f"{county}公安局" for county in COUNTIES]
    return city.strike(
        OFFENCES,
        rows,
        {
            "文书号": pa.array(
                [f"澜公决字〔{y}〕{n:06}号" for n, y in enumerate(year_of(rows.decided))]
            ),
            "身份证号": number,
            "姓名": name,
            "原身份证号": pc.if_else(pa.array(rows.old_stated), former, ""),
            **other_cells(city.people, rows, phone_masked=True),
            "类别": choose(rng, rows.kind, KINDS),
            "案由": choose(rng, rows.kind, REASONS),
            "违法时间": write_dates(rows.on, rows.precision, "han"),
            "决定日期": write_days(rows.decided, "iso"),
            "是否生效": either(rows.final, "是"),
            "撤销日期": write_days(rows.revoked, "iso"),
            "罚款金额(元)": pc.if_else(pa.array(fined), amount, ""),
            "封存标识": either(rows.sealed, "未成年人犯罪记录封存"),
            "决定机关": words(bureaus, city.people.county[rows.person]),
            "案发地": city.counties_of(rows),
        },
    )
