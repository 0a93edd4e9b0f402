"""The model of unusual look-ups is run in a workspace of its own, so that nobody but the auditors learns what it finds.

It lies among the office's private files (`oversight`). No page, list or figure of the workbench reads it, save the
auditors' own; the people it is about are never told by the machine.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from plumbline.bilingual import language
from plumbline.engine import NOT_A_VERDICT, Workspace
from plumbline.kit.clock.calendar import day_of

MODEL = "unusual-look-ups"
DATASETS = ("look_up_days", "look_ups")


@dataclass(frozen=True)
class Unusual:
    """One standing warning about a reader's day.

    Attributes:
        level: yellow, or blue.
        on: as `2026-11-29`.
        says: the model's sentence, in the reader's language.
        check, innocent: what to do first, and what it usually is.
    """

    reader: str
    on: str
    level: str
    says: str
    check: tuple[str, ...]
    innocent: tuple[str, ...]


def _place() -> Path:
    return Path(settings.PRIVATE) / "oversight"


def collide_look_ups(rows: Mapping[str, Sequence[Mapping[str, Any]]], at: datetime) -> int:
    """Deliver what was read, whole, and hold it against the model; gives how many warnings stand.

    Args:
        rows: dataset -> rows by header; None is an empty cell.
    """
    place = _place()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    of = Workspace(place) if (place / "plumbline.toml").is_file() else Workspace.create(place)
    place.chmod(0o700)
    if not rows[DATASETS[0]]:
        return len(of.warnings(model=MODEL)) if of.runs() else 0
    for name in DATASETS:
        _deliver(of, name, rows[name], f"{day_of(at):%Y-%m-%d}")
    of.load(at=at)
    of.collide([MODEL], at=at, as_of=day_of(at), statuses={MODEL: "live"})
    return len(of.warnings(model=MODEL))


def _deliver(of: Workspace, name: str, rows: Sequence[Mapping[str, Any]], day: str) -> None:
    folder = of.inbox / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        old.unlink()
    headers = [column.headers[0] for column in of.dataset(name).columns.values()]
    with (folder / f"{day}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headers)
        writer.writeheader()
        writer.writerows(rows)


def unusual_look_ups(viewer: str) -> list[Unusual] | None:
    """The warnings that stand, newest day first, save those about whoever asks; None before the first run."""
    place = _place()
    if not (place / "plumbline.toml").is_file():
        return None
    of, lang = Workspace(place), language()
    if not of.runs():
        return None
    found = [w for w in of.warnings(model=MODEL) if w.subject != viewer]
    said = of.sentences(found, lang, masked=False)
    told = []
    for warning in found:
        declared = of.model_behind(warning).declared
        check, innocent = (
            tuple(words.en if lang == "en" else words.zh)
            for words in (declared.check, declared.innocent)
        )
        reader, on = warning.per
        told.append(
            Unusual(reader, on, warning.level or "", said[warning.key], check, innocent)
        )  # fmt: skip
    return sorted(told, key=lambda each: (each.on, each.reader), reverse=True)


def not_a_verdict() -> str:
    return NOT_A_VERDICT[language()]
