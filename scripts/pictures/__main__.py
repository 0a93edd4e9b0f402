"""`python -m scripts.pictures`."""

from __future__ import annotations

from scripts.pictures import main

main()
