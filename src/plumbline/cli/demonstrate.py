"""The demo city."""

from __future__ import annotations

import click


@click.command()
def demo() -> None:
    """演示 · The demo."""
