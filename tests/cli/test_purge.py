"""`plumbline purge`: two people, a record, and a clear answer afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from tests.cli.small import NUMBERS, Run, command, fill
from tests.cli.test_backup import Office

LONG_AFTER = datetime(2060, 1, 2, tzinfo=UTC)


def keys(plumb: Run) -> list[str]:
    said = plumb("warnings", "--json").output
    return [json.loads(line)["key"] for line in said.splitlines()]


def test_nothing_is_due_before_its_time(after: tuple[Path, Run]) -> None:
    _, plumb = after
    assert "nothing has fallen due" in plumb("purge", lang="en").output
    said = plumb("purge", "list", "--on", "2030-01-01", "honours", lang="en").output
    assert "nothing has fallen due by 2030-01-01" in said
    assert (
        "没有可以销毁的"
        in plumb(
            "purge", "propose", "--by", "李某", "--reason", "期满", "--on", "2020-01-01", code=2
        ).output
    )


def test_nothing_is_proposed_before_its_time(after: tuple[Path, Run]) -> None:
    _, plumb = after
    assert "honours-2025-12-31" in plumb("purge", "list", "--on", "2060-01-02").output
    words = ("purge", "propose", "--by", "李某", "--reason", "期满", "--also-pinned")
    said = plumb(*words, "--on", "2060-01-02", code=2, lang="en").output
    assert "2060-01-02 is yet to come" in said
    assert json.loads(plumb("warnings", "--json").output.splitlines()[0])["evidence"]


@time_machine.travel(LONG_AFTER)
def test_a_purge_from_proposal_to_the_answer_afterwards(after: tuple[Path, Run]) -> None:
    folder, plumb = after
    key = keys(plumb)[0]
    listed = plumb("purge", "list").output
    assert "honours-2025-12-31" in listed
    assert "offences-2025-12-31" in listed
    words = ("purge", "propose", "--by", "李某", "--reason", "保存期满")
    assert "standing warnings rest on all" in plumb(*words, lang="en", code=2).output
    proposed = plumb(*words, "--also-pinned").output
    assert "2 条现有预警此后不能重算" in proposed
    assert key in proposed
    assert "plumbline purge approve 1" in proposed
    assert "李某 以外的人" in plumb("purge", "approve", "1", "--by", " 李 某", code=2).output
    assert plumb("reproduce", key).output.startswith("相同")

    done = plumb("purge", "approve", "1", "--by", "王某", code=1).output
    assert "已销毁：2 批" in done
    assert "荣誉2025-12-31.csv" in done  # what lies in the inbox is named
    for path in (p for p in (folder / "store").rglob("*") if p.is_file()):
        assert NUMBERS["zhao"].encode() not in path.read_bytes(), path

    zh, en = (
        plumb("reproduce", key, code=3).output,
        plumb("reproduce", key, code=3, lang="en").output,
    )
    assert "按保存期限销毁（第 1 号销毁" in zh
    assert "理由：保存期满" in zh
    assert "proposed by 李某, approved by 王某" in en
    assert "years" in en
    assert "purge 1" in plumb("explain", key, code=3, lang="en").output
    assert "purged on" in plumb("warnings", "--withdrawn", lang="en").output
    assert json.loads(plumb("warnings", "--json").output.splitlines()[0])["evidence"] == []
    record = json.loads(plumb("purge", "show", "1", "--json").output)
    assert record["approved"]["by"] == "王某"
    assert not any(number in json.dumps(record) for number in NUMBERS.values())
    assert "已销毁" in plumb("purge").output
    assert "已经执行" in plumb("purge", "withdraw", "1", "--by", "李某", code=2).output
    assert "nothing is in quarantine" in plumb("quarantine", "list", "--count", lang="en").output


@time_machine.travel(LONG_AFTER)
def test_a_proposal_can_be_taken_back(after: tuple[Path, Run]) -> None:
    _, plumb = after
    plumb("purge", "propose", "--by", "李某", "--reason", "期满", "--also-pinned")
    plumb("purge", "withdraw", "1", "--by", "李某")
    assert (
        "was withdrawn" in plumb("purge", "approve", "1", "--by", "王某", lang="en", code=2).output
    )
    assert "withdrawn" in plumb("purge", "show", "1", lang="en").output


def test_it_is_on_the_trail_and_in_the_backup(tmp_path: Path, tables: Path) -> None:
    office = Office(tmp_path / "office", tables)
    (office.folder / "inbox" / "名单.csv").unlink()
    settings = (office.folder / "plumbline.toml").read_text()
    fill(office.folder)
    named = settings.replace("[workspace]\n", '[workspace]\ncountry = "country.yml"\n')
    (office.folder / "plumbline.toml").write_text(named)
    for path in (office.folder / "inbox").glob("*/*2025-12-31.csv"):
        path.rename(path.with_name(path.name.replace("2025", "1985")))  # of a year long ago
    command(office.folder)("load", "--accept", "小样")
    terms = ("--by", "李某", "--reason", "保存期满")
    office.plumbline("purge", "propose", *terms)
    office.plumbline("purge", "approve", "1", "--by", "王某", code=1)
    with closing(sqlite3.connect(office.folder / "workbench.db")) as database:
        rows = database.execute(
            "SELECT action, subject, detail FROM trail_entry WHERE action LIKE 'purge.%' ORDER BY id"
        ).fetchall()
    assert [row[:2] for row in rows] == [
        ("purge.proposed", "purge:1"), ("purge.approved", "purge:1"), ("purge.carried_out", "purge:1"),
    ]  # fmt: skip
    record = json.loads(office.plumbline("purge", "show", "1", "--json"))
    said = json.loads(rows[-1][2])
    assert said["approved_by"] == "王某"
    assert len(said["sha256"]) == 64
    assert said["sha256"] in office.plumbline("purge", "show", "1")
    office.plumbline("backup", office.archive, "--cipher", "none")
    restored = tmp_path / "restored"
    office.plumbline("restore", office.archive, restored)
    there = json.loads(office.plumbline("purge", "show", "1", "--json", folder=restored))
    assert there == record
