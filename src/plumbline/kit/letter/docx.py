"""A letter as DOCX: to be edited, so every part of it has a style by which an office changes its look."""

from __future__ import annotations

import io
from datetime import UTC, datetime, time
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from plumbline.kit.letter.letter import Letter, chinese_date, title_lines
from plumbline.kit.letter.pdf import TITLE_CHARACTERS, head_pt

_FANGSONG, _XIAOBIAOSONG, _HEITI, _KAITI, _SONGTI = (
    "仿宋_GB2312",
    "方正小标宋简体",
    "黑体",
    "楷体_GB2312",
    "宋体",
)
#: What a machine without a font takes in its place.
_INSTEAD = {
    _FANGSONG: "仿宋,FangSong,华文仿宋,Noto Serif CJK SC",
    _XIAOBIAOSONG: "方正小标宋_GBK,华文中宋,Noto Serif CJK SC",
    _HEITI: "SimHei,Noto Sans CJK SC",
    _KAITI: "楷体,KaiTi,华文楷体,Noto Serif CJK SC",
    _SONGTI: "SimSun,Noto Serif CJK SC",
}
_PITCH = 28.95  # points from line to line: 22 lines on 225 mm
_CELL = 156 / 25.4 * 72 / 28  # points from character to character
_RED = RGBColor(0xFF, 0, 0)
_TWIPS = 20


def write(letter: Letter) -> bytes:
    """The letter as DOCX."""
    made = docx.Document()
    _page(made)
    styles = _Styles(made)
    styles.make()
    _body(made, letter)
    _foot(made)
    properties = made.core_properties
    properties.title, properties.author, properties.language = letter.title, letter.signed, "zh-CN"
    properties.created = properties.modified = datetime.combine(letter.on, time(), UTC).replace(tzinfo=None)  # fmt: skip
    properties.comments = properties.last_modified_by = ""
    _fonts_instead(made)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _page(made: Any) -> None:
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(22.5)  # the number's upper edge is 7 mm below the text
    grid = section._sectPr.find(qn("w:docGrid"))  # noqa: SLF001 -- python-docx has no word for it
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)  # noqa: SLF001 -- as above
    grid.set(
        qn("w:type"), "lines"
    )  # characters are set by the text's own spacing, as all programs do
    grid.set(qn("w:linePitch"), str(round(_PITCH * _TWIPS)))
    settings = made.settings.element
    zoom = settings.find(qn("w:zoom"))
    zoom.addnext(OxmlElement("w:mirrorMargins"))
    made.settings.odd_and_even_pages_header_footer = True


class _Styles:
    """The styles of all parts, by the names that GB/T 9704 gives them."""

    def __init__(self, made: Any) -> None:
        self.of = made.styles

    def make(self) -> None:
        self._set("Normal", _FANGSONG, 16, indent=2, own="正文")
        centre = WD_ALIGN_PARAGRAPH.CENTER
        self._set(
            "Title", _XIAOBIAOSONG, 22, align=centre, before=2 * _PITCH, after=_PITCH, pitch=33
        )
        self._set("Heading 1", _HEITI, 16, indent=2, keep=True)
        self._set("Heading 2", _KAITI, 16, indent=2, keep=True)
        self._new("密级", _HEITI, 16)
        self._new(
            "发文机关标志", _XIAOBIAOSONG, 36, align=centre, after=2 * _PITCH, colour=_RED, pitch=0
        )
        self._new("发文字号", _FANGSONG, 16, align=centre, after=0)
        self._new("主送机关", _FANGSONG, 16)
        self._new("附件说明", _FANGSONG, 16, align=WD_ALIGN_PARAGRAPH.LEFT, keep=True)
        self._new("发文机关署名", _FANGSONG, 16, align=WD_ALIGN_PARAGRAPH.RIGHT, keep=True)
        self._new("成文日期", _FANGSONG, 16, align=WD_ALIGN_PARAGRAPH.RIGHT, right=4)
        self._new("附注", _FANGSONG, 16, indent=2)
        self._new("版记", _FANGSONG, 14, align=WD_ALIGN_PARAGRAPH.LEFT, pitch=24)
        self._new("页码", _SONGTI, 14, pitch=16)
        for name, font in (("一级标题字", _HEITI), ("二级标题字", _KAITI)):
            style = self.of.add_style(name, WD_STYLE_TYPE.CHARACTER)
            _font(style, font, 16)

    def _new(self, name: str, font: str, size: float, **more: Any) -> None:
        self.of.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = self.of["Normal"]
        self._set(name, font, size, **more)

    def _set(  # noqa: PLR0913 -- all that a style consists of
        self,
        name: str,
        font: str,
        size: float,
        *,
        align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY,
        indent: int = 0,
        right: int = 0,
        before: float = 0,
        after: float = 0,
        pitch: float = _PITCH,
        keep: bool = False,
        colour: RGBColor | None = None,
        own: str = "",
    ) -> None:
        style = self.of[name]
        _font(style, font, size)
        style.font.bold = style.font.italic = False
        style.font.color.rgb = colour or RGBColor(0, 0, 0)
        style.quick_style = True
        told = style.paragraph_format
        told.alignment, told.keep_with_next, told.widow_control = align, keep, False
        told.space_before, told.space_after = Pt(before), Pt(after)
        if pitch:
            told.line_spacing_rule, told.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(pitch)
        else:
            told.line_spacing_rule = WD_LINE_SPACING.SINGLE
        _indent(style.element.get_or_add_pPr(), indent, right)
        if pitch != _PITCH:  # larger and smaller letters keep their own lines
            spacing = style.element.pPr.find(qn("w:spacing"))
            spacing.addprevious(_element("w:snapToGrid", val=0))
        borders = style.element.pPr.find(qn("w:pBdr"))
        if borders is not None:  # the packaged style of titles has a line below
            style.element.pPr.remove(borders)
        if own:
            # 28 characters of 16 points on 156 mm: a quarter of a point closer than they are wide.
            size_of = style.element.rPr.find(qn("w:sz"))
            size_of.addprevious(_element("w:spacing", val=-5))
            style.element.rPr.append(_element("w:lang", val="en-US", eastAsia="zh-CN"))


