"""Deadlines begin, pause, are extended and end; to be written."""

from __future__ import annotations
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Starting:
    kind: str
    working_days: int


def start(subject: str, what: Starting, *, at: datetime) -> None: ...
def stop(subject: str, *kinds: str, at: datetime) -> None: ...
