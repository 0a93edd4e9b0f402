"""`python -m scripts.vendor`."""

from __future__ import annotations

import sys

from scripts.vendor import main

main(sys.argv[1:])
