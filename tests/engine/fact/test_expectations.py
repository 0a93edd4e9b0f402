"""Bands: what a person writes as normal, and what lies within it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from plumbline.engine.fact.expectations import Band


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("900..1200", Decimal(900), Decimal(1200)),
        ("1,000..2_000", Decimal(1000), Decimal(2000)),
        ("900..", Decimal(900), None),
        ("..1200", None, Decimal(1200)),
        ("-1.5..0", Decimal("-1.5"), Decimal(0)),
        ("95%", Decimal("0.95"), None),
        ("0%..2%", Decimal(0), Decimal("0.02")),
        ("1990-01-01..", date(1990, 1, 1), None),
        ("1990-01-01..2030-12-31", date(1990, 1, 1), date(2030, 12, 31)),
    ],
)
def test_a_band_is_read(text: str, low: object, high: object) -> None:
    band = Band.parse(text)
    assert band is not None
    assert (band.low, band.high) == (low, high)


@pytest.mark.parametrize(
    "text", ["", "..", "95", "many", "many%", "1..many", "1990-01-01..5", "1990-02-30..", "2024"]
)
def test_what_is_no_band_is_not_guessed(text: str) -> None:
    assert Band.parse(text) is None


def test_both_ends_belong_to_it() -> None:
    band = Band.parse("2..4")
    assert band is not None
    assert [band.holds(value) for value in (1, 2, 4, 5)] == [False, True, True, False]
    least = Band.parse("2..")
    assert least is not None
    assert least.holds(10**12)
