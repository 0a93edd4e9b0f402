"""Texts of letters that an office can change: a plain file with places in braces, such as {单位}.

    标题：关于{事项}的提醒函
    主送：{单位}
    落款：{机关}
    ---
    经查，{情况}
    一、请立即核实。
    {要求}

Above the line of three hyphens stand the parts, each after its name; below it the body, a paragraph to
a line. A part, or a paragraph, whose places are all empty is left out. What stands in a value is never
read as a place, a heading of the form, or anything but text.

The file `letters/NAME.md` of a workspace stands in for the packaged one of that name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from plumbline.errors import DeclarationError, Text
from plumbline.kit.letter.letter import Letter, Paragraph, chinese_date, clean, paragraphs

#: Places that every letter may have. `日期` is the letter's own and is given with it.
_EVERYWHERE = (
    "机关",
    "文号",
    "日期",
    "单位",
    "事项",
    "情况",
    "附件",
    "联系人",
    "电话",
    "抄送",
    "密级",
)


@dataclass(frozen=True)
class Kind:
    """A kind of letter: its name in words, places it must have, and further ones that it may have."""

    title: Text
    must: tuple[str, ...]
    may: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.must, *self.may, *_EVERYWHERE)))


KINDS: Mapping[str, Kind] = {
    "transfer": Kind(
        Text("转办函", "Letter of transfer"), ("单位", "事项", "情况", "依据", "核查步骤", "期限"), ("编号",),
    ),
    "reminder": Kind(
        Text("提醒函", "Letter of reminder"), ("单位", "事项", "情况", "依据", "要求", "期限"),
    ),
    "recommendation": Kind(
        Text("纪检监察建议书", "Recommendation"), ("单位", "事项", "情况", "依据", "建议", "期限"),
    ),
    "clarification": Kind(
        Text("澄清函", "Letter of clarification"), ("姓名", "情况", "结论"), ("预警", "范围"),
    ),
    "data_error": Kind(
        Text("数据核对函", "Letter about data"), ("单位", "数据集", "情况", "行数", "期限"),
    ),
}  # fmt: skip

#: Parts above the line, and those without which there is no letter.
_PARTS = ("密级", "红头", "文号", "标题", "主送", "附件", "落款", "附注", "抄送", "印发")
_NEEDED = ("红头", "标题", "主送", "落款")
_PLACE = re.compile(r"\{([^{}\n]*)\}")
_PART = re.compile(r"([^：:]*)[：:](.*)")
_RULE = re.compile(r"-{3,}")


class LetterError(DeclarationError):
    """The text of a letter, or what was to be put into it, is wrong."""


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


@dataclass(frozen=True)
class Form:
    """A letter's text, checked: every place in it is known, and those that must be are there."""

    kind: str
    where: str
    parts: Mapping[str, _Line]
    body: tuple[_Line, ...]

    def fill(self, values: Mapping[str, str], *, on: date) -> Letter:
        """The letter with these values in its places.

        Args:
            values: word -> text; a text of several lines becomes several paragraphs where it stands alone.

        Raises:
            LetterError: a value is missing, empty where the letter needs it, or for a word that is none.
        """
        kind = KINDS[self.kind]
        for word in values:
            if word not in kind.words:
                raise _unknown(word, kind.words, self.where)
        given = {word: clean(text).strip() for word, text in values.items()}
        given["日期"] = chinese_date(on)
        for word in kind.must:
            if not given.get(word):
                raise LetterError(
                    Text(f"“{word}”是空的", f"'{word}' is empty"), where=self._place_of(word)
                )
        told = {name: self._one_line(line, given) for name, line in self.parts.items()}
        for name in _NEEDED:
            if not told[name]:
                raise LetterError(
                    Text(f"“{name}”是空的", f"the part '{name}' is empty"),
                    where=f"{self.where}:{self.parts[name].number}",
                )
        attached = _filled(self.parts["附件"].text, given) if "附件" in self.parts else ""
        return Letter(
            office=told["红头"], number=told.get("文号", ""), title=told["标题"],
            to=told["主送"].rstrip("：:"), body=self._body(given),
            attachments=tuple(_attachments(attached)), signed=told["落款"], on=on,
            note=told.get("附注", ""), copies=told.get("抄送", "").rstrip("。"),
            printed=told.get("印发", ""), secrecy=told.get("密级", ""),
        )  # fmt: skip

    def _body(self, given: Mapping[str, str]) -> tuple[Paragraph, ...]:
        found: list[Paragraph] = []
        for line in self.body:
            self._must_be_given(line, given)
            if _all_empty(line.text, given):
                continue
            if _PLACE.fullmatch(line.text):
                found += paragraphs(_filled(line.text, given))
            else:
                found += paragraphs(" ".join(_filled(line.text, given).split("\n")))
        return tuple(found)

    def _one_line(self, line: _Line, given: Mapping[str, str]) -> str:
        self._must_be_given(line, given)
        if _all_empty(line.text, given):
            return ""
        return " ".join(_filled(line.text, given).split())

    def _must_be_given(self, line: _Line, given: Mapping[str, str]) -> None:
        for word in _PLACE.findall(line.text):
            if word not in given:
                raise LetterError(
                    Text(f"没有给出“{word}”", f"nothing was given for '{word}'"),
                    where=f"{self.where}:{line.number}",
                )

    def _place_of(self, word: str) -> str:
        lines = [*self.parts.values(), *self.body]
        number = next(line.number for line in lines if word in _PLACE.findall(line.text))
        return f"{self.where}:{number}"


