"""`plumbline serve` tells what is wrong with an office's own files before it starts anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.engine import Workspace

#: What is written where, and what is said of it.
WRONG = {
    "letter": ("letters/reminder.md", "红头：{机关}\n标题：{事项}\n主送：{单伟}\n落款：{机关}\n---\n{情况}\n", "{单伟}", "单位"),
    "name": ("letters/remainder.md", "标题：提醒\n", "letters/remainder.md", "reminder"),
    "ladder": ("plumbline.toml", '[workbench.ladders]\nsign = [[-1, "handler"]]\n', "[workbench.ladders] sign", "over"),
    "kind": ("plumbline.toml", '[workbench.ladders]\nsing = [[0, "head"]]\n', "sing", "there are: standard, sign"),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(WRONG))
def test_what_is_wrong_is_named_with_its_place_and_what_next(tmp_path: Path, what: str) -> None:
    place, text, named, hint = WRONG[what]
    Workspace.create(tmp_path)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    with (tmp_path / place).open("a", encoding="utf-8") as file:
        file.write(text)
    env = {**os.environ, "PLUMBLINE_DATABASE": "", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "plumbline.cli", "--workspace", str(tmp_path), "--lang", "en", "serve",
         "--port", "1024"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert named.strip("{}") in said
    assert hint in said
    assert not (tmp_path / "workbench.db").exists()  # nothing was begun
