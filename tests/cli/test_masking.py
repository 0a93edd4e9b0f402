"""Nobody is named in any output until a reason is given, and then it is written down who asked."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.small import NUMBERS, Run

MODEL = "honour-despite-offence"
NAMED = ["王某某", "何采苓", "赵一", "错一位", "380101199001010016", *NUMBERS.values()]

COMMANDS = [
    ("warnings",),
    ("warnings", "--json"),
    ("explain", "2cb76c84a4ffe9bb"),
    ("explain", "20041771f543492e", "--all"),
    ("explain", "--model", MODEL, "--subject", NUMBERS["zhao"]),
    ("reproduce", "2cb76c84a4ffe9bb"),
    ("quarantine", "list"),
    ("quarantine", "list", "--count"),
    ("collide", MODEL, "--accept", f"{MODEL}=小样"),
    ("collide", MODEL, "--accept", f"{MODEL}=小样", "--json"),
    ("load",),
    ("runs",),
    ("datasets",),
]


@pytest.mark.parametrize(("lang", "terminal"), [("zh", False), ("en", True)], ids=["zh", "en"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nobody_is_named(
    after: tuple[Path, Run],
    command: tuple[str, ...],
    lang: str,
    terminal: bool,  # noqa: FBT001
) -> None:
    folder, run = after
    said = run(*command, lang=lang, terminal=terminal).output
    assert [name for name in NAMED if name in said] == []
    assert not (folder / "access.log").exists()


def test_nobody_is_named_in_a_workbook(after: tuple[Path, Run], tmp_path: Path) -> None:
    _, run = after
    run("warnings", "--xlsx", str(tmp_path / "w.xlsx"))
    cells = openpyxl.load_workbook(tmp_path / "w.xlsx").active.iter_rows(values_only=True)
    said = json.dumps([*cells], ensure_ascii=False)
    assert [name for name in NAMED if name in said] == []


@pytest.mark.parametrize(
    ("command", "what", "name"),
    [
        (("warnings", "--level", "red"), "warnings warnings red", "王某某"),
        (("warnings", "--json"), "warnings warnings", NUMBERS["wang"]),
        (("explain", "2cb7"), "explain 2cb76c84a4ffe9bb", NUMBERS["wang"]),
        (
            ("explain", "--model", MODEL, "--subject", NUMBERS["zhao"]),
            f"explain {MODEL} {NUMBERS['zhao']}",
            "赵一",
        ),
        (("quarantine", "list", "honours"), "quarantine list honours", "380101199001010016"),
    ],
)
def test_a_reason_names_people_and_is_written_down(
    after: tuple[Path, Run], command: tuple[str, ...], what: str, name: str
) -> None:
    folder, run = after
    said = run(*command, "--unmask", " 核对身份 ").output
    assert name in said
    (line,) = (folder / "access.log").read_text().splitlines()
    noted = json.loads(line)
    at = noted.pop("at")
    assert at.startswith("20")
    assert noted == {"by": getpass.getuser(), "what": what, "reason": "核对身份"}


@pytest.mark.parametrize(("lang", "said"), [("zh", "须写明理由"), ("en", "needs a reason")])
def test_a_blank_is_no_reason(after: tuple[Path, Run], lang: str, said: str) -> None:
    folder, run = after
    result = run("warnings", "--unmask", "  ", lang=lang, code=2)
    assert said in result.stderr
    assert result.stdout == ""
    assert not (folder / "access.log").exists()
