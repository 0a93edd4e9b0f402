"""A letter as DOCX and PDF: in the form of GB/T 9704, with its text as text."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx as reader
import pypdfium2
import pytest
import typst
from docx.oxml.ns import qn

from plumbline.kit.letter import docx, fonts, pdf
from plumbline.kit.letter.fonts import NoFontError
from plumbline.kit.letter.letter import Letter, Paragraph, paragraphs

MM = 72 / 25.4
NASTY = r'#let x = 1 *粗* $a$ `b` \u{41} <label> @ref [c] {单位} // /* "q" & <w:t>'
LETTER = Letter(
    office="澜州市纪律检查委员会", number="澜纪转〔2026〕12号", title="关于荣誉评审把关问题的转办函",
    to="澜州市经济和信息化局",
    body=(*paragraphs("现转你单位核查办理。\n一、有关情况\n（一）第一项。内容如下。\n（二）第二项"), Paragraph(0, "", NASTY)),
    attachments=("行清单", "评审办法"), signed="澜州市纪律检查委员会", on=date(2026, 3, 8),
    note="联系人：李某", copies="驻局纪检监察组", secrecy="秘密★1年", printed="澜州市纪委监委办公室",
)  # fmt: skip
LONG = replace(LETTER, body=paragraphs("\n".join(["这是一段文字，用来看版面。" * 12] * 12)))


# -- PDF -----------------------------------------------------------------------------------------


def pages(content: bytes) -> list[Any]:
    return [page.get_textpage() for page in pypdfium2.PdfDocument(content)]


def text_of(content: bytes) -> str:
    return "\n".join(page.get_text_range() for page in pages(content))


def place(page: Any, words: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of words, in millimetres from the upper left corner."""
    whole = page.get_text_range()
    begin = whole.index(words)
    boxes = [page.get_charbox(n, loose=True) for n in range(begin, begin + len(words))]
    left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
    top, bottom = max(b[3] for b in boxes), min(b[1] for b in boxes)
    return left / MM, 297 - top / MM, right / MM, 297 - bottom / MM


@pytest.mark.usefixtures("chinese_font")
class TestPdf:
    def test_it_says_everything_as_text(self) -> None:
        said = re.sub(r"\s|— \d+ —", "", text_of(pdf.write(LETTER)))
        for part in (
            LETTER.office, LETTER.number, LETTER.title, "澜州市经济和信息化局：", "一、有关情况", "（一）第一项。",
            "附件：1.行清单", "2.评审办法", "2026年3月8日", "（联系人：李某）", "抄送：驻局纪检监察组。", "2026年3月8日印发", "秘密★1年",
        ):  # fmt: skip
            assert part in said, part
        assert re.sub(r"\s", "", NASTY) in said

    def test_the_page_is_laid_out_by_the_standard(self) -> None:
        page = pages(pdf.write(LETTER))[0]
        left, top, right, _ = place(page, LETTER.office)
        assert 70 < top < 76  # 37 + 35 mm, less the white above the characters
        assert 28 <= left < right <= 184
        body = place(page, "现转你单位")
        assert body[0] == pytest.approx(28 + 2 * 156 / 28, abs=1)
        first, second = place(page, "一、有关情况"), place(page, "（二）第二项")
        assert (second[1] - first[1]) / 2 == pytest.approx(225 / 22, abs=0.3)
        assert place(page, LETTER.to)[0] == pytest.approx(28, abs=1)
        number = place(page, "12号")
        title = place(page, LETTER.title)
        assert number[3] < title[1]

    def test_a_full_page_has_22_lines_of_28_characters(self) -> None:
        plain = replace(LETTER, body=paragraphs("汉字" * 700))
        page = pages(pdf.write(plain))[1]
        lines = [line.strip() for line in page.get_text_range().splitlines() if "汉字" in line]
        assert [len(line) for line in lines] == [28] * 22

    def test_a_long_last_paragraph_begins_on_the_first_page(self) -> None:
        for count in range(200, 330, 14):
            plain = replace(LETTER, body=paragraphs("汉字" * count), attachments=())
            first, *_, last = pages(pdf.write(plain))
            assert "汉字" in first.get_text_range()
            assert "汉字" in last.get_text_range()

    def test_page_numbers_stand_at_the_outer_foot(self) -> None:
        first, second, *_ = pages(pdf.write(LONG))
        assert place(first, "— 1 —")[0] > 150
        assert place(second, "— 2 —")[0] < 50
        assert place(first, "— 1 —")[1] == pytest.approx(262 + 7, abs=2)

    def test_the_date_stands_four_characters_in_and_the_name_over_it(self) -> None:
        # On the second page, whose outer margin is on the left.
        page = next(p for p in pages(pdf.write(LETTER))[1:] if "（联系人" in p.get_text_range())
        whole = page.get_text_range()
        day = whole.index("2026年3月8日")
        box = [page.get_charbox(n, loose=True) for n in (day, day + 8)]
        right = box[1][2] / MM
        left = box[0][0] / MM
        assert 182 - right == pytest.approx(4 * 156 / 28, abs=1.5)
        name = whole.rindex(LETTER.signed)
        first, last = page.get_charbox(name, loose=True), page.get_charbox(name + 9, loose=True)
        assert (first[0] + last[2]) / 2 / MM == pytest.approx((left + right) / 2, abs=1.5)

    def test_a_signature_is_never_alone_on_its_page(self) -> None:
        for count in range(8, 24):
            letter = replace(
                LETTER, body=paragraphs("\n".join(["一行文字。"] * count)), attachments=()
            )
            last = pages(pdf.write(letter))[-1].get_text_range()
            assert "一行文字" in last

    def test_the_same_letter_is_the_same_file(self) -> None:
        assert pdf.write(LETTER) == pdf.write(LETTER)

    def test_a_watermark_stands_on_every_page(self) -> None:
        for page in pages(pdf.write(LONG, watermark="核查员李")):
            assert page.get_text_range().count("核查员李") > 3
        assert "核查员李" not in text_of(pdf.write(LONG))

    def test_a_bare_letter_is_one_page(self) -> None:
        bare = Letter("某局", "函", "某单位", paragraphs("正文。"), "某局", date(2026, 3, 8))
        assert len(pages(pdf.write(bare))) == 1

    def test_it_is_kept_as_pdf_a(self) -> None:
        content = pdf.write(LETTER)
        assert b"pdfaid:part" in content


