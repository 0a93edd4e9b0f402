"""JSON and JSON Lines: records are flattened, and the keys of all of them are the header.

The file is streamed twice, once for the keys and once for the values.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any

import ijson

from plumbline.engine.fact.readers import refusal
from plumbline.engine.fact.readers.base import Misfit, Row, Sheet
from plumbline.engine.fact.readers.blocks import Blocks
from plumbline.engine.fact.readers.encoding import Encoding, detect
from plumbline.engine.fact.readers.named import Named
from plumbline.engine.fact.readers.values import plain_text
from plumbline.errors import Text

_LINE_BYTES = 64 << 20  # one record of JSON Lines
_SHORT = 60  # digits


def _fraction(written: str) -> str | Decimal:
    """A number keeps every digit that it is written with; only an exponent is worked out."""
    plain = "e" not in written and "E" not in written and len(written) < _SHORT
    return written if plain else Decimal(written)


_DECODER = json.JSONDecoder(parse_float=_fraction)  # once: `json.loads` makes one for every line

_NOT_A_RECORD = Text(
    "这一项不是由名称和值组成的记录", "this item is not a record of names and values"
)


def open_json(path: Path, file: str) -> Iterator[Sheet]:
    """Every list of records in the file, each a sheet named by the keys that lead to it."""
    encoding = detect(path)
    if _is_lines(path, encoding):
        yield _sheet(file, "", partial(lines, path, encoding), encoding.remarks)
        return
    with refusals(file):
        lists, beside = _lists(path, encoding)
    remarks = list(encoding.remarks)
    if beside:
        named = ", ".join(beside[:20])
        remarks.append(
            Text(
                f"记录之外还有这些内容，未作为表格读取：{named}",
                f"besides the records there are, not read as a table: {named}",
            )
        )
    for prefix in lists:
        name = prefix.removesuffix("item").removesuffix(".")
        yield _sheet(file, name, partial(_items, path, encoding, prefix), remarks)


def _sheet(
    file: str, name: str, load: partial[Iterator[tuple[int, Any]]], remarks: Iterable[Text]
) -> Named:
    """The sheet of the records that `load` gives with their lines."""
    keys: dict[str, None] = {}
    with refusals(file):
        for _, record in load():
            if isinstance(record, dict) and (_nested(record) or not record.keys() <= keys.keys()):
                keys.update(dict.fromkeys(flat(record)))
    header = tuple(keys)

    def rows() -> Iterator[Row | Misfit]:
        with refusals(file):
            for line, record in load():
                if isinstance(record, Misfit):
                    yield record
                elif isinstance(record, dict):
                    values = flat(record) if _nested(record) else record
                    cells = [values.get(key, "") for key in header]
                    yield Row(line, [c if type(c) is str else _text(c) for c in cells])
                else:
                    yield Misfit(line, _compact(record), _NOT_A_RECORD)

    return Named(file, name, header, rows, tuple(remarks))


def _nested(record: dict[str, Any]) -> bool:
    """Most records are flat, and then their names and values are taken as they are."""
    return dict in map(type, record.values())


def _text(value: Any) -> str:
    """A value that is no record; a list of plain values stands in one cell."""
    if type(value) is int:
        return str(value)
    if isinstance(value, list):
        nested = any(isinstance(part, dict | list) for part in value)
        return _compact(value) if nested else "; ".join(map(plain_text, value))
    return plain_text(value) if value != {} else ""


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """A record's values as text under dotted names."""
    cells: dict[str, str] = {}
    for key, value in record.items():
        name = f"{prefix}.{key}" if prefix else key
        record_in_it = isinstance(value, dict) and value
        inner = flat(value, name) if record_in_it else {name: _text(value)}
        for found, text in inner.items():
            unique = found
            while unique in cells:  # {"a.b": 1, "a": {"b": 2}}
                unique += "'"
            cells[unique] = text
    return cells


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=plain_text)


