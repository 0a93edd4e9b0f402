"""Quarantine: what waits, what a department gets to correct, and what comes back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from plumbline.engine.fact.batch import Batch, Place
from plumbline.engine.fact.corrections import Exported, export, take_back
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import AlreadyLoaded
from plumbline.engine.fact.quarantine import counts, hide_middle, waiting_rows
from plumbline.engine.fact.store import Store
from plumbline.errors import DeliveryError, StoreError
from tests.engine.fact.delivering import LI, RECEIVED, WANG, csv, fees, load, state

CHANGES = "{kind: changes, change: {from: 变更, withdrawn: [删除]}}"
HEADER = "序号,编号,身份证号,姓名,缴费日期,金额"
ROWS = (
    f"a,1,{WANG},王伟,2024-01-01,1",
    f"b,2,{WANG},王伟,2024-02-30,=2+3",
    "c,3,330381197912310081,李小娜,2024-01-01,1",
    f"d,4,{WANG},王伟,2024-01-01,1,多",
    "e,5,,,,1",
    "f,5,,,,2",
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return fees(tmp_path, delivery=CHANGES)


@pytest.fixture
def batch(store: Store, dataset: Dataset, tmp_path: Path) -> Batch:
    return load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS, header=HEADER))


def correct(path: Path, changes: dict[int, dict[str, str]]) -> Path:
    """Change cells by the line they had in the delivery and their header."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        header = [cell.value for cell in sheet[3]]
        for row in sheet.iter_rows(min_row=4):
            line = int(row[header.index("行号")].value)
            for name, value in changes.get(line, {}).items():
                row[header.index(name)].value = value
    book.save(path)
    return path


def back(store: Store, dataset: Dataset, path: Path) -> Batch | AlreadyLoaded:
    return take_back(store, {dataset.name: dataset}, path, received_at=RECEIVED, by="王")


def test_what_waits_is_counted_and_listed(store: Store, batch: Batch) -> None:
    found = {(c.column, c.reason.en): c.rows for c in counts(store, ["fees"])}
    assert found[("paid_on", "there is no such day")] == 1
    assert sum(found.values()) == 6
    rows = list(waiting_rows(store, "fees", batch.id))
    assert [row.where for row in rows] == [f"费2024-06-30.csv:{n}" for n in (3, 4, 5, 6, 7)]
    assert rows[0].cells == ("b", "2", WANG, "王伟", "2024-02-30", "=2+3")
    only = list(waiting_rows(store, "fees", reason="没有这一天"))
    assert [row.place for row in only] == [Place(0, 3)]
    with pytest.raises(StoreError) as caught:
        counts(store, ["fees"], "fees-1")
    assert batch.id in caught.value.in_("zh")


def test_what_identifies_a_person_is_masked(store: Store, dataset: Dataset, batch: Batch) -> None:
    _, second, misfit, *_ = (row.masked(dataset) for row in waiting_rows(store, "fees", batch.id))
    assert second.cells == ("c", "3", "3303**********0081", "李**", "2024-01-01", "1")
    assert second.faults[0].value == "3303**********0081"
    assert WANG not in misfit.faults[0].value
    assert [hide_middle(v) for v in ("", "王", "王伟", "330102", "a" * 20)] == [
        "", "王", "王*", "3****2", "aaaa" + "*" * 12 + "aaaa",
    ]  # fmt: skip


def test_the_export_has_everything_as_text(
    store: Store, dataset: Dataset, batch: Batch, tmp_path: Path
) -> None:
    path = tmp_path / "更正.xlsx"
    assert export(store, dataset, path) == Exported(5, 0)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert "怎样更正" in sheet["A1"].value
    header = [cell.value for cell in sheet[3]]
    assert header[-6:] == HEADER.split(",")
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0][0] == f"{batch.id}#0:3"
    assert rows[0][1:4] == ["费2024-06-30.csv", None, "3"]
    assert rows[0][4].startswith("缴费日期：没有这一天；金额：")
    assert rows[0][-6:] == ["b", "2", WANG, "王伟", "2024-02-30", "=2+3"]
    assert "多" in rows[2][header.index("原文（无法分列）")]
    formula = sheet.cell(4, len(header))
    assert formula.data_type == "s"
    assert formula.quotePrefix
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert sheet.cell(4, header.index("缴费日期") + 1).fill.fgColor.rgb == "FFFFF2CC"


def test_corrected_rows_come_back_and_no_longer_wait(
    store: Store, dataset: Dataset, batch: Batch, tmp_path: Path
) -> None:
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    correct(
        path,
        {
            3: {"缴费日期": "2024-02-29", "金额": "5"},
            4: {"身份证号": LI},
            6: {"作废（填“是”）": "是"},
        },
    )
    corrected = back(store, dataset, path)
    assert isinstance(corrected, Batch)
    assert (corrected.kind, corrected.number, corrected.as_of) == ("corrections", 2, batch.as_of)
    assert corrected.corrects == {batch.id: [Place(0, n) for n in (3, 4, 6, 7)]}
    assert state(store, dataset, ("no", "person", "amount")) == [
        ("1", WANG, 100),
        ("2", WANG, 500),
        ("3", LI, 100),
        ("5", None, 200),
    ]
    assert [row.place.line for row in waiting_rows(store, "fees")] == [5]
    assert state(store, dataset, version=0) == [("1",)]


