"""Retention: what a declaration may say, and which day is the last."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.retention import Retention
from plumbline.errors import DeclarationError
from tests.engine.fact.delivering import fees

DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize(
    ("said", "as_of", "last"),
    [
        ("10 years", "2014-06-30", "2024-06-30"),
        ("1 year", "2024-02-29", "2025-02-28"),
        ("6 months", "2024-08-31", "2025-02-28"),
        ("1 month", "2024-12-15", "2025-01-15"),
        ("90 days", "2024-01-01", "2024-03-31"),
        ("permanent", "1949-10-01", None),
        ("9000 years", "2024-01-01", None),
    ],
)
def test_the_last_day(said: str, as_of: str, last: str | None) -> None:
    retention = Retention.read(said)
    assert retention is not None
    until = retention.until(date.fromisoformat(as_of))
    assert until == (date.fromisoformat(last) if last else None)
    if until:
        assert not retention.is_over(date.fromisoformat(as_of), until)
        assert retention.is_over(date.fromisoformat(as_of), until + timedelta(days=1))


@pytest.mark.parametrize(
    "said", ["10", "ten years", "0 years", "10years", "10 Years", "-1 years", "长期", "5 weeks", ""]
)
def test_anything_else_is_refused_with_line_and_forms(tmp_path: Path, said: str) -> None:
    with pytest.raises(DeclarationError, match="no length of time") as refused:
        fees(tmp_path, replace={"retention: 10 years": f'retention: "{said}"'})
    assert refused.value.where.endswith("fees.yml:6: retention")
    assert "10 years, 6 months" in refused.value.in_("en")
    assert "permanent" in refused.value.in_("zh")


@given(earlier=DAYS, later=DAYS, years=st.integers(1, 60))
def test_what_is_older_is_never_kept_longer(earlier: date, later: date, years: int) -> None:
    earlier, later = min(earlier, later), max(earlier, later)
    one, two = Retention(years=years).until(earlier), Retention(years=years).until(later)
    assert one is not None
    assert two is not None
    assert one <= two
    assert one > earlier
