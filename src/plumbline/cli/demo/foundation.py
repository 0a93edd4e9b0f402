"""The workspace that the registers are delivered to, before anything is."""

from __future__ import annotations

from pathlib import Path

from plumbline.cli.demo.people import CITY, COUNTIES, FIRST_COUNTY, PROVINCE, RETIRED

_SETTINGS = """\
[workspace]
name = "澜州市（演示）"
country = "country.yml"

[workbench]
second_factor = "optional"  # in an office it is obligatory for everybody
demo = true  # every page says that its people are invented
"""

_DATABASES = """\
market.sqlite：行政审批局的市场主体登记库，表 market_entities，内容与 inbox/companies 相同。
改从数据库取数：把 catalog/datasets/market/companies.yml 复制到本工作区的 catalog/ 下，加一行
  source: {database: PLUMBLINE_MARKET, table: market_entities}
再设环境变量 PLUMBLINE_MARKET=sqlite:///…/market.sqlite。

market.sqlite: the approval bureau's register of companies, table market_entities, the same as in
inbox/companies. To read it instead, copy catalog/datasets/market/companies.yml into this
workspace's catalog/, add the `source:` line above, and set PLUMBLINE_MARKET to its address.
"""


def lay_foundation(directory: Path) -> None:
    """Write the settings, the invented province, and how to read the database beside the inbox."""
    (directory / "plumbline.toml").write_text(_SETTINGS, encoding="utf-8")
    (directory / "country.yml").write_text(_country(), encoding="utf-8")
    databases = directory / "databases"
    databases.mkdir(exist_ok=True)
    (databases / "README.txt").write_text(_DATABASES, encoding="utf-8")


def _country() -> str:
    counties = ((str(FIRST_COUNTY + n), name) for n, name in enumerate(COUNTIES))
    now = "".join(f'  "{code}": {name}\n' for code, name in (PROVINCE, CITY, *counties))
    gone = "".join(
        f'  "{code}": {{name: {name}, from: "1984", to: "2003"}}\n'
        for code, name in RETIRED.items()
    )
    return f"# Invented: no citizen number in use begins with 38.\nregions:\n{now}{gone}"
