"""The only place that opens a database engine."""

from plumbline.engine.backend.duckdb import Duck, Limits, open_duckdb

__all__ = ["Duck", "Limits", "open_duckdb"]
