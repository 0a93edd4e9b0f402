from __future__ import annotations

import gc
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from plumbline.engine.fact.readers import archive
from plumbline.errors import DeliveryError
from tests.engine.fact.readers.reading import rows, sheets

CSV = "姓名,年龄\n张三,30\n".encode("gb18030")


def gbk_name(name: str) -> str:
    """What Python must be told so that the archive holds the GBK bytes of `name`."""
    return name.encode("gbk").decode("cp437")


def workbook() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.add_worksheet("名单").write_row(0, 0, ["姓名", "年龄"])
    book.close()
    return buffer.getvalue()


def pack(path: Path, members: dict[str, bytes], *, gbk: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            if gbk:
                info = zipfile.ZipInfo("x")
                info.filename = gbk_name(name)
                packed.writestr(info, data)
            else:
                packed.writestr(name, data)
    if gbk:  # Python sets the UTF-8 flag and writes UTF-8; the tools in question do neither
        data_ = path.read_bytes()
        for name in members:
            told, meant = gbk_name(name).encode(), name.encode("gbk")
            assert told in data_
            data_ = _renamed(data_, told, meant)
        path.write_bytes(data_)
    return path


def _renamed(data: bytes, told: bytes, meant: bytes) -> bytes:
    """Rewrites an archive of one member under the raw name `meant`."""
    out = bytearray()
    central = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    local, directory, tail = data[:central], data[central:end], bytearray(data[end:])
    local = _unflagged(local, 6, 26, 30, told, meant)
    directory = _unflagged(directory, 8, 28, 46, told, meant)
    tail[12:16] = len(directory).to_bytes(4, "little")
    tail[16:20] = len(local).to_bytes(4, "little")
    out += local + directory + tail
    return bytes(out)


def _unflagged(header: bytes, flags: int, size: int, name: int, told: bytes, meant: bytes) -> bytes:
    changed = bytearray(header)
    changed[flags : flags + 2] = (0).to_bytes(2, "little")
    changed[size : size + 2] = len(meant).to_bytes(2, "little")
    changed[name : name + len(told)] = meant
    return bytes(changed)


def test_every_member_is_read_by_its_kind(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "一季度.zip",
        {"甲/名单.csv": CSV, "乙.xlsx": workbook(), "__MACOSX/x": b"x", "甲/~$名单.xlsx": b"x"},
    )
    found = sheets(path)
    assert [(sheet.file, sheet.name) for sheet in found] == [
        ("一季度.zip/甲/名单.csv", ""),
        ("一季度.zip/乙.xlsx", "名单"),
    ]
    gc.collect()
    assert rows(found[0]) == [(1, ["姓名", "年龄"]), (2, ["张三", "30"])]
    assert rows(found[1]) == [(1, ["姓名", "年龄"])]


def test_temporary_files_go_with_the_sheets(tmp_path: Path) -> None:
    (sheet,) = sheets(pack(tmp_path / "a.zip", {"a.csv": CSV}))
    place: Path = vars(sheet)["path"]
    assert place.exists()
    del sheet
    gc.collect()
    assert not place.exists()
    assert not place.parent.exists()


def test_names_in_gbk_are_decoded(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"一季度/名单表.csv": CSV}, gbk=True)
    with zipfile.ZipFile(path) as packed:
        assert packed.infolist()[0].flag_bits & 0x800 == 0
    assert [sheet.file for sheet in sheets(path)] == ["a.zip/一季度/名单表.csv"]


def test_a_name_is_only_a_label(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"../../escaped.csv": CSV})
    (sheet,) = sheets(path)
    assert sheet.file == "a.zip/../../escaped.csv"
    assert not (tmp_path.parent / "escaped.csv").exists()
    assert not list(tmp_path.parent.parent.glob("escaped.csv"))


def test_archives_within_archives_have_an_end(tmp_path: Path) -> None:
    inner = pack(tmp_path / "1.zip", {"a.csv": CSV})
    for depth in range(2, 5):
        inner = pack(tmp_path / f"{depth}.zip", {f"{depth - 1}.zip": inner.read_bytes()})
        if depth <= archive.DEPTH:
            assert sheets(inner)[0].file.endswith("1.zip/a.csv")
    with pytest.raises(DeliveryError, match="nested"):
        sheets(inner)


def test_documents_are_set_aside_and_named(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.zip", {"a.csv": CSV, "说明.pdf": b"%PDF-1.4", "通知.docx": b"PK\x03\x04.."}
    )
    (sheet,) = sheets(path)
    said = " ".join(remark.zh for remark in sheet.remarks)
    assert "a.zip/说明.pdf" in said
    assert "a.zip/通知.docx" in said


def test_an_archive_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="no table"):
        sheets(pack(tmp_path / "a.zip", {"说明.pdf": b"%PDF-1.4"}))
    with pytest.raises(DeliveryError, match="empty"):
        sheets(pack(tmp_path / "b.zip", {}))


def test_a_member_that_cannot_be_read_stops_the_archive(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        sheets(pack(tmp_path / "a.zip", {"好.csv": CSV, "空.csv": b""}))
    assert caught.value.where == "a.zip/空.csv"


def test_a_password_is_said_in_words(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": CSV})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DeliveryError, match="password") as caught:
        sheets(path)
    assert caught.value.where == "a.zip/a.csv"


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: float) -> None:
    path = pack(tmp_path / "a.zip", {f"{i}.csv": CSV * 50 for i in range(20)})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DeliveryError, match="damaged"):
        sheets(path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": b"".join(b"%d,x\n" % i for i in range(9_999))})
    data = bytearray(path.read_bytes())
    for at in range(2_000, 2_040):
        data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DeliveryError, match="damaged"):
        sheets(path)


def test_an_archive_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": bytes(1 << 22)})
    monkeypatch.setattr(archive, "SMALL_BYTES", 1 << 20)
    with pytest.raises(DeliveryError, match="absurd"):
        sheets(path)
    monkeypatch.setattr(archive, "SMALL_BYTES", 1 << 30)
    monkeypatch.setattr(archive, "TOTAL_BYTES", 1 << 20)
    with pytest.raises(DeliveryError, match="absurd"):
        sheets(path)
