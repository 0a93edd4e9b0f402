"""The workspace that the registers are delivered to, before anything is."""

from __future__ import annotations

from pathlib import Path

from plumbline.cli.demo.people import CITY, COUNTIES, FIRST_COUNTY, PROVINCE, RETIRED

_SETTINGS = """\
[workspace]
name = "澜州市（演示）"
country = "country.yml"
"""

#: A dataset of the workspace's own, laid over the packaged catalog: open data by an open standard.
_OPEN_CONTRACTS = """\
dataset: open_contracts
title: {zh: 采购合同开放数据（OCDS）, en: Open contracting data}
department: {zh: 公共资源交易中心, en: Public Resources Trading Centre}
legal_basis: {zh: 《中华人民共和国政府信息公开条例》第二十条, en: "Regulations on Open Government Information, art. 20"}
purpose: {zh: 与采购合同台账核对, en: To compare with the register of contracts}
retention: 10 years
delivery: {kind: changes, every: year}
source: {table: contracts}
key: [contract_no]
subject: supplier
on: signed_on
columns:
  contract_no:   {from: id, type: text, required: true}
  title:         {from: title, type: text}
  buyer:         {from: buyer.id, type: org.code, required: true}
  buyer_name:    {from: buyer.name, type: org.name, of: buyer}
  supplier:      {from: supplier.id, type: org.code, required: true}
  supplier_name: {from: supplier.name, type: org.name, of: supplier}
  amount:        {from: value.amount, type: money, unit: 元}
  signed_on:     {from: dateSigned, type: date}
ignore: [ocid, release.id, release.date, release.tag, awardID, description, status, value.currency,
         period.startDate, period.endDate]
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
    """Write the settings, the invented province, and what the workspace lays over the catalog."""
    (directory / "plumbline.toml").write_text(_SETTINGS, encoding="utf-8")
    (directory / "country.yml").write_text(_country(), encoding="utf-8")
    for name, text in {
        "catalog/datasets/procurement/open_contracts.yml": _OPEN_CONTRACTS,
        "databases/README.txt": _DATABASES,
    }.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _country() -> str:
    counties = ((str(FIRST_COUNTY + n), name) for n, name in enumerate(COUNTIES))
    now = "".join(f'  "{code}": {name}\n' for code, name in (PROVINCE, CITY, *counties))
    gone = "".join(
        f'  "{code}": {{name: {name}, from: "1984", to: "2003"}}\n'
        for code, name in RETIRED.items()
    )
    return f"# Invented: no citizen number in use begins with 38.\nregions:\n{now}{gone}"
