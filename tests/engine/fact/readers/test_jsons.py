from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from plumbline.engine.fact.readers.values import plain_text
from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import lines_of, only, rows, sheets, table

RECORDS = [
    {"姓名": "张三", "工作": {"单位": "城关镇", "年限": 3}, "标签": ["党员", "村干部"]},
    {"姓名": "李四", "金额": 1234567890123456789, "在职": True, "离任": None},
    {"姓名": "王五", "金额": 0.10, "明细": [{"月": 1}]},
]
HEADER = ["姓名", "工作.单位", "工作.年限", "标签", "金额", "在职", "离任", "明细"]
CELLS = [
    (1, ["张三", "城关镇", "3", "党员; 村干部", "", "", "", ""]),
    (2, ["李四", "", "", "", "1234567890123456789", "TRUE", "", ""]),
    (3, ["王五", "", "", "", "0.1", "", "", '[{"月":1}]']),
]


def write(folder: Path, text: str, codec: str = "utf-8") -> Path:
    path = folder / "名单.json"
    path.write_bytes(text.encode(codec))
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("shape", ["list", "object", "nested", "lines"])
def test_every_shape_and_encoding_reads_the_same(tmp_path: Path, codec: str, shape: str) -> None:
    text = {
        "list": json.dumps(RECORDS, ensure_ascii=False, indent=1),
        "object": json.dumps({"rows": RECORDS}, ensure_ascii=False),
        "nested": json.dumps({"data": {"list": RECORDS}}, ensure_ascii=False),
        "lines": "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS),
    }[shape]
    sheet = only(write(tmp_path, text, codec))
    assert sheet.name == {"object": "rows", "nested": "data.list"}.get(shape, "")
    assert rows(sheet) == [(0, HEADER), *CELLS]
    assert table(sheet, 0, len(HEADER)) == (CELLS, [])


NUMBERS = [
    *("0", "-0", "1.50", "-0.010", "1e3", "1.5E-7", "-2.5e+2", "12345678901234567890.123456789"),
    *("1234567890123456789012345678901234567890", f"0.{'0' * 70}1", f"{'9' * 70}.5", "NaN"),
]


@pytest.mark.parametrize("written", NUMBERS)
def test_a_number_keeps_its_digits_in_lines_as_in_a_list(tmp_path: Path, written: str) -> None:
    """Lines take a shorter way; the slow one is what `plain_text` makes of an exact number."""
    value = json.loads(written, parse_float=Decimal)
    line = f'{{"a": {written}, "b": [{written}], "c": "x"}}\n'
    nested = f'{{"a": {written}, "b": [{written}], "c": "x", "d": {{"e": {written}}}}}\n'
    text = plain_text(value)
    (_, first), (_, second) = rows(only(write(tmp_path, line + nested)))[1:]
    assert (first, second) == ([text, text, "x", ""], [text, text, "x", text])


def test_names_that_only_a_later_record_has_are_in_the_header(tmp_path: Path) -> None:
    lines = ['{"a": 1}', '{"b": 2, "a": {}}', '{"c": {"d": null}}', '{"a": 1, "a": 3}']
    sheet = only(write(tmp_path, "\n".join(lines)))
    cells = [["1", "", ""], ["", "2", ""], ["", "", ""], ["3", "", ""]]
    assert [found for _, found in rows(sheet)] == [["a", "b", "c.d"], *cells]


def test_what_stands_beside_the_records_is_named(tmp_path: Path) -> None:
    sheet = only(write(tmp_path, '{"code": 0, "page": {"total": 2}, "rows": [{"a": 1}]}'))
    assert "code, page.total" in sheet.remarks[0].zh


def test_several_lists_are_several_sheets(tmp_path: Path) -> None:
    found = sheets(write(tmp_path, '{"a": [{"x": 1}], "b": [{"y": 2}, {"y": 3}], "c": []}'))
    assert [(sheet.name, len(rows(sheet)) - 1) for sheet in found] == [("a", 1), ("b", 2)]


def test_a_single_record(tmp_path: Path) -> None:
    assert rows(only(write(tmp_path, '{"a": 1, "b": {"c": "x"}}'))) == [
        (0, ["a", "b.c"]),
        (1, ["1", "x"]),
    ]


def test_names_that_collide_lose_nothing(tmp_path: Path) -> None:
    assert rows(only(write(tmp_path, '[{"a.b": 1, "a": {"b": 2}}]')))[1] == (1, ["1", "2"])


def test_a_broken_line_of_json_lines_is_a_misfit(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a": 1}\n\n{"a": \n{"a": 2}\n3\n')
    found, misfits = table(only(path), 0, 1)
    assert [line for line, _ in found] == [1, 4]
    assert lines_of(misfits) == [3, 5]


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a"', '{"rows": [{"a": 1}', "[1, 2"])
def test_truncated_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeliveryError, match=r"JSON is incomplete|cannot be read|damaged"):
        [rows(sheet) for sheet in sheets(write(tmp_path, text.replace("[1, 2", '[{"a": 1}, 2')))]
