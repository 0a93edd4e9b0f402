"""The small office before and after its first run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.small import Run, command, fill


@pytest.fixture(scope="session")
def collided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small office after load and collide; copy it before changing it."""
    folder = tmp_path_factory.mktemp("collided") / "office"
    folder.mkdir()
    fill(folder)
    run = command(folder)
    run("load", "--accept", "小样")
    run("collide", "honour-despite-offence", "--accept", "honour-despite-offence=小样")
    return folder


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """The small office with a full inbox."""
    folder = tmp_path / "office"
    folder.mkdir()
    fill(folder)
    return folder


@pytest.fixture
def plumb(office: Path) -> Run:
    """The command in the small office with a full inbox."""
    return command(office)


@pytest.fixture
def after(collided: Path, tmp_path: Path) -> tuple[Path, Run]:
    """A copy of the small office after load and collide, and the command in it."""
    folder = tmp_path / "after"
    shutil.copytree(collided, folder)
    return folder, command(folder)
