"""Texts of letters: packaged, changed by an office, and wrong in every way an office can be wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.kit.letter.form import KINDS, LetterError, check, packaged, parse, read_form
from plumbline.kit.letter.letter import (
    Paragraph,
    chinese_date,
    clean,
    document_number,
    paragraphs,
    title_lines,
)

DAY = date(2026, 3, 8)
OWN = "红头：{机关}\n标题：关于{事项}的函\n主送：{单位}\n落款：{机关}\n---\n{情况}\n{依据}{要求}{期限}\n"


def values(kind: str, **told: str) -> dict[str, str]:
    """A value for every place, some of them empty."""
    empty = {"附件", "抄送", "密级", "文号", "联系人", "电话", "范围", "编号", "预警"}
    return {
        word: "" if word in empty else f"某{word}" for word in KINDS[kind].words if word != "日期"
    } | told


@pytest.mark.parametrize("kind", KINDS)
def test_every_packaged_text_can_be_filled(kind: str) -> None:
    letter = read_form(kind).fill(values(kind), on=DAY)
    assert letter.office == letter.signed == "某机关"
    assert letter.body
    said = " ".join((letter.title, letter.to, *(p.head + p.text for p in letter.body)))
    for word in KINDS[kind].must:
        assert f"某{word}" in said
    assert "{" not in said


def test_a_part_whose_places_are_empty_is_left_out() -> None:
    form = read_form("reminder")
    bare = form.fill(values("reminder"), on=DAY)
    assert (bare.copies, bare.note, bare.secrecy, bare.attachments) == ("", "", "", ())
    full = form.fill(
        values(
            "reminder", 抄送="某局。", 联系人="李某", 附件="1. 清单；\n2、办法。\n", 密级="秘密★1年"
        ),
        on=DAY,
    )
    assert (full.copies, full.note) == ("某局", "联系人：李某，电话：")
    assert full.attachments == ("清单", "办法")
    assert full.secrecy == "秘密★1年"


def test_what_stands_in_a_value_is_text_and_nothing_else() -> None:
    letter = read_form("reminder").fill(
        values("reminder", 情况="{单位}\n一、甲。乙\n---\n标题：假的", 单位="{情况}局"), on=DAY
    )
    said = [p.head + p.text for p in letter.body]
    assert "{单位}" in said
    assert "标题：假的" in said
    assert Paragraph(1, "一、甲。", "乙") in letter.body
    assert letter.to == "{情况}局"
    assert letter.title == "关于某事项的提醒函"


def test_a_value_inside_a_sentence_stays_on_its_line() -> None:
    letter = read_form("reminder").fill(values("reminder", 事项="甲\n乙", 期限="三\n日"), on=DAY)
    assert letter.title == "关于甲 乙的提醒函"
    assert "请于三 日前将整改情况书面报送。" in [p.text for p in letter.body]


def test_an_office_changes_its_text(tmp_path: Path) -> None:
    (tmp_path / "reminder.md").write_text("\ufeff# 我们的\n" + OWN, encoding="utf-8")
    letter = read_form("reminder", tmp_path).fill(values("reminder"), on=DAY)
    assert letter.title == "关于某事项的函"
    assert read_form("transfer", tmp_path).where == "transfer.md"
    assert check(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (OWN.replace("{单位}", "{单立}"), "letters/reminder.md:3", "单位"),
        (OWN.replace("{情况}", "{情况说明}"), "letters/reminder.md:6", "情况"),
        (OWN.replace("主送：", "主送机关："), "letters/reminder.md:3", "主送"),
        (OWN.replace("主送：", "主送"), "letters/reminder.md:3", ""),
        (OWN.replace("标题：关于{事项}的函\n", "标题：函\n"), "letters/reminder.md:7", "{事项}"),
        (OWN.replace("{要求}", ""), "letters/reminder.md:7", "{要求}"),
        (OWN.replace("落款：{机关}\n", ""), "letters/reminder.md:1", "落款"),
        (OWN.replace("{情况}\n", "{情况\n"), "letters/reminder.md:6", "花括号"),
        (OWN.replace("{情况}\n", "情况}\n"), "letters/reminder.md:6", "花括号"),
        (OWN + "{}\n", "letters/reminder.md:8", ""),
        (OWN.replace("---", "标题：又一个\n---"), "letters/reminder.md:5", "两次"),
        (OWN.partition("---")[0], "letters/reminder.md:4", "正文"),
        ("", "letters/reminder.md:1", "红头"),
    ],
    ids=[
        "word", "long-word", "part", "colon", "must-title", "must-body", "signature", "open", "close",
        "nothing", "twice", "body", "empty",
    ],
)  # fmt: skip
def test_a_wrong_text_is_said_with_its_place(
    tmp_path: Path, text: str, where: str, said: str
) -> None:
    (tmp_path / "reminder.md").write_text(text, encoding="utf-8")
    with pytest.raises(LetterError) as told:
        read_form("reminder", tmp_path)
    assert told.value.where == where
    assert said in told.value.in_("zh")
    assert [error.where for error in check(tmp_path)] == [where]


def test_a_file_of_no_letter_and_one_in_another_encoding_are_said(tmp_path: Path) -> None:
    (tmp_path / "remainder.md").write_text(OWN, encoding="utf-8")
    (tmp_path / "transfer.md").write_bytes(OWN.encode("gb18030"))
    strange, encoding = check(tmp_path)
    assert "reminder" in strange.in_("en")
    assert "UTF-8" in encoding.in_("en")


def test_a_letter_lacks_nothing_it_needs() -> None:
    form = read_form("reminder")
    with pytest.raises(LetterError, match="'要求' is empty") as told:
        form.fill(values("reminder", 要求=" \n"), on=DAY)
    assert told.value.where == "reminder.md:18"
    lacking = values("reminder")
    del lacking["文号"]
    with pytest.raises(LetterError, match="文号"):
        form.fill(lacking, on=DAY)
    with pytest.raises(LetterError, match="unknown word '姓名'"):
        form.fill(values("reminder", 姓名="王某"), on=DAY)
    with pytest.raises(LetterError, match="红头"):
        form.fill(values("reminder", 机关=""), on=DAY)


@given(st.text(max_size=200))
def test_no_value_breaks_a_letter(text: str) -> None:
    letter = read_form("reminder").fill(
        values("reminder", 情况=f"甲{text}", 事项=f"乙{text}"), on=DAY
    )
    said = "".join(p.head + p.text for p in letter.body)
    for character in clean(text):
        if not character.isspace():
            assert character in said


@given(st.text(alphabet="甲乙的（）、。", min_size=1, max_size=120), st.integers(5, 20))
def test_a_title_is_broken_and_nothing_is_lost(title: str, longest: int) -> None:
    lines = title_lines(title, longest)
    assert "".join(lines) == title
    assert max(map(len, lines)) <= longest
    assert len(lines) == -(-len(title) // longest)


def test_dates_and_numbers_as_the_standard_has_them() -> None:
    assert chinese_date(DAY) == "2026年3月8日"
    assert document_number("澜纪转", 2026, 7) == "澜纪转〔2026〕7号"


def test_levels_of_headings() -> None:
    assert paragraphs("一、甲\n（二）乙。丙\n1. 丁\n十一、戊\n\n  \n正文一、不是标题") == (
        Paragraph(1, "一、甲", ""), Paragraph(2, "（二）乙。", "丙"), Paragraph(0, "", "1. 丁"),
        Paragraph(1, "十一、戊", ""), Paragraph(0, "", "正文一、不是标题"),
    )  # fmt: skip


def test_what_reorders_or_hides_text_is_taken_out() -> None:
    assert clean("王\u202e明\u200b小\x07\ud800军") == "王明小军"


def test_the_packaged_text_is_where_an_office_begins() -> None:
    assert parse("transfer", packaged("transfer"), "transfer.md").body
