"""Where the line that comes with Plumbline stands: its datasets and supervision models, as data."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def packaged_catalog() -> Path:
    """The packaged catalog's folder: inside an installed Plumbline, or at a checkout's root."""
    package = Path(str(resources.files("plumbline")))
    installed = package / "_catalog"
    return installed if installed.is_dir() else package.parents[1] / "catalog"
