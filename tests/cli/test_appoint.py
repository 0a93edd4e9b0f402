"""A new office's workbench begins at the machine: somebody names the first administrators."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def plumbline(office: Path, *arguments: str, said: str = "\n") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plumbline.cli", "--workspace", str(office), *arguments]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PLUMBLINE", "DJANGO"))}
    return subprocess.run(
        command,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        env=env | {"PLUMBLINE_LANG": "en"},
    )


@pytest.fixture
def office(tmp_path: Path) -> Path:
    plumbline(tmp_path, "init")
    return tmp_path


def test_an_administrator_is_named_once(office: Path) -> None:
    named = ("appoint", "system", "gao", "高磊", "--reason", "任命文件 3 号")
    first = plumbline(office, *named)
    assert first.returncode == 0, first.stderr
    assert "/account/open/" in first.stdout
    again = plumbline(office, "appoint", "system", "liang", "梁静", "--reason", "另一人")
    assert again.returncode == 2
    assert "ask them" in again.stderr


def test_a_number_that_is_none_is_refused(office: Path, tables: Path) -> None:
    shutil.copyfile(tables, office / "workbench.db")
    done = plumbline(
        office, "appoint", "audit", "song", "宋恒", "--reason", "任命", said="380101\n"
    )
    assert done.returncode == 2
    assert "18 characters" in done.stderr
    assert "380101" not in done.stderr
