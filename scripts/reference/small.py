"""A small office with invented people: enough for every command of the documentation to have an answer."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from plumbline.engine import Workspace
from plumbline.engine.fact.types.cn.person_id import check_character

AT = datetime(2021, 1, 4, 9, tzinfo=UTC)

#: No citizen number of anybody begins with 38.
_REGIONS = 'regions:\n  "380000": 示例省\n  "380101": 示例区\n'
_SURNAMES = "赵钱孙李周吴郑冯陈褚"
_GIVEN = "安宁康乐"


def citizen(order: int) -> str:
    """An invented citizen number."""
    first17 = f"38010119700509{order:03d}"
    return first17 + check_character(first17)


WANG = citizen(13)
HE = citizen(22)  # has an honour and no offence

HONOURS = (
    ["身份证号", "姓名", "称号", "名单类型", "评定年份", "审核单位", "备注"],
    [WANG, "王某某", "工艺美术大师", "授予", "2015年", "瑞安市经济和信息化局", ""],
    [HE, "何采苓", "工艺美术大师", "授予", "2018-05-04", "瑞安市经济和信息化局", ""],
    *(
        [citizen(100 + n), _SURNAMES[n % 10] + _GIVEN[n // 10], "工艺美术师", "授予", "2019年",
         "瑞安市经济和信息化局", ""]
        for n in range(40)
    ),
)  # fmt: skip
OFFENCES = (
    ["文书号", "身份证号", "姓名", "类别", "案由", "违法时间", "是否生效", "封存标识"],
    ["示刑2012-7", WANG, "王某某", "刑事处罚", "交通肇事", "2012年", "是", ""],
    ["示罚2016-9", "3.80101E+17", "郑安", "行政处罚", "赌博", "2016-11-20", "是", ""],
    *(
        [f"示罚2017-{n}", citizen(300 + n), _SURNAMES[n % 10] + "平", "行政处罚", "无证经营",
         f"2017-03-{n + 1:02d}", "是", ""]
        for n in range(12)
    ),
)  # fmt: skip


def make_office(folder: Path) -> Path:
    """Make a workspace with two deliveries in its inbox; nothing is loaded yet."""
    Workspace.create(folder, "示例办公室")
    (folder / "plumbline.toml").write_text(
        '[workspace]\nname = "示例办公室"\ncountry = "regions.yml"\n', encoding="utf-8"
    )
    (folder / "regions.yml").write_text(_REGIONS, encoding="utf-8")
    write_csv(folder / "inbox" / "honours" / "称号2020-12-31.csv", HONOURS)
    write_csv(folder / "inbox" / "offences" / "处罚2020-12-31.csv", OFFENCES)
    return folder


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a delivery."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
