"""Public files of many origins; they are not part of the project."""

from __future__ import annotations

from pathlib import Path

from plumbline.engine.fact.layout import find_header
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.ocds import TABLES
from tests.engine.fact.readers.reading import rows, sheets, table


def test_every_file_reads_without_a_misfit(shared_data: Path) -> None:
    suffixes = {".csv", ".xlsx", ".json", ".parquet"}
    paths = [path for path in sorted(shared_data.rglob("*")) if path.suffix in suffixes]
    assert len(paths) > 30
    for path in paths:
        for sheet in open_sheets(path):
            layout = find_header(sheet, None)
            assert layout is not None, path
            assert layout.confidence == 1.0, path
            _, misfits = table(sheet, layout.header_lines[1], layout.width)
            assert misfits == [], path


def test_the_barred_firms(shared_data: Path) -> None:
    for name, count, width in (("ebrd_firms.csv", 1_011, 8), ("iadb_firms.xlsx", 848, 11)):
        (sheet,) = sheets(shared_data / "debarment" / name)
        found, _ = table(sheet, 1, width)
        assert len(found) == count


def test_every_ocds_file_is_known_as_such(shared_data: Path) -> None:
    paths = sorted((shared_data / "ocds").rglob("*.json"))
    assert len(paths) > 30
    for path in paths:
        assert [sheet.name for sheet in sheets(path)] == list(TABLES), path


def test_both_encodings_of_one_package_read_the_same(shared_data: Path) -> None:
    real = shared_data / "ocds" / "real"
    latin = sheets(real / "release-package_encoding-iso-8859-1.json")
    utf_8 = sheets(real / "release-package_encoding-utf-8.json")
    for one, other in zip(latin, utf_8, strict=True):
        assert _without_zeros(rows(one)) == _without_zeros(rows(other))


def _without_zeros(found: list[tuple[int, list[str]]]) -> list[list[str]]:
    """The cells; one of the two files says 0.00 where the other says 0.0."""
    return [[cell.rstrip("0") for cell in cells] for _, cells in found]
