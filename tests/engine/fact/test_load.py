"""Loading: what becomes of every cell, row and file that a department sends."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import (
    AlreadyLoaded,
    Refused,
    Stray,
    load_delivery,
    load_inbox,
    load_table,
)
from plumbline.engine.fact.readers.base import Batch as Cells
from plumbline.engine.fact.rows import Found, Rows
from plumbline.engine.fact.store import Store
from plumbline.errors import DeclarationError, DeliveryError, Text
from tests.engine.fact.delivering import (
    LI,
    RECEIVED,
    WANG,
    csv,
    fees,
    load,
    quarantined,
    reasons,
    state,
)

CHANGES = "{kind: changes, change: {from: 变更, withdrawn: [删除]}}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return fees(tmp_path)


def test_good_rows_load_typed_and_numbered(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    file = csv(tmp_path / "费2024-06-30.csv", f"1,{WANG},王伟,2024年3月,1万元", f"2,{LI},李娜,,")
    batch = load(store, dataset, file)
    assert (batch.id, batch.number) == (f"fees-2024-06-30-{batch.sha256[:8]}", 1)
    assert (batch.rows, batch.loaded, batch.quarantined) == (2, 2, 0)
    columns = ("no", "person__key", "paid_on__from", "paid_on__to", "until__to", "amount", "_row")
    assert state(store, dataset, columns) == [
        ("1", int(WANG[:17]), date(2024, 3, 1), date(2024, 3, 31), None, 1_000_000, 1 << 32),
        ("2", int(LI[:17]), None, None, None, None, (1 << 32) + 1),
    ]
    assert state(store, dataset, ("_part", "_line")) == [(0, 2), (0, 3)]
    assert store.batches("fees") == [batch]


def test_an_empty_end_is_open_where_declared_and_delivered(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    rows = ["1,2024-01-01,2024-12-31", "2,2024-01-01,", "3,2024-01-01,-", "4,坏,　"]
    header = "编号,缴费日期,有效期至"
    batch = load(store, dataset, csv(tmp_path / "a2024-06-30.csv", *rows, header=header))
    assert state(store, dataset, ("no", "until__from", "until__to")) == [
        ("1", date(2024, 12, 31), date(2024, 12, 31)),
        ("2", date(9999, 12, 31), date(9999, 12, 31)),
        ("3", date(9999, 12, 31), date(9999, 12, 31)),
    ]
    assert reasons(store, batch) == [(5, "paid_on", "not a date")]


def test_a_broken_row_is_quarantined_with_place_value_and_reason(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    header = "序号,编号,身份证号,缴费日期,类别"
    file = csv(
        tmp_path / "费2024-06-30.csv",
        f"x,1,{WANG},2024-01-01,甲",
        "y,2,330381197912310081,2024-02-30,丙",
        "z,,,2024-01-01,乙",
        header=header,
    )
    batch = load(store, dataset, file)
    assert state(store, dataset) == [("1",)]
    second, third = quarantined(store, batch)
    assert (second["part"], second["line"]) == (0, 3)
    assert second["cells"] == ["y", "2", "330381197912310081", "2024-02-30", "丙"]
    named = [(f["column"], f["header"], f["letter"], f["value"]) for f in second["faults"]]
    assert named == [
        ("person", "身份证号", "C", "330381197912310081"),
        ("paid_on", "缴费日期", "D", "2024-02-30"),
        ("kind", "类别", "E", "丙"),
    ]
    assert all(f["zh"] and f["en"] for f in second["faults"])
    assert [(f["column"], f["en"]) for f in third["faults"]] == [("no", "required, but empty")]
    assert batch.quarantined == 2
    assert {(r.column, r.rows) for r in batch.reasons} == {
        ("person", 1), ("paid_on", 1), ("kind", 1), ("no", 1),
    }  # fmt: skip


def test_a_number_that_a_spreadsheet_rounded_is_never_used(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "费2024-06-30.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "身份证号"])
        sheet.write_row(1, 0, ["1", 330381197912310049])
        sheet.write_row(2, 0, ["2", WANG])
    batch = load(store, dataset, path)
    assert state(store, dataset, ("no", "person")) == [("2", WANG)]
    assert [(line, column) for line, column, _ in reasons(store, batch)] == [(2, "person")]


def test_every_row_is_accounted_for(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    rows = [
        f"1,{WANG},王伟,2024-01-01,1",
        f"1,{WANG},王伟,2024-01-01,1",
        f"2,{WANG},王伟,2024-13-01,1",
        ",,,,",
        "编号,身份证号,姓名,缴费日期,金额",
        f"3,{WANG},王伟,2024-01-01,1,多出来的",
        "合计,,,,3",
        "制表人：张三,,,,",
    ]
    batch = load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *rows))
    assert batch.rows == 4
    assert (batch.loaded, batch.repeated, batch.quarantined) == (1, 1, 2)
    assert [note.line for note in batch.notes] == [6, 8, 9]
    misfit = quarantined(store, batch)[-1]
    assert (misfit["line"], misfit["cells"]) == (7, [])
    assert "多出来的" in misfit["faults"][0]["value"]


def test_titles_and_notes_are_told(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "费2024-06-30.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("一季度")
        sheet.merge_range(0, 0, 0, 3, "缴费名单")
        sheet.write_row(1, 0, ["编号", "身份证号", "金额"])
        sheet.write_row(2, 0, ["1", WANG, "1"])
        sheet.write_row(3, 0, ["注：以上为一季度"])
        book.add_worksheet("说明").write_row(0, 0, ["填表说明", "略"])
    batch = load(store, dataset, path)
    assert [(n.line, n.text) for n in batch.notes] == [(1, "缴费名单"), (4, "注：以上为一季度")]
    assert batch.unmatched == ["说明"]
    assert batch.parts[0].sheet == "一季度"


def test_sheets_with_different_headers_make_one_batch(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "费2024-06-30.xlsx"
    with xlsxwriter.Workbook(path) as book:
        first, second = book.add_worksheet("一"), book.add_worksheet("二")
        for sheet, rows in (
            (first, [["编号", "身份证号"], ["1", WANG], ["2", "坏"]]),
            (second, [["身份证号", "流水号"], [WANG, "3"], ["坏", "4"]]),
        ):
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    batch = load(store, dataset, path)
    assert state(store, dataset, ("no", "_part", "_line")) == [("1", 0, 2), ("3", 1, 2)]
    assert [
        (row["part"], row["faults"][0]["letter"], row["cells"]) for row in quarantined(store, batch)
    ] == [(0, "B", ["2", "坏"]), (1, "A", ["坏", "4"])]
    assert batch.place_of(1, 3) == "费2024-06-30.xlsx [二]:3"


def test_data_without_a_header_is_a_fault(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    file = csv(
        tmp_path / "费2024-06-30.csv", "1,,2024-01-01", "2,x,2024-01-01", header="编号,,缴费日期"
    )
    batch = load(store, dataset, file)
    assert state(store, dataset) == [("1",)]
    row = quarantined(store, batch)[0]
    assert (row["faults"][0]["letter"], row["faults"][0]["value"]) == ("B", "x")


@pytest.mark.parametrize(
    ("header", "problem", "hint"),
    [
        ("编号,身份证号,姓名,缴费期,金额", "D “缴费期”", "close to the declared '缴费日期'"),
        ("编号,流水号,姓名,缴费日期,金额", "which one to use", "keep one of the two"),
        (
            "身份证号,姓名,缴费日期,金额,编码号",
            "required columns are missing: 编号 / 流水号",
            "add it to the column",
        ),
    ],
)
def test_a_header_that_does_not_fit_stops_the_delivery(
    store: Store, dataset: Dataset, tmp_path: Path, header: str, problem: str, hint: str
) -> None:
    file = csv(tmp_path / "费2024-06-30.csv", "1,2,3,2024-01-01,1", header=header)
    with pytest.raises(DeliveryError) as caught:
        load(store, dataset, file)
    assert problem in caught.value.in_("en")
    assert hint in caught.value.in_("en")
    assert caught.value.in_("zh") != caught.value.in_("en")
    assert store.version("fees") is None


def test_a_file_without_the_header_names_what_was_looked_for(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match="header was not found"):
        load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,2", header="甲,乙"))
    with pytest.raises(DeliveryError, match="no such file"):
        load(store, dataset, tmp_path / "没有2024-06-30.csv")


# Batches


def test_the_same_content_is_loaded_once(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    file = csv(tmp_path / "费2024-06-30.csv", "1,,,,")
    batch = load(store, dataset, file)
    copy = shutil.copyfile(file, tmp_path / "另存2024-07-31.csv")
    again = load_delivery(store, dataset, Path(copy), received_at=RECEIVED)
    assert again == AlreadyLoaded(batch, redeclared=False)
    assert store.version("fees") == 0
    redeclared = fees(tmp_path, replace={"保": "保"} if False else {"{zh: 缴费}": "{zh: 交费}"})
    again = load_delivery(store, redeclared, file, received_at=RECEIVED)
    assert again == AlreadyLoaded(batch, redeclared=True)
    anew = load(store, redeclared, file, again=True)
    assert anew.id == f"{batch.id}-2"
    assert anew.number == 2
    assert state(store, redeclared, ("_row",)) == [(2 << 32,)]


def test_the_delivered_file_is_kept(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    file = csv(tmp_path / "费2024-06-30.csv", "1,,,,")
    batch = load(store, dataset, file)
    assert batch.received == f"received/{batch.sha256}/费2024-06-30.csv"
    assert (store.root / batch.received).read_bytes() == file.read_bytes()
    assert file.exists()


def test_sealed_rows_are_kept_nowhere(store: Store, tmp_path: Path) -> None:
    more = "refuse: [{column: county, values: [封存], why: {zh: 依法封存}}]"
    dataset = fees(tmp_path, more=more)
    header = "编号,姓名,区县"
    rows = ["1,王伟,", "2,保密人,封存", "3,保密人,　封存 ", "4,保密人,封存,多", "5,李娜,y"]
    file = csv(tmp_path / "inbox" / "费2024-06-30.csv", *rows, header=header)
    batch = load(store, dataset, file)
    assert state(store, dataset) == [("1",), ("5",)]
    assert (batch.rows, batch.refused, batch.received) == (5, 2, None)
    assert batch.quarantined == 1
    assert [row["faults"][0]["value"] for row in quarantined(store, batch)] == [""]
    kept = [p for p in store.root.rglob("*") if p.is_file()]
    assert kept
    assert not any("保密人".encode() in path.read_bytes() for path in kept)
    with pytest.raises(DeliveryError, match="区县"):
        load(store, dataset, csv(tmp_path / "b2024-06-30.csv", "1,王伟,a", header="编号,姓名,金额"))


def test_a_file_that_is_read_in_place_must_not_change_meanwhile(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = fees(tmp_path, more="refuse: [{column: county, values: [封存], why: {zh: 依法封存}}]")
    file = csv(tmp_path / "费2024-06-30.csv", "1,王伟,", header="编号,姓名,区县")
    closing = Rows.close

    def close(rows: Rows) -> None:
        csv(file, "1,王伟,", "2,李娜,", header="编号,姓名,区县")
        closing(rows)

    monkeypatch.setattr(Rows, "close", close)
    with pytest.raises(DeliveryError, match="changed while it was being read"):
        load(store, dataset, file)


def test_the_as_of_date_comes_from_the_name_unless_it_is_given(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    named = load(store, dataset, csv(tmp_path / "2024年6月名单.csv", "1,,,,"))
    given = load(
        store, dataset, csv(tmp_path / "2024年6月名单.csv", "2,,,,"), as_of=date(2024, 7, 1)
    )
    assert (named.as_of, given.as_of) == (date(2024, 6, 30), date(2024, 7, 1))
    with pytest.raises(DeliveryError, match="as-of"):
        load(store, dataset, csv(tmp_path / "名单.csv", "3,,,,"))


# Keys


def test_rows_with_one_key_and_different_content_both_wait(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    rows = ["1,,,,1", "2,,,,1", "1,,,,2", "2,,,,1.00", "3,,,,"]
    batch = load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *rows))
    assert state(store, dataset) == [("2",), ("3",)]
    assert batch.repeated == 1
    assert reasons(store, batch) == [
        (2, "no", "same key as other rows, but different content: 费2024-06-30.csv:4"),
        (4, "no", "same key as other rows, but different content: 费2024-06-30.csv:2"),
    ]
    row = quarantined(store, batch)[0]
    assert (row["faults"][0]["header"], row["faults"][0]["letter"]) == ("编号", "A")
    assert row["faults"][0]["value"] == "1"
    assert [(r.reason.en, r.rows) for r in batch.reasons] == [
        ("same key as other rows, but different content", 2)
    ]


def test_a_key_of_several_columns_may_have_an_empty_part(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, key="[no, paid_on]")
    rows = ["1,,,,1", "1,,,2024-01-01,1", "1,,,,2", "1,,,2024-01-01,1"]
    batch = load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *rows))
    assert state(store, dataset, ("no", "paid_on__from")) == [("1", date(2024, 1, 1))]
    assert [(line, column) for line, column, _ in reasons(store, batch)] == [
        (2, "no、paid_on"),
        (4, "no、paid_on"),
    ]
    assert quarantined(store, batch)[0]["faults"][0]["letter"] == "A、D"


def test_without_a_key_every_row_counts(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, key="[]")
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,1", "1,,,,1"))
    assert state(store, dataset) == [("1",), ("1",)]


# Full lists and changes


def test_a_full_list_replaces_the_one_before(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,", "2,,,,"))
    load(store, dataset, csv(tmp_path / "费2024-07-31.csv", "2,,,,", "3,,,,"))
    assert state(store, dataset) == [("2",), ("3",)]
    assert state(store, dataset, version=0) == [("1",), ("2",)]


def test_a_full_list_per_county_replaces_only_that_county(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery="{kind: full, per: county}")
    header = "编号,姓名,区县"
    load(
        store,
        dataset,
        csv(tmp_path / "费2024-06-30.csv", "1,,甲县", "2,,乙县", "3,,乙县", header=header),
    )
    load(store, dataset, csv(tmp_path / "费2024-07-31.csv", "4,,乙县", header=header))
    assert state(store, dataset) == [("1",), ("4",)]
    assert state(store, dataset, version=0) == [("1",), ("2",), ("3",)]
    snapshot = store.snapshot("fees")
    assert len(snapshot.batches) == 2
    assert snapshot.as_of == date(2024, 7, 31)
    unchanged = state(store, dataset, ("_row",))[0]
    assert unchanged == (1 << 32,)


def test_changes_add_correct_and_withdraw(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery=CHANGES)
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,1", "2,,,,1", "3,,,,1"))
    header = "编号,身份证号,姓名,缴费日期,金额,变更"
    rows = ["2,,,,5,", "3,,,,,删除", "4,,,,1,新增", "9,,,,, 删除 ", "8,坏,,,1,"]
    batch = load(store, dataset, csv(tmp_path / "费2024-07-31.csv", *rows, header=header))
    assert (batch.loaded, batch.withdrawn, batch.quarantined) == (2, 1, 2)
    assert state(store, dataset, ("no", "amount", "_row")) == [
        ("1", 100, 1 << 32),
        ("2", 500, 2 << 32),
        ("4", 100, (2 << 32) + 2),
    ]
    assert state(store, dataset, version=0) == [("1",), ("2",), ("3",)]
    told = [(line, en) for line, column, en in reasons(store, batch) if column == "no"]
    assert told == [(5, "withdraws a row that is not in the store")]


def test_a_withdrawal_needs_only_its_key(store: Store, tmp_path: Path) -> None:
    dataset = fees(
        tmp_path,
        delivery=CHANGES,
        replace={"name: {from: 姓名, type": "name: {from: 姓名, required: true, type"},
    )
    header = "编号,姓名,缴费日期,变更"
    load(
        store,
        dataset,
        csv(
            tmp_path / "费2024-06-30.csv", "1,王伟,2024-01-01,", "2,王伟,2024-01-01,", header=header
        ),
    )
    batch = load(
        store, dataset, csv(tmp_path / "费2024-07-31.csv", "1,,坏,删除", "2,,坏,", header=header)
    )
    assert batch.withdrawn == 1
    assert state(store, dataset) == [("2",)]
    assert {column for _, column, _ in reasons(store, batch)} == {"name", "paid_on"}


def test_a_row_withdrawn_and_delivered_at_once_contradicts_itself(
    store: Store, tmp_path: Path
) -> None:
    dataset = fees(tmp_path, delivery=CHANGES)
    header = "编号,姓名,金额,变更"
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,1,", "2,,1,", header=header))
    file = csv(tmp_path / "费2024-07-31.csv", "1,,1,删除", "1,,1,", "3,,1,", header=header)
    batch = load(store, dataset, file)
    assert batch.quarantined == 2
    assert state(store, dataset) == [("1",), ("2",), ("3",)]


def test_changes_rewrite_only_the_files_they_touch(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery=CHANGES)
    for month, no in ((1, "1"), (2, "2"), (3, "3")):
        load(store, dataset, csv(tmp_path / f"费2024-0{month}-28.csv", f"{no},,,,1"))
    before = {file.path for file in store.snapshot("fees").files}
    load(store, dataset, csv(tmp_path / "费2024-04-28.csv", "2,,,,7"))
    after = {file.path for file in store.snapshot("fees").files}
    assert len(before) == len(after) == 3
    assert len(before & after) == 2


def test_many_small_files_are_put_together(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plumbline.engine.fact.merging._MANY", 3)
    dataset = fees(tmp_path, delivery=CHANGES)
    for month in range(1, 6):
        load(store, dataset, csv(tmp_path / f"费2024-0{month}-28.csv", f"{month},,,,1"))
    assert sorted(file.rows for file in store.snapshot("fees").files) == [1, 1, 3]
    assert state(store, dataset, ("no", "_row")) == [(str(n), n << 32) for n in range(1, 6)]
    assert state(store, dataset, version=1) == [("1",), ("2",)]


def test_a_new_column_is_null_in_rows_delivered_before(store: Store, tmp_path: Path) -> None:
    narrow = fees(tmp_path, delivery=CHANGES)
    load(store, narrow, csv(tmp_path / "费2024-06-30.csv", "1,,,,1", "2,,,,1"))
    wide = fees(
        tmp_path,
        delivery=CHANGES,
        replace={"  county:": "  unit: {from: 单位, type: text}\n  county:"},
    )
    load(store, wide, csv(tmp_path / "费2024-07-31.csv", "2,税务局,1", header="编号,单位,金额"))
    assert state(store, wide, ("no", "unit")) == [("1", None), ("2", "税务局")]
    load(store, narrow, csv(tmp_path / "费2024-08-31.csv", "1,,,,3"))
    assert state(store, wide, ("no", "unit", "amount")) == [("1", None, 300), ("2", "税务局", 100)]
    assert state(store, narrow) == [("1",), ("2",)]


# Many rows


def test_what_is_too_large_for_memory_comes_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = fees(tmp_path, delivery=CHANGES)
    first = [
        f"{n},{WANG if n % 3 else LI},王伟,{'坏' if n % 9 == 4 else '2024年3月'},1"
        for n in range(300)
    ]
    second = [f"{n},{WANG},李娜,2024-01-01,2" for n in range(150, 450)]
    files = [
        csv(tmp_path / "费2024-06-30.csv", *first),
        csv(tmp_path / "费2024-07-31.csv", *second),
    ]
    columns = ("no", "person", "name", "paid_on__from", "amount", "_row", "_line")
    found = []
    for root, large in (("small", 1 << 30), ("large", 0)):
        monkeypatch.setattr("plumbline.engine.fact.loading._LARGE", large)
        monkeypatch.setattr(
            "plumbline.engine.fact.loading._SORTED", 4_000 if large == 0 else 1 << 30
        )
        monkeypatch.setattr("plumbline.engine.fact.rows._BATCHES_PER_READER", 1)
        store = Store(tmp_path / root)
        batches = [load(store, dataset, file) for file in files]
        found.append((state(store, dataset, columns), [reasons(store, b) for b in batches]))
        found[-1] += (batches,)
    assert found[0] == found[1]
    assert len(Store(tmp_path / "small").snapshot("fees").files) == 2
    assert len(Store(tmp_path / "large").snapshot("fees").files) > 2


def test_a_reader_that_fails_midway_is_heard(
    store: Store, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Found.cells

    def broken(table: Found) -> Iterator[Cells]:
        yield from reading(table)
        raise DeliveryError(Text("坏了", "the rest cannot be read"))

    monkeypatch.setattr(Found, "cells", broken)
    with pytest.raises(DeliveryError, match="the rest cannot be read"):
        load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,"))
    assert store.version("fees") is None


# Held back


EXPECT = """
expect:
  rows: 2..4
  filled: {name: 50%}
  range: {amount: "0..1000", paid_on: 2000-01-01..2030-12-31}
  quarantined: 0%..40%
