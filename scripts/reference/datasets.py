"""The slots of a dataset's declaration, and the semantic types with what they read and refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from plumbline.engine.collision.warning import FIELDS
from plumbline.engine.fact import dataset
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.document import Words
from plumbline.engine.fact.types import TYPES, SemanticType, UnreadableCellError, country_pack, make
from plumbline.engine.line.cases import with_invented
from scripts.reference.examples import EXAMPLES, Example
from scripts.reference.tables import code, table
from scripts.reference.words import MANIFEST, REGISTER, SLOTS
from scripts.reference.words import TYPES as SAID

_COUNTRY = with_invented(country_pack(home="3303"))


def slots(shape: str) -> str:
    """The slots of one part of a declaration."""
    model: type[BaseModel] = getattr(dataset, shape)
    rows = []
    for name, field in model.model_fields.items():
        slot = field.alias or name
        rows.append((code(slot), _kind(field.annotation), _default(field), SLOTS[shape][slot]))
    if left := SLOTS[shape].keys() - {f.alias or n for n, f in model.model_fields.items()}:
        raise KeyError(f"{shape} has no slot {', '.join(left)}")
    return table(("slot", "value", "without it", "meaning"), rows)


def _kind(annotation: Any) -> str:
    """What may stand there, in words."""
    origin, inner = get_origin(annotation), [a for a in get_args(annotation) if a is not NoneType]
    if annotation is Words:
        return "`{zh, en}`"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"see {annotation.__name__}"
    if origin is Literal:
        return ", ".join(code(str(value)) for value in inner)
    if origin is list:
        one = _kind(inner[0])
        return "one or a list" if one == "text" else f"list; {one}"
    if origin is dict:
        return f"name: {_kind(inner[1])}"
    if inner:  # a union with None
        return _kind(inner[0])
    names = {str: "text", bool: "`true`, `false`", int: "number"}
    return names[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ([], {}) or isinstance(default, BaseModel):
        return "—"
    return code(str(default).lower() if isinstance(default, bool) else str(default))


def types() -> str:
    """All semantic types in one table."""
    rows = []
    for name, kind in TYPES.items():
        column = _column(name, EXAMPLES[name][0].options)
        stored = ", ".join(f"{f.suffix or '·'} {f.sql}" for f in make(column, _COUNTRY).fields)
        options = ", ".join(code(option) for option in sorted(kind.options)) or "—"
        masked = "yes" if kind.personal else "—"
        rows.append((f"[`{name}`](#{_anchor(name)})", kind.title.zh, stored, options, masked))
    return table(("type", "类型", "stored as (suffix, SQL type)", "options", "masked"), rows)


def each_type() -> str:
    """A section for each type: what it is, what it reads, what it refuses."""
    return "\n\n".join(_section(name) for name in TYPES)


def _section(name: str) -> str:
    kind = TYPES[name]
    said, examples = _said(name), EXAMPLES[name]
    if len(examples) == 1 and examples[0].options:
        said += f"\n\nDeclared with `{_options(examples[0])}`:"
    read, refused = [], []
    for example in examples:
        type_ = make(_column(name, example.options), _COUNTRY)
        for cell in example.cells:
            beside = len(examples) > 1 and example.options
            shown = code(cell) + (f" ({_options(example)})" if beside else "")
            try:
                value = type_.parse(cell)
            except UnreadableCellError as error:
                refused.append((shown, error.reason.zh, error.reason.en))
                continue
            stored = ", ".join(_stored(type_, value))
            display = type_.mask(value, "zh") if kind.personal else type_.show(value, "zh")
            read.append((shown, stored, code(display)))
    parts = [f"### {name}\n\n**{kind.title.zh}** · {kind.title.en}.{said}"]
    heads = ("reads", "stores", "shows masked" if kind.personal else "shows")
    parts.append(table(heads, read))
    if refused:
        parts.append(table(("refuses", "reason (zh)", "reason (en)"), refused))
    return "\n\n".join(parts)


def _said(name: str) -> str:
    """What the type is: words of our own, else its docstring."""
    doc = SAID.get(name) or TYPES[name].__doc__ or ""
    return "\n\n" + re.sub(r"(?m)^    ", "", doc).strip()


def _stored(type_: SemanticType, value: tuple[Any, ...]) -> Iterator[str]:
    if all(part is None for part in value):
        yield "nothing (empty)"
        return
    for field, part in zip(type_.fields, value, strict=True):
        label = f"{code(field.suffix)} " if field.suffix else ""
        yield label + ("null" if part is None else code(str(part)))


def _options(example: Example) -> str:
    if values := example.options.get("values"):
        return "values: {" + ", ".join(f"{word}: {is_}" for word, is_ in values.items()) + "}"
    return ", ".join(f"{k}: {str(v).lower()}" for k, v in example.options.items())


def _column(name: str, options: dict[str, Any]) -> dataset.Column:
    return dataset.Column.model_validate({"from": ["x"], "type": name, **options})


def _anchor(name: str) -> str:
    return name.replace(".", "")


def manifest() -> str:
    """The fields of a batch's manifest."""
    return _fields(list(Batch.model_fields), MANIFEST)


def register() -> str:
    """The columns of a register."""
    names = [field.suffix for field in FIELDS]
    kinds = {field.suffix: field.sql for field in FIELDS}
    _complete(names, REGISTER)
    rows = [(code(name), code(kinds[name]), REGISTER[name]) for name in names]
    return table(("column", "type", "meaning"), rows)


def _fields(names: list[str], words: dict[str, str]) -> str:
    _complete(names, words)
    return table(("field", "meaning"), [(code(name), words[name]) for name in names])


def _complete(names: list[str], words: dict[str, str]) -> None:
    if set(names) != words.keys():
        raise KeyError(f"words and code differ: {set(names) ^ words.keys()}")
