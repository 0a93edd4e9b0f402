"""A whole run in a process of its own; reads the workspace's directory as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.collide import whole_run

if __name__ == "__main__":
    print(json.dumps(whole_run(Path(json.load(sys.stdin)["directory"]))))
