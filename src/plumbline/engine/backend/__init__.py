"""The only place that opens a database engine."""

from __future__ import annotations

from typing import Any, Protocol

import pyarrow as pa

from plumbline.engine.backend.choice import LOCAL, Engine, EngineName
from plumbline.engine.backend.dialect import spark_tree
from plumbline.engine.backend.duckdb import Duck, Limits, open_duckdb
from plumbline.engine.backend.spark import Spark, open_spark

__all__ = [
    "LOCAL", "Duck", "Engine", "EngineName", "Limits", "Spark", "Tables", "open_duckdb", "open_spark",
    "spark_tree",
]  # fmt: skip


class Tables(Protocol):
    """What both engines do alike: they answer DuckDB's SQL over Arrow tables."""

    def register(self, name: str, data: pa.Table) -> None: ...
    def unregister(self, name: str) -> None: ...
    def run(self, sql: str) -> list[tuple[Any, ...]]: ...
