"""An office whose offences come as courts publish them: rows of every tier, in a real workspace.

Everyone here is invented; no citizen number in use begins with 38.
"""

from __future__ import annotations

from pathlib import Path

from tests.engine.linkage.office import AT, Office, honour, masked, number, offence

MODEL = "honour-despite-offence"
OUYANG, SITU, QIAN, SUN, ZHUGE, WANG = (number(order) for order in (11, 13, 15, 17, 19, 21))
NOBODY = number(31)
FIRM = "91380101770001018B"


def build(folder: Path) -> None:
    """Deliver, and collide once.

    Rows of the offences: 0 tier A; 1 tier C; 2 tier D; 3 tier E by name; 4 tier B; 5 nobody known.
    """
    office = Office(folder)
    office.deliver(
        "honours",
        [
            honour(WANG, "王建国"),
            honour(OUYANG, "欧阳震华", 联系电话="13800010001"),
            honour(SITU, "司徒明月"),
            honour(QIAN, "钱一鸣"),
            honour(SUN, "孙志远"),
            honour(ZHUGE, "=诸葛清风"),
        ],
    )
    office.deliver(
        "offences",
        [
            offence("案1", WANG, "王建国"),
            offence("案2", masked(OUYANG), "歐陽震華", 联系电话="13800010001"),
            offence("案3", None, "司徒明月", 性别="男", 出生日期="1985-03-12"),
            offence("案4", None, "钱一鸣"),
            offence("案5", SUN, "赵大海"),
            offence("案6", None, "慕容雪"),
        ],
    )
    office.now.collide([MODEL], at=AT, accept={MODEL: "小样"})


def buy(folder: Path) -> None:
    """A firm, and purchases from it whose rows lack the code."""
    office = Office(folder)
    office.deliver(
        "companies",
        [{"统一社会信用代码": FIRM, "企业名称": "甲市金星机械有限公司", "法定代表人": "王建国",
          "登记状态": "存续", "成立日期": "2010-01-01", "住所": "甲市城关区和平路1号"}],
    )  # fmt: skip
    line = {"明细编号": "1", "采购人": "甲市经信局", "供应商": "金星机械有限公司", "品目编码": "A1", "计价单位": "件",
            "年度": "2024", "成交日期": "2024-01-01", "数量": "1", "单价(元)": "10"}  # fmt: skip
    office.deliver("purchase_lines", [line])
    office.now.link(at=AT)
