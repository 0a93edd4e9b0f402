"""A list as PDF, set by typst. What it says reaches it as data and is never read as markup."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import typst

from plumbline.kit.letter.fonts import chosen, found
from plumbline.kit.letter.letter import clean
from plumbline.kit.table.table import Table


def write(table: Table, *, at: datetime, fonts: Path | None = None) -> bytes:
    """The list as PDF/A-2u on A4, across; its watermark and origin on each page.

    Args:
        at: when it is taken: the file's own date.
        fonts: folder with the office's own fonts.

    Raises:
        NoFontError: there is no Chinese font.
    """
    told = {**_printable(asdict(table)), "fonts": chosen(fonts)}
    made = typst.compile(
        files(__package__).joinpath("table.typ").read_bytes(), font_paths=found(fonts),
        sys_inputs={"table": json.dumps(told, ensure_ascii=False)}, format="pdf", pdf_standards="a-2u",
        timestamp=at,
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def _printable(said: dict[str, object]) -> dict[str, object]:
    """Without what no paper shows, and what makes a name read as another."""

    def each(value: object) -> object:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, (list, tuple)):
            return [each(part) for part in value]
        if isinstance(value, dict):
            return {name: each(part) for name, part in value.items()}
        return value

    return {name: each(value) for name, value in said.items()}
