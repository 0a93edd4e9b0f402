"""The as-of date in a file name, or none."""

from __future__ import annotations

from datetime import date

import pytest

from plumbline.engine.fact.asof import as_of_from_name
from plumbline.errors import DeliveryError


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("名单2024-06-30.xlsx", "2024-06-30"),
        ("20240630名单.csv", "2024-06-30"),
        ("名单_2024_06_30_v2.csv", "2024-06-30"),
        ("2024.06.30.csv", "2024-06-30"),
        ("2024年6月30日名单.csv", "2024-06-30"),
        ("2024年6月名单.csv", "2024-06-30"),
        ("fees-2024-02.csv", "2024-02-29"),
        ("2023年名单.csv", "2023-12-31"),
        ("2023年上半年名单.csv", "2023-06-30"),
        ("2024年第一季度.csv", "2024-03-31"),
        ("2024-01-01至2024-03-31.csv", "2024-03-31"),
        ("fees_20240101-20240331.csv", "2024-03-31"),
        ("2024-03-31（更新）2024-03-31.csv", "2024-03-31"),
        ("电话13800138000 2024-06-30.csv", "2024-06-30"),
        ("2024-02-30 2024-03-31.csv", "2024-03-31"),
    ],
)
def test_it_is_the_last_day_of_the_one_date(name: str, day: str) -> None:
    assert as_of_from_name(name) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "name",
    ["名单.csv", "名单13800138000.csv", "2024-01-05 2024-02-05.csv", "2024-02-30.csv", "v2024.csv"],
)
def test_a_name_without_one_date_asks_for_it(name: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        as_of_from_name(name)
    assert "--as-of 2024-06-30" in caught.value.in_("zh")
