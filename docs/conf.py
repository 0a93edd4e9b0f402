"""How the documentation is built: Sphinx over Markdown, all of it served from where it stands."""

from __future__ import annotations

import plumbline

project = "Plumbline 准绳"
author = "The Plumbline contributors"
copyright = author  # noqa: A001 -- Sphinx's own name
release = version = plumbline.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["build"]

html_theme = "furo"
html_title = "Plumbline 准绳"
html_show_sphinx = False
