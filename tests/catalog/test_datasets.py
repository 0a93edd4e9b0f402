"""Every dataset of the catalogue loads, and says what a department and an officer need to know."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.expectations import Band

from .conftest import DATASETS


@pytest.fixture(params=DATASETS, ids=lambda path: path.stem)
def dataset(request: pytest.FixtureRequest, datasets: dict[str, Dataset]) -> Dataset:
    return datasets[request.param.stem]


def test_it_says_who_delivers_it_and_why_it_may_be_held(dataset: Dataset) -> None:
    declared = dataset.declared
    for words in (declared.title, declared.department, declared.legal_basis, declared.purpose):
        assert words.zh
        assert words.en
    assert declared.retention.endswith(" years")


def test_its_rows_can_be_corrected(dataset: Dataset) -> None:
    assert dataset.declared.key


def test_a_county_is_a_region(dataset: Dataset) -> None:
    if "county" in dataset.columns:
        assert dataset.columns["county"].type == "region"


def test_its_bands_can_be_read(dataset: Dataset) -> None:
    expect = dataset.declared.expect
    for text in (*expect.filled.values(), *expect.range.values(), expect.quarantined or "0%..1%"):
        assert Band.parse(text) is not None, text


def test_no_header_is_both_used_and_ignored(dataset: Dataset) -> None:
    used = {header for column in dataset.columns.values() for header in column.headers}
    assert not used & set(dataset.declared.ignore)


def test_a_person_has_a_name(dataset: Dataset) -> None:
    """Without a name an equal number cannot be contradicted (identity tier B)."""
    for name, column in dataset.columns.items():
        if column.type == "person.id" and not column.former:
            assert dataset.names_of(name), name


def test_what_tells_namesakes_apart_is_never_required(datasets: dict[str, Dataset]) -> None:
    """Files that were delivered before these columns were known still load."""
    types = {"person.birth", "person.sex", "phone", "address"}
    for name, dataset in datasets.items():
        for column in dataset.columns.values():
            assert not (column.type in types and column.of and column.required), name


def test_old_and_published_lists_may_lack_the_number(datasets: dict[str, Dataset]) -> None:
    for name in ("honours", "offences", "company_roles"):
        person = datasets[name].columns["person"]
        assert person.masked
        assert not person.required
        assert {"person.birth", "person.sex", "phone", "address"} <= set(
            datasets[name].described_by("person")
        )


def test_twenty_departments_take_part(datasets: dict[str, Dataset]) -> None:
    assert len({dataset.declared.department.zh for dataset in datasets.values()}) >= 20


def test_full_changes_and_full_per_county_all_occur(datasets: dict[str, Dataset]) -> None:
    deliveries = [dataset.declared.delivery for dataset in datasets.values()]
    assert {delivery.kind for delivery in deliveries} == {"full", "changes"}
    assert any(delivery.per == "county" for delivery in deliveries)
    assert any(delivery.change for delivery in deliveries)


def test_sealed_juvenile_records_are_refused(datasets: dict[str, Dataset]) -> None:
    [refuse] = datasets["offences"].declared.refuse
    assert refuse.column == "sealed"
    assert "未成年人犯罪记录封存" in refuse.values


def test_names_are_unique_across_themes() -> None:
    assert len({path.stem for path in DATASETS}) == len(DATASETS)
    assert all(path.parent.parent.name == "datasets" for path in map(Path, DATASETS))
