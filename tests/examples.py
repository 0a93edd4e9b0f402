"""How many examples of a property are tried whose every example takes long: files, runs, whole workspaces.

Others are tried a hundred times, as hypothesis does of itself. Each run of the tests draws other examples;
`PLUMBLINE_EXAMPLES=10 make test` tries ten times as many of these.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings


def at_most(many: int, **more: Any) -> settings:
    """Settings of a property: so many examples, unless more are asked for."""
    return settings(max_examples=many * int(os.environ.get("PLUMBLINE_EXAMPLES", "1")), **more)
