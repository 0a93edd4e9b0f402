"""Builds the sprite of icons from a package of lucide's, so that a page loads one small file of the few it needs.

    npm pack lucide-static@1.62.0
    python -m scripts.icons lucide-static-1.62.0.tgz

Writes `icons.svg` and the licence beside the workbench's other static files.
"""

from __future__ import annotations

import re
import sys
import tarfile
from pathlib import Path

STATIC = Path(__file__).parents[2] / "src" / "plumbline" / "web" / "static"
#: By lucide's names; templates name them so.
ICONS = (
    "arrow-right", "book-open", "bookmark", "boxes", "building-2", "calendar-clock", "check",
    "chevron-down", "chevron-left", "chevron-right", "circle", "circle-alert", "circle-check",
    "circle-question-mark", "clock", "coins", "database", "download", "eye", "file-search", "file-text",
    "file-warning", "flag", "funnel", "gauge", "git-compare", "history", "id-card", "inbox", "info",
    "key-round", "keyboard", "languages", "layout-dashboard", "lightbulb", "list-checks", "lock", "log-out",
    "mail", "menu", "message-square-reply", "moon", "network", "paperclip", "play", "plug", "plus",
    "printer", "radar", "scale", "scroll-text", "search", "send", "share-2", "shield-check", "shield-off",
    "stamp", "table-2", "target", "triangle-alert", "upload", "user-round", "users-round", "wrench", "x",
)  # fmt: skip


def main(package: str) -> None:
    with tarfile.open(package) as archive:

        def text(name: str) -> str:
            file = archive.extractfile(f"package/{name}")
            assert file is not None, name
            return file.read().decode()

        version = re.findall(r"lucide-static v([\d.]+)", text("icons/inbox.svg"))[0]
        symbols = []
        for icon in ICONS:
            inner = re.findall(r"<svg[^>]*>(.*)</svg>", text(f"icons/{icon}.svg"), re.DOTALL)[0]
            drawn = " ".join(inner.split()).replace("> <", "><")
            symbols.append(f'<symbol id="{icon}" viewBox="0 0 24 24">{drawn}</symbol>')
        licence = text("LICENSE")
    head = f"<!-- lucide-static {version}, ISC: see icons.LICENSE -->"
    sprite = "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', head, *symbols, "</svg>", ""])
    (STATIC / "icons.svg").write_text(sprite, encoding="utf-8")
    (STATIC / "icons.LICENSE").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
