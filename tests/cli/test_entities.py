"""`plumbline warnings --ftm`: who warnings are about and how they are linked, for other tools."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine.fact.readers.ftm import is_ftm, open_ftm
from tests.cli.small import NUMBERS, Run, command, fill
from tests.cli.test_backup import Office

SCHEMAS = json.loads(
    (Path(__file__).parent.parent / "engine/fact/ftm-schemas.json").read_text(encoding="utf-8")
)["schemas"]
BUREAU, YARD = "11380101003000022F", "91380101700611005R"
OFFICIALS = f"""\
身份证号,姓名,性别,出生日期,单位代码,单位名称,职务,任职日期,免职日期
{NUMBERS["wang"]},王某某,男,1970-05-09,{BUREAU},澜州市建设局,科长,2012年3月,
"""
ROLES = f"""\
信用代码,企业名称,身份证号,姓名,角色,持股比例(%),起始日期,终止日期
{YARD},澜州市望江建材有限公司,{NUMBERS["wang"]},王某某,股东,60,2015-06-01,
{YARD},澜州市望江建材有限公司,{NUMBERS["he"]},何采苓,法定代表人,,2015-06-01,
"""
COMPANIES = f"""\
信用代码,企业名称,登记状态,成立日期
{YARD},澜州市望江建材有限公司,存续,2010-01-01
"""
CONTRACTS = f"""\
合同编号,合同名称,采购人代码,采购人,供应商代码,供应商,合同金额(元),签订日期,合同类型
HT-1,"石料，联系人{NUMBERS["he"]}",{BUREAU},澜州市建设局,{YARD},澜州市望江建材有限公司,1200000,2020-05-04,一般采购
"""
OWN = "own-company-wins-contract"


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small office, in which an official's own company won a contract of the official's bureau."""
    folder = tmp_path_factory.mktemp("yard")
    fill(folder)
    inbox = {
        "officials": OFFICIALS, "company_roles": ROLES, "companies": COMPANIES, "contracts": CONTRACTS
    }  # fmt: skip
    for name, text in inbox.items():
        (folder / "inbox" / name).mkdir()
        (folder / "inbox" / name / "2025-12-31.csv").write_text(text)
    run = command(folder)
    run("load", "--accept", "小样")
    run("collide", OWN, "honour-despite-offence", "--accept", f"{OWN}=小样",
        "--accept", "honour-despite-offence=小样")  # fmt: skip
    return folder


def written(folder: Path, path: Path, *more: str, lang: str = "zh") -> list[dict[str, Any]]:
    command(folder)("warnings", "--ftm", str(path), *more, lang=lang)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def one(found: list[dict[str, Any]], schema: str, **properties: str) -> dict[str, Any]:
    """The one entity of a schema, as its properties without lists."""
    said = [
        {name: " | ".join(values) for name, values in each["properties"].items()} | {"id": each["id"]}
        for each in found if each["schema"] == schema
    ]  # fmt: skip
    [chosen] = [each for each in said if properties.items() <= each.items()]
    return chosen


def test_people_companies_and_what_links_them(yard: Path, tmp_path: Path) -> None:
    found = written(yard, tmp_path / "out.ftm.json", "--model", OWN, "--unmask", "小样")
    person = one(found, "Person", name="王某某")
    company, bureau = one(found, "Company"), one(found, "PublicBody")
    assert person["birthDate"] == "1970-05-09"
    assert person["gender"] == "male"
    assert (company["uscCode"], company["name"]) == (YARD, "澜州市望江建材有限公司")
    assert bureau["uscCode"] == BUREAU
    owns = one(found, "Ownership")
    assert (owns["owner"], owns["asset"]) == (person["id"], company["id"])
    assert (owns["percentage"], owns["startDate"]) == ("60.0000", "2015-06-01")
    assert "endDate" not in owns  # it has none
    works = one(found, "Employment")
    assert (works["employee"], works["employer"]) == (person["id"], bureau["id"])
    assert works["startDate"] == "2012-03"
    contract = one(found, "Contract")
    award = one(found, "ContractAward", contract=contract["id"], supplier=company["id"])
    assert (award["amount"], award["currency"], award["date"]) == (
        "1200000.00",
        "CNY",
        "2020-05-04",
    )
    assert contract["authority"] == bureau["id"]
    assert award["recordId"] == "contracts:1-0"


