"""Spark for tests: opened where pyspark and Java are, else skipped in one line.

Under PLUMBLINE_SKIP_NOTHING, which the deciding run sets, its absence is a failure.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine.backend import Limits, Spark, open_spark
from plumbline.errors import RunError

#: What a test process may use; Java gets no less than 1 GiB of it.
LIMITS = Limits(memory="1GB", threads=2, spill=Path(tempfile.gettempdir()))

#: For every test with Spark: its own libraries are not ours to mend.
MARKS = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def opened_small() -> Iterator[Spark]:
    """A session for statements over a handful of rows."""
    try:
        spark = open_spark(limits=LIMITS, small=True)
    except RunError as absent:
        message = f"{absent.problem.en}: make test-spark"
        if os.environ.get("PLUMBLINE_SKIP_NOTHING"):
            pytest.fail(str(absent))
        pytest.skip(message)
    with spark:
        yield spark
