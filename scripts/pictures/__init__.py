"""`python -m scripts.pictures`: takes the README's pictures again, from real runs of its own commands.

Each is an SVG of a terminal, drawn from what the commands print; it asks no other place for fonts.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import escape, unescape
from io import StringIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs/tutorial"
PICTURES = ROOT / "docs/pictures"
COLUMNS = 96
MODEL = "subsidy-while-blacklisted"
SHOWN = ("collide", "warnings", "reproduce bc5a")

#: Ink on paper, with the colours of the levels.
THEME = TerminalTheme(
    (250, 250, 247),
    (38, 42, 48),
    [(38, 42, 48), (186, 36, 36), (32, 122, 66), (168, 112, 0), (36, 84, 166), (132, 60, 140), (0, 112, 128), (110, 114, 120)],
    [(110, 114, 120), (206, 46, 46), (40, 140, 80), (184, 124, 0), (46, 98, 186), (148, 72, 156), (0, 128, 144), (38, 42, 48)],
)  # fmt: skip

FONT = "ui-monospace, 'Noto Sans Mono CJK SC', 'Sarasa Mono SC', Menlo, Consolas, monospace"


def office(folder: Path) -> None:
    """The tutorial's workspace, ready to collide."""
    run(folder, "zh", "init")
    (folder / "catalog/models/own" / MODEL).mkdir(parents=True)
    (folder / "catalog/datasets/own").mkdir(parents=True)
    for dataset in ("subsidies", "blacklist"):
        (folder / "inbox" / dataset).mkdir()
        for path in TUTORIAL.glob(f"{dataset}-*"):
            (folder / "inbox" / dataset / path.name).write_bytes(path.read_bytes())
        text = (TUTORIAL / "datasets" / f"{dataset}.yml").read_bytes()
        (folder / "catalog/datasets/own" / f"{dataset}.yml").write_bytes(text)
    for path in (TUTORIAL / "model").iterdir():
        (folder / "catalog/models/own" / MODEL / path.name).write_bytes(path.read_bytes())
    run(folder, "zh", "load")


def run(folder: Path, lang: str, *words: str) -> str:
    """What the command prints on a terminal."""
    done = subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-m", "plumbline.cli", *words],
        env={
            **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
            "PYTHONPATH": str(ROOT / "src"),
            "PLUMBLINE_WORKSPACE": str(folder),
            "PLUMBLINE_LANG": lang,
            "FORCE_COLOR": "1",
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def picture(lang: str) -> str:
    """The SVG of one run."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "office"
        office(folder)
        for words in SHOWN:
            arguments = [*words.split(), MODEL] if words == "collide" else words.split()
            console.print(Text(f"$ plumbline {' '.join(arguments)}", style="bold cyan"))
            console.print(Text.from_ansi(run(folder, lang, *arguments).rstrip()))
            console.print()
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    without_fonts = re.sub(r" *<!--.*?-->\n", "", without_fonts)
    template = without_fonts.replace("font-family: Fira Code, monospace", f"font-family: {FONT}")
    template = template.replace("        font-variant-east-asian: full-width;\n", "")
    template = template.replace("rgba(255,255,255,0.35)", "#d5d7da")  # a frame that paper shows
    svg = console.export_svg(
        title="准绳 plumbline", theme=THEME, code_format=template, unique_id=f"plumbline-{lang}"
    )
    svg = _TEXT.sub(_in_cells, svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


_CELL = 12.2  # width of a column of the terminal
_TEXT = re.compile(
    r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+" ([^>]+)>([^<]*)</text>'
)


def _in_cells(found: re.Match[str]) -> str:
    """A stretch of text cut where Chinese begins or ends, each part as wide as its cells.

    Rich counts a Chinese character as one column here, and would squeeze it.
    """
    style, x, y, clip, escaped = found.groups()
    at, drawn = float(x), ""
    for _, part in groupby(unescape(escaped).rstrip("\n"), key=lambda c: cell_len(c) > 1):
        text = "".join(part)
        width = cell_len(text) * _CELL
        if text.strip("\xa0"):
            content = escape(text, quote=False).replace("\xa0", "&#160;")
            drawn += f'<text class="{style}" x="{at:.1f}" y="{y}" textLength="{width:.1f}" {clip}>{content}</text>'
        at += width
    return drawn


def main() -> None:
    """Write the pictures."""
    PICTURES.mkdir(exist_ok=True)
    for lang in ("zh", "en"):
        (PICTURES / f"run.{lang}.svg").write_text(picture(lang), encoding="utf-8")
