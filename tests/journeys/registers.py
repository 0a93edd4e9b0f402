"""The lists that departments of the journeys' city deliver, as they deliver them.

Everybody is invented; no citizen number in use begins with 38.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xlsxwriter

from tests.engine.line.small import number

BUREAU, CENTRE, CIVIL = "澜州市经济和信息化局", "澜州市工艺美术中心", "澜州市民政局"
_SURNAMES, _GIVEN = "赵钱孙李周吴郑冯陈褚卫蒋沈韩杨", "安宁平远清和明朗文博思齐修竹"

#: Since when the clause is clear; before it the bureau asked nobody for records.
IN_FORCE = date(2025, 1, 1)


@dataclass(frozen=True)
class Master:
    """A line of the list of masters, and what courts and police know of its person, if anything."""

    serial: int
    name: str
    granted: str
    by: str
    record: tuple[str, str, str] | None = None  # kind, reason, when

    @property
    def number(self) -> str:
        return number(self.serial)


def _name(serial: int) -> str:
    given = _GIVEN[serial % len(_GIVEN)] + _GIVEN[serial * 5 // 3 % len(_GIVEN)]
    return _SURNAMES[serial % len(_SURNAMES)] + given


#: The founding case: years are all that is known of either date.
WANG = Master(1, "王金石", "2015年", BUREAU, ("刑事处罚", "交通肇事致人死亡", "2012年"))
#: Two that were worked before, one of each office.
EARLIER = (
    Master(2, "何碧云", "2023-03-10", BUREAU, ("行政处罚", "虚假宣传", "2019-04-02")),
    Master(3, "林一舟", "2023-06-15", CENTRE, ("行政处罚", "偷税", "2020-07-20")),
)


def _ordinary() -> Iterator[Master]:
    """Four titles a month of the bureau and three of the centre, over three years."""
    serial = 10
    for month in range(36):
        for by, count in ((BUREAU, 4), (CENTRE, 3)):
            for day in range(count):
                granted = date(2023 + month // 12, month % 12 + 1, 5 + 5 * day)
                # Before the clause was clear, the bureau now and then honoured somebody with a record.
                found = by == BUREAU and granted < IN_FORCE and day == 0 and month % 3 == 1
                record = ("行政处罚", "侵犯商标专用权", "2019-09-01") if found else None
                yield Master(serial, _name(serial), granted.isoformat(), by, record)
                serial += 1


ORDINARY = tuple(_ordinary())


def write_masters(path: Path, masters: Sequence[Master]) -> Path:
    """A workbook as the bureau keeps it: a title over merged cells, a note below, a serial number."""
    with xlsxwriter.Workbook(path) as book:
        sheet, title = (
            book.add_worksheet("名单"),
            book.add_format({"bold": True, "align": "center"}),
        )
        sheet.merge_range("A1:G1", "澜州市工艺美术大师名单", title)
        headers = ("序号", "姓名", "身份证号", "荣誉称号", "名单类型", "授予日期", "审核单位")
        sheet.write_row("A2", headers, title)
        for at, each in enumerate(masters):
            row = (at + 1, each.name, each.number, "工艺美术大师", "授予", each.granted, each.by)
            sheet.write_row(at + 2, 0, row)
        sheet.write_string(len(masters) + 3, 0, "填表人：经信局人事科")
    return path


def write_offences(path: Path, masters: Sequence[Master]) -> Path:
    """As the police's old system exports it: GB18030."""
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(("文书号", "姓名", "身份证号", "类别", "案由", "违法时间", "是否生效", "封存标识"))
    for each in masters:
        if each.record:
            kind, reason, when = each.record
            out.writerow(
                (f"文书{each.serial}", each.name, each.number, kind, reason, when, "是", "")
            )
    path.write_bytes(text.getvalue().encode("gb18030"))
    return path


#: Whose allowance went on after their death: one for each journey that needs a warning of its own.
LATE = ("孙怀仁", "吴秀兰", "郑阿福", "冯桂英", "陈水根", "褚来娣")


def late(name: str) -> str:
    """The number of one of them."""
    return number(500 + LATE.index(name), "19400101")


def write_payments(path: Path) -> Path:
    """A year of allowances; each of `LATE` is paid for two months too many."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(("流水号", "身份证号", "姓名", "补贴项目", "所属月份", "发放日期", "发放金额(元)",
                      "银行账号", "审批单位"))  # fmt: skip
        line = 0
        for person in range(30):
            name = LATE[person] if person < len(LATE) else _name(person)
            for month in range(1, 13):
                line += 1
                out.writerow(
                    (f"P{line:05}", number(500 + person, "19400101"), name, "高龄津贴",
                     f"2025-{month:02}", f"2025-{month:02}-15", "300.00", f"62{500 + person:014}", CIVIL)
                )  # fmt: skip
    return path


def write_deaths(path: Path) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(("身份证号", "姓名", "数据来源", "死亡日期", "登记日期"))
        for person, name in enumerate(LATE):
            out.writerow(
                (number(500 + person, "19400101"), name, "殡仪馆火化", "2025-09-12", "2025-09-14")
            )
    return path
