"""The first steps: a workspace, a declaration from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from plumbline.cli import plumbline
from plumbline.engine import Workspace
from tests.cli.small import Run


def test_init_makes_a_workspace_once(tmp_path: Path) -> None:
    folder = tmp_path / "办公室"
    first = CliRunner().invoke(plumbline, ["init", str(folder)])
    assert first.exit_code == 0
    assert f"已建立工作区：{folder}" in first.output
    settings = (folder / "plumbline.toml").read_text()
    again = CliRunner().invoke(plumbline, ["--lang", "en", "init", str(folder)])
    assert again.output == f"this is a workspace already: {folder}\n"
    assert (folder / "plumbline.toml").read_text() == settings
    assert Workspace(folder).name == "办公室"


def test_profile_proposes_a_declaration(office: Path, plumb: Run) -> None:
    file = office / "inbox/honours/荣誉2025-12-31.csv"
    rows = file.read_text("gb18030").splitlines()
    file.write_text("\n".join(rows[:4]), encoding="gb18030")
    said = plumb("profile", str(file))
    assert "编码 GB18030" in said.stdout
    assert "person: {from: [身份证号], type: person.id" in said.stdout
    assert "把握" in said.stdout
    assert "草稿" in said.stderr


def test_profile_works_without_a_workspace(office: Path, tmp_path: Path) -> None:
    file = str(office / "inbox/offences/记录2025-12-31.csv")
    said = CliRunner().invoke(
        plumbline, ["--lang", "en", "--workspace", str(tmp_path / "none"), "profile", file]
    )
    assert said.exit_code == 0
    assert "to be filled in" in said.stdout


def test_a_kept_proposal_is_a_dataset(office: Path, plumb: Run) -> None:
    kept = office / "catalog/datasets/own/titles.yml"
    said = plumb("profile", str(office / "inbox/honours/荣誉2025-12-31.csv"), "--out", str(kept))
    assert f"已写入 {kept}" in said.stdout
    assert "titles" in plumb("datasets").stdout
    before = kept.read_text()
    again = plumb("profile", str(kept), "--out", str(kept), code=2)
    assert "未改动" in again.stderr
    assert kept.read_text() == before


@pytest.mark.parametrize(("lang", "said"), [("zh", "一次只写一个"), ("en", "one FILE at a time")])
def test_out_takes_one_file(office: Path, plumb: Run, lang: str, said: str) -> None:
    file = str(office / "inbox/honours/荣誉2025-12-31.csv")
    assert said in plumb("profile", file, file, "--out", "x.yml", lang=lang, code=2).stderr
