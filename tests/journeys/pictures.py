"""Pictures of pages, for people to look at: wide and narrow, in both languages, light and dark.

Journeys take them where `PLUMBLINE_PICTURES` names a folder; `album.py` takes them of a whole demo city.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from itertools import product
from pathlib import Path
from typing import Literal, cast

from playwright.sync_api import BrowserContext, Page

WIDTHS = (1440, 390)
LANGUAGES = {"zh": "zh-hans", "en": "en"}
THEMES = ("light", "dark")
_HEIGHT = 900
_MOST = 6000  # pixels of a page's length; a list of hundreds shows nothing new below

_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>准绳 Plumbline: pages</title>
<style>
  body {{ font: 15px/1.5 system-ui, sans-serif; margin: 24px; color: #1d2733; background: #f4f6f8 }}
  h2 {{ font-size: 16px; margin: 28px 0 8px }}
  div {{ display: flex; gap: 12px; overflow-x: auto; align-items: flex-start }}
  figure {{ margin: 0; background: #fff; border: 1px solid #ccd4dc; padding: 6px }}
  img {{ height: 260px; width: auto; max-width: 420px; object-fit: cover; object-position: top; display: block }}
  figcaption {{ color: #566; font-size: 12px }}
</style>
<h1>准绳 Plumbline</h1>
<p>Every page at {widths} px, in Chinese and English, light and dark. Everybody in them is invented.</p>
{pages}
</html>
"""


def folder() -> Path | None:
    """Where pictures are kept, if they are wanted."""
    said = os.environ.get("PLUMBLINE_PICTURES")
    return Path(said) if said else None


@contextmanager
def shown(
    page: Page, context: BrowserContext, address: str, lang: str, theme: str, width: int
) -> Iterator[None]:
    """The page as somebody else may see it; afterwards it is as it was."""
    context.add_cookies([{"name": "django_language", "value": LANGUAGES[lang], "url": address}])
    page.set_viewport_size({"width": width, "height": _HEIGHT})
    page.emulate_media(color_scheme=cast("Literal['light', 'dark']", theme))
    page.reload()
    yield
    context.clear_cookies(name="django_language")
    page.set_viewport_size({"width": WIDTHS[0], "height": _HEIGHT})
    page.emulate_media(color_scheme="light")
    page.reload()


def take(page: Page, context: BrowserContext, address: str, name: str, into: Path) -> None:
    """Keep the page as it is shown to everybody."""
    into.mkdir(parents=True, exist_ok=True)
    for lang, theme, width in product(LANGUAGES, THEMES, WIDTHS):
        with shown(page, context, address, lang, theme, width):
            long = min(page.evaluate("document.documentElement.scrollHeight"), _MOST)
            page.screenshot(
                path=into / f"{name}.{lang}.{theme}.{width}.png",
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": long},
            )
    write_index(into)


def write_index(into: Path) -> None:
    """One page on which all pictures of a folder are to be seen."""
    shown: dict[str, list[Path]] = {}
    for path in sorted(into.glob("*.png")):
        shown.setdefault(path.name.split(".")[0], []).append(path)
    pages = []
    for name, paths in shown.items():
        figures = "".join(
            f'<figure><a href="{escape(each.name)}"><img src="{escape(each.name)}" alt="{escape(each.stem)}" '
            f'loading="lazy"></a><figcaption>{escape(each.stem[len(name) + 1 :])}</figcaption></figure>'
            for each in paths
        )
        pages.append(f"<h2>{escape(name)}</h2>\n<div>{figures}</div>")
    text = _INDEX.format(widths=" and ".join(map(str, WIDTHS)), pages="\n".join(pages))
    (into / "index.html").write_text(text, encoding="utf-8")