def test_without_a_font_it_says_which_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    none = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)
    monkeypatch.setattr(fonts, "found", lambda folder=None: none)
    with pytest.raises(NoFontError) as told:
        pdf.write(LETTER, fonts=tmp_path)
    assert "fonts-noto-cjk" in told.value.in_("zh")
    assert "fonts-noto-cjk" in told.value.in_("en")


def test_the_offices_own_fonts_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def families(self) -> list[str]:
            return ["SimHei", "Noto Serif CJK SC", "FangSong"]

    monkeypatch.setattr(fonts, "found", lambda folder=None: Found())
    chosen = fonts.chosen()
    assert chosen["body"] == ["FangSong", "Noto Serif CJK SC"]
    assert chosen["first"][0] == "SimHei"
    assert chosen["title"] == ["Noto Serif CJK SC"]


# -- DOCX ----------------------------------------------------------------------------------------


@pytest.fixture
def made() -> Any:
    return reader.Document(io.BytesIO(docx.write(LETTER)))


def test_every_part_has_a_style_to_change(made: Any) -> None:
    styles = [(p.style.name, p.text) for p in made.paragraphs]
    assert styles[:5] == [
        ("密级", "秘密★1年"), ("发文机关标志", LETTER.office), ("发文字号", LETTER.number), ("Title", LETTER.title),
        ("主送机关", "澜州市经济和信息化局："),
    ]  # fmt: skip
    named = dict(reversed(styles))
    assert named["Heading 1"] == "一、有关情况"
    assert named["Heading 2"] == "（二）第二项"
    assert named["成文日期"] == "2026年3月8日"
    assert named["附注"] == "（联系人：李某）"
    assert ("Normal", NASTY) in styles
    assert [text for name, text in styles if name == "版记"] == [
        "抄送：驻局纪检监察组。",
        "澜州市纪委监委办公室\t2026年3月8日印发",
    ]


def test_the_paper_is_that_of_the_standard(made: Any) -> None:
    section = made.sections[0]
    assert (section.page_width.mm, section.page_height.mm) == pytest.approx((210, 297), abs=0.1)
    assert (section.top_margin.mm, section.left_margin.mm) == pytest.approx((37, 28), abs=0.1)
    text = section.page_width.mm - section.left_margin.mm - section.right_margin.mm
    assert text == pytest.approx(156, abs=0.1)
    high = section.page_height.mm - section.top_margin.mm - section.bottom_margin.mm
    assert high == pytest.approx(225, abs=0.1)
    settings = made.settings.element
    assert settings.find(qn("w:mirrorMargins")) is not None
    assert made.settings.odd_and_even_pages_header_footer


def test_fonts_sizes_and_lines(made: Any) -> None:
    def look(name: str) -> tuple[str, float]:
        style = made.styles[name]
        return style.element.rPr.rFonts.get(qn("w:eastAsia")), style.font.size.pt

    assert look("Normal") == ("仿宋_GB2312", 16)
    assert look("Title") == ("方正小标宋简体", 22)
    assert look("Heading 1") == ("黑体", 16)
    assert look("Heading 2") == ("楷体_GB2312", 16)
    assert look("页码") == ("宋体", 14)
    told = made.styles["Normal"].paragraph_format
    assert 28 <= told.line_spacing.pt <= 29
    assert made.styles["Normal"].element.pPr.find(qn("w:ind")).get(qn("w:firstLineChars")) == "200"
    head = made.paragraphs[1]
    assert str(head.style.font.color.rgb) == "FF0000"
    assert head.runs[0].font.size.pt == 43.5
    rule = made.paragraphs[2]._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    assert rule.get(qn("w:color")) == "FF0000"


def test_page_numbers_at_the_outer_foot(made: Any) -> None:
    section = made.sections[0]
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        [paragraph] = footer.paragraphs
        assert paragraph.text == "— 1 —"
        assert f"'{side}'" in str({paragraph.alignment.name.lower()})
        assert "PAGE" in paragraph._p.xml


def test_a_long_title_is_broken_in_both() -> None:
    long = replace(
        LETTER, title="关于部分单位在工艺美术大师评审工作中审核把关不严有关问题的纪检监察建议书"
    )
    [title] = [
        p
        for p in reader.Document(io.BytesIO(docx.write(long))).paragraphs
        if p.style.name == "Title"
    ]
    first, second = title.text.split("\n")
    assert abs(len(first) - len(second)) <= 8
    assert first + second == long.title