def test_no_number_leaves_unless_it_is_asked_for(yard: Path, tmp_path: Path) -> None:
    masked, named, whole = (
        json.dumps(written(yard, tmp_path / f"{n}.json", *more), ensure_ascii=False)
        for n, more in enumerate(((), ("--unmask", "小样"), ("--unmask", "小样", "--numbers")))
    )
    for number in NUMBERS.values():
        assert number not in masked
        assert number not in named  # not in the title of a contract either
    assert "王**" in masked
    assert "王某某" not in masked
    assert "1970" not in masked
    assert "王某某" in named
    assert f'"idNumber": ["{NUMBERS["wang"]}"]' in whole
    keys = [
        json.loads(line)["key"] for line in command(yard)("warnings", "--json").stdout.splitlines()
    ]
    assert all(
        key in whole and key not in named + masked for key in keys
    )  # a number can be tried against them


def test_identifiers_stay_and_are_the_offices_own(yard: Path, tmp_path: Path) -> None:
    first = written(yard, tmp_path / "1.json")
    again = written(yard, tmp_path / "2.json", "--unmask", "小样", "--numbers", lang="en")
    assert [each["id"] for each in first] == [each["id"] for each in again]
    assert all(re.fullmatch(r"plumbline-[0-9a-f]{40}", each["id"]) for each in first)
    key = yard / "private/ftm.key"
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_bytes()
    key.write_bytes(bytes(32))
    try:
        other = written(yard, tmp_path / "3.json")
        assert not {each["id"] for each in first} & {each["id"] for each in other}
        key.write_bytes(b"cut off")
        said = command(yard)("warnings", "--ftm", str(tmp_path / "4.json"), code=2)
        assert "密钥文件不完整" in said.stderr
        assert not (tmp_path / "4.json").exists()
    finally:
        key.write_bytes(kept)


@pytest.mark.parametrize("more", [(), ("--unmask", "小样", "--numbers")], ids=["masked", "whole"])
def test_it_is_followthemoney(yard: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    found = written(yard, tmp_path / "out.ftm.json", *more)
    schema_of = {each["id"]: each["schema"] for each in found}
    assert len(schema_of) == len(found) > 8
    for each in found:
        schema = SCHEMAS[each["schema"]]
        assert each["properties"].keys() <= schema["properties"].keys()
        assert set(schema["required"]) <= each["properties"].keys()
        for name, values in each["properties"].items():
            wanted = schema["properties"][name]
            assert values
            if wanted == "date":
                assert all(re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value) for value in values)
            elif wanted[0].isupper():  # another entity, of a schema that may stand here
                assert all(wanted in SCHEMAS[schema_of[value]]["is"] for value in values)


def test_what_is_written_is_read_again(yard: Path) -> None:
    path = yard / "inbox/ftm/own-2025-12-31.ftm.json"
    path.parent.mkdir()
    try:
        found = written(yard, path)
        assert is_ftm(path)
        sheets = list(open_ftm(path, path.name, None))
        assert {sheet.name for sheet in sheets} == {each["schema"] for each in found}
        assert not any(sheet.remarks for sheet in sheets)  # every property has its column
        run = command(yard)
        run("load", "ftm_ownerships", "ftm_companies", "--accept", "小样")
        assert "隔离区里没有这样的行" in run("quarantine", "list", "ftm_ownerships").stdout
    finally:
        path.unlink()
        path.parent.rmdir()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--register", "questions"), "standing warnings only"),
        (("--withdrawn",), "standing warnings only"),
        (("--numbers",), "goes with --ftm and --unmask"),
        (("--json",), "do not go together"),
    ],
    ids=["questions", "withdrawn", "numbers", "json"],
)
def test_what_does_not_go_together(
    after: tuple[Path, Run], tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    run = after[1]
    assert said in run("warnings", "--ftm", str(tmp_path / "x"), *more, lang="en", code=2).stderr
    assert not (tmp_path / "x").exists()
    assert "goes with" in run("warnings", "--numbers", lang="en", code=2).stderr


def test_it_is_on_the_trail(tmp_path: Path, tables: Path) -> None:
    office = Office(tmp_path / "office", tables)
    (office.folder / "inbox" / "名单.csv").unlink()
    settings = (office.folder / "plumbline.toml").read_text()
    fill(office.folder)
    named = settings.replace("[workspace]\n", '[workspace]\ncountry = "country.yml"\n')
    (office.folder / "plumbline.toml").write_text(named)
    run = command(office.folder)
    run("load", "--accept", "小样")
    run("collide", "honour-despite-offence", "--accept", "honour-despite-offence=小样")
    out = str(tmp_path / "out.json")
    office.plumbline("warnings", "--ftm", out, "--unmask", "核对", "--numbers")
    with closing(sqlite3.connect(office.folder / "workbench.db")) as database:
        [(reason, detail)] = database.execute(
            "SELECT reason, detail FROM trail_entry WHERE action = 'entities.exported'"
        )
    assert reason == "核对"
    told = json.loads(detail)
    assert (told["warnings"], told["named"], told["numbered"]) == (2, True, True)
    assert NUMBERS["wang"] not in detail