def test_taking_back_twice_changes_nothing(
    store: Store, dataset: Dataset, batch: Batch, tmp_path: Path
) -> None:
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    correct(path, {3: {"缴费日期": "2024-02-29", "金额": "5"}})
    first = back(store, dataset, path)
    version = store.version("fees")
    assert back(store, dataset, path) == AlreadyLoaded(first, redeclared=False)
    assert store.version("fees") == version
    correct(path, {4: {"身份证号": LI}})
    second = back(store, dataset, path)
    assert isinstance(second, Batch)
    assert second.corrects == {batch.id: [Place(0, 4)]}
    export(store, dataset, path)
    correct(path, {3: {"姓名": "李四"}, 4: {"姓名": "李四"}})
    assert [row.place.line for row in waiting_rows(store, "fees")] == [5, 6, 7]


def test_rows_that_are_settled_already_are_passed_over(
    store: Store, dataset: Dataset, batch: Batch, tmp_path: Path
) -> None:
    path, late = tmp_path / "更正.xlsx", tmp_path / "迟到.xlsx"
    export(store, dataset, path)
    correct(path, {3: {"缴费日期": "2024-02-29", "金额": "5"}, 4: {"身份证号": LI}})
    late.write_bytes(path.read_bytes())
    correct(path, {line: {"作废（填“是”）": "是"} for line in (5, 6, 7)})
    first = back(store, dataset, path)
    assert isinstance(first, Batch)
    assert len(first.corrects[batch.id]) == 5
    assert back(store, dataset, correct(late, {3: {"金额": "9"}})) == AlreadyLoaded(
        first, redeclared=False
    )
    assert ("2", 500) in state(store, dataset, ("no", "amount"))


def test_nothing_corrected_says_what_is_still_wrong(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS[:2], header=HEADER))
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    with pytest.raises(
        DeliveryError, match=r"not one row is correct yet: .*paid_on there is no such day"
    ):
        back(store, dataset, path)
    assert store.version("fees") == 0
    assert [row.place.line for row in waiting_rows(store, "fees")] == [3]


def test_all_rows_may_be_given_up(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS[:2], header=HEADER))
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    correct(path, {3: {"作废（填“是”）": "是"}})
    back(store, dataset, path)
    assert list(waiting_rows(store, "fees")) == []
    assert counts(store, ["fees"]) == []
    assert state(store, dataset) == [("1",)]
    assert export(store, dataset, tmp_path / "空.xlsx") == Exported(0, 0)


def test_a_full_list_can_be_corrected_until_the_next_one(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path)
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS[:2], header=HEADER))
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    correct(path, {3: {"缴费日期": "2024-02-29", "金额": "5"}})
    late = tmp_path / "迟到.xlsx"
    late.write_bytes(path.read_bytes())
    correct(late, {3: {"姓名": "王小伟"}})
    back(store, dataset, path)
    assert state(store, dataset) == [("1",), ("2",)]
    load(store, dataset, csv(tmp_path / "费2024-07-31.csv", "g,9,,,,坏", "h,8,,,,", header=HEADER))
    assert state(store, dataset) == [("8",)]
    with pytest.raises(DeliveryError, match="a later complete list has replaced"):
        back(store, dataset, late)


def test_a_held_batch_must_be_let_in_first(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path, more="expect: {rows: 9..}")
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS[:2], header=HEADER))
    path = tmp_path / "更正.xlsx"
    assert export(store, dataset, path).rows == 1
    with pytest.raises(DeliveryError, match="still held back whole"):
        back(store, dataset, path)


def test_another_workbook_is_not_taken(
    store: Store, dataset: Dataset, batch: Batch, tmp_path: Path
) -> None:
    other = csv(tmp_path / "别的.csv", "1")
    with pytest.raises(DeliveryError, match="not exported from the quarantine"):
        back(store, dataset, other)
    path = tmp_path / "更正.xlsx"
    export(store, dataset, path)
    with pytest.raises(DeliveryError, match="batches are not in this store"):
        back(Store(tmp_path / "another"), dataset, path)
    assert batch.quarantined == 5


def test_a_cell_too_long_for_a_spreadsheet_is_left_out_and_told(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    rows = [ROWS[1], f"c,3,坏,{'长' * 40_000},,"]
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", ROWS[0], *rows, header=HEADER))
    assert export(store, dataset, tmp_path / "更正.xlsx") == Exported(1, 1)


def test_rows_under_different_headers_get_sheets_of_their_own(
    store: Store, dataset: Dataset, tmp_path: Path
) -> None:
    load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *ROWS[:2], header=HEADER))
    second = csv(
        tmp_path / "费2024-07-31.csv", "9,王伟,坏", "8,王伟,2024", header="编号,姓名,缴费日期"
    )
    load(store, dataset, second)
    path = tmp_path / "更正.xlsx"
    assert export(store, dataset, path).rows == 2
    assert len(openpyxl.load_workbook(path).worksheets) == 2
    correct(path, {3: {"缴费日期": "2024-02-29", "金额": "5"}, 2: {"缴费日期": "2024-07-01"}})
    corrected = back(store, dataset, path)
    assert isinstance(corrected, Batch)
    assert len(corrected.corrects) == 2
    assert state(store, dataset) == [("1",), ("2",), ("8",), ("9",)]
    assert list(waiting_rows(store, "fees")) == []
