"""What the tests of the semantic types share: a country with an invented province, and DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.types import (
    Country,
    SemanticType,
    UnreadableCellError,
    country_pack,
    make,
)

OVERLAY = """
regions:
  "380000": 云岭省
  "380100": 青禾市
  "380102": 河东区
  "380181": {name: 石桥县, from: "1982", to: "1995-03"}
"""

Make = Callable[..., SemanticType]


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    overlay: Path = tmp_path_factory.mktemp("overlay") / "regions.yml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    return country_pack(overlay)


@pytest.fixture(scope="session")
def typed(country: Country) -> Make:
    """A type made as a dataset makes it, from the declaration of a column."""
    made: dict[str, SemanticType] = {}  # a type never changes, so equal ones are made once

    def make_type(name: str, **options: object) -> SemanticType:
        if (key := f"{name} {options}") not in made:
            column = Column.model_validate({"from": "列", "type": name, **options})
            made[key] = make(column, country)
        return made[key]

    return make_type


@pytest.fixture(scope="session")
def why() -> Callable[[SemanticType, str], str]:
    """The reason in English why a cell cannot be read."""

    def reason(kind: SemanticType, raw: str) -> str:
        with pytest.raises(UnreadableCellError) as raised:
            kind.parse(raw)
        assert raised.value.reason.zh
        return raised.value.reason.en

    return reason


@pytest.fixture(scope="session")
def agreed() -> Callable[[SemanticType, Sequence[str]], list[str]]:
    """Run cells through a type's SQL; whatever it takes must be what `parse` makes of it.

    Returns the cells that the SQL took.
    """
    db = duckdb.connect()

    def run(kind: SemanticType, cells: Sequence[str]) -> list[str]:
        plain = kind.plain("raw")
        assert plain is not None
        values = ", ".join(plain.values)
        assert len(plain.values) == len(kind.fields)
        rows = db.execute(
            f"SELECT raw, {plain.when} AS ok, CASE WHEN ok THEN row({values}) END"
            " FROM (SELECT unnest(?::VARCHAR[]) AS raw)",
            [list(cells)],
        ).fetchall()
        taken = []
        for raw, ok, value in rows:
            assert ok is not None, raw
            if ok:
                assert tuple(value) == kind.parse(raw), raw
                taken.append(raw)
        return taken

    return run