def _font(style: Any, font: str, size: float) -> None:
    style.font.name, style.font.size = font, Pt(size)
    fonts = style.element.rPr.rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), font)
    for spacing in style.element.rPr.findall(qn("w:spacing")):
        spacing.set(qn("w:val"), "0")


def _indent(paragraph: Any, first: float = 0, right: float = 0) -> None:
    """Indents in characters, as Chinese offices write them; what is inherited is undone."""
    for old in paragraph.findall(qn("w:ind")):
        paragraph.remove(old)
    told = {"firstLineChars": round(first * 100), "firstLine": round(first * _CELL * _TWIPS)}
    if right:
        told |= {"rightChars": round(right * 100), "right": round(right * _CELL * _TWIPS)}
    # Its place among the others is fixed by the format: before alignment.
    element = _element("w:ind", **told)
    after = paragraph.find(qn("w:jc"))
    if after is not None:
        after.addprevious(element)
    else:
        paragraph.append(element)


def _body(made: Any, letter: Letter) -> None:
    first = made.add_paragraph(letter.secrecy, "密级")
    # The red head's upper edge is 35 mm below that of the text area.
    first.paragraph_format.space_after = Pt(35 / 25.4 * 72 - _PITCH)
    head = made.add_paragraph(style="发文机关标志").add_run(letter.office)
    head.font.size = Pt(head_pt(letter.office))
    _rule_below(made.add_paragraph(letter.number, "发文字号"))
    title = made.add_paragraph(style="Title")
    for index, line in enumerate(title_lines(letter.title, TITLE_CHARACTERS)):
        if index:
            title.add_run().add_break()
        title.add_run(line)
    made.add_paragraph(f"{letter.to}：", "主送机关")
    last = None
    for level, begins, text in letter.body:
        if level and not text:
            last = made.add_paragraph(begins, f"Heading {level}")
            continue
        last = made.add_paragraph()
        if begins:
            last.add_run(begins, "一级标题字" if level == 1 else "二级标题字")
        last.add_run(text)
    if last is not None:
        last.paragraph_format.keep_with_next = True  # no page with a signature and no text
    _attachments(made, letter)
    _signature(made, letter)
    _colophon(made, letter)


def _attachments(made: Any, letter: Letter) -> None:
    for index, name in enumerate(letter.attachments):
        number = f"{index + 1}. " if len(letter.attachments) > 1 else ""
        lead = "附件：" if index == 0 else "　　　"
        paragraph = made.add_paragraph(f"{lead}{number}{name}", "附件说明")
        indent = paragraph._p.get_or_add_pPr()  # noqa: SLF001 -- hanging by characters has no word
        for old in indent.findall(qn("w:ind")):
            indent.remove(old)
        hang = 3 + (1 if number else 0)
        indent.append(
            _element(
                "w:ind", leftChars=(2 + hang) * 100, left=round((2 + hang) * _CELL * _TWIPS),
                hangingChars=hang * 100, hanging=round(hang * _CELL * _TWIPS),
            )
        )  # fmt: skip
        if index == 0:
            paragraph.paragraph_format.space_before = Pt(_PITCH)


