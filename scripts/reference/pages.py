"""Pages and their generated parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scripts.reference import catalog, commands, datasets, library
from scripts.reference.words import SLOTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_PART = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS: dict[str, Callable[[], str]] = {
    **{f"slots {shape}": partial(datasets.slots, shape) for shape in SLOTS},
    "types": datasets.types,
    "each type": datasets.each_type,
    "manifest": datasets.manifest,
    "register": datasets.register,
    "models": catalog.models,
    "each model": catalog.each_model,
    "datasets": catalog.datasets,
    "commands": commands.index,
    "overall options": commands.overall,
    "each command": commands.each,
    "settings": commands.settings,
    "json collide": partial(commands.json_of, "collide"),
    "json warnings": partial(commands.json_of, "warnings"),
    "door": library.door,
    "workspace": library.workspace,
    "functions": library.functions,
}


def renewed(text: str) -> str:
    """The page with every generated part made anew."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part['name']]()}\n\n{part[3]}", text)


def stale() -> Iterator[tuple[Path, str]]:
    """Pages that are out of date, and what should stand there."""
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (fresh := renewed(text)) != text:
            yield path, fresh
