"""A day as a program writes it: `2026-03-18`, and nothing that could be read as one, such as a count of seconds."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator


def _as_written(said: object) -> object:
    if isinstance(said, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
        raise ValueError("a day is written YYYY-MM-DD")
    return said


Day = Annotated[date, BeforeValidator(_as_written)]