def _signature(made: Any, letter: Letter) -> None:
    """The date four characters from the right, the name centred over it, room above for a seal."""
    day = chinese_date(letter.on)
    digits = sum(character.isdigit() for character in day)
    width = len(day) - digits / 2  # digits are half as wide
    over = (len(letter.signed) - width) / 2
    name = made.add_paragraph(letter.signed, "发文机关署名")
    name.paragraph_format.space_before = Pt(2 * _PITCH)
    _indent(name._p.get_or_add_pPr(), right=max(0, 4 - over))  # noqa: SLF001 -- indents in characters
    date = made.add_paragraph(day, "成文日期")
    _indent(date._p.get_or_add_pPr(), right=max(4, over))  # noqa: SLF001 -- as above
    if letter.note:
        date.paragraph_format.keep_with_next = True
        made.add_paragraph(f"（{letter.note}）", "附注")


def _colophon(made: Any, letter: Letter) -> None:
    """版记, in a frame at the foot of the last page."""
    lines = [f"抄送：{letter.copies}。"] if letter.copies else []
    if letter.printed:
        lines.append(f"{letter.printed}\t{chinese_date(letter.on)}印发")
    for index, line in enumerate(lines):
        paragraph = made.add_paragraph(line, "版记")
        told = paragraph._p.get_or_add_pPr()  # noqa: SLF001 -- frames have no word in python-docx
        frame = _element(
            "w:framePr", w=round(156 / 25.4 * 72 * _TWIPS), hSpace=0, wrap="around",
            vAnchor="margin", hAnchor="margin", xAlign="center", yAlign="bottom",
        )  # fmt: skip
        _first_after_style(told, frame)
        borders = OxmlElement("w:pBdr")
        thick, thin = {"val": "single", "sz": 8, "space": 1, "color": "000000"}, {"val": "single", "sz": 6, "space": 1, "color": "000000"}  # fmt: skip
        borders.append(_element("w:top", **(thick if index == 0 else thin)))
        borders.append(_element("w:bottom", **(thick if index == len(lines) - 1 else thin)))
        frame.addnext(borders)
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(156 / 25.4 * 72 - 14), 2)
        paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(14)


def _first_after_style(told: Any, element: Any) -> None:
    style = told.find(qn("w:pStyle"))
    if style is not None:
        style.addnext(element)
    else:
        told.insert(0, element)


def _rule_below(paragraph: Any) -> None:
    told = paragraph._p.get_or_add_pPr()  # noqa: SLF001 -- borders have no word in python-docx
    borders = OxmlElement("w:pBdr")
    borders.append(_element("w:bottom", val="single", sz=12, space=11, color="FF0000"))
    _first_after_style(told, borders)


def _foot(made: Any) -> None:
    """— 1 —: at the outer edge, one character in."""
    section = made.sections[0]
    for footer, align, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT, "right_indent"),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT, "left_indent"),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.style, paragraph.alignment = made.styles["页码"], align
        setattr(paragraph.paragraph_format, side, Pt(14))
        paragraph.add_run("— ")
        _field(paragraph, "PAGE")
        paragraph.add_run(" —")


def _field(paragraph: Any, code: str) -> None:
    for kind in ("begin", "separate", "end"):
        if kind == "separate":
            run = paragraph.add_run()
            told = OxmlElement("w:instrText")
            told.set(qn("xml:space"), "preserve")
            told.text = f" {code} "
            run._r.append(told)  # noqa: SLF001 -- fields have no word in python-docx
        run = paragraph.add_run()
        run._r.append(_element("w:fldChar", fldCharType=kind))  # noqa: SLF001 -- as above
        if kind == "separate":
            paragraph.add_run("1")


def _fonts_instead(made: Any) -> None:
    """What to take where a font is missing, in the list of fonts."""
    part = next(
        p for p in made.part.package.iter_parts() if str(p.partname) == "/word/fontTable.xml"
    )
    rows = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
        for name, others in _INSTEAD.items()
    )
    part._blob = part.blob.replace(b"</w:fonts>", rows.encode() + b"</w:fonts>")  # noqa: SLF001 -- as above


def _element(name: str, **attributes: object) -> Any:
    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), str(value))
    return made
