"""How the command ends: in words, in the language chosen, with a code that scripts can read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from plumbline.cli import plumbline
from plumbline.cli.office import Office
from plumbline.errors import Text
from tests.cli.small import Run

COMMAND = [sys.executable, "-m", "plumbline.cli"]
FROM_HERE = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "错误: {}: 这里不是工作区\n  建议: 用 plumbline init"),
        ("en", "error: {}: this is not a workspace"),
    ],
)
def test_a_mistake_is_told_in_the_language_chosen(tmp_path: Path, lang: str, said: str) -> None:
    result = CliRunner().invoke(plumbline, ["--workspace", str(tmp_path), "--lang", lang, "models"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(said.format(tmp_path))
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "given",
    [
        ["models", "--lang", "en"],
        ["--lang", "zh", "models", "--lang", "en"],
        ["quarantine", "list", "--lang", "en"],
        ["quarantine", "--lang", "en", "list"],
        ["explain", "0000000000000000", "--lang=en"],
    ],
)
def test_the_language_may_follow_any_command(tmp_path: Path, given: list[str]) -> None:
    result = CliRunner().invoke(plumbline, ["--workspace", str(tmp_path), *given])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path}: this is not a workspace")


def test_every_command_takes_the_language() -> None:
    def walk(command: click.Command) -> None:
        assert [p.name for p in command.params].count("lang") == 1, command.name
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            walk(inner)

    walk(plumbline)


def test_debug_shows_where(tmp_path: Path) -> None:
    result = CliRunner().invoke(plumbline, ["--debug", "--workspace", str(tmp_path), "models"])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "这是 Plumbline 的缺陷"), ("en", "Plumbline's mistake")]
)
def test_a_fault_of_the_program_says_where_to_report_it(lang: str, said: str) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("somebody divided")

    plumbline.add_command(broken)
    try:
        result = CliRunner().invoke(plumbline, ["--lang", lang, "broken"])
    finally:
        del plumbline.commands["broken"]
    assert result.exit_code == 70
    assert "ZeroDivisionError: somebody divided" in result.stderr
    assert said in result.stderr
    assert "--debug" in result.stderr
    assert "CONTRIBUTING.md" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_cannot_be_written_is_no_fault_of_the_program(after: tuple[Path, Run]) -> None:
    folder, run = after
    said = run("warnings", "--xlsx", str(folder / "no/such/folder.xlsx"), code=2)
    assert f"没有文件夹 {folder / 'no/such'}" in said.stderr
    (folder / "list.xlsx").symlink_to(folder / "gone" / "list.xlsx")
    said = run("warnings", "--xlsx", str(folder / "list.xlsx"), code=2)
    assert "list.xlsx: No such file or directory" in said.stderr


def test_the_language_comes_from_the_environment_too(tmp_path: Path) -> None:
    env = {"PLUMBLINE_LANG": "en", "PLUMBLINE_WORKSPACE": str(tmp_path)}
    result = CliRunner(env=env).invoke(plumbline, ["models"])
    assert result.stderr.startswith(f"error: {tmp_path}")


def test_every_help_is_in_both_languages() -> None:
    def walk(command: click.Command, path: str) -> None:
        said = command.help or ""
        assert any("一" <= c <= "鿿" for c in said), path
        assert any("a" <= c <= "z" for c in said), path
        assert "\\" not in said, f"{path} shows a mark that is meant for click"
        for option in command.params:
            if isinstance(option, click.Option):
                assert " · " in (option.help or ""), f"{path} {option.name}"
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                walk(inner, f"{path} {name}")

    walk(plumbline, "plumbline")


def test_examples_in_a_help_keep_their_lines() -> None:
    said = CliRunner().invoke(plumbline, ["explain", "--help"]).output.splitlines()
    assert "  plumbline explain KEY" in said
    assert "  plumbline explain --model MODEL --subject ID" in said


def test_help_needs_no_workspace_and_not_the_engine() -> None:
    code = (
        "import sys; from plumbline.cli import plumbline\n"
        "plumbline(['warnings', '--help'], standalone_mode=False)\n"
        "sys.exit('plumbline.engine' in sys.modules or 'rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=FROM_HERE, capture_output=True, check=False
    )
    assert done.returncode == 0


def test_a_reader_who_goes_away_ends_it_quietly(collided: Path) -> None:
    writing, reading = subprocess.PIPE, os.pipe()
    os.close(reading[0])  # nobody will ever read
    done = subprocess.run(
        [*COMMAND, "--workspace", str(collided), "models"],
        stdout=reading[1],
        stderr=writing,
        env=FROM_HERE,
        text=True,
        check=False,
    )
    os.close(reading[1])
    assert done.stderr == ""
    assert done.returncode == 1


def test_what_a_file_says_cannot_steer_the_terminal() -> None:
    office = Office(Path())
    assert office.clean("甲\x1b[31m乙\n丙\u202e丁") == "甲 [31m乙 丙 丁"


def test_no_cell_in_a_pipe_is_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    office = Office(Path(), "en")
    cells = ('=HYPERLINK("x")', ("+1+2", "red"), "-12.50", "\t@SUM(1)", "甲")
    office.table([Text(f"列{n}", f"column {n}") for n in range(5)], [cells])
    assert capsys.readouterr().out.splitlines()[1].split("\t") == [
        *('\'=HYPERLINK("x")', "'+1+2", "-12.50", "' @SUM(1)", "甲")
    ]


def test_citizen_numbers_in_free_text_are_masked() -> None:
    office = Office(Path())
    assert office.clean("证人380101199001010015、38010119900101001x") == (
        "证人3801**********0015、3801**********001x"
    )
    assert office.clean("编号911101199001010015123") == "编号911101199001010015123"
    office.masked = False
    assert office.clean("证人380101199001010015") == "证人380101199001010015"
