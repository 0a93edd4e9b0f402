"""Quarantine: rows that wait to be corrected."""

from __future__ import annotations

import click


@click.group()
def quarantine() -> None:
    """隔离区：等待更正的行 · Rows that wait to be corrected."""
