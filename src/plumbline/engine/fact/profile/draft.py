"""The proposed declaration as YAML, with comments that say how sure each part is."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from plumbline.engine.fact.layout import Layout, clean_header
from plumbline.engine.fact.profile.guess import Guess
from plumbline.errors import Lang, Text


@dataclass(frozen=True)
class Profile:
    """What a file seems to be, and a declaration for it.

    Attributes:
        name: the dataset's name, and so the stem of the file that the YAML belongs in.
        key: the columns that seem to tell rows apart; none where no column does.
        ignore: headers proposed to be ignored (counters, headers that stand twice).
        remarks: what a person should know, from the file's reader and from here.
        told: slots that a person has filled in, such as {department: {zh, en}}; the others say so.
    """

    name: str
    title: str
    file: str
    sheet: str
    layout: Layout
    encoding: str
    encoding_sure: float
    delimiter: str
    columns: tuple[Guess, ...]
    key: tuple[str, ...]
    key_sure: float
    ignore: tuple[str, ...]
    rows_seen: int
    source: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[Text, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unrecognised(self) -> tuple[Guess, ...]:
        return tuple(column for column in self.columns if not column.recognised)

    def to_yaml(self, lang: Lang = "zh") -> str:
        """The proposed declaration with comments that say how sure each part is."""
        return _Draft(self, lang).text()


class _Draft:
    """Writes the YAML."""

    def __init__(self, found: Profile, lang: Lang) -> None:
        self._found, self._lang = found, lang

    def text(self) -> str:
        found = self._found
        todo = {"zh": "待填写", "en": "to be filled in"}
        fill = self._say("← 请填写", "<- fill in")
        body = CommentedMap()
        body["dataset"] = found.name
        proposed = {
            "title": {"zh": found.title, "en": ""}, "department": todo, "legal_basis": todo,
            "purpose": todo, "retention": "10 years", "delivery": {"kind": "full", "every": "month"},
        }  # fmt: skip
        for slot, value in proposed.items():
            body[slot] = _flow(found.told.get(slot, value))
        if found.source:
            body["source"] = _flow(found.source)
        if found.key:
            body["key"] = _flow(list(found.key))
        body["columns"] = self._columns()
        if found.ignore:
            body["ignore"] = _flow(list(found.ignore))
        for slot in ("title", "department", "legal_basis", "purpose", "retention"):
            if slot not in found.told:
                body.yaml_add_eol_comment(fill, slot)
        body.yaml_add_eol_comment(
            self._say("full 全量 / changes 增量", "full or changes"), "delivery"
        )
        if found.key:
            sure = self._percent(found.key_sure)
            body.yaml_add_eol_comment(
                self._say(
                    f"把握 {sure}：前 {found.rows_seen} 行各不相同且都有值",
                    f"{sure} sure: filled and distinct in the first {found.rows_seen} rows",
                ),
                "key",
            )
        body.yaml_set_start_comment("\n".join(self._head()))
        yaml = YAML()
        yaml.width = 4096
        yaml.allow_unicode = True
        out = io.StringIO()
        yaml.dump(body, out)
        return out.getvalue()

    def _columns(self) -> CommentedMap:
        columns = CommentedMap()
        for guess in self._found.columns:
            declared: dict[str, Any] = {"from": [guess.header], "type": guess.type}
            if guess.name in self._found.key:
                declared["required"] = True
            columns[guess.name] = _flow({**declared, **guess.options})
            columns.yaml_add_eol_comment(self._about(guess), guess.name)
        return columns

    def _about(self, guess: Guess) -> str:
        sure, filled = self._percent(guess.sure), self._percent(guess.filled)
        said = self._say(
            f"把握 {sure}，有值 {filled}，{guess.distinct} 种",
            f"{sure} sure, {filled} filled, {guess.distinct} distinct",
        )
        return f"{said}; {_one_line(guess.note.in_(self._lang))}" if guess.note else said

    def _head(self) -> Iterator[str]:
        found, lines = self._found, self._found.layout.header_lines
        where = f"{found.file} [{found.sheet}]" if found.sheet else found.file
        yield self._say(
            f"由 plumbline profile 草拟，请逐项核对后保存为 {found.name}.yml",
            f"Drafted by plumbline profile; check every part and save as {found.name}.yml",
        )
        sure = self._percent(found.layout.confidence)
        yield _one_line(
            self._say(
                f"来源 {where}；表头在第 {lines[0]}–{lines[1]} 行，把握 {sure}",
                f"From {where}; header on lines {lines[0]}-{lines[1]}, {sure} sure",
            )
        )
        if found.encoding:
            sure = self._percent(found.encoding_sure)
            delimiter = {"\t": "tab"}.get(found.delimiter, found.delimiter)
            yield self._say(
                f"编码 {found.encoding}，把握 {sure}；分隔符 {delimiter}",
                f"Encoding {found.encoding}, {sure} sure; delimiter {delimiter}",
            )
        if found.unrecognised:
            named = _one_line("、".join(guess.header for guess in found.unrecognised))
            yield self._say(f"未识别类型、暂作 text 的列：{named}", f"Taken as text: {named}")
        if not found.key:
            yield self._say(
                "没有一列能区分各行；请指定 key，否则行只按其在文件中的位置识别",
                "No column tells rows apart; name a key, or rows are known by their place alone",
            )
        for remark in found.remarks:
            yield _one_line(remark.in_(self._lang))

    def _say(self, zh: str, en: str) -> str:
        return Text(zh, en).in_(self._lang)

    @staticmethod
    def _percent(share: float) -> str:
        return f"{share:.0%}"


def _one_line(text: str) -> str:
    return clean_header("".join(c if c.isprintable() else " " for c in text))


def _flow(value: Any) -> Any:
    """The value on one line."""
    if isinstance(value, Mapping):
        mapping = CommentedMap((k, _flow(v)) for k, v in value.items())
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(map(_flow, value))
        sequence.fa.set_flow_style()
        return sequence
    return value
