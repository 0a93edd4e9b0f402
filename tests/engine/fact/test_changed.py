"""What became of a dataset between two states: the rows that came and that went, found without reading the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.changed import changed
from tests.engine.collision.town import Town, honour, offence, settled
from tests.examples import at_most


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return settled(Town(tmp_path / "town"))


Step = dict[int, str | None]  # key -> its text, or None to withdraw it


def numbers(town: Town, version: int) -> set[int]:
    """The numbers of the rows that are there in a version."""
    snapshot = town.now.store.snapshot("offences", version)
    with open_duckdb() as duck:
        return {row for (row,) in duck.run(f"SELECT _row FROM {snapshot.relation()}")}


def differences(town: Town, before: int, now: int) -> tuple[set[int], set[int]] | None:
    store = town.now.store
    found = changed(store, store.snapshot("offences", before), store.snapshot("offences", now))
    if found is None:
        return None
    with open_duckdb() as duck:
        came = duck.run(
            f"SELECT _row FROM {found.brought.relation()} WHERE _row >= {found.first}"
            if found.came
            else "SELECT 1 WHERE false"
        )
        gone = duck.run(found.gone_rows())
    return {row for (row,) in came}, {row for (row,) in gone}


def row(no: int, text: str | None) -> dict[str, str | None]:
    return {**offence(str(no), kind=text or "刑事"), "change": "删除" if text is None else ""}


@at_most(8)
@given(
    st.lists(
        st.dictionaries(st.integers(1, 6), st.sampled_from(["刑事", "行政", None]), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_they_are_those_by_which_the_two_states_differ(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    town = Town(tmp_path_factory.mktemp("town") / "town")
    town.deliver("offences", [row(no, "刑事") for no in range(1, 5)], "2025-01-01")
    there, versions = {1, 2, 3, 4}, [town.now.store.version("offences")]
    for month, step in enumerate(steps, 2):
        told = [row(no, text) for no, text in step.items() if text or no in there]
        there = (there | {no for no, text in step.items() if text}) - {
            no for no, text in step.items() if text is None
        }
        if told:
            town.deliver("offences", told, f"2025-{month:02}-01")
            versions.append(town.now.store.version("offences"))
    for first in versions:
        before, now = numbers(town, first or 0), numbers(town, versions[-1] or 0)
        found = differences(town, first or 0, versions[-1] or 0)
        assert found is not None
        assert found[0] == now - before
        assert before - now <= found[1]  # and what came and went again in between
        assert not found[1] & now


def test_after_a_complete_list_any_row_may_have_changed(town: Town) -> None:
    store = town.now.store
    before = store.snapshot("honours")
    town.deliver("honours", [honour("1")], "2025-08-31")
    assert changed(store, before, town.now.store.snapshot("honours")) is None


def test_the_list_of_what_went_names_nobody(town: Town) -> None:
    town.deliver("offences", [row(1, "刑事")], "2025-08-01")
    town.deliver("offences", [row(1, "行政")], "2025-08-02")
    (gone,) = (town.folder / "store").glob("batches/offences/*/gone.parquet")
    with open_duckdb() as duck:
        assert duck.columns(f"SELECT * FROM read_parquet({sql.literal(str(gone))})") == [
            ("_row", "BIGINT")
        ]
