"""The READMEs are true: both say the same, their commands run in order, and the pictures are of today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import pictures

ROOT = Path(__file__).parents[1]
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-Hans.md"}
LANGS = sorted(READMES)


def blocks(lang: str, language: str) -> list[str]:
    text = READMES[lang].read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def neutral(texts: list[str]) -> list[str]:
    """Without what differs between the languages: their own names."""
    return [re.sub(r'PLUMBLINE_LANG=\w+|"(zh|en)"', "LANG", text) for text in texts]


@pytest.mark.parametrize("language", ["console", "sh", "python"])
def test_both_languages_have_the_same_commands(language: str) -> None:
    assert neutral(blocks("zh", language)) == neutral(blocks("en", language))


@pytest.mark.parametrize("lang", LANGS)
def test_the_ten_minutes_run_as_they_stand(tmp_path: Path, lang: str) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    command = tmp_path / ".venv/bin/plumbline"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m plumbline.cli "$@"\n')
    command.chmod(0o755)
    script = "set -eux\n" + "".join(blocks(lang, "sh"))
    script += "".join(
        f"'{sys.executable}' - <<'END'\n{code}END\n" for code in blocks(lang, "python")
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"zh": "600,000.00元", "en": "CNY 600,000.00"}[lang] in done.stdout
    assert (tmp_path / "warnings.xlsx").is_file()


@pytest.mark.parametrize("lang", LANGS)
def test_what_the_text_says_of_the_practice_sheets_is_so(tmp_path: Path, lang: str) -> None:
    pictures.office(tmp_path)
    said = pictures.run(tmp_path, lang, "collide", pictures.MODEL)
    assert pictures.MODEL in said
    assert said.count("\x1b[1;31m1") == 1, "one red warning"
    waiting = pictures.run(tmp_path, lang, "quarantine", "list", "subsidies")
    assert waiting.count("C7") == 1, "one mistyped code"
    clear = pictures.run(
        tmp_path, lang, "explain", "--model", pictures.MODEL, "--subject", "91380101770001018B"
    )
    assert {"zh": "不预警", "en": "clear"}[lang] in clear


@pytest.mark.parametrize("lang", LANGS)
def test_the_picture_is_of_today(lang: str) -> None:
    drawn = pictures.PICTURES / f"run.{lang}.svg"
    assert drawn.read_text() == pictures.picture(lang), "run: python -m scripts.pictures"


@pytest.mark.parametrize("lang", LANGS)
def test_the_picture_asks_no_other_place_for_anything(lang: str) -> None:
    text = (pictures.PICTURES / f"run.{lang}.svg").read_text()
    assert re.findall(r"https?://[^\s\"')]+", text) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in re.sub(r"url\(#", "", text)


@pytest.mark.parametrize("lang", LANGS)
def test_every_place_named_is_there(lang: str) -> None:
    named = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", READMES[lang].read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []
