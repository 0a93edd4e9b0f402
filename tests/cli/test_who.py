"""Of whom rows speak: tied, asked about, told wherever a warning rests on it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click
import openpyxl
import pytest

from tests.cli.registers import (
    FIRM,
    MODEL,
    NOBODY,
    OUYANG,
    QIAN,
    SITU,
    SUN,
    WANG,
    build,
    buy,
)
from tests.cli.small import Run, command
from tests.engine.linkage.office import AT, Office, honour, offence

NAMED = [
    *("欧阳震华", "歐陽震華", "司徒明月", "钱一鸣", "孙志远", "赵大海", "王建国", "慕容雪"),
    *(OUYANG, SITU, QIAN, SUN, WANG),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registers") / "office"
    build(folder)
    return folder


@pytest.fixture
def run(built: Path) -> Run:
    """The command in an office that is only read."""
    return command(built)


@pytest.fixture
def own(built: Path, tmp_path: Path) -> tuple[Path, Run]:
    """A copy of it, and the command in it."""
    shutil.copytree(built, tmp_path / "office")
    return tmp_path / "office", command(tmp_path / "office")


# link


def test_rows_are_counted_by_tier_with_its_meaning(run: Run) -> None:
    said = run("link", lang="en").stdout.splitlines()
    assert said == [
        "tier\trows\tmeaning",
        "C\t1\tmasked number and full name equal, and one more or all but two characters; or judged so by a person",
        "D\t1\tname, birth date and sex equal; of an organisation, the full name and one more",
        "E\t1\tnothing but the name equal, or otherwise too little to tell by",
        "—\t1\tnobody in the registers fits, or too many do",
        "rows that go by a full number of their own (tier A) are not counted here",
        "no data and no judgement changed; nothing to do",
    ]


def test_everything_can_be_looked_at_again(own: tuple[Path, Run]) -> None:
    _, run = own
    again = json.loads(run("link", "--full", "--json").stdout)
    assert again["in_full"]
    assert (again["looked_at"], again["changes"], again["open"]) == (4, 0, 1)
    assert again["tiers"] == {"C": 1, "D": 1, "E": 1}
    said = run("link", "--retrain", lang="en").stdout
    assert "4 statements were looked at (all); 0 rows are tied otherwise" in said
    assert "the defaults are used" in said


# who ROW


def test_a_row_with_its_reasons_and_weights(run: Run) -> None:
    said = run("who", "offences:1-1", lang="en").stdout
    assert "citizen number\t3801**********011X" in said
    assert "about  3801**********011X  honours:1-1:person" in said
    assert (
        "tier C: the masked number fits, same name, telephone agrees; the mask fits 1 person of the "
        "registers at hand; 1 person bears the name; the chance that a stranger fits as well is about 1 in "
        "10,000,000"
    ) in said
    assert "the identity is not certain; verify it first" in said
    assert "telephone\tsame telephone number\t18.9" in said
    assert "rows of the same  honours Honours granted 1, offences" in said


def test_a_row_that_may_be_about_somebody(run: Run) -> None:
    said = click.unstyle(run("who", "offences:1-3:person", terminal=True).stdout)
    assert "可能是  3801**********" in said
    assert "E 级：姓名相同" in said
    assert "身份未必无误" not in said
    known = json.loads(run("who", "offences:1-3", "--json", "--lang", "en").stdout)
    assert known["who"] is None
    assert [(c["tier"], c["row"]) for c in known["candidates"]] == [("E", "honours:1-3:person")]
    assert {r["feature"] for r in known["candidates"][0]["reasons"]} == {"name", "beforehand"}


def test_a_row_whose_number_bears_another_name_elsewhere(run: Run) -> None:
    said = run("who", "offences:1-4", lang="en").stdout
    assert "  B  number equal, name different" in said
    assert "elsewhere under this number: 孙** (honours)" in said
    known = json.loads(run("who", "offences:1-4", "--json").stdout)
    assert known["at_odds"] == [{"name": "孙**", "datasets": ["honours"]}]


def test_a_row_with_its_own_number_and_a_row_of_nobody(run: Run) -> None:
    assert "  A  号码或代码相同，姓名不矛盾" in run("who", "honours:1-0").stdout
    assert "名册里没有人相符，或相符的人太多" in run("who", "offences:1-5").stdout


# who NUMBER


def test_where_somebody_appears(run: Run) -> None:
    said = run("who", OUYANG).stdout.splitlines()
    assert [line.split("\t")[0] for line in said[1:]] == [
        "honours:1-1:person",
        "offences:1-1:person",
    ]
    said = run("who", QIAN, lang="en").stdout
    assert "\tE?\t" in said
    assert "rows marked E? may be about them, no more" in said
    assert run("who", NOBODY, lang="en").stdout == "no row is about this number\n"
    rows = json.loads(run("who", SITU.lower(), "--json").stdout)["rows"]
    assert [(r["row"], r["tier"], r["via"]) for r in rows] == [
        ("honours:1-2:person", "A", "number"), ("offences:1-2:person", "D", "rule"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("offences:1-99", "there is no row offences:1-99:person in the newest state"),
        ("offences:9", "'offences:9' does not name a row"),
        ("ofences:1-1", "no dataset 'ofences'"),
        ("offences:1-1:name", "offences has no column 'name' that says who"),
        (OUYANG[:17] + "0", "is no full number or code: the check character is wrong"),
        ("3801", "'3801' is no full number or code"),
    ],
)
def test_what_is_asked_wrongly(run: Run, asked: str, said: str) -> None:
    result = run("who", asked, lang="en", code=2)
    assert said in result.stderr
    assert result.stdout == ""


# Masking


@pytest.mark.parametrize(
    "asked",
    [
        ("link", "--full"),
        ("who", "offences:1-1"),
        ("who", "offences:1-4"),
        ("who", "offences:1-3", "--json"),
        ("who", OUYANG),
        ("who", SITU, "--json"),
        ("pairs",),
        ("pairs", "--json"),
        ("tickets",),
        ("tickets", "--json"),
        ("judgements", "--all"),
        ("warnings", "--json"),
        ("warnings", "--register", "candidates"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_nobody_is_named(
    own: tuple[Path, Run],
    asked: tuple[str, ...],
    terminal: bool,  # noqa: FBT001
) -> None:
    folder, run = own
    said = run(*asked, terminal=terminal).output
    assert [name for name in NAMED if name in said] == []
    assert not (folder / "access.log").exists()


@pytest.mark.parametrize(
    ("asked", "what", "name"),
    [
        (("who", "offences:1-1"), "who offences:1-1", "歐陽震華"),
        (("pairs",), "pairs", "钱一鸣"),
        (("tickets", "--dataset", "offences"), "tickets offences", "孙志远"),
    ],
)
def test_a_reason_names_people_and_is_written_down(
    own: tuple[Path, Run], asked: tuple[str, ...], what: str, name: str
) -> None:
    folder, run = own
    assert name in run(*asked, "--unmask", "核对身份").stdout
    noted = json.loads((folder / "access.log").read_text())
    assert (noted["what"], noted["reason"]) == (what, "核对身份")


# Warnings


def test_a_warning_says_what_its_identity_rests_on(run: Run) -> None:
    said = click.unstyle(run("warnings", terminal=True, lang="en").stdout).replace("\n", " ")
    said = " ".join(said.split())
    assert said.count("identity: ") == 2
    assert "identity: tier C: the masked number fits, same name, telephone agrees" in said
    assert "1 in 10,000,000 (offences:1-1:person)" in said
    assert "identity: tier D: same name, same birth date, same sex" in said


def test_in_a_pipe_as_json_and_in_a_workbook(run: Run, tmp_path: Path) -> None:
    lines = run("warnings").stdout.splitlines()
    column = lines[0].split("\t").index("身份")
    assert [line.split("\t")[column][:4] for line in lines[1:-1]] == ["A  号", "D 级：", "C 级："]
    found = [json.loads(line) for line in run("warnings", "--json").stdout.splitlines()]
    assert [[tie["tier"] for tie in each["identity"]] for each in found] == [[], ["D"], ["C"]]
    tie = found[2]["identity"][0]
    assert (tie["row"], tie["via"], tie["why"]["fit"]) == ("offences:1-1:person", "rule", 1)
    assert tie["words"].startswith(
        "C 级：遮盖号码相符、姓名相同、电话相符；此掩码在本地登记中有 1 人相符"
    )
    run("warnings", "--xlsx", str(tmp_path / "w.xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx").active
    assert str(sheet["F6"].value).startswith("C 级：遮盖号码相符")


def test_an_explanation_names_each_row_so_that_it_can_be_asked_about(run: Run) -> None:
    key = json.loads(run("warnings", "--json").stdout.splitlines()[2])["key"]
    said = run("explain", key).stdout
    assert "offences:1-1:person  C 级：遮盖号码相符、姓名相同、电话相符；" in said
    assert "第 3 行  offences:1-1\n" in said
    assert "第 3 行  honours:1-1\n" in said
    assert "offences:1-1:person" in run("who", "offences:1-1").stdout
    why = run("explain", "--model", MODEL, "--subject", SITU, lang="en").stdout
    assert "offences:1-2:person  tier D: same name, same birth date, same sex;" in why


# Organisations


def test_an_organisation_without_its_code(tmp_path: Path) -> None:
    buy(tmp_path / "office")
    run = command(tmp_path / "office")
    known = json.loads(run("who", "purchase_lines:1-0:supplier", "--json", lang="en").stdout)
    [candidate] = known["candidates"]
    assert (candidate["who"], candidate["row"], candidate["tier"]) == (
        FIRM,
        "companies:1-0:code",
        "E",
    )
    assert candidate["words"] == "tier E: alike names"
    [pair] = [
        each
        for each in map(json.loads, run("pairs", "--json", lang="en").stdout.splitlines())
        if each["row"] == "purchase_lines:1-0:supplier"
    ]
    assert ["legal representative", "王**"] in [[s["title"], s["registers"]] for s in pair["sides"]]
    said = run(
        "judge", "purchase_lines:1-0:supplier", "same", FIRM, "--why", "电话核实", lang="en"
    ).stdout
    assert f"purchase_lines:1-0:supplier  was nobody known, is now {FIRM} (tier C)" in said
    assert "no warning is affected" in said
    rows = run("who", FIRM, lang="en").stdout
    assert [line.split("\t")[2] for line in rows.splitlines()[1:]] == ["A", "C"]


def test_what_makes_a_warning_red_is_told_apart_from_what_comes_to_it(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    office.deliver("honours", [honour(OUYANG, "欧阳震华")])
    life = {"性别": "男", "出生日期": "1985-03-12"}
    office.deliver(
        "offences",
        [offence("案1", None, "欧阳震华", **life), offence("案2", OUYANG, "欧阳震华")],
    )
    office.now.collide([MODEL], at=AT, accept={MODEL: "小样"})
    run = command(tmp_path / "office")
    heads, line, *_ = run("warnings", lang="en").stdout.splitlines()
    told = dict(zip(heads.split("\t"), line.split("\t"), strict=True))
    assert told["level"] == "red"
    assert told["identity"].startswith("A  identifier equal, no name contradicts")
    assert "; tier D: " in told["identity"]
    explained = run("explain", told["key"]).stdout
    verdicts = re.findall(r"^判定  预警  (红色)?.*\n身份  (\S)", explained, re.MULTILINE)
    assert sorted(verdicts) == [("", "D"), ("红色", "A")]
