"""One load in a process of its own; reads what to load as JSON."""

from __future__ import annotations

import json
import sys

from bench.load import measure

if __name__ == "__main__":
    print(json.dumps(measure(json.load(sys.stdin))))
