"""The cast, in an office of its own."""

from __future__ import annotations

from tests.loop.closure.conftest import cast

__all__ = ["cast"]
