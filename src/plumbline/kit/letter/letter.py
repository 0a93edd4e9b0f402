"""What a letter consists of (GB/T 9704-2012, section 7), before anybody sets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

_FIRST = re.compile(r"[一二三四五六七八九十百]+、")
_SECOND = re.compile(r"（[一二三四五六七八九十百]+）")
#: What no paper shows and XML does not take: control characters, halves of a pair, and those that
#: reorder text, so that nobody reads another name than the one that stands there.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Paragraph(NamedTuple):
    """A paragraph of the body.

    Attributes:
        level: 1 for `一、` (黑体), 2 for `（一）` (楷体), 0 for text (仿宋).
        head: the part that is set as a heading: up to the first full stop.
        text: what follows it in the same paragraph.
    """

    level: int
    head: str
    text: str


@dataclass(frozen=True)
class Letter:
    """One letter; what is empty is left out.

    Attributes:
        office: the red head (发文机关标志).
        number: 发文字号, as `document_number` writes it.
        to: 主送机关, without the colon.
        attachments: titles of what goes along, without punctuation.
        signed: 发文机关署名; the seal is set over it and the date.
        on: 成文日期.
        note: 附注, such as whom to ask.
        copies: 抄送机关.
        printed: 印发机关; with it stands the day of printing, which is `on`.
        secrecy: 密级和保密期限, such as `秘密★1年`.
    """

    office: str
    title: str
    to: str
    body: tuple[Paragraph, ...]
    signed: str
    on: date
    number: str = ""
    attachments: tuple[str, ...] = ()
    note: str = ""
    copies: str = ""
    printed: str = ""
    secrecy: str = ""


def clean(text: str) -> str:
    """The text without characters that cannot be printed."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Each line that holds anything as a paragraph, its level told by how it is numbered."""
    return tuple(_paragraph(line.strip()) for line in clean(text).split("\n") if line.strip())


def _paragraph(line: str) -> Paragraph:
    level = 1 if _FIRST.match(line) else 2 if _SECOND.match(line) else 0
    if not level:
        return Paragraph(0, "", line)
    head, stop, text = line.partition("。")
    return Paragraph(level, head + stop if text else line, text)


def title_lines(title: str, longest: int) -> tuple[str, ...]:
    """A title as lines of about one length, none ending inside a pair of brackets or before 的.

    Args:
        longest: how many characters a line takes.
    """
    count = -(-len(title) // longest)
    if count < 2:
        return (title,)
    ideal = len(title) / count
    near = range(max(1, int(ideal) - 4), min(longest, int(ideal) + 5))
    cut = min(
        (at for at in near if len(title) - at <= longest * (count - 1)),
        key=lambda at: abs(at - ideal) + _ugliness(title, at),
        default=longest,
    )
    return (title[:cut], *title_lines(title[cut:], longest))


def _ugliness(title: str, at: int) -> int:
    before, after = title[at - 1], title[at]
    if after in "的、，。）》”〕" or before in "（《“〔":
        return 9
    return 0 if before in "的、，）》”" or after in "（《“" else 2


def chinese_date(day: date) -> str:
    """As GB/T 9704 wants it: Arabic numerals, nothing padded."""
    return f"{day.year}年{day.month}月{day.day}日"


def document_number(word: str, year: int, serial: int) -> str:
    """发文字号: the office's word (机关代字), the year in its brackets, the serial number."""
    return f"{word}〔{year}〕{serial}号"
