"""A letter as PDF, set by typst. What the letter says reaches it as data and is never read as markup."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path

import typst

from plumbline.kit.letter.fonts import chosen, found
from plumbline.kit.letter.letter import Letter, chinese_date, title_lines

_HEAD_WIDTH_PT = 154 / 25.4 * 72
TITLE_CHARACTERS = 20  # of 22 points
#: Lines that are left empty, at most, so that no signature stands on a page without text.
_MOST_SPARE = 14
_HEAD_PT = (24.0, 44.0)  # the red head: as large as its name allows


def write(letter: Letter, *, fonts: Path | None = None, watermark: str = "") -> bytes:
    """The letter as PDF/A-2u: text that can be searched and kept, the same bytes for the same letter.

    Args:
        fonts: folder with the office's own fonts.
        watermark: words across every page, such as who took it and when.

    Raises:
        NoFontError: there is no Chinese font.
    """
    told = {
        **asdict(letter),
        "body": [paragraph._asdict() for paragraph in letter.body],
        "on": chinese_date(letter.on),
        "title_lines": title_lines(letter.title, TITLE_CHARACTERS),
        "head_pt": head_pt(letter.office),
        "watermark": watermark,
        "fonts": chosen(fonts),
    }
    source = files(__package__).joinpath("letter.typ").read_bytes()
    for spare in range(_MOST_SPARE):
        inputs = {"letter": json.dumps({**told, "spare": spare}, ensure_ascii=False)}
        if _is_whole(source, inputs, found(fonts)):
            break
    made = typst.compile(
        source, font_paths=found(fonts), sys_inputs=inputs, format="pdf", pdf_standards="a-2u",
        timestamp=datetime.combine(letter.on, time(), UTC),
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def _is_whole(source: bytes, inputs: dict[str, str], fonts: typst.Fonts) -> bool:
    """Does a line of the text stand on the page of the signature?"""
    told = typst.query(source, "<pages>", field="value", font_paths=fonts, sys_inputs=inputs)
    [pages] = json.loads(told)
    return len(set(pages)) == 1  # a letter that has no text has the signature alone


def head_pt(office: str) -> float:
    """Size of the red head, in points, so that it stands on one line."""
    least, most = _HEAD_PT
    return max(least, min(most, int(_HEAD_WIDTH_PT / max(len(office), 1) * 2) / 2))
