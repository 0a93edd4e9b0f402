"""Text that a spreadsheet would work out instead of showing it."""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-\d[\d,]*(\.\d+)?")


def is_formula(text: str) -> bool:
    """Would a spreadsheet take the text for a formula? A number below zero it may have as one."""
    bare = text.lstrip(" ")
    return bare.startswith(_STARTS) and not _NUMBER.fullmatch(bare)
