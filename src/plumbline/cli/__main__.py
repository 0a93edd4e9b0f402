"""`python -m plumbline.cli`, where the command itself is not installed."""

from __future__ import annotations

from plumbline.cli import main

main()
