"""Any sequence of deliveries gives what a plain reading of them gives, and no version ever changes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Store
from plumbline.errors import StoreError
from tests.engine.fact.delivering import csv, fees, load, state
from tests.examples import at_most

HEADER = "编号,姓名,金额,区县,变更"
CHANGES = "{kind: changes, change: {from: 变更, withdrawn: [删除]}}"


class Line(NamedTuple):
    """A delivered row, as small as can be: few keys, so that they meet often."""

    no: str
    amount: str  # "坏" cannot be read
    county: str
    change: str

    @property
    def is_good(self) -> bool:
        return self.no != "" and (self.amount != "坏" or self.change == "删除")

    def text(self) -> str:
        return f"{self.no},,{self.amount},{self.county},{self.change}"


Facts = dict[str, tuple[str, str]]  # key -> amount, county

line = st.builds(
    Line,
    no=st.sampled_from(["1", "2", "3", "4", ""]),
    amount=st.sampled_from(["1", "2", "坏"]),
    county=st.sampled_from(["甲", "乙"]),
    change=st.just(""),
)
change = st.builds(
    Line,
    no=st.sampled_from(["1", "2", "3", "4", "5"]),
    amount=st.sampled_from(["1", "2", "坏"]),
    county=st.sampled_from(["甲", "乙"]),
    change=st.sampled_from(["", "", "删除"]),
)


def without_contradictions(lines: list[Line]) -> dict[str, Line]:
    """The good rows of a delivery by key; rows that share one and differ all wait."""
    found: dict[str, set[Line]] = {}
    for said in lines:
        if said.is_good:
            found.setdefault(said.no, set()).add(said)
    return {no: next(iter(said)) for no, said in found.items() if len(said) == 1}


def expected(kind: str, before: Facts, lines: list[Line]) -> Facts:
    """What a person would write down after reading the delivery."""
    said = without_contradictions(lines)
    fresh = {no: (s.amount, s.county) for no, s in said.items() if s.change != "删除"}
    if kind == "full":
        return fresh
    if kind == "per":
        counties = {county for _, county in fresh.values()}
        return {no: fact for no, fact in before.items() if fact[1] not in counties} | fresh
    gone = {no for no, s in said.items() if s.change == "删除"}
    return {no: fact for no, fact in before.items() if no not in gone} | fresh


def read(store: Store, dataset: Dataset, version: int) -> Facts:
    """The facts of a version; a key that stands twice is an error."""
    rows = state(store, dataset, ("no", "amount", "county"), version)
    found = {
        no: ("" if amount is None else str(amount // 100), county) for no, amount, county in rows
    }
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize(
    ("kind", "delivery", "lines"),
    [
        ("full", "{kind: full}", line),
        ("per", "{kind: full, per: county}", line),
        ("changes", CHANGES, change),
    ],
)
@at_most(8, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_version_is_what_its_deliveries_say(
    kind: str, delivery: str, lines: st.SearchStrategy[Line], data: st.DataObject
) -> None:
    deliveries = data.draw(st.lists(st.lists(lines, max_size=6), min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ignored = {} if kind == "changes" else {"[备注, 序号]": "[备注, 序号, 变更]"}
        dataset = fees(home, delivery=delivery, replace=ignored)
        store = Store(home / "store")
        facts: Facts = {}
        written: list[Facts] = []
        for number, drawn in enumerate(deliveries, start=1):
            said = [*drawn, Line(f"n{number}", "1", "甲", "")]  # new content, and never empty
            name = home / f"费2024-01-{number:02}.csv"
            load(store, dataset, csv(name, *(s.text() for s in said), header=HEADER))
            facts = expected(kind, facts, said)
            written.append(facts)
            for version, then in enumerate(written):
                assert read(store, dataset, version) == then


def test_a_list_that_must_be_complete_again_after_its_key_has_changed(tmp_path: Path) -> None:
    narrow = fees(
        tmp_path, delivery="{kind: changes}", replace={"  county: {from: 区县, type: text}\n": ""}
    )
    store = Store(tmp_path / "store")
    load(store, narrow, csv(tmp_path / "费2024-01-01.csv", "1,,1", header="编号,姓名,金额"))
    wide = fees(tmp_path, delivery="{kind: changes}", key="[no, county]")
    file = csv(tmp_path / "费2024-01-02.csv", "1,,2,甲", header="编号,姓名,金额,区县")
    with pytest.raises(StoreError, match="has no column county"):
        load(store, wide, file)
