"""`python -m scripts.reference [--check]`."""

from __future__ import annotations

import sys

from scripts.reference.pages import ROOT, stale


def main() -> int:
    check = "--check" in sys.argv[1:]
    found = list(stale())
    for path, fresh in found:
        if not check:
            path.write_text(fresh, encoding="utf-8")
        state = "out of date" if check else "written"
        sys.stdout.write(f"{path.relative_to(ROOT)}: {state}\n")
    return 1 if check and found else 0


sys.exit(main())
