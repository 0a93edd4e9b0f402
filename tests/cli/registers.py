"""An office whose offences come as courts publish them: rows of every tier, in a real workspace.

Everyone here is invented; no citizen number in use begins with 38.
"""

from __future__ import annotations

from pathlib import Path

from tests.engine.linkage.office import AT, Office, honour, masked, number, offence

MODEL = "honour-despite-offence"
OUYANG, SITU, QIAN, SUN, ZHUGE, WANG = (number(order) for order in (11, 13, 15, 17, 19, 21))
NOBODY = number(31)
OURS = "甲市工艺行业协会"


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
