"""Why, why not, and whether it still comes out the same."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.small import NUMBERS, Run

MODEL = "honour-despite-offence"
RED = "2cb76c84a4ffe9bb"
YELLOW = "20041771f543492e"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_warning_slot_by_slot(
    after: tuple[Path, Run], snapshot: SnapshotAssertion, lang: str
) -> None:
    assert after[1]("explain", RED, lang=lang).stdout == snapshot


def test_on_a_terminal(after: tuple[Path, Run], snapshot: SnapshotAssertion) -> None:
    assert click.unstyle(after[1]("explain", YELLOW[:5], terminal=True).stdout) == snapshot


def test_why_not(after: tuple[Path, Run], snapshot: SnapshotAssertion) -> None:
    said = after[1]("explain", "--model", MODEL, "--subject", NUMBERS["zhao"]).stdout
    assert said == snapshot
    assert "若 offence.occurred_on 早于 honour.granted_on，则成立" in said


def test_of_whom_nothing_is_known(after: tuple[Path, Run]) -> None:
    said = after[1](
        "explain", "--model", MODEL, "--subject", "380101199001010031", lang="en"
    ).stdout
    assert "verdict:   clear  no rows met" in said
    assert "honour  Honours granted  no rows about this subject" in said


def test_who_stands_in_one_register_only(office: Path, plumb: Run) -> None:
    plumb("load", "offences")
    (office / "inbox/offences/记录2025-12-31.csv").unlink()
    file = office / "inbox/honours/荣誉2025-12-31.csv"
    lines = file.read_text("gb18030").splitlines()
    file.write_text("\n".join(line for line in lines if "赵一" not in line), encoding="gb18030")
    plumb("load", "--accept", "小样")
    said = plumb(
        "explain", "--model", MODEL, "--subject", NUMBERS["zhao"], "--as-of", "2025-12-31"
    ).stdout
    assert "honour  荣誉称号名单  没有这个对象的记录" in said
    assert "offence  违法犯罪和处分记录  有 1 行" in said


def test_what_is_no_number(after: tuple[Path, Run]) -> None:
    said = after[1]("explain", "--model", MODEL, "--subject", "12", lang="en", code=2).stderr
    assert "'12' is not a valid citizen number" in said


@pytest.mark.parametrize(
    "given", [[], [RED, "--model", MODEL], ["--model", MODEL], ["--subject", "x"]], ids=str
)
def test_a_key_or_a_model_with_a_subject(after: tuple[Path, Run], given: list[str]) -> None:
    assert "explain KEY, or explain --model" in after[1]("explain", *given, code=2).stderr


def test_no_such_key(after: tuple[Path, Run]) -> None:
    assert "没有以“ffff”开头的预警" in after[1]("explain", "ffff", code=2).stderr


def test_the_same(after: tuple[Path, Run]) -> None:
    _, run = after
    assert run("reproduce", RED).stdout.startswith(f"相同  {RED}：")
    assert run("reproduce", RED, lang="en").stdout.startswith(f"same  {RED}: ")


def test_not_the_same(after: tuple[Path, Run]) -> None:
    folder, run = after
    text = next(
        p for p in (folder / "store/texts").glob("*.yml") if f"model: {MODEL}" in p.read_text()
    )
    text.write_text(
        text.read_text().replace(
            "red: \"offence.kind = 'criminal'\"", "red: \"offence.kind = 'party'\""
        )
    )
    said = run("reproduce", RED, lang="en", code=1).stdout
    assert said.startswith(f"different  {RED}, run 1")
    assert "level\n    recorded   red\n    recomputed yellow" in said


def test_data_that_was_altered_is_not_passed_over(after: tuple[Path, Run]) -> None:
    folder, run = after
    file = next((folder / "store/facts/honours").glob("*.parquet"))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(raw)
    assert run("reproduce", RED, code=2).stderr.startswith("错误: ")


def test_amounts_are_told_as_money(office: Path, plumb: Run) -> None:
    plumb("new", "model", "dear-fine", "--dataset", "offences")
    file = office / "catalog/models/own/dear-fine/model.yml"
    words = file.read_text().replace("status: draft", "status: live")
    words = re.sub(r"  after\(.*\)", "  row.amount >= yuan(limit) and row.amount * 2 > 1", words)
    words = words.replace("flag_when:", "settings: {limit: 600}\nflag_when:")
    file.write_text(words.replace("from: 2020", "from: 2000"))
    plumb("load", "offences")
    said = plumb("explain", "--model", "dear-fine", "--subject", "案2").stdout
    assert "✗ row.amount >= yuan(limit)   500.00元 | 600.00元" in said
    assert "若 row.amount >= 600.00元（现为 500.00元），则成立" in said
    assert "✓ row.amount * 2 > 1   100000 | 1" in said
