"""YAML files that people write: strict, with the file and line of whatever is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from plumbline.errors import DeclarationError, Text

#: The parser in C reads a catalog in a tenth of the time; where it was not built, the other serves.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path_ = tuple[str | int, ...]
Declared = TypeVar("Declared", bound=BaseModel)


class Strict(BaseModel):
    """A part of a declaration: every unknown key is refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Words(Strict):
    """The same words in Chinese and English; English falls back to Chinese until it is written."""

    zh: str
    en: str = ""

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en or self.zh)


def nearest(word: str, valid: Sequence[str]) -> str | None:
    """The valid word that looks most like `word`, if any looks like it at all."""
    close = difflib.get_close_matches(word.lower(), [v.lower() for v in valid], n=1, cutoff=0.6)
    return next((v for v in valid if close and v.lower() == close[0]), None)


def did_you_mean(word: str, valid: Sequence[str]) -> Text:
    """A hint: the nearest valid word, or all of them."""
    if near := nearest(word, valid):
        return Text(f"是不是“{near}”？", f"did you mean '{near}'?")
    listed = ", ".join(sorted(valid))
    return Text(f"可用的有：{listed}", f"valid here: {listed}")


class Document:
    """A parsed YAML file that remembers on which line each key stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Path_, int] = {}
        try:
            tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            what = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise DeclarationError(
                Text(f"不是有效的 YAML：{what}", f"not valid YAML: {what}"),
                where=f"{path}{line}",
                hint=Text(
                    "检查缩进、冒号和引号；文件须为 UTF-8",
                    "check indentation, colons and quotes; the file must be UTF-8",
                ),
            ) from error
        if not isinstance(tree, yaml.MappingNode | yaml.SequenceNode):
            raise DeclarationError(
                Text("文件是空的", "the file is empty"),
                where=str(path),
                hint=Text("从一份现成的声明抄起", "start from an existing declaration"),
            )
        self.data: Any = self._built(tree, ())

    def line(self, slot: Path_) -> int:
        """The line of the key or item at `slot`, or of the nearest part above it."""
        while slot and slot not in self._lines:
            slot = slot[:-1]
        return self._lines.get(slot, 1)

    def error(self, slot: Path_, problem: Text, hint: Text | None = None) -> DeclarationError:
        """An error that names file, line and slot."""
        named = ".".join(str(step) for step in slot)
        where = f"{self.path}:{self.line(slot)}" + (f": {named}" if named else "")
        return DeclarationError(problem, where=where, hint=hint)

    def _built(self, node: yaml.Node, slot: Path_) -> Any:
        """The value of a node; on the way, the line of each key and item is noted."""
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key, value in node.value:
                name = str(key.value)
                self._lines.setdefault((*slot, name), key.start_mark.line + 1)
                if name in found:
                    raise self.error(
                        (*slot, name),
                        Text(f"“{name}”写了两次", f"'{name}' stands here twice"),
                        Text("删去一处", "remove one of them"),
                    )
                found[name] = self._built(value, (*slot, name))
            return found
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self._lines[*slot, i] = item.start_mark.line + 1
            return [self._built(item, (*slot, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # there is no fourth kind
        return _scalar(node)

    def read(self, shape: type[Declared]) -> Declared:
        """The document as `shape`; the first thing wrong is raised with its line and a hint."""
        try:
            return shape.model_validate(self.data)
        except ValidationError as invalid:
            found = invalid.errors()[0]
            slot = tuple(found["loc"])
            if (
                found["type"] == "extra_forbidden"
                and found["input"] is None
                and " " in str(slot[-1])
            ):
                raise self.error(
                    slot[:-1],
                    Text(
                        f"逗号之后的“{slot[-1]}”被当成了新的一项",
                        f"'{slot[-1]}' after a comma is read as a new key",
                    ),
                    Text("含逗号的文字要加引号", "put text that contains a comma in quotes"),
                ) from invalid
            if found["type"] == "extra_forbidden":
                valid = list(_keys_at(shape, slot[:-1]))
                raise self.error(
                    slot,
                    Text(f"不认识的项“{slot[-1]}”", f"unknown key '{slot[-1]}'"),
                    did_you_mean(str(slot[-1]), valid),
                ) from invalid
            if found["type"] == "missing":
                raise self.error(
                    slot[:-1],
                    Text(f"缺少必填项“{slot[-1]}”", f"'{slot[-1]}' is required here"),
                ) from invalid
            if found["type"] == "literal_error":
                raise self.error(
                    slot,
                    Text(f"没有取值“{found['input']}”", f"no value '{found['input']}'"),
                    did_you_mean(str(found["input"]), re.findall(r"'([^']+)'", found["msg"])),
                ) from invalid
            wanted = _WANTED.get(found["type"], Text("别的写法", found["msg"]))
            raise self.error(
                slot,
                Text(f"这里要{wanted.zh}", f"wrong value: {wanted.en}"),
                Text(f"现在是：{found['input']}", f"it is now: {found['input']}"),
            ) from invalid


#: What pydantic misses, in words; its own message serves for the rest.
_WANTED = {
    "string_type": Text("一段文字", "text is wanted"),
    "int_type": Text("一个整数", "a whole number is wanted"),
    "int_parsing": Text("一个整数", "a whole number is wanted"),
    "int_from_float": Text("一个整数", "a whole number is wanted"),
    "float_parsing": Text("一个数", "a number is wanted"),
    "bool_type": Text("true 或 false", "true or false is wanted"),
    "bool_parsing": Text("true 或 false", "true or false is wanted"),
    "list_type": Text("一个列表", "a list is wanted"),
    "dict_type": Text("“名称: 值”的若干项", "keys with values are wanted"),
    "model_type": Text("“名称: 值”的若干项", "keys with values are wanted"),
}


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """A scalar of YAML 1.2: quoted ones are text, and so are yes, no, on, off and dates."""
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


_WORDS = {
    "": None, "~": None, "null": None, "Null": None,
    "true": True, "True": True, "false": False, "False": False,
}  # fmt: skip
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[-+]?\d+\.\d+")


def _keys_at(shape: Any, slot: Path_) -> Iterator[str]:
    """The keys that `shape` allows at `slot`."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        if not slot:
            yield from (f.alias or name for name, f in shape.model_fields.items())
            return
        known = {f.alias or name: f for name, f in shape.model_fields.items()}
        if slot[0] in known:
            yield from _keys_at(known[str(slot[0])].annotation, slot[1:])
        else:  # a union's branch is named in the path
            yield from _keys_at(shape, slot[1:])
        return
    for inner in get_args(shape):
        rest = slot[1:] if getattr(shape, "__origin__", None) in (dict, list, tuple) else slot
        yield from _keys_at(inner, rest)
