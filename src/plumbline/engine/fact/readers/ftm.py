"""Entities of FollowTheMoney (followthemoney.tech): JSON Lines, one entity a line, as flat tables.

An entity has an `id`, a `schema` and `properties`, each of which is a list of texts. Each schema of TABLES is a
table; others (an airplane, a page of a document) are counted in a remark and left. A table's header is `id`, then
the properties in FollowTheMoney's own names, those of the schemas above included, then `datasets`. Where a property
has several values they stand in one cell, apart by `; `: entities that were merged have several names. What refers
to another entity (an owner, an asset) is that entity's id; where it is nested whole, its id is taken, and the
nested entity is expected on a line of its own.

A line that is no entity is told with its number, in the first table that is read: nobody knows which it was meant for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from plumbline.engine.fact.ftm import TABLES
from plumbline.engine.fact.readers.base import Misfit, Row, Sheet
from plumbline.engine.fact.readers.encoding import Encoding, detect
from plumbline.engine.fact.readers.jsons import lines, refusals
from plumbline.engine.fact.readers.named import Named
from plumbline.errors import Text

_PEEK = 20
_APART = "; "

_NO_ENTITY = Text(
    "本行不是 FollowTheMoney 实体：须有 id、schema 和 properties（每项为文字列表）",
    "the line is no FollowTheMoney entity: it needs id, schema and properties, each a list of texts",
)

Found = tuple[int, dict[str, Any] | Misfit]


def is_ftm(path: Path) -> bool:
    """Is one of the first lines an entity?"""
    try:
        first = [record for _, record in islice(lines(path, detect(path)), _PEEK)]
    except UnicodeDecodeError:
        return False  # whoever reads the file says what is wrong with it
    return any(_is_entity(record) for record in first)


def open_ftm(path: Path, file: str, table: str | None) -> Iterator[Sheet]:
    """The tables of a file of entities, or only `table`; a schema of which there is none has no sheet."""
    encoding = detect(path)
    with refusals(file):
        there = Counter(
            str(record["schema"]) for _, record in _entities(path, encoding) if isinstance(record, dict)
        )  # fmt: skip
    wanted = [table] if table in TABLES else [] if table else [t for t in TABLES if there[t]]
    remarks = [*encoding.remarks, *_left_out(path, encoding, there)]
    for place, name in enumerate(wanted):
        header = ("id", *TABLES[name], "datasets")
        load = partial(_load, path, file, encoding, name, tells=place == 0)
        yield Named(file, name, header, load, remarks)


def _load(
    path: Path, file: str, encoding: Encoding, name: str, *, tells: bool
) -> Iterator[Row | Misfit]:
    """The rows of one table.

    Args:
        tells: lines that are no entities are told here.
    """
    with refusals(file):
        for line, record in _entities(path, encoding):
            if isinstance(record, Misfit):
                if tells:
                    yield record
            elif record["schema"] == name:
                held = record["properties"]
                values = (_cell(held.get(column, [])) for column in TABLES[name])
                yield Row(line, [record["id"], *values, _cell(record.get("datasets") or [])])


def _entities(path: Path, encoding: Encoding) -> Iterator[Found]:
    for line, record in lines(path, encoding):
        if isinstance(record, Misfit) or _is_entity(record):
            yield line, record
        else:
            yield line, Misfit(line, str(record)[:2000], _NO_ENTITY)


def _is_entity(record: Any) -> bool:
    """As the format has it: an id, a schema, and properties whose values are lists."""
    if not isinstance(record, dict):
        return False
    held = record.get("properties")
    named = all(isinstance(record.get(key), str) and record[key] for key in ("id", "schema"))
    return named and isinstance(held, dict) and all(isinstance(v, list) for v in held.values())


def _cell(values: Any) -> str:
    listed = values if isinstance(values, list) else [values]
    ids = (each.get("id", "") if isinstance(each, dict) else each for each in listed)
    return _APART.join(dict.fromkeys(str(each) for each in ids if each not in (None, "")))


def _left_out(path: Path, encoding: Encoding, there: Counter[str]) -> Iterator[Text]:
    """Names the schemas and properties that no table holds."""
    schemas = ", ".join(f"{name} ({n})" for name, n in sorted(there.items()) if name not in TABLES)
    properties: dict[str, None] = {}
    for _, record in _entities(path, encoding):
        if isinstance(record, dict) and record["schema"] in TABLES:
            known = TABLES[record["schema"]]
            properties.update(
                (f"{record['schema']}.{p}", None) for p in record["properties"] if p not in known
            )
    named = ", ".join([*filter(None, [schemas]), *sorted(properties)])
    if named:
        yield Text(f"这些内容没有收入各表：{named}", f"the tables leave out: {named}")
