"""Characters as departments type them: full width, invisible, look-alike.

NFKC repairs full width, U+3000 and the Kangxi radicals that PDF files leave behind. It does not
repair middle dots, Cyrillic look-alikes or the white circle typed for a Chinese zero; where a
type meets those, it names them itself.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
)
_SPACE = re.compile(r"\s+")
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) | (?=[{_HAN}])")
_SCIENTIFIC = re.compile(r"[+-]?\d(\.\d+)?[eE]\+?\d+")

HAN = re.compile(f"[{_HAN}]")


def tidy(raw: str) -> str:
    """`raw` without invisible characters, runs of white space as one space; width is kept."""
    if not raw.isascii():
        raw = unicodedata.normalize("NFC", raw)
    return _SPACE.sub(" ", _INVISIBLE.sub("", raw)).strip()


def clean(raw: str) -> str:
    """`tidy`, and full width made plain (NFKC)."""
    return tidy(raw if raw.isascii() else unicodedata.normalize("NFKC", raw))


def compact(raw: str) -> str:
    """`clean` without any space, nor the apostrophe that marks a spreadsheet's text cell."""
    return clean(raw).replace(" ", "").lstrip("'`‘’")


def close_up(text: str) -> str:
    """`text` without the spaces that touch a Chinese character (王 伟 is 王伟)."""
    return _BESIDE_HAN.sub("", text)


def is_scientific(text: str) -> bool:
    """Whether `text` is a number such as 3.3038E+17, whose last digits a spreadsheet dropped."""
    return _SCIENTIFIC.fullmatch(text) is not None
