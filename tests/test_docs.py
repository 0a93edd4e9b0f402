"""The documentation is true: generated pages are current, commands exist, and the pages can be worked through."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import openpyxl
import pytest
from click.testing import CliRunner

from plumbline.cli import plumbline
from plumbline.engine import Workspace
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types import country_pack
from scripts.reference.commands import walk
from scripts.reference.pages import DOCS, PARTS, ROOT, renewed
from scripts.reference.small import AT, HE, HONOURS, citizen, make_office, write_csv
from tests.cli.registers import build

PAGES = sorted(DOCS.rglob("*.md"))
GENERATED = [page for page in PAGES if "<!-- generated: " in page.read_text(encoding="utf-8")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(plumbline(?: [^`]+)?)`")


def named(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block[1] in languages:
            yield block[2]


def commands(page: Path) -> Iterator[list[str]]:
    """Every call of plumbline in the page's fenced blocks, in order, cut into words."""
    for block in blocks(page, "console", "sh"):
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:1] == ["plumbline"]:
                yield words


@pytest.mark.parametrize("page", GENERATED, ids=named)
def test_generated_parts_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run: python -m scripts.reference"


def test_every_generated_part_has_its_place() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in GENERATED)
    assert set(re.findall(r"<!-- generated: (.+?) -->", text)) == set(PARTS)


KNOWN = {" ".join(path): command for path, command in walk()}


def wrong_words(words: list[str]) -> list[str]:
    """Words of a call that no command or option of plumbline is called."""
    path, wrong = ["plumbline"], []
    options = {o for p in plumbline.params for o in p.opts} | {"-h", "--help"}
    for word in words[1:]:
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                wrong.append(word)
        elif " ".join([*path, word]) in KNOWN:
            path.append(word)
            options |= {o for p in KNOWN[" ".join(path)].params for o in p.opts}
        elif len(path) == 1 and isinstance(KNOWN["plumbline"], click.Group):
            if not wrong and words[words.index(word) - 1] != "--workspace":
                wrong.append(word)
        elif isinstance(KNOWN[" ".join(path)], click.Group):
            wrong.append(word)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    inline = [shlex.split(found[1]) for found in INLINE.finditer(text)]
    called = [*commands(page), *(words for words in inline if len(words) > 1)]
    assert [(words, wrong) for words in called if (wrong := wrong_words(words))] == []


def test_a_word_that_is_no_command_is_found() -> None:
    assert wrong_words(["plumbline", "lod"]) == ["lod"]
    assert wrong_words(["plumbline", "load", "--acept", "x"]) == ["--acept"]
    assert wrong_words(["plumbline", "--workspace", "office", "quarantine", "lst"]) == ["lst"]
    assert wrong_words(["plumbline", "--workspace", "office", "load", "honours"]) == []


# The pages, worked through in a small office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_WORKSPACE", "office")
    return make_office(tmp_path / "office")


def call(*words: str, expect: int = 0) -> str:
    done = CliRunner().invoke(plumbline, list(words))
    assert done.exit_code == expect, f"plumbline {' '.join(words)}\n{done.output}"
    return done.output


def key() -> str:
    [warning] = Workspace("office").warnings()
    return warning.key


def work_through(page: str, before: dict[str, Callable[[], None]] | None = None) -> dict[str, str]:
    """Give every command of a page, some after a preparation; what each printed."""
    printed: dict[str, str] = {}
    for words in commands(DOCS / page):
        said = " ".join(words)
        for begins, prepare in (before or {}).items():
            if said.startswith(begins):
                prepare()
        given = [key() if word == "KEY" else word for word in words[1:]]
        printed[said] = call(*given)
    return printed


def test_load_and_correct(office: Path) -> None:
    undated = [HONOURS[0], *([*row[:4], "", *row[5:]] for row in HONOURS[1:])]

    def have_one_held() -> None:
        write_csv(office / "inbox" / "honours" / "称号2021-12-31.csv", undated)
        call("load", expect=1)

    def correct() -> None:
        book = openpyxl.load_workbook("to-correct.xlsx")
        [sheet] = book.worksheets
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if cell.value == "3.80101E+17":
                cell.value = citizen(400)
        book.save("to-correct.xlsx")

    printed = work_through(
        "how-to/load-and-correct.md",
        before={
            "plumbline load honours --accept": have_one_held,
            "plumbline quarantine take-back": correct,
        },
    )
    assert "电子表格存为数字" in printed["plumbline quarantine list offences"]
    assert "隔离区是空的" in call("quarantine", "list", "--count")


def test_ask_why(office: Path) -> None:
    call("load")
    call("collide", "honour-despite-offence")
    printed = work_through("how-to/ask-why.md")
    assert HE in "".join(printed)
    assert "处罚2020-12-31.csv 第 2 行" in printed["plumbline explain KEY"]
    assert "相同" in printed["plumbline reproduce KEY"]
    assert "to verify the identity" in (office / "access.log").read_text(encoding="utf-8")


@pytest.fixture
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An office with rows of every tier, collided once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_WORKSPACE", "office")
    build(tmp_path / "office")
    return tmp_path / "office"


def test_judge_who_is_who(registers: Path) -> None:
    printed = work_through("how-to/judge-who-is-who.md")
    told = {said.split(" --why")[0]: answer for said, answer in printed.items()}
    assert "honours:1-3:person" in printed["plumbline pairs"]
    assert "可能是" in printed["plumbline who offences:1-3"]
    assert "offences:1-1:person" in printed["plumbline who 38010219850312011X"]
    assert "钱一鸣" in "".join(a for said, a in printed.items() if "--unmask" in said)
    assert "新增  预警" in told["plumbline judge offences:1-3 same honours:1-3"]
    assert "撤回  预警" in told["plumbline judgements --withdraw 1"]
    assert "file" in (registers / "access.log").read_text(encoding="utf-8")


