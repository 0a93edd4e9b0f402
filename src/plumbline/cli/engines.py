"""Which engine runs the models, as a command is told it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import Engine

Command = TypeVar("Command", bound=Callable[..., Any])


def engine_options(command: Command) -> Command:
    """Give a command `--engine` and `--spark`; see `engine_of`."""
    command = click.option(
        "--spark",
        metavar="ADDRESS",
        help="Spark 在哪里：local 或 sc://主机:端口 · where Spark is: local, or sc://host:port",
    )(command)
    return click.option(
        "--engine",
        type=click.Choice(["duckdb", "spark"]),
        help="用哪个引擎 · the engine that runs the models",
    )(command)


def engine_of(default: Engine, engine: str | None, spark: str | None) -> Engine:
    """The engine asked for: as the settings say, but for what the options say."""
    if spark and engine == "duckdb":
        raise PlumblineError(
            Text("--spark 与 --engine duckdb 不能并用", "--spark does not go with --engine duckdb")
        )
    if spark or engine == "spark":
        return replace(default, name="spark", spark=spark or default.spark)
    return replace(default, name="duckdb") if engine == "duckdb" else default
