"""What departments really send: refused or quarantined in words, never half loaded, never a crash."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from plumbline.engine.fact.store import Store
from plumbline.errors import DeliveryError
from tests.engine.fact.delivering import HEADER_LINE, csv, fees, load, quarantined, state


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def a_picture(path: Path) -> Path:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    return path


def a_truncated_archive(path: Path) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("名单.csv", f"{HEADER_LINE}\n" + "1,,,,\n" * 5000)
    path = path.with_suffix(".zip")
    path.write_bytes(packed.getvalue()[:-60])
    return path


def a_locked_workbook(path: Path) -> Path:
    plain, locked = io.BytesIO(), path.with_suffix(".xlsx")
    book = openpyxl.Workbook()
    book.active.append(HEADER_LINE.split(","))
    book.save(plain)
    with locked.open("wb") as file:
        OOXMLFile(plain).encrypt("password", file)
    return locked


def repeated_headers(path: Path) -> Path:
    return csv(path, "1,,王伟,李娜,,", header="编号,身份证号,姓名,姓名,缴费日期,金额")


def three_hundred_columns(path: Path) -> Path:
    more = ",".join(f"列{n}" for n in range(300))
    return csv(path, "1,,,," + ",1" * 300, header=f"{HEADER_LINE},{more}")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (empty, "空"),
        (a_picture, "不能作为表格读取"),
        (a_truncated_archive, "损坏"),
        (a_locked_workbook, "密码"),
        (repeated_headers, "姓名"),
        (three_hundred_columns, "既未声明也未列为忽略"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(
    store: Store, tmp_path: Path, make: Callable[[Path], Path], told: str
) -> None:
    dataset = fees(tmp_path)
    load(store, dataset, csv(tmp_path / "旧2024-05-31.csv", "1,,,,"))
    with pytest.raises(DeliveryError) as caught:
        load(store, dataset, make(tmp_path / "名单2024-06-30.csv"))
    message = caught.value.in_("zh")
    assert told in message
    assert "建议" in message
    assert len(message) < 500
    assert store.version("fees") == 0
    assert list((store.root).glob("scratch/*")) == []


def test_a_header_without_rows_is_held(store: Store, tmp_path: Path) -> None:
    batch = load(store, fees(tmp_path), csv(tmp_path / "名单2024-06-30.csv"))
    assert [text.zh for text in batch.held] == ["只有表头，没有数据"]


def test_mixed_encodings_spoil_only_their_rows(store: Store, tmp_path: Path) -> None:
    dataset, file = fees(tmp_path), tmp_path / "名单2024-06-30.csv"
    rows = [f"{n},,王伟,," for n in range(200)]
    lines = [line.encode() for line in (HEADER_LINE, *rows)]
    lines[100] = "99,,李娜,,".encode("gb18030")
    file.write_bytes(b"\n".join(lines))
    batch = load(store, dataset, file)
    assert batch.loaded == 199
    assert [row["line"] for row in quarantined(store, batch)] == [101]


def test_a_nul_byte_does_not_stop_a_load(store: Store, tmp_path: Path) -> None:
    dataset, file = fees(tmp_path), tmp_path / "名单2024-06-30.csv"
    file.write_bytes(f"{HEADER_LINE}\n1,,王\0伟,,\n2,,李娜,,\n".encode())
    batch = load(store, dataset, file)
    assert batch.loaded + batch.quarantined == 2
    assert ("2",) in state(store, dataset)


def test_a_formula_is_read_as_what_it_showed(store: Store, tmp_path: Path) -> None:
    dataset, file = fees(tmp_path), tmp_path / "名单2024-06-30.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER_LINE.split(","))
        sheet.write_row(1, 0, ["1", "", "王伟", ""])
        sheet.write_formula(1, 4, "=1+1", None, 2)
        sheet.write_row(2, 0, ["2", "", "", ""])
        sheet.write_formula(2, 2, '=HYPERLINK("http://x.example","李娜")', None, "李娜")
    load(store, dataset, file)
    assert state(store, dataset, ("no", "name", "amount")) == [
        ("1", "王伟", 200),
        ("2", "李娜", None),
    ]


def test_formula_like_text_is_only_text(store: Store, tmp_path: Path) -> None:
    dataset = fees(tmp_path)
    file = csv(
        tmp_path / "名单2024-06-30.csv", '1,"=HYPERLINK(""http://x.example"")"', header="编号,区县"
    )
    load(store, dataset, file)
    assert state(store, dataset, ("county",)) == [('=HYPERLINK("http://x.example")',)]
