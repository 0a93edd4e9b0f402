from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plumbline.engine.fact.dataset import Source
from plumbline.engine.fact.layout import find_header
from plumbline.engine.fact.readers import delimited as module
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.readers.blocks import Blocks
from plumbline.engine.fact.readers.delimited import Delimited, open_delimited
from plumbline.engine.fact.readers.encoding import GB18030, UTF_8, detect, looks_mixed
from plumbline.errors import DeclarationError, DeliveryError
from tests.engine.fact.readers.reading import lines_of, only, rows, table

PEOPLE = "姓名,年龄,住址\n张三,30,城关镇\n李四,41,河西乡\n"
READ = [(2, ["张三", "30", "城关镇"]), (3, ["李四", "41", "河西乡"])]


def write(folder: Path, data: bytes | str, name: str = "名单.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(folder: Path, data: bytes | str, **options: int) -> Sheet:
    path = write(folder, data)
    sheet = next(open_delimited(path, path.name, None))
    if options:
        assert isinstance(sheet, Delimited)
        sheet = Delimited(
            path, path.name, sheet.encoding, sheet.delimiter, line_limit=options["line_limit"]
        )
    return sheet


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
        ("utf-16", "UTF-16 LE"),
        ("utf-16-le", "UTF-16 LE"),
        ("utf-16-be", "UTF-16 BE"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_reads_the_same(
    tmp_path: Path, codec: str, label: str, end: str
) -> None:
    path = write(tmp_path, PEOPLE.replace("\n", end).encode(codec))
    sheet = only(path)
    assert isinstance(sheet, Delimited)
    assert sheet.encoding.label == label
    assert rows(sheet) == [(1, ["姓名", "年龄", "住址"]), *READ]
    assert table(sheet, 1, 3) == (READ, [])


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, "关于报送名单的说明\n" + PEOPLE.replace(",", delimiter))
    assert table(only(path), 2, 3)[0] == [(line + 1, cells) for line, cells in READ]


def test_a_declared_delimiter_is_used(tmp_path: Path) -> None:
    path = write(tmp_path, "a~b\n1,5~2\n")
    assert table(only(path, delimiter="~"), 1, 2)[0] == [(2, ["1,5", "2"])]
    path = write(tmp_path, "a\tb,c\n1\t2,3\n")
    assert table(only(path, delimiter="tab"), 1, 2)[0] == [(2, ["1", "2,3"])]


def test_a_delimiter_of_two_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="single ASCII character"):
        only(write(tmp_path, PEOPLE), delimiter="||")


def test_quoted_line_ends_keep_the_physical_line_numbers(tmp_path: Path) -> None:
    sheet = read(tmp_path, 'a,b\n"x\r\ny",1\n\n2,"p\n\nq"\n3,4\n')
    assert table(sheet, 1, 2)[0] == [
        (2, ["x\r\ny", "1"]),
        (5, ["2", "p\n\nq"]),
        (8, ["3", "4"]),
    ]


def test_a_header_may_hold_line_ends(tmp_path: Path) -> None:
    sheet = read(tmp_path, '"身份证\n号码",姓名\n1,张三\n')
    layout = find_header(sheet, ["身份证号码", "姓名"])
    assert layout is not None
    assert layout.header == ("身份证 号码", "姓名")
    assert table(sheet, layout.header_lines[1], 2) == ([(3, ["1", "张三"])], [])


def test_a_quoted_field_runs_across_blocks(tmp_path: Path) -> None:
    inside = "\n".join(["一行备注文字" * 20] * 60)
    records = [["1", inside], ["2", "b"], ["3", inside], ["4", "d"]]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["a", "b"], *records])
    path = write(tmp_path, out.getvalue())
    small = Blocks(path, UTF_8, size=512)
    assert sum(1 for _ in small) > 10

    class Small(Delimited):
        def _blocks(self, start: int) -> Blocks:
            return Blocks(self.path, self.encoding, start=start, size=512)

    found, misfits = table(Small(path, "a.csv", UTF_8, ","), 1, 2)
    assert [cells for _, cells in found] == records
    assert misfits == []


def test_rows_that_do_not_fit_are_misfits_with_their_line(tmp_path: Path) -> None:
    found, misfits = table(read(tmp_path, "a,b\n1\n1,2,3\n1,2,,\n4,5\n"), 1, 2)
    assert found == [(4, ["1", "2"]), (5, ["4", "5"])]
    assert [(m.line, m.text) for m in misfits] == [(2, "1"), (3, "1,2,3")]
    assert "表头有 2 格" in misfits[0].reason.zh
    assert "header only 2" in misfits[1].reason.en


