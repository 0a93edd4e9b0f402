"""What became of every file in the inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine import Workspace
from tests.cli.small import NUMBERS, Run


def test_each_file_has_its_line_and_each_fault_its_reason(plumb: Run) -> None:
    said = plumb("load", code=1)
    assert said.stdout.splitlines()[:3] == [
        "数据集\t文件\t截止日\t行\t装入\t隔离\t结果",
        "honours\t荣誉2025-12-31.csv\t2025-12-31\t4\t3\t1\t暂扣",
        "offences\t记录2025-12-31.csv\t2025-12-31\t3\t3\t0\t已装入",
    ]
    assert "隔离 1 行  person: 校验码不符" in said.stdout
    assert "整批暂扣 荣誉2025-12-31.csv，未装入任何行" in said.stdout
    assert '可放行：plumbline load honours --accept "理由"' in said.stdout


def test_a_held_delivery_is_let_in_with_a_reason_and_a_name(office: Path, plumb: Run) -> None:
    plumb("load", code=1)
    said = plumb("load", "honours", "--accept", "已与经信局核实", lang="en")
    assert "1 quarantined  person: the check character is wrong" in said.stdout
    assert "unexpected, and let in: " in said.stdout
    batch = Workspace(office).store.batches("honours")[-1]
    assert batch.accepted is not None
    assert batch.accepted.reason == "已与经信局核实"
    assert batch.accepted.by != ""


def test_a_second_load_changes_nothing_and_says_so(office: Path, plumb: Run) -> None:
    plumb("load", "--accept", "小样")
    said = plumb("load")
    assert said.stdout.count("此前已装入") == 2
    assert len(Workspace(office).store.batches("honours")) == 1
    plumb("load", "--again", "--accept", "小样")
    assert len(Workspace(office).store.batches("honours")) == 2


def test_a_file_that_cannot_be_read_does_not_stop_the_others(office: Path, plumb: Run) -> None:
    (office / "inbox/honours/空2025-12-31.csv").write_bytes(b"")
    (office / "inbox/别的东西").mkdir()
    said = plumb("load", "--accept", "小样", lang="en", code=1)
    assert "honours\t空2025-12-31.csv\t\t\t\t\tfailed" in said.stdout
    assert "not loaded 空2025-12-31.csv: " in said.stdout
    assert "belongs to no dataset " in said.stdout
    assert said.stdout.count("\tloaded\n") == 2


def test_the_day_can_be_named(office: Path, plumb: Run) -> None:
    (office / "inbox/offences/记录2025-12-31.csv").rename(office / "inbox/offences/记录.csv")
    failed = plumb("load", "offences", code=1)
    assert "文件名里没有数据截止日期" in failed.stdout
    assert (
        "offences\t记录.csv\t2025-06-30\t"
        in plumb("load", "offences", "--as-of", "2025-06-30").stdout
    )


def test_an_empty_inbox(tmp_path: Path, plumb: Run) -> None:
    plumb("init", str(tmp_path / "empty"))
    said = plumb("--workspace", str(tmp_path / "empty"), "load", lang="en")
    assert said.stdout.startswith("nothing new. Put files into a dataset's folder under ")


def test_a_dataset_misspelt(plumb: Run) -> None:
    assert "是不是“honours”？" in plumb("load", "honors", code=2).stderr


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_number_is_told_on_the_way_in(plumb: Run, lang: str) -> None:
    said = plumb("load", lang=lang, code=1).output
    assert not [number for number in NUMBERS.values() if number in said]