def test_send_data_errors_back(registers: Path) -> None:
    printed = work_through("how-to/send-data-errors-back.md")
    assert "offences:1-4:person" in printed["plumbline tickets"]
    assert openpyxl.load_workbook("tickets.xlsx").sheetnames == ["经济和信息化局", "公安局"]
    assert call("tickets", "--dataset", "offences") == "没有同号不同名的行\n"
    assert "--xlsx" in (registers / "access.log").read_text(encoding="utf-8")


def test_write_a_model(office: Path) -> None:
    call("load")
    file = office / "catalog/models/own/title-in-the-future/model.yml"
    states = iter(["trial", "trial", "live"])

    def set_status() -> None:
        text = file.read_text(encoding="utf-8")
        file.write_text(
            re.sub(r"(?m)^status: \w+", f"status: {next(states)}", text), encoding="utf-8"
        )

    printed = work_through("how-to/write-a-model.md", before={"plumbline collide": set_status})
    assert "5 个用例" in printed["plumbline check title-in-the-future"]


def test_the_skeleton_and_the_advice_name_the_same_statuses() -> None:
    text = (DOCS / "how-to/write-a-model.md").read_text(encoding="utf-8")
    assert re.findall(r"`status: (\w+)`", text) == ["trial", "live", "retired"]


def test_the_backup_of_the_store_page_is_whole(office: Path) -> None:
    call("load")
    call("collide", "honour-despite-offence")
    shutil.copytree(office, "backup")
    assert (
        "相同" in work_through("reference/store.md")["plumbline --workspace backup reproduce KEY"]
    )


@pytest.mark.parametrize("page", ["reference/library.md", "reference/store.md"])
def test_the_python_of_a_page_runs(
    page: str, office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Workspace(office).load(at=AT)
    names: dict[str, object] = {}
    for block in blocks(DOCS / page, "python"):
        exec(compile(block, page, "exec"), names)  # noqa: S102 -- the page's own example
    assert capsys.readouterr().out


def test_the_example_of_how_it_works(office: Path) -> None:
    """2012年 in one register, 2015年 in the other: before, whatever the days were."""
    city = Workspace(office)
    city.load(at=AT)
    city.collide(["honour-despite-offence"], at=AT)
    [warning] = city.warnings()
    rows = city.evidence([warning])[warning.key]
    [offence] = rows["offence"].values()
    assert [str(day) for day in offence.values["occurred_on"]] == ["2012-01-01", "2012-12-31"]
    assert offence.cells["occurred_on"] == ("违法时间", "F")
    write_csv(
        office / "inbox/honours/称号2021-12-31.csv",
        [[cell.replace("2015年", "2012年") for cell in row] for row in HONOURS],
    )
    city.load(at=AT)
    city.collide(["honour-despite-offence"], at=AT)
    assert city.warnings() == []
    assert [w.state for w in city.warnings(withdrawn=True)] == ["withdrawn"]


def test_the_declaration_on_the_datasets_page_loads(tmp_path: Path) -> None:
    text, columns = blocks(DOCS / "reference/datasets.md", "yaml")
    path = tmp_path / "honours.yml"
    path.write_text(text, encoding="utf-8")
    assert Dataset(path, country_pack()).columns.keys() == {"person", "name", "title", "granted_on"}
    before, _, after = text.partition("  person: ")
    _, named, after = after.partition("  title: ")
    path.write_text(before + columns + named + after, encoding="utf-8")
    assert len(Dataset(path, country_pack()).described_by("person")) == 6


def test_the_settings_of_the_small_machine_are_settings(tmp_path: Path) -> None:
    [text] = blocks(DOCS / "how-to/small-machine.md", "toml")
    assert tomllib.loads(text)
    (tmp_path / "plumbline.toml").write_text(text, encoding="utf-8")
    assert Workspace(tmp_path).limits.spill == tmp_path / "spill"


def test_the_table_of_the_databases_page_loads(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "catalog/datasets/honours/honours.yml").read_text(encoding="utf-8")
    own = office / "catalog/datasets/tax_payments.yml"
    own.write_text(
        text.replace(
            "dataset: honours",
            "dataset: tax_payments\nsource: {database: TAX_DATABASE, table: honours}",
        ),
        encoding="utf-8",
    )
    with sqlite3.connect("tax.db") as base:
        base.execute(f"CREATE TABLE honours ({', '.join(HONOURS[0])})")
        base.executemany(f"INSERT INTO honours VALUES ({', '.join('?' * 7)})", HONOURS[1:])
    base.close()
    monkeypatch.setenv("TAX_DATABASE", "sqlite:///tax.db")
    work_through("how-to/databases.md")
    assert Workspace(office).snapshots(["tax_payments"])["tax_payments"].rows == len(HONOURS) - 1


def test_reasons_told_to_departments_are_those_of_the_program() -> None:
    text = (DOCS / "how-to/deliver-a-list.zh.md").read_text(encoding="utf-8")
    reasons = [found[1] for found in re.finditer(r"^\| ([^|`]+) \| [^|]+ \|$", text, re.MULTILINE)]
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    told = [r for r in reasons if r not in ("内容", "退回时写的原因")]
    assert len(told) >= 10
    assert [reason for reason in told if reason not in source] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_that_is_linked_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
