"""People's word on who is who: asked for, entered, withdrawn, and what it brings about."""

from __future__ import annotations

import getpass
import json
import shutil
from pathlib import Path

import click
import pytest

from tests.cli.registers import FIRM, NOBODY, QIAN, SUN, WANG, build, buy
from tests.cli.small import Run, command
from tests.engine.linkage.office import Office, honour, number, offence


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registers") / "office"
    build(folder)
    return folder


@pytest.fixture
def run(built: Path, tmp_path: Path) -> Run:
    shutil.copytree(built, tmp_path / "office")
    return command(tmp_path / "office")


def test_pairs_with_both_sides_and_the_command_to_judge_them(run: Run) -> None:
    [pair] = [
        json.loads(line) for line in run("pairs", "--json", "--lang", "en").stdout.splitlines()
    ]
    assert (pair["row"], pair["who_row"], pair["rests"]) == (
        "offences:1-3:person", "honours:1-3:person", 1,
    )  # fmt: skip
    assert pair["sides"][0] == {"title": "name", "row": "钱**", "registers": "钱**", "same": True}
    assert pair["command"] == (
        'plumbline judge offences:1-3:person same honours:1-3:person --why "…"'
    )
    shown = click.unstyle(run("pairs", terminal=True, lang="en").stdout)
    assert "1 candidates for a warning rest on it" in shown
    assert pair["command"] in shown
    heads, line = run("pairs", lang="en").stdout.splitlines()
    assert heads.split("\t")[-1] == "to judge"
    assert line.split("\t")[-1] == pair["command"]