"""


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["1,,王伟,,1"], "1 rows; expected 2..4"),
        (["1,,,,1", "2,,,,1", "3,,王伟,,1"], "column name is filled in 33.33%; expected at least 50%"),
        (["1,,王伟,,1001", "2,,王伟,,"], "column amount is outside 0..1000 in 1 rows (1,001 to 1,001)"),
        (["1,,王伟,1999年,1", "2,,王伟,,"], "column paid_on is outside 2000-01-01..2030-12-31 in 1 rows (1999-01-01 to 1999-12-31)"),
        (["1,坏,王伟,,", "2,,王伟,,"], "50.00% of the rows are faulty; expected 0%..40%"),
        (["1,坏,王伟,,", "2,坏,王伟,,"], "not one row can be loaded"),
        ([], "there is a header but no data"),
    ],
)  # fmt: skip
def test_a_delivery_outside_its_expectations_is_held_back_whole(
    store: Store, tmp_path: Path, rows: list[str], told: str
) -> None:
    dataset = fees(tmp_path, more=EXPECT)
    file = csv(tmp_path / "费2024-06-30.csv", *rows)
    batch = load(store, dataset, file)
    assert batch.is_held
    assert told in [text.en for text in batch.held]
    assert all(text.zh for text in batch.held)
    assert store.version("fees") is None
    assert store.batches("fees") == [batch]
    accepted = load(store, dataset, file, accept="已电话核实", by="王")
    assert (accepted.number, accepted.is_held) == (1, False)
    assert accepted.accepted is not None
    assert (accepted.accepted.reason, accepted.accepted.by) == ("已电话核实", "王")
    assert accepted.held == batch.held
    assert store.batches("fees") == [accepted]
    assert len(state(store, dataset)) == accepted.loaded


def test_what_is_held_waits_until_something_comes_in_its_place(
    store: Store, tmp_path: Path
) -> None:
    dataset = fees(tmp_path, delivery=CHANGES, more="expect: {rows: 2..}")
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,"))
    load(store, dataset, csv(tmp_path / "补2024-06-30.csv", "2,,,,", "3,,,,"))
    assert [batch.status for batch in store.batches("fees")] == ["loaded", "held"]
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,", "4,,,,"))
    assert [batch.status for batch in store.batches("fees")] == ["loaded", "loaded"]
    listed = fees(tmp_path, name="tolls", more="expect: {rows: 2..}")
    load(store, listed, csv(tmp_path / "路2024-06-30.csv", "1,,,,"))
    load(store, listed, csv(tmp_path / "路费2024-07-31.csv", "1,,,,", "2,,,,"))
    assert [batch.status for batch in store.batches("tolls")] == ["loaded"]


def test_a_delivery_within_its_expectations_needs_nobody(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, more=EXPECT)
    batch = load(
        store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,王伟,2024年,1", "2,,,,"), accept="?"
    )
    assert (batch.is_held, batch.held, batch.accepted) == (False, [], None)


def test_an_earlier_list_does_not_silently_replace_a_later(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,"))
    old = csv(tmp_path / "费2024-05-31.csv", "2,,,,")
    batch = load(store, dataset, old)
    assert "earlier than that of rows it would replace (2024-06-30)" in batch.held[0].en
    assert state(store, dataset) == [("1",)]
    load(store, dataset, old, accept="补报")
    assert state(store, dataset) == [("2",)]


def test_late_changes_may_add_but_not_silently_correct(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, delivery=CHANGES)
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,"))
    assert not load(store, dataset, csv(tmp_path / "费2024-05-30.csv", "2,,,,")).is_held
    assert load(store, dataset, csv(tmp_path / "费2024-04-30.csv", "1,,,,9")).is_held


@pytest.mark.parametrize(
    "expect", ["rows: many", "filled: {name: most}", "range: {amount: 2000-01-01..}", "range: {name: 1..2}"]
)  # fmt: skip
def test_a_band_that_cannot_be_read_is_the_authors_to_mend(
    store: Store, tmp_path: Path, expect: str
) -> None:
    dataset = fees(tmp_path, more=f"expect: {{{expect}}}")
    with pytest.raises(DeclarationError) as caught:
        load(store, dataset, csv(tmp_path / "费2024-06-30.csv", "1,,,,"))
    assert "fees.yml" in caught.value.in_("en")


# The inbox


def test_the_inbox_is_loaded_in_the_order_of_as_of_dates(store: Store, tmp_path: Path) -> None:
    dataset, other = fees(tmp_path), fees(tmp_path, name="tolls")
    inbox = tmp_path / "inbox"
    csv(inbox / "fees" / "b费2024-05-31.csv", "1,,,,")
    csv(inbox / "fees" / "a费2024-06-30.csv", "2,,,,")
    csv(inbox / "fees" / "没有日期.csv", "3,,,,")
    csv(inbox / "fees" / "~$b费2024-05-31.csv", "4,,,,")
    csv(inbox / "fees" / ".DS_Store", "4,,,,")
    csv(inbox / "fees" / "下载2024-05-31.csv.part", "4,,,,")
    csv(inbox / "tolls" / "2024年" / "tolls2024-06-30.csv", "5,,,,")
    csv(inbox / "别的" / "x2024-06-30.csv", "5,,,,")
    csv(inbox / "散放2024-06-30.csv", "5,,,,")
    found = load_inbox(store, {"fees": dataset, "tolls": other}, inbox, received_at=RECEIVED)
    bad, first, second, third, *strays = found
    assert isinstance(bad, Refused)
    assert (bad.dataset, bad.file) == ("fees", "没有日期.csv")
    assert [getattr(r, "source", None) for r in (first, second, third)] == [
        "b费2024-05-31.csv",
        "a费2024-06-30.csv",
        "tolls2024-06-30.csv",
    ]
    assert strays == [Stray(inbox / "别的"), Stray(inbox / "散放2024-06-30.csv")]
    again = load_inbox(store, {"fees": dataset, "tolls": other}, inbox, received_at=RECEIVED)
    assert [type(r) for r in again[:4]] == [Refused, AlreadyLoaded, AlreadyLoaded, AlreadyLoaded]
    assert load_inbox(store, {"fees": dataset}, tmp_path / "没有", received_at=RECEIVED) == []


def test_a_database_table_is_copied_and_loaded(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = (
        "source: {database: FEES_DATABASE, table: fees}\n"
        "refuse: [{column: county, values: [封存], why: {zh: 依法封存}}]"
    )
    dataset = fees(tmp_path, more=more)
    file = tmp_path / "city.db"
    with sqlite3.connect(file) as city:
        city.execute("CREATE TABLE fees (编号 TEXT, 金额 TEXT, 区县 TEXT)")
        city.execute(
            "INSERT INTO fees VALUES ('1', '1.5', 'x'), ('2', '坏', 'x'), ('3', '1', '封存')"
        )
    with pytest.raises(DeliveryError, match="FEES_DATABASE is not set"):
        load_table(store, dataset, received_at=RECEIVED, as_of=date(2024, 6, 30))
    monkeypatch.setenv("FEES_DATABASE", f"sqlite:///{file}")
    with pytest.raises(DeliveryError, match="no as-of date"):
        load_table(store, dataset, received_at=RECEIVED, as_of=None)
    batch = load_table(store, dataset, received_at=RECEIVED, as_of=date(2024, 6, 30))
    assert not isinstance(batch, AlreadyLoaded)
    assert (batch.rows, batch.loaded, batch.quarantined, batch.refused) == (3, 1, 1, 1)
    with sqlite3.connect(file) as city:
        city.execute("CREATE TABLE moved AS SELECT * FROM fees ORDER BY 编号 DESC")
        city.execute("DROP TABLE fees")
        city.execute("ALTER TABLE moved RENAME TO fees")
    results = load_inbox(
        store, {"fees": dataset}, tmp_path / "inbox", received_at=RECEIVED, as_of=date(2024, 7, 31)
    )
    assert results == [AlreadyLoaded(batch, redeclared=False)]
    with pytest.raises(DeclarationError, match="name its `database`"):
        load_table(store, fees(tmp_path), received_at=RECEIVED, as_of=date(2024, 6, 30))