class refusals:  # noqa: N801 -- used as a statement: `with refusals(file):`
    """Turns what a JSON parser raises into words about `file`."""

    def __init__(self, file: str) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeDecodeError):
            raise refusal.damaged(self._file, error.reason) from error
        if isinstance(error, ijson.JSONError):
            what = str(error).strip().splitlines()[0][:200] if str(error).strip() else "JSON"
            raise refusal.refusal(
                self._file,
                f"JSON 不完整或有语法错误（{what}）",
                f"the JSON is incomplete or malformed ({what})",
            ) from error


class _Recoded:
    """A file whose bytes arrive as UTF-8, for ijson."""

    def __init__(self, file: IO[bytes], codec: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(codec)()

    def read(self, size: int = -1) -> bytes:
        while chunk := self._file.read(size):
            if size == 0 or (text := self._decoder.decode(chunk)):
                return text.encode() if size else b""
        return self._decoder.decode(b"", final=True).encode()


def events(path: Path, encoding: Encoding) -> Iterator[tuple[str, str, Any]]:
    """The file as ijson events: (prefix, event, value)."""
    with path.open("rb") as file:
        file.seek(encoding.skip)
        source = file if encoding.codec == "utf-8" else _Recoded(file, encoding.codec)
        yield from ijson.parse(source, multiple_values=True)


def items(path: Path, encoding: Encoding, prefix: str) -> Iterator[Any]:
    """The values at `prefix`, one after the other."""
    with path.open("rb") as file:
        file.seek(encoding.skip)
        source = file if encoding.codec == "utf-8" else _Recoded(file, encoding.codec)
        yield from ijson.items(source, prefix, multiple_values=True)


def _items(path: Path, encoding: Encoding, prefix: str) -> Iterator[tuple[int, Any]]:
    yield from enumerate(items(path, encoding, prefix), 1)


def _lists(path: Path, encoding: Encoding) -> tuple[list[str], list[str]]:
    """Where lists of records stand, and the names of what stands beside them."""
    found: dict[str, None] = {}
    beside: dict[str, None] = {}
    inside = ""
    for prefix, event, _ in events(path, encoding):
        if inside:
            if event == "end_array" and prefix == inside:
                inside = ""
            continue
        if event == "start_map" and prefix.endswith("item"):
            found[prefix] = None
            inside = prefix.removesuffix("item").removesuffix(".")
            if not inside:
                break  # the file is one list
        elif event in ("string", "number", "boolean") and prefix:
            beside[prefix.removesuffix(".item")] = None
    if not found:  # a single record
        return [""], []
    return list(found), list(beside)


def _is_lines(path: Path, encoding: Encoding) -> bool:
    """Whether the first line is a whole record and another line follows."""
    block = Blocks(path, encoding, limit=_LINE_BYTES).next()
    if block is None or block.overlong:
        return False
    first, _, rest = block.data.lstrip().partition(b"\n")
    if not rest.strip():
        return False
    try:
        return isinstance(json.loads(_decoded(first, encoding)), dict)
    except ValueError:
        return False


def lines(path: Path, encoding: Encoding) -> Iterator[tuple[int, Any]]:
    """The records of JSON Lines with their line; what is no whole record is a `Misfit`."""
    for block in Blocks(path, encoding, limit=_LINE_BYTES):
        for line, raw in enumerate(block.data.splitlines(), block.line):
            if not raw.strip():
                continue
            try:
                record = _DECODER.decode(_decoded(raw, encoding))
            except ValueError as error:
                text = raw[:2000].decode(encoding.codec, "replace")
                yield line, Misfit(line, text, _malformed(error))
            else:
                yield line, record


def _malformed(error: ValueError) -> Text:
    what = getattr(error, "msg", None) or getattr(error, "reason", "?")
    return Text(f"本行不是完整的 JSON 记录（{what}）", f"the line is no whole JSON record ({what})")


def _decoded(raw: bytes, encoding: Encoding) -> str:
    return raw.decode("utf-8" if encoding.codec.startswith("utf-16") else encoding.codec)
