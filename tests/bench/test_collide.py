"""The models and the same questions written by hand agree on every warning, its level and its evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.collide import (
    ASK,
    BEGIN,
    END,
    HERE,
    Line,
    Measured,
    Office,
    city,
    compare,
    table,
    write_down,
)

#: Their facts come from the workbench's own trail.
NOT_OF_A_CITY = {"unusual-look-ups"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return city(tmp_path_factory.mktemp("city"), 20_000)


def test_what_is_written_by_hand_gives_the_same_warnings(office: Office) -> None:
    flagged, differences = compare(office, office.models)
    assert [str(difference) for difference in differences] == []
    models = set(office.workspace.models) - NOT_OF_A_CITY
    assert set(flagged) == models, "the city has facts for every model"
    assert min(flagged.values()) >= 20


def test_every_model_has_its_question_by_hand(office: Office) -> None:
    written = {path.stem for path in (HERE / "by_hand").glob("*.sql")}
    assert written == {"names", *office.workspace.models} - NOT_OF_A_CITY
    assert all(set(questions) <= set(office.workspace.models) for questions in ASK.values())


def test_a_table_goes_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter\n", encoding="utf-8")
    line = Line(
        "a-model",
        12_000,
        3,
        {"ours": Measured(0.5, 110), "by hand": Measured(0.4, 100), "pandas": Measured(6, 900)},
    )
    write_down(table([line]), readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("# Before\n\n")
    assert text.endswith("\n\nAfter\n")
    assert "old" not in text
    assert (
        "| a-model | 12,000 | 3 | 0.500 | 0.400 | 1.25 | 110 | 100 | 1.10 | 6.00 | 12.0 |  |  |"
        in text
    )
