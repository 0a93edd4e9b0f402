"""Takes in what the engine found; to be written."""

from __future__ import annotations

from plumbline.engine import Workspace

__all__ = ["Workspace"]
