"""The counties as tiles, or on a map that the office has dropped in.

    [workbench]
    map = "counties.geojson"                              # a file in the workspace; see below
    tiles = [["", "380102"], ["380101", "380103"]]        # where each county's tile stands, row by row

No boundaries come with Plumbline: which map may be shown, and with which approval number (审图号), is for the
office to decide. The file is GeoJSON (RFC 7946): one FeatureCollection, each feature a Polygon or
MultiPolygon whose property `adcode`, `region` or `code` is the county's six-digit code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from plumbline.errors import DeclarationError, Text

_CODES = ("adcode", "region", "code")
_LARGEST = 5_000_000  # bytes; a county map of 0.001 degrees takes a tenth of a megabyte
_ACROSS = 4  # tiles in a row, where the office has not laid them out
_MOST = 12


@dataclass(frozen=True)
class Tile:
    """Where one county's tile stands; rows and columns from 1."""

    region: str
    row: int
    column: int


def tiles(regions: Iterable[str]) -> list[Tile]:
    """A tile for every region: as the office has laid them out, the others below in the order of their codes.

    Raises:
        DeclarationError: the setting is no table of codes, or too large.
    """
    laid_out: Sequence[Any] = settings.WORKBENCH.get("tiles", [])
    wanted, placed = sorted(set(regions)), {}
    if not isinstance(laid_out, list) or not all(isinstance(row, list) for row in laid_out):
        raise _wrong_tiles(Text("不是由行组成的表", "it is no table of rows"))
    if len(laid_out) > _MOST or any(len(row) > _MOST for row in laid_out):
        raise _wrong_tiles(Text(f"最多 {_MOST} 行 {_MOST} 列", f"{_MOST} rows and columns at most"))
    for number, row in enumerate(laid_out, 1):
        for column, region in enumerate(row, 1):
            if region in placed:
                raise _wrong_tiles(Text(f"“{region}”出现两次", f"'{region}' stands there twice"))
            if region in wanted:
                placed[region] = Tile(region, number, column)
    below = len(laid_out) + 1
    for place, region in enumerate(each for each in wanted if each not in placed):
        placed[region] = Tile(region, below + place // _ACROSS, place % _ACROSS + 1)
    return sorted(placed.values(), key=lambda tile: (tile.row, tile.column))


def _wrong_tiles(problem: Text) -> DeclarationError:
    return DeclarationError(
        problem, where="plumbline.toml [workbench] tiles",
        hint=Text('写成 tiles = [["", "380102"], ["380101"]]', 'write tiles = [["", "380102"], ["380101"]]'),
    )  # fmt: skip


def has_map() -> bool:
    return bool(settings.WORKBENCH.get("map"))


def read_map(regions: Mapping[str, str]) -> dict[str, Any]:
    """The office's map, with its features named by region code alone: nothing else of the file is passed on.

    Args:
        regions: code -> name, of the counties that must be on it.

    Raises:
        DeclarationError: there is no such file, it is no map of counties, or a county is missing.
    """
    path = Path(settings.WORKSPACE, str(settings.WORKBENCH.get("map", "")))
    data = _parsed(path)
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection" or not features:
        raise _wrong_map(path, Text("不是 FeatureCollection", "it is no FeatureCollection"))
    found: dict[str, Any] = {}
    for number, feature in enumerate(features, 1):
        code, geometry = _feature(path, number, feature)
        if code in found:
            raise _wrong_map(
                path, Text(f"“{code}”出现两次", f"'{code}' is there twice"), number,
                Text("一个县市区的几块写成一个 MultiPolygon", "the parts of a county make one MultiPolygon"),
            )  # fmt: skip
        found[code] = geometry
    if missing := [f"{code} {name}" for code, name in regions.items() if code not in found]:
        raise _wrong_map(
            path, Text(f"缺少 {'、'.join(missing)}", f"{', '.join(missing)} missing"), None,
            Text("补上这些区划，或删去 map 一项改用方块图", "add them, or take the setting out to have tiles"),
        )  # fmt: skip
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"name": code}, "geometry": geometry}
            for code, geometry in found.items() if code in regions
        ],
    }  # fmt: skip


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise _wrong_map(
                path, Text("文件超过 5 MB", "the file is larger than 5 MB"), None,
                Text("先把边界简化到 0.001 度左右", "simplify the boundaries to about 0.001 degrees first"),
            )  # fmt: skip
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _wrong_map(path, Text("打不开这个文件", "the file cannot be opened")) from error
    except ValueError as error:
        raise _wrong_map(path, Text("不是 UTF-8 的 JSON", "it is no JSON in UTF-8")) from error


def _feature(path: Path, number: int, feature: Any) -> tuple[str, dict[str, Any]]:
    about = feature.get("properties") if isinstance(feature, dict) else None
    told = [str(about[name]) for name in _CODES if name in about] if isinstance(about, dict) else []
    code = next((each for each in told if len(each) == 6 and each.isdecimal()), "")
    if not code:
        raise _wrong_map(
            path, Text("没有六位区划代码", "there is no six-digit code"), number,
            Text("写在 properties 的 adcode 里", "it belongs into properties, as adcode"),
        )  # fmt: skip
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    rings = {"Polygon": 2, "MultiPolygon": 3}.get(str(kind))
    if rings is None or not _is_nested(geometry.get("coordinates"), rings):
        raise _wrong_map(
            path, Text("不是 Polygon 或 MultiPolygon，或坐标不是经纬度",
                       "it is no Polygon or MultiPolygon, or its coordinates are no degrees"), number,
        )  # fmt: skip
    return code, {"type": kind, "coordinates": geometry["coordinates"]}


def _is_nested(value: Any, depth: int) -> bool:
    """Lists in lists down to pairs of degrees."""
    if not isinstance(value, list) or not value:
        return False
    if depth:
        return all(_is_nested(each, depth - 1) for each in value)
    numbers = [
        each for each in value if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    return (
        len(value) >= 2
        and len(numbers) == len(value)
        and abs(numbers[0]) <= 180
        and abs(numbers[1]) <= 90
    )


def _wrong_map(
    path: Path, problem: Text, feature: int | None = None, hint: Text | None = None
) -> DeclarationError:
    where = f"{path.name}" + (f" features[{feature}]" if feature else "")
    return DeclarationError(
        problem, where=where,
        hint=hint or Text("写法见 docs/how-to/cockpit.md", "see docs/how-to/cockpit.md"),
    )  # fmt: skip
