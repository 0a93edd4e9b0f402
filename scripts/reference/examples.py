"""Cells to try each semantic type with. What comes of them is computed, not written.

All people, numbers and companies are invented; no citizen number of anybody begins with 38.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """Cells of a column that is declared with these options."""

    cells: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


_KINDS = {"刑事处罚": "criminal", "行政处罚": "administrative"}

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "text": (Example(("第 2 批", "  ＡＢ-1  ")),),
    "integer": (Example(("3", "3.0", "1,200", "１２", "3.5", "3.3E+17", "三")),),
    "decimal": (
        Example(("60", "60.5", "1,234.50", "60.125", "60升"), {"scale": 2}),
        Example(("60.125",), {"scale": 3}),
    ),
    "category": (Example(("刑事处罚", " 行政处罚 ", "criminal", "刑事处分"), {"values": _KINDS}),),
    "boolean": (Example(("是", "√", "Y", "否", "0", "有", "无")),),
    "date": (
        Example(
            (
                "2012-03-05",
                "2012/3/5",
                "20120305",
                "2012年3月5日",
                "二〇一二年三月五日",
                "2012-03-05 13:40:05",
                "2012年3月",
                "2012-03",
                "2012年",
                "2012年上半年",
                "2012Q2",
                "长期",
                "2099-12-31",
                "9999-9-9",
                "0000-00-00",
                "-",
                "2012-02-30",
                "12年3月5日",
                "03/04/2012",
                "41000",
                "201203",
                "2012.1",
                "约2012年",
            )
        ),
        Example(("03/04/2012",), {"order": "dmy"}),
        Example(("41000",), {"serial": 1900}),
    ),
    "moment": (
        Example(
            (
                "2012-03-05 13:40:05",
                "2012-03-05T13:40:05+08:00",
                "2012-03-05 13:40",
                "20120305134005",
                "2012-03-05",
                "2012-03-05 25:00",
                "2012-03-05T05:40:05Z",
            )
        ),
    ),
    "money": (
        Example(
            (
                "1234.5",
                "1,234.50",
                "3万元",
                "¥1,200",
                "叁佰元整",
                "(200)",
                "0.005",
                "约3万元",
                "1.2E+10",
                "300美元",
            ),
            {"unit": "元"},
        ),
        Example(("1234.5", "12元", "¥12"), {"unit": "万元"}),
        Example(("1234.5", "3万元")),
        Example(("220元/人份", "220", "220元/盒"), {"unit": "元", "per": "人份"}),
    ),
    "person.id": (
        Example(
            (
                "380101199001010015",
                "３８０１０１１９９００１０１００１５",
                "380101900101001",
                "380101199001010014",
                "3.80101E+17",
                "38010119900101000",
                "380101199001010000",
                "380101199002300014",
                "3801**********0015",
            )
        ),
        Example(("3801**********0015", "3801****0015"), {"masked": True}),
    ),
    "person.name": (
        Example(
            (
                "王伟",
                "王 伟",
                "歐陽娜",
                "阿依古丽•买买提",
                "王某某",
                "王**",
                "张䶮",
                "王伟、李娜",
                "123",
            )
        ),
    ),
    "person.birth": (
        Example(
            ("1957-06-12", "1957年6月", "1957", "19570612", "长期", "57年6月12日", "农历五月十五")
        ),
        Example(("12/06/1957",), {"order": "dmy"}),
    ),
    "person.sex": (Example(("男", "女性", "1", "2", "F", "9", "未说明的性别", "男/女")),),
    "org.code": (
        Example(
            (
                "91350100M000100Y43",
                "91350100m000100y43",
                "91350100M000100Y4Z",
                "91350100M0OO100Y43",
                "330203000030639",
                "91350100M000100Y4",
            )
        ),
    ),
    "org.name": (
        Example(("甲市远舟商贸有限公司", "甲市遠舟商貿（集團）有限公司", "甲市 第一中学")),
    ),
    "region": (
        Example(("330381", "瑞安市", "浙江省温州市瑞安市", "330325", "鼓楼区", "330399", "无此县")),
    ),
    "address": (Example(("浙江省温州市瑞安市安阳街道示例路１号", "示例路 1 号")),),
    "plate": (Example(("浙C12345", "浙C·12345", "浙CD12345", "浙c12345", "浙CI2345")),),
    "phone": (
        Example(("13800000000", "+86 138 0000 0000", "0577-65000000转8", "138****0000", "12345")),
        Example(("138****0000", "138xxxx0000"), {"masked": True}),
    ),
    "account": (Example(("6217 0000 0000 0012 345", "6.217E+18", "12345")),),
    "invoice": (Example(("01234567", "033001900111", "1234567", "No.01234567")),),
}
