"""Counties as tiles, or on a map that the office has dropped in; what is wrong with it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plumbline.errors import DeclarationError
from plumbline.web.cockpit.geo import read_map, tiles

COUNTIES = {"380101": "澜江区", "380102": "望澜区"}
SQUARE = [[[120.0, 28.0], [120.1, 28.0], [120.1, 28.1], [120.0, 28.0]]]


def feature(
    code: str, kind: str = "Polygon", coordinates: Any = SQUARE, **more: Any
) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"adcode": code, **more}, "geometry": {"type": kind, "coordinates": coordinates}}  # fmt: skip


@pytest.fixture
def drop_in(settings: Any, tmp_path: Path) -> Any:
    """Writes a map file and says where it is."""
    settings.WORKSPACE = tmp_path
    settings.WORKBENCH = {"map": "counties.geojson"}

    def write(features: Any) -> None:
        whole = {"type": "FeatureCollection", "features": features}
        (tmp_path / "counties.geojson").write_text(json.dumps(whole), "utf-8")

    return write


def test_a_map_is_read_by_code_alone(drop_in: Any) -> None:
    parts = [SQUARE, SQUARE]
    drop_in(
        [feature("380101", owner="x"), feature("380102", "MultiPolygon", parts), feature("999999")]
    )
    found = read_map(COUNTIES)
    assert [each["properties"] for each in found["features"]] == [{"name": "380101"}, {"name": "380102"}]  # fmt: skip


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([], "FeatureCollection"),
        ([feature("380101")], "380102 望澜区"),
        ([feature("380101"), feature("380101")], "twice"),
        ([feature("3801")], "six-digit"),
        ([feature("380101", "Point", [120, 28])], "no Polygon"),
        ([feature("380101", "Polygon", [[[500000.0, 3100000.0]]])], "degrees"),
        ([feature("380101", "Polygon", [])], "no Polygon"),
        (["x"], "six-digit"),
    ],
    ids=["empty", "missing county", "twice", "code", "point", "metres", "no ring", "no feature"],
)
def test_what_is_wrong_with_a_map_is_said(drop_in: Any, features: Any, said: str) -> None:
    drop_in(features)
    with pytest.raises(DeclarationError, match=said):
        read_map(COUNTIES)


def test_a_file_that_is_not_there_or_no_json(drop_in: Any, tmp_path: Path) -> None:
    assert drop_in
    with pytest.raises(DeclarationError, match="cannot be opened"):
        read_map(COUNTIES)
    (tmp_path / "counties.geojson").write_text("{")
    with pytest.raises(DeclarationError, match="no JSON"):
        read_map(COUNTIES)


def test_tiles_stand_as_they_are_laid_out_and_the_others_below(settings: Any) -> None:
    settings.WORKBENCH = {"tiles": [["", "380102"], ["380101"]]}
    assert [(t.region, t.row, t.column) for t in tiles(["380101", "380102", "380103"])] == [
        ("380102", 1, 2), ("380101", 2, 1), ("380103", 3, 1),
    ]  # fmt: skip


def test_without_a_layout_they_stand_in_the_order_of_their_codes(settings: Any) -> None:
    settings.WORKBENCH = {}
    found = tiles(f"3801{n:02d}" for n in range(12, 0, -1))
    assert [t.region for t in found] == [f"3801{n:02d}" for n in range(1, 13)]
    assert (found[-1].row, found[-1].column) == (3, 4)


@pytest.mark.parametrize("wrong", ["x", ["380101"], [["380101"], ["380101"]], [["1"] * 13]])
def test_a_wrong_layout_is_said(settings: Any, wrong: Any) -> None:
    settings.WORKBENCH = {"tiles": wrong}
    with pytest.raises(DeclarationError, match="tiles"):
        tiles(["380101"])
