from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import only, rows, table

#: As a spreadsheet or Parquet file holds them: without a time zone.
DAY = dt.datetime.fromisoformat("2024-03-05")
MOMENT = dt.datetime.fromisoformat("2024-03-05 08:30")


def test_values_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(
        pa.table(
            {
                "id": pa.array([330381198001010012, None]),
                "day": [dt.date(2024, 3, 5), None],
                "at": [DAY, MOMENT],
                "paid": [Decimal("12.50"), Decimal("0.10")],
                "share": [0.1, 3.0],
                "ok": [True, False],
                "who": [{"name": "张三", "tags": ["甲", "乙"]}, {"name": "李四", "tags": None}],
                "kind": pa.array(["低保", "高龄"]).dictionary_encode(),
                "raw": pa.array(["文本".encode(), b"b"]),
            }
        ),
        path,
    )
    assert rows(only(path)) == [
        (0, ["id", "day", "at", "paid", "share", "ok", "who.name", "who.tags", "kind", "raw"]),
        (
            1,
            [
                "330381198001010012",
                "2024-03-05",
                "2024-03-05",
                "12.50",
                "0.1",
                "TRUE",
                "张三",
                "甲; 乙",
                "低保",
                "文本",
            ],
        ),
        (2, ["", "", "2024-03-05 08:30:00", "0.10", "3", "FALSE", "李四", "", "高龄", "b"]),
    ]


def test_row_groups_are_streamed_with_running_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"n": list(range(130_000))}), path, row_group_size=40_000)
    batches = list(only(path).batches(0, 1))
    assert max(len(batch.lines) for batch in batches) <= 50_000
    found, _ = table(only(path), 0, 1)
    assert found[0] == (1, ["0"])
    assert found[-1] == (130_000, ["129999"])


def test_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": pa.array([], pa.string())}), path)
    assert rows(only(path)) == [(0, ["a"])]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DeliveryError, match="damaged"):
        only(path)