def test_the_fast_way_and_the_careful_way_agree_on_misfits(tmp_path: Path) -> None:
    body = "1\n1,2,3\n4,5\n\n  \n\x1a\n6,7\n"
    fast = table(read(tmp_path, "a,b\n" + body), 1, 2)
    careful = table(read(tmp_path, "a,b\n" + body + '"x\ny",8\n'), 1, 2)
    assert careful == ([*fast[0], (9, ["x\ny", "8"])], fast[1])


def test_blank_lines_count_but_are_no_rows(tmp_path: Path) -> None:
    found, misfits = table(read(tmp_path, "a,b\n\n,\n   \n1,2\n\n"), 1, 2)
    assert (found, misfits) == ([(5, ["1", "2"])], [])


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert table(read(tmp_path, "身份证号\n1\n\n2\n"), 1, 1)[0] == [(2, ["1"]), (4, ["2"])]


def test_delimiters_at_the_end_of_every_row_are_cut(tmp_path: Path) -> None:
    body = "".join(f"{i},x,\n" for i in range(200))
    found, misfits = table(read(tmp_path, "a,b,\n" + body + "7,y\n8,z,left over\n"), 1, 2)
    assert len(found) == 201
    assert lines_of(misfits) == [203]


def test_a_line_in_another_encoding_costs_only_itself(tmp_path: Path) -> None:
    good = "张三,30,城关镇\n".encode()
    data = "姓名,年龄,住址\n".encode() + good + "李四,41,河西乡\n".encode("gb18030") + good
    found, misfits = table(read(tmp_path, data), 1, 3)
    assert [line for line, _ in found] == [2, 4]
    assert lines_of(misfits) == [3]
    assert "\ufffd" in misfits[0].text
    assert "像是 GB18030" in misfits[0].reason.zh


def test_a_utf_8_line_in_a_gb18030_file_is_not_read_as_nonsense(tmp_path: Path) -> None:
    good = "张三,30,城关镇\n".encode("gb18030")
    data = "姓名,年龄,住址\n".encode("gb18030") + good * 5 + "李四,41,河西乡\n".encode() + good
    found, misfits = table(read(tmp_path, data), 1, 3)
    assert len(found) == 6
    assert lines_of(misfits) == [7]
    assert "像是 UTF-8" in misfits[0].reason.zh


def test_half_a_character_of_utf_16_is_a_misfit(tmp_path: Path) -> None:
    data = PEOPLE.encode("utf-16") + "王五,5,甲\n".encode("utf-16-le") + b"\x31"
    found, misfits = table(read(tmp_path, data), 1, 3)
    assert [line for line, _ in found] == [2, 3, 4]
    assert lines_of(misfits) == [5]
    data = PEOPLE.encode("utf-16") + b"\x00\xd8,\x00,\x00\n\x00" + "王五,5,甲\n".encode("utf-16-le")
    found, misfits = table(read(tmp_path, data), 1, 3)
    assert ([line for line, _ in found], lines_of(misfits)) == ([2, 3, 5], [4])


def test_western_text_is_read_and_remarked_upon(tmp_path: Path) -> None:
    sheet = read(tmp_path, "nombre,ciudad\nJosé Peña,Córdoba\nInés,León\n".encode("latin-1"))
    assert table(sheet, 1, 2)[0] == [(2, ["José Peña", "Córdoba"]), (3, ["Inés", "León"])]
    assert "Windows-1252" in sheet.remarks[0].zh


def test_ascii_for_a_long_way_does_not_hide_the_encoding(tmp_path: Path) -> None:
    data = b"id,name\n" + b"1,x\n" * 500_000 + "2,张三\n".encode("gb18030")
    assert detect(write(tmp_path, data)).codec == "gb18030"


def test_nul_bytes_are_misfits(tmp_path: Path) -> None:
    found, misfits = table(read(tmp_path, b"a,b\n1,2\n3,\0\n4,5\n"), 1, 2)
    assert ([line for line, _ in found], lines_of(misfits)) == ([2, 4], [3])
    assert "NUL" in misfits[0].reason.zh


@pytest.mark.parametrize(
    "rest",
    [
        "2,3\n4,5\n",  # never closed
        '2,"x"\n4,5\n',  # met by the next quote
        '2,""\n4,5\n',
        '"2",3\n4,5\n',
    ],
)
def test_an_unclosed_quote_costs_only_its_line(tmp_path: Path, rest: str) -> None:
    found, misfits = table(read(tmp_path, 'a,b\n0,0\n1,"open\n' + rest), 1, 2)
    assert [line for line, _ in found] == [2, 4, 5]
    assert [(m.line, m.text) for m in misfits] == [(3, '1,"open')]
    assert "引号" in misfits[0].reason.zh


def test_an_unclosed_quote_that_swallows_a_good_row_is_found_out(tmp_path: Path) -> None:
    # 1,"open \n 2,"" \n 3,x" reads as one row of two cells too few
    found, misfits = table(read(tmp_path, 'a,b,c\n1,"open,0\n2,"",0\n3,x",0,0\n'), 1, 3)
    assert found == [(3, ["2", "", "0"])]
    assert lines_of(misfits) == [2, 4]


