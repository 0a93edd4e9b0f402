"""The small town of the warnings' tests."""

from __future__ import annotations

from tests.loop.warning.conftest import town

__all__ = ["town"]
