"""Invented people and loose rows for the tests of weighing: numbers of a province that never was."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact.types.cn.person_id import check_character

Row = dict[str, Any]
SCHEMA = pa.schema(
    {
        "claim": pa.int64(), "key": pa.int64(), "number": pa.string(), "name": pa.string(),
        "birth_from": pa.date32(), "birth_to": pa.date32(), "sex": pa.string(),
        "phones": pa.list_(pa.string()), "regions": pa.list_(pa.string()),
        "addresses": pa.list_(pa.string()),
    }
)  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文华玲红玉建国海燕春梅志辉鹏飞宇浩然晨曦佳琪俊思源博雅婷"


def person(claim: int, name: str, born: str, order: str = "123", **more: Any) -> Row:
    """Of the population: everything else follows from the number."""
    first17 = f"380102{born}{order}"
    day = date.fromisoformat(f"{born[:4]}-{born[4:6]}-{born[6:]}")
    return {
        "claim": claim, "key": int(first17), "number": first17 + check_character(first17), "name": name,
        "birth_from": day, "birth_to": day, "sex": "M" if int(order[2]) % 2 else "F",
        "phones": [], "regions": ["380102"], "addresses": [], **more,
    }  # fmt: skip


def row(claim: int, name: str | None = None, born: str = "", **more: Any) -> Row:
    """Without a full number; born YYYYMMDD or YYYY."""
    first = last = None
    if born:
        first = date.fromisoformat(f"{born[:4]}-{born[4:6] or '01'}-{born[6:] or '01'}")
        last = first if len(born) == 8 else date(first.year, 12, 31)
    return {
        "claim": claim, "number": None, "name": name, "birth_from": first, "birth_to": last, "sex": None,
        "phones": [], "regions": [], "addresses": [], **more,
    }  # fmt: skip


def table(duck: Duck, name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """A table of such rows; loose rows have no key."""
    listed = [dict(each) for each in rows]
    schema = (
        SCHEMA if listed and "key" in listed[0] else SCHEMA.remove(SCHEMA.get_field_index("key"))
    )
    duck.register("given_rows", pa.Table.from_pylist(listed, schema))
    duck.run(f"CREATE OR REPLACE TABLE {name} AS FROM given_rows")
    duck.unregister("given_rows")
    return name


def city(many: int, seed: int = 1) -> tuple[list[Row], list[Row], dict[int, int]]:
    """People, loose rows of some of them with what goes wrong in offices, and who they truly are."""
    draw = random.Random(seed)  # noqa: S311 -- no secret
    people, loose, truth = [], [], {}
    for claim in range(many):
        born = date(1940, 1, 1) + timedelta(draw.randrange(25_000))
        name = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2, 2, 2))))
        phones = [f"139{draw.randrange(10**8):08}"] if draw.random() < 0.6 else []
        each = person(claim, name, f"{born:%Y%m%d}", f"{draw.randrange(1000):03}", phones=phones)
        people.append(each)
        if draw.random() < 0.6:
            loose.append(_spoilt(draw, 10**6 + claim, each))
            truth[10**6 + claim] = each["key"]
    return people, loose, truth


def _spoilt(draw: random.Random, claim: int, each: Row) -> Row:
    name, number = each["name"], each["number"]
    kind = draw.random()
    if kind < 0.1:
        name = name[0] + "%"
    elif kind < 0.2:
        name = name[:-1] + draw.choice(GIVEN)
    elif kind < 0.3 and len(name) == 3:
        name = name[0] + name[2] + name[1]
    mask = draw.choice([None, f"{number[:4]}**********{number[-4:]}", f"****{number[-4:]}"])
    return each | {
        "claim": claim, "name": name, "number": mask,
        "birth_from": None if draw.random() < 0.3 else each["birth_from"],
        "birth_to": each["birth_to"], "sex": draw.choice([None, each["sex"]]),
        "phones": draw.choice([[], each["phones"]]),
    } | ({"birth_to": None} if draw.random() < 0.1 else {})  # fmt: skip