def test_a_stray_quote_inside_a_cell_is_part_of_it(tmp_path: Path) -> None:
    found, misfits = table(read(tmp_path, 'a,b\n5" pipe,1\n"ab"cd,2\n"x\ny",3\n'), 1, 2)
    assert found == [(2, ['5" pipe', "1"]), (3, ["abcd", "2"]), (4, ["x\ny", "3"])]
    assert misfits == []


@pytest.mark.parametrize("quote", ["", '"'])
def test_an_overlong_line_is_a_misfit(tmp_path: Path, quote: str) -> None:
    long = "x" * 5_000
    data = f"a,b\n1,2\n{quote}{long}{quote},1\n3,4\n"
    found, misfits = table(read(tmp_path, data, line_limit=1_000), 1, 2)
    assert [line for line, _ in found] == [2, 4]
    assert lines_of(misfits) == [3]
    assert misfits[0].text.endswith("…")
    assert len(misfits[0].text) < 2_100


def test_an_overlong_line_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    piece = b"x" * (1 << 20)
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        for _ in range(64):
            file.write(piece)
        file.write(b"\n3,4\n")
    tracemalloc.start()
    try:
        found, misfits = table(only(path), 1, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ([line for line, _ in found], lines_of(misfits)) == ([2, 4], [3])
    assert peak < 40 << 20


def test_three_hundred_columns(tmp_path: Path) -> None:
    header = ",".join(f"列{i}" for i in range(300))
    body = "".join(",".join(f"{row}.{i}" for i in range(300)) + "\n" for row in range(50))
    sheet = read(tmp_path, f"{header}\n{body}")
    found, misfits = table(sheet, 1, 300)
    assert (len(found), misfits) == (50, [])
    assert found[49][1][299] == "49.299"


def test_only_a_header(tmp_path: Path) -> None:
    sheet = read(tmp_path, "姓名,年龄\n")
    assert rows(sheet) == [(1, ["姓名", "年龄"])]
    assert list(sheet.batches(1, 2)) == []


def test_batches_are_bounded(tmp_path: Path) -> None:
    sheet = read(tmp_path, "a,b\n" + "1,2\n" * 120_000)
    sizes = [len(batch.lines) for batch in sheet.batches(1, 2)]
    assert sum(sizes) == 120_000
    assert max(sizes) <= 50_000


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n"])
def test_an_empty_file_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DeliveryError) as caught:
        only(write(tmp_path, data))
    assert "文件是空的" in caught.value.in_("zh")
    assert "建议" in caught.value.in_("zh")


CELL = st.lists(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufeff")
    | st.sampled_from([",", ";", "\t", '"', "|", "\n", "\r\n", "县", "𠮷", "é"]),
    max_size=6,
).map("".join)
ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


@settings(deadline=None, max_examples=300)
@given(
    body=ROWS,
    codec=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.sampled_from([64, 4 << 20]),
)
def test_any_table_reads_back_the_same(  # noqa: PLR0917 -- one argument a dimension
    tmp_path_factory: pytest.TempPathFactory,
    body: list[list[str]],
    codec: str,
    end: str,
    delimiter: str,
    quoting: int,
    size: int,
) -> None:
    width = len(body[0])
    header = [f"列{i}" for i in range(width)]
    expected, line = [], 1
    out = io.StringIO()
    if any("\n" in cell or "\r" in cell for cells in body for cell in cells):
        quoting = csv.QUOTE_ALL  # the writer quotes no line end but its own
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    for cells in [header, *body]:
        before = out.tell()
        writer.writerow(cells)
        written = out.getvalue()[before:]
        if any(cells):
            expected.append((line, cells))
        line += len(written.encode().splitlines())
    path = tmp_path_factory.mktemp("any") / "any.csv"
    data = out.getvalue().encode(codec)
    path.write_bytes(data)
    encoding = GB18030 if codec == "gb18030" else detect(path)
    assume(not looks_mixed(data, encoding))

    class Sized(Delimited):
        def _blocks(self, start: int) -> Blocks:
            return Blocks(self.path, self.encoding, start=start, size=size)

    sheet = Sized(path, "any.csv", encoding, delimiter)
    found, misfits = table(sheet, 1, width)
    assert found == expected[1:]
    assert misfits == []


def test_the_fast_way_is_taken_for_plain_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careful(*_: object) -> None:
        pytest.fail("a plain block was read carefully")

    path = write(tmp_path, "a,b\n" + '"1",2\n' * 1_000)
    monkeypatch.setattr(module, "records_of", careful)
    assert sum(len(b.lines) for s in open_sheets(path, Source()) for b in s.batches(1, 2)) == 1_000
