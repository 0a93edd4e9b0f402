"""The only place that opens a database engine."""

from __future__ import annotations

from plumbline.engine.backend.duckdb import Duck, Limits, open_duckdb

__all__ = ["Duck", "Limits", "open_duckdb"]
