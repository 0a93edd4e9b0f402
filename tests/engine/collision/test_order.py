"""The same rows, however they are sorted and shared out over deliveries, give the same collisions."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.collision.test_reproduce import SHAPES
from tests.engine.collision.town import Town, honour, number, offence
from tests.engine.line.small import Row

WHO = [
    (number(1), "王五"),
    (number(1), "王某"),
    (number(2), "何六"),
    (number(2), "何大"),
    (number(3), None),
]
MODELS = {name: slots for name, slots in SHAPES.items() if name != "duplicate"}


def what_is_said(town: Town) -> set[tuple[Any, ...]]:
    """All of the registers but the numbers of rows."""
    now = town.now
    return {
        (
            register, w.model, w.key, w.level, w.tier, w.per, w.state,
            json.dumps(dict(w.figures), sort_keys=True),
            tuple(sorted((e.fact, e.digest) for e in w.evidence)),
        )
        for register in ("warnings", "questions")
        for w in now.warnings(register=register)  # type: ignore[arg-type]
    }  # fmt: skip


def run(folder: Path, honours: list[Row], deliveries: list[list[Row]]) -> set[tuple[Any, ...]]:
    town = Town(folder)
    for name, slots in MODELS.items():
        town.model(f"by-{name}", **slots)
    town.deliver("honours", honours)
    for month, rows in enumerate(deliveries, 1):
        town.deliver("offences", rows, f"2025-{month:02}-28")
    town.collide()
    return what_is_said(town)


people = st.sampled_from(WHO)
days = st.sampled_from(["2011年", "2012-03-01", "2012-03-01", "2014-01-01", "2014-06", None])


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    granted=st.lists(st.tuples(people, st.sampled_from(["工匠", "劳模"])), min_size=2, max_size=6),
    offences=st.lists(
        st.tuples(people, days, st.sampled_from(["刑事", "行政"])), min_size=2, max_size=10
    ),
    data=st.data(),
)
def test_order_and_partition_change_nothing(
    granted: list[tuple[tuple[str, str | None], str]],
    offences: list[tuple[tuple[str, str | None], str | None, str]],
    data: st.DataObject,
) -> None:
    honours = [honour(str(n), *who, title=title) for n, (who, title) in enumerate(granted)]
    rows = [offence(str(n), *who, on=on, kind=kind) for n, (who, on, kind) in enumerate(offences)]
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(rows) - 1), max_size=2, unique=True)))
    parts = [shuffled[a:b] for a, b in itertools.pairwise([0, *cuts, len(rows)])]
    with tempfile.TemporaryDirectory() as folder:
        plain = run(Path(folder) / "one", honours, [rows])
        other = run(Path(folder) / "two", data.draw(st.permutations(honours)), parts)
    assert plain == other
