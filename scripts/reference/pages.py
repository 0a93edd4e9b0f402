"""Pages and their generated parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.reference import catalog, datasets

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_PART = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS: dict[str, Callable[[], str]] = {
    **{f"slots {shape}": lambda shape=shape: datasets.slots(shape) for shape in datasets.SLOTS},  # type: ignore[misc]
    "types": datasets.types,
    "each type": datasets.each_type,
    "manifest": datasets.manifest,
    "register": datasets.register,
    "models": catalog.models,
    "each model": catalog.each_model,
    "datasets": catalog.datasets,
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
