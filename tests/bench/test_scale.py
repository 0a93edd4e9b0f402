"""An office of 20,000 payments: every way names the same, and what was measured is told by size."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import scale
from bench.scale_chart import chart, slope
from bench.scale_once import WAYS


def here(_module: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """In this process: what it holds is not what is tested."""
    return WAYS[request["what"]](request)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scale")


@pytest.fixture(scope="module")
def kept(folder: Path) -> scale.Kept:
    """An office of few people, so that some are paid much in a month, in slices, measured once."""
    size, kept = scale.Size.of(20_000, people=200), scale.Kept(folder / "scale.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "SLICE", 12_000)
        scale.build(folder / "office", size, kept, 2, here)
        scale.build(folder / "office", size, kept, 1000, here)
    ways = ("engine", "duckdb", "pandas", "polars")
    kept.note(size, "took", scale.measure(folder / "office", ways, list(scale.QUESTIONS), 1, here))
    return kept


def test_every_way_names_the_same_subjects_and_rows(kept: scale.Kept) -> None:
    (size,) = kept.sizes.values()
    assert scale.disagreeing(kept.sizes) == []
    for question in scale.QUESTIONS:
        ways = size["took"][question]
        assert set(ways) == {"engine", "duckdb", "pandas", "polars"}
        assert min(took["found"][0] for took in ways.values()) > 10, question


def test_an_office_is_built_slice_by_slice_and_gone_on_with(kept: scale.Kept) -> None:
    (size,) = kept.sizes.values()
    slices = {name: len(size["load"][name]["seconds"]) for name in scale.REGISTERS}
    assert slices == {"persons": 1, "payments": 2, "penalties": 1, "insurances": 1, "relatives": 1}


def test_ten_people_are_found_in_all_registers(folder: Path, kept: scale.Kept) -> None:
    size = scale.Size.of(20_000, people=200)
    assert size.name in kept.sizes
    found = scale.look_up(folder / "office", size, 1)
    assert found["rows"] > 900, "a hundred payments each, and more"


def test_another_answer_is_told(kept: scale.Kept) -> None:
    (size,) = kept.sizes.values()
    other = {"took": {"meet": size["took"]["meet"] | {"spark": {"found": [1, "2"]}}}}
    (told,) = scale.disagreeing({"a size": other})
    assert told.startswith("a size meet: ")


def test_tables_go_between_their_marks_and_the_chart_is_drawn(
    folder: Path, kept: scale.Kept
) -> None:
    readme = folder / "README.md"
    readme.write_text(f"Before\n\n{scale.BEGIN}\nold\n{scale.END}\n\nAfter\n", "utf-8")
    scale.tell(kept, readme, folder / "scale.svg")
    text = readme.read_text("utf-8")
    assert text.startswith("Before\n\n")
    assert text.endswith("\n\nAfter\n")
    assert "old" not in text
    assert "**20,000 payments, 200 people, 200 penalties.**" in text
    assert all(f"| {question} |" in text for question in scale.QUESTIONS)
    assert ET.parse(folder / "scale.svg").getroot().tag.endswith("svg")  # noqa: S314 -- our own


def test_a_slope_is_the_power_by_which_time_grows() -> None:
    assert slope([(1e6, 2.0), (1e7, 20.0), (1e8, 200.0)]) == pytest.approx(1.0)
    assert slope([(1e6, 1.0), (1e8, 10.0)]) == pytest.approx(0.5)


def test_a_way_that_failed_at_a_size_is_left_out_of_the_chart_and_told() -> None:
    one = {"seconds": 1.5, "mib": 100, "found": [7, "1"], "on": "2026-01-01"}
    each = {
        "rows": 1_000_000, "people": 100_000, "penalties": 10_000, "with": "a machine",
        "took": {"sum": {"engine": one, "pandas": {"failed": "MemoryError", "on": "2026-01-01"}}},
    }  # fmt: skip
    assert scale.series({"1": each}, "sum", "pandas") == []
    assert "pandas, sum: MemoryError." in scale.block(each)
    assert "| sum | 7 | 1.50 | 100 |" in scale.block(each)
    drawn = chart({"sum": {"engine": [(1e6, 1.5), (1e7, 12.0)]}}, scale.NAMES)
    assert "exponent 0.90" in drawn