def test_where_only_weights_speak_the_pair_says_what_is_the_same(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    born = {"出生日期": "1985-03-12", "联系电话": "13812345678"}
    office.deliver("honours", [honour(number(11), "诸葛清风", **born)])
    office.deliver(
        "offences", [offence("案1", None, "诸葛清风", **born | {"出生日期": "1985-03-21"})]
    )
    run = command(tmp_path / "office")
    run("link")
    [pair] = map(json.loads, run("pairs", "--json").stdout.splitlines())
    assert pair["words"].startswith("姓名相同、电话相符、出生日期相近；按权重，可能性 ")


def test_a_judgement_raises_a_warning_and_its_withdrawal_takes_it_back(run: Run) -> None:
    said = run(
        "judge", "offences:1-3", "same", "honours:1-3", "--why", "看过档案", lang="en"
    ).stdout
    who = f"{QIAN[:4]}**********{QIAN[-4:]}"
    user = getpass.getuser()
    assert said.startswith(f"entered  offences:1-3:person ? {who}  judgement 1 ({user}, ")
    assert (
        f"offences:1-3:person  was nobody known, is now {who} (tier C): judgement 1 ({user}" in said
    )
    assert "raised  warnings  " in said
    assert "withdrawn  candidates, too little to tell by  " in said
    assert run("pairs").stdout == "没有待判断的\n"

    found = [
        json.loads(line) for line in run("warnings", "--json", "--lang", "en").stdout.splitlines()
    ]
    [mine] = [
        each for each in found if each["identity"] and each["identity"][0]["via"] == "judgement"
    ]
    assert (mine["level"], mine["tier"]) == ("yellow", "C")
    assert mine["change"]["who"][0]["after"]["who"] == who
    assert "because: 看过档案" in mine["change"]["words"][0]
    told = run("explain", mine["key"], lang="en").stdout
    assert f"offences:1-3:person  was nobody known, is now {who}" in told

    back = run("judgements", "--withdraw", "1", "--why", "看错了", "--by", "李", lang="en").stdout
    assert f"was {who} (tier C), is now nobody known" in back
    assert "withdrawn by 李" in back
    assert "withdrawn  warnings  " in back
    again = run("judgements", "--withdraw", "1", "--why", "x", lang="en", code=2).stderr
    assert "judgement 1 was withdrawn before" in again

    history = run("who", "offences:1-3", lang="en").stdout
    assert history.count("change  was") == 2
    assert "judged  3801" in history
    assert run("judgements", lang="en").stdout == "no judgements\n"
    [line] = run("judgements", "--all", "--json").stdout.splitlines()
    noted = json.loads(line)
    assert (noted["row"], noted["verdict"], noted["who"]) == ("offences:1-3:person", "same", who)
    assert (noted["withdrawn"]["by"], noted["withdrawn"]["why"]) == ("李", "看错了")
    assert "李 于 " in run("judgements", "--all").stdout
    shown = run("judgements", "--all", "--json", "--unmask", "核对身份").stdout
    assert json.loads(shown)["who"] == QIAN


def test_not_the_same_takes_a_red_warning_back(run: Run) -> None:
    said = run("judge", "offences:1-0", "different", WANG, "--why", "同名", "--by", "李").stdout
    assert "撤回  预警" in said
    assert "offences:1-0:person  原为按本行的号码，现为号码不在名册里的一个人或单位（代号 ~" in said
    assert [json.loads(line)["level"] for line in run("warnings", "--json").stdout.splitlines()] == [
        "yellow", "yellow",
    ]  # fmt: skip


def test_somebody_may_be_unsure(run: Run) -> None:
    said = run("judge", "offences:1-3", "unsure", QIAN, "--why", "没有照片").stdout
    assert "没有哪一行改归他人" in said
    assert run("pairs").stdout == "没有待判断的\n"
    assert "offences:1-3:person" in run("pairs", "--unsure").stdout
    assert "\t无法判断\t" in run("judgements").stdout


def test_a_row_that_was_judged_is_listed_as_it_stands_today(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    office.deliver("honours", [honour(number(11), "诸葛清风")])
    office.deliver("offences", [offence("案1", None, "诸葛清风"), offence("案2", None, "诸葛明月")])
    run = command(tmp_path / "office")
    run("judge", "offences:1-0", "same", "honours:1-0", "--why", "看过档案")
    office.deliver("offences", [offence("案1", None, "诸葛青风")], as_of="2025-07-31")
    [listed] = map(json.loads, run("judgements", "--json").stdout.splitlines())
    assert (listed["row"], listed["row_today"]) == ("offences:1-0:person", "offences:2-0:person")
    assert listed["says_today"] == "姓名 诸葛**"
    assert "\toffences:2-0:person\t姓名 诸葛**\t是同一人" in run("judgements").stdout


def test_numbers_are_judged_too(run: Run) -> None:
    said = run("judge", WANG, "same", NOBODY, "--why", "换发了新号", lang="en").stdout
    assert "honours:1-0:person  was whoever bears its number, is now 3801" in said
    [line] = run("judgements", "--json").stdout.splitlines()
    noted = json.loads(line)
    assert noted["number_judged"] == f"{WANG[:4]}**********{WANG[-4:]}"
    assert WANG not in line


def test_a_number_that_no_register_has_is_remarked_on(run: Run) -> None:
    said = run("judge", "offences:1-3", "different", NOBODY, "--why", "问过", lang="en").stdout
    assert "note: no register has this number; check it" in said
    assert "no warning is affected" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("offences:1-3", "same", QIAN), "a judgement needs to say by whom and why"),
        (("offences:1-3", "same", QIAN, "--why", "  "), "a judgement needs to say by whom and why"),
        (("offences:1-99", "same", QIAN, "--why", "x"), "there is no row offences:1-99:person"),
        (("offences:1-3", "same", QIAN[:17] + "?", "--why", "x"), "is no full number or code"),
        (("offences:1-3", "same", "offences:1-3", "--why", "x"), "both are the same row"),
        ((QIAN, "same", "12", "--why", "x"), "'12' is no full number or code"),
        ((QIAN, "same", QIAN, "--why", "x"), "both are the same number"),
        ((QIAN, "same", FIRM, "--why", "x"), f"{FIRM} is an organisation's code"),
        ((FIRM, "same", FIRM, "--why", "x"), f"{FIRM} is an organisation's code"),
        (("offences:1-3", "same", FIRM, "--why", "x"), f"'{FIRM}' is an organisation; a person is"),
    ],
)
def test_what_cannot_be_judged_is_not_entered(
    built: Path, given: tuple[str, ...], said: str
) -> None:
    run = command(built)
    assert said in run("judge", *given, lang="en", code=2).stderr
    assert run("judgements", "--all", lang="en").stdout == "no judgements\n"


