"""A small office: two registers as departments send them, and the command in both languages.

Everyone here is invented; no citizen number in use begins with 38.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from plumbline.cli import plumbline

#: A fine of the year 2012 in front of a title of 2015; an earlier sentence; a fine too small; and so on.
NUMBERS = {
    "wang": "380102197005090136",
    "he": "380105198907010880",
    "zhao": "380101199001010015",
}
HONOURS = f"""\
姓名,身份证号,荣誉称号,名单性质,授予日期,审核单位
王某某,{NUMBERS["wang"]},工艺美术大师,授予,2015年,澜州市经济和信息化局
何采苓,{NUMBERS["he"]},劳动模范,授予,2018-05-04,澜州市总工会
赵一,{NUMBERS["zhao"]},劳动模范,授予,2010-05-04,澜州市总工会
错一位,380101199001010016,劳动模范,授予,2019-05-04,澜州市总工会
"""
OFFENCES = f"""\
文书号,姓名,身份证号,类别,案由,违法时间,是否生效,罚款金额(元),封存标识
案1,王某某,{NUMBERS["wang"]},刑事处罚,交通肇事,2012年,是,,否
案2,何采苓,{NUMBERS["he"]},治安管理处罚,"赌博，证人{NUMBERS["zhao"]}",2016-11-20,是,500,否
案3,赵一,{NUMBERS["zhao"]},刑事处罚,盗窃,2016-11-20,是,,否
"""
COUNTRY = "regions:\n" + "".join(
    f'  "{code}": {name}\n'
    for code, name in (
        ("380000", "示例省"),
        ("380101", "甲县"),
        ("380102", "乙县"),
        ("380105", "丁县"),
    )
)

Run = Callable[..., Result]


def fill(folder: Path) -> None:
    (folder / "inbox/honours").mkdir(parents=True)
    (folder / "inbox/offences").mkdir()
    (folder / "plumbline.toml").write_text('[workspace]\nname = "小样"\ncountry = "country.yml"\n')
    (folder / "country.yml").write_text(COUNTRY)
    (folder / "inbox/honours/荣誉2025-12-31.csv").write_text(HONOURS, encoding="gb18030")
    (folder / "inbox/offences/记录2025-12-31.csv").write_text(OFFENCES)


def command(folder: Path) -> Run:
    def run(*arguments: str, lang: str = "zh", code: int = 0, terminal: bool = False) -> Result:
        env = {"COLUMNS": "120", "PLUMBLINE_LANG": lang, "FORCE_COLOR": "1" if terminal else None}
        env |= {"TERM": "xterm", "NO_COLOR": None, "PLUMBLINE_WORKSPACE": str(folder)}
        result = CliRunner().invoke(plumbline, list(arguments), env=env)
        assert result.exit_code == code, result.output
        return result

    return run
