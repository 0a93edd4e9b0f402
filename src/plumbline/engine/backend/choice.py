"""Which engine runs the models of an office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineName = Literal["duckdb", "spark"]

#: Spark inside this process, on this machine's cores.
LOCAL = "local"


@dataclass(frozen=True)
class Engine:
    """The engine that runs the models; everything else is DuckDB's work.

    Attributes:
        spark: where Spark is: `local`, or a Spark Connect server such as `sc://host:15002`.
        store: where that server finds the store, such as `s3a://bucket/store`; empty: under the same
            path as this machine.
    """

    name: EngineName = "duckdb"
    spark: str = LOCAL
    store: str = ""