def read_form(kind: str, office: Path | None = None) -> Form:
    """The text of a kind of letter: the office's own where it has one, or the packaged one.

    Args:
        kind: one of `KINDS`.
        office: folder with the office's own texts.

    Raises:
        LetterError: the text is wrong; the message names file, line and the nearest right word.
    """
    own = office / f"{kind}.md" if office else None
    if own and own.is_file():
        try:
            text = own.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise LetterError(
                Text("不是 UTF-8 编码", "it is not in UTF-8"), where=f"letters/{own.name}",
                hint=Text("在编辑器里另存为 UTF-8", "save it as UTF-8 in your editor"),
            ) from error  # fmt: skip
        return parse(kind, text, f"letters/{own.name}")
    return parse(kind, packaged(kind), f"{kind}.md")


def packaged(kind: str) -> str:
    """The text that Plumbline brings, to begin one's own from."""
    return files(__package__).joinpath("forms", f"{kind}.md").read_text(encoding="utf-8")


def check(office: Path) -> list[LetterError]:
    """What is wrong with an office's own texts, and files that are no letter's."""
    found = []
    for path in sorted(office.glob("*.md")):
        if path.stem not in KINDS:
            found.append(_unknown(path.stem, KINDS, f"letters/{path.name}"))
            continue
        try:
            read_form(path.stem, office)
        except LetterError as error:
            found.append(error)
    return found


def parse(kind: str, text: str, where: str) -> Form:
    """Read a letter's text and check every word of it.

    Raises:
        LetterError: an unknown part or place, one that is missing, or stray braces.
    """
    words = KINDS[kind].words
    parts: dict[str, _Line] = {}
    body: list[_Line] = []
    below = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = _Line(number, raw.strip())
        at = f"{where}:{number}"
        if not line.text or (line.text.startswith("#") and not below):
            continue
        if not below and _RULE.fullmatch(line.text):
            below = True
            continue
        _check_places(line.text, words, at)
        if below:
            body.append(line)
        else:
            name, rest = _part(line.text, at)
            if name in parts:
                raise LetterError(Text(f"“{name}”写了两次", f"'{name}' stands twice"), where=at)
            parts[name] = _Line(number, rest)
    _check_whole(kind, parts, body, where)
    return Form(kind, where, parts, tuple(body))


def _part(line: str, at: str) -> tuple[str, str]:
    found = _PART.fullmatch(line)
    name = found[1].strip() if found else line
    if not found or name not in _PARTS:
        raise _unknown(name, _PARTS, at)
    return name, found[2].strip()


def _check_places(text: str, words: Iterable[str], at: str) -> None:
    for word in _PLACE.findall(text):
        if word not in words:
            raise _unknown(word, words, at)
    if set("{}") & set(_PLACE.sub("", text)):
        raise LetterError(
            Text("花括号不成对", "a brace stands alone"), where=at,
            hint=Text("位置写成 {单位}", "write a place as {单位}"),
        )  # fmt: skip


def _check_whole(kind: str, parts: Mapping[str, _Line], body: list[_Line], where: str) -> None:
    for name in _NEEDED:
        if name not in parts:
            raise LetterError(
                Text(f"没有“{name}”", f"there is no part '{name}'"), where=f"{where}:1",
                hint=Text(f"在三个连字符之上加一行“{name}：”", f"add a line '{name}：' above the hyphens"),
            )  # fmt: skip
    last = max([1, *(line.number for line in (*parts.values(), *body))])
    if not body:
        raise LetterError(
            Text("没有正文", "it has no body"), where=f"{where}:{last}",
            hint=Text("正文写在一行“---”之下", "the body stands below a line '---'"),
        )  # fmt: skip
    said = {word for line in (*parts.values(), *body) for word in _PLACE.findall(line.text)}
    for word in KINDS[kind].must:
        if word not in said:
            raise LetterError(
                Text(f"缺少 {{{word}}}", f"the place {{{word}}} is missing"), where=f"{where}:{last}",
                hint=Text(
                    f"“{KINDS[kind].title.zh}”要写明“{word}”，请在正文中加上 {{{word}}}",
                    f"this letter has to say it; put {{{word}}} into its body",
                ),
            )  # fmt: skip


def _unknown(word: str, known: Iterable[str], where: str) -> LetterError:
    """What is wrong, and the nearest right word, or all of them."""
    words = list(known)
    near = difflib.get_close_matches(word, words, 1, cutoff=0.3)
    hint = (
        Text(f"是不是“{near[0]}”？", f"did you mean '{near[0]}'?")
        if near
        else Text(f"可以用：{'、'.join(words)}", f"known are: {', '.join(words)}")
    )
    return LetterError(Text(f"不认识“{word}”", f"unknown word '{word}'"), where=where, hint=hint)


def _filled(text: str, given: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: given[place[1]], text)


def _all_empty(text: str, given: Mapping[str, str]) -> bool:
    places = _PLACE.findall(text)
    return bool(places) and not any(given[word] for word in places if word != "日期")


def _attachments(text: str) -> Iterable[str]:
    for line in text.split("\n"):
        if told := line.strip().rstrip("。；;"):
            yield re.sub(r"^\d+[.．、]\s*", "", told)