def test_a_firm_is_no_person(run: Run, tmp_path: Path) -> None:
    buy(tmp_path / "office")
    because = ("--why", "x")
    firm = "purchase_lines:1-0:supplier"
    for given, said in (
        (
            ("offences:1-3", "same", "companies:1-0"),
            "'companies:1-0:code' is an organisation; a person",
        ),
        ((firm, "same", "honours:1-0"), "'honours:1-0:person' is a person; an organisation is"),
        ((firm, "same", WANG), f"'{WANG}' is a person; an organisation is"),
    ):
        assert said in run("judge", *given, *because, lang="en", code=2).stderr
    assert "is now " + FIRM in run("judge", firm, "same", FIRM, *because, lang="en").stdout


def test_two_rows_may_be_judged_though_nobody_knows_a_number_of_either(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    life = {"性别": "男", "出生日期": "1985-03-12"}
    office.deliver("honours", [honour(None, "诸葛清风", **life), honour(WANG, "王建国")])
    office.deliver("offences", [offence("案1", None, "诸葛清云"), offence("案2", None, "甲乙")])
    run = command(tmp_path / "office")
    run("collide", "--accept", "honour-despite-offence=a small office")
    said = run("judge", "offences:1-0", "same", "honours:1-0", "--why", "卷宗", lang="en").stdout
    assert "offences:1-0:person ? honours:1-0:person" in said
    assert "judgement 1" in said
    listed = run("judgements", lang="en").stdout
    assert "honours:1-0:person" in listed
    noted = json.loads(run("judgements", "--json").stdout)
    assert (noted["row"], noted["who"]) == ("offences:1-0:person", "honours:1-0:person")
    run("judgements", "--withdraw", "1", "--why", "看错了")
    assert "withdrawn by" in run("judgements", "--all", lang="en").stdout


def test_two_judgements_in_force_do_not_contradict_each_other(run: Run) -> None:
    row, because = "offences:1-3", ("--why", "看过档案")
    run("judge", row, "unsure", QIAN, *because)
    run("judge", row, "same", QIAN, *because)
    run("judge", row, "same", QIAN, *because, "--by", "另一人")
    for given in (("different", QIAN), ("same", SUN)):
        said = run("judge", row, *given, *because, lang="en", code=2).stderr
        assert "it contradicts judgement 2" in said
        assert "plumbline judgements --withdraw 2 --why" in said
    run("judge", row, "different", SUN, *because)
    for each in ("2", "3"):
        run("judgements", "--withdraw", each, *because)
    assert "已记下" in run("judge", row, "different", QIAN, *because).stdout


def test_what_a_mask_leaves_open_does_not_differ(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    office.deliver("honours", [honour(number(11), "诸葛清风", 联系电话="13812345678")])
    office.deliver(
        "offences", [offence("案1", None, "诸葛**", 联系电话="13812345678", 出生日期="1985")]
    )
    run = command(tmp_path / "office")
    run("link")
    [pair] = map(json.loads, run("pairs", "--json").stdout.splitlines())
    assert pair["words"].startswith("电话相符、姓名相近、出生日期相近；按权重，可能性 ")


def test_what_is_said_in_the_wrong_place(built: Path) -> None:
    run = command(built)
    assert "不在可选的值之中" in run("judge", "offences:1-3", "maybe", SUN, code=2).stderr
    said = run("judgements", "--withdraw", "7", "--why", "x", lang="en", code=2).stderr
    assert "there is no judgement 7" in said
    assert (
        "--why and --by go with --withdraw alone"
        in run("judgements", "--why", "x", lang="en", code=2).stderr
    )
