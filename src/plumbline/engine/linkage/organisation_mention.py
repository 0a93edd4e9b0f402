"""A cell of a table may name several organisations: A(生产企业:B), A(原名B), A、B(联合体)."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from plumbline.engine.linkage.organisation_words import FORMS

Role = Literal["", "maker", "agent", "former", "later", "also", "together"]


class Mention(NamedTuple):
    """A name in a cell, and what it is to the first one.

    Attributes:
        name: as written.
        role: "" for the one the cell is about, "maker" (生产企业), "agent" (代理商, 配送企业), "former"
            (原名, formerly), "later" (现名), "also" (简称, doing business as) or "together" (联合体).
    """

    name: str
    role: Role


_ROLES: dict[Role, str] = {
    "maker": "生产企业 生产厂家 生产厂商 生产商 生产厂 制造商 制造企业 厂家 MANUFACTURER",
    "agent": "代理商 代理企业 经销商 配送企业 配送商 供货商 供应商",
    "former": "曾用名 原名称 原名 原称 前身 原 FORMERLY_KNOWN_AS FORMERLY_OPERATING_AS FORMERLY PREVIOUSLY_KNOWN_AS PREVIOUSLY F/K/A FKA",
    "later": "现更名为 已更名为 更名为 变更为 现名称 现名 NOW_KNOWN_AS RENAMED",
    "also": "以下简称 简称 又名 也称 MAY_ALSO_BE_DOING_BUSINESS_AS ALSO_DOING_BUSINESS_AS CURRENTLY_DOING_BUSINESS_AS DOING_BUSINESS_AS ALSO_KNOWN_AS TRADING_AS "
    "D/B/A DBA A/K/A AKA T/A",
}
_LABELLED = [
    (
        role,
        re.compile(
            rf"(?:^|[\s(,;，；（])(?:{words.replace(' ', '|').replace('_', ' ?')})(?:\b|(?=[^A-Z]))\s*[:：]?\s*",
            re.IGNORECASE,
        ),
    )
    for role, words in _ROLES.items()
]
_SEPARATOR = re.compile(r"[、;；/\n]+")
_EDGES = " \t\r\n,，;；:：()（）'\"‘’“”"
_FORMED = re.compile(
    f"(?:{'|'.join(sorted(FORMS, key=len, reverse=True))})(?:[(（][^()（）]*[)）])?$"
)
_SHORTEST = 4


def mentions(cell: str) -> tuple[Mention, ...]:
    """The organisations that a cell names, the one it is about first.

    A cell that names one gives just that. What follows 原 is a former name only where it is long
    enough to be one and ends as an organisation's name does (原料 is none).
    """
    marks: list[tuple[int, int, Role]] = []
    for role, label in _LABELLED:
        for found in label.finditer(cell):
            follows = cell[found.end() :].strip(_EDGES)
            inside = any(start < found.end() and found.start() < end for start, end, _ in marks)
            if not inside and _is_name(follows):
                marks.append((found.start(), found.end(), role))
    marks.sort()
    edges = [*(start for start, _, _ in marks), len(cell)]
    told = [
        Mention(name, "together" if n else "") for n, name in enumerate(_several(cell[: edges[0]]))
    ]
    for (_, end, role), until in zip(marks, edges[1:], strict=True):
        if name := _trim(cell[end:until]):
            told.append(Mention(name, role if told else ""))
    return tuple(told) or ((Mention(cell.strip(), ""),) if cell.strip() else ())


def _several(text: str) -> list[str]:
    """Names of a consortium, where every piece ends as a name does."""
    text = _trim(text)
    pieces = [piece for each in _SEPARATOR.split(text) if (piece := _trim(each))]
    if len(pieces) > 1 and all(len(p) > _SHORTEST and _FORMED.search(p) for p in pieces):
        return pieces
    return [text] if text else []


def _is_name(text: str) -> bool:
    if text.isascii():
        return len(text) >= _SHORTEST
    first = re.split(r"[,，;；)）]", text, maxsplit=1)[0].strip(_EDGES)
    return len(first) >= _SHORTEST and (first.isascii() or _FORMED.search(first) is not None)


def _trim(text: str) -> str:
    """Without what separates it, and with its brackets in pairs."""
    text = text.strip(" \t\r\n,，;；:：")
    for opening, closing in ("()", "（）"):
        while text.startswith(opening) and text.count(opening) != text.count(closing):
            text = text[1:].lstrip()
        while text.endswith(opening) or (
            text.endswith(closing) and text.count(closing) > text.count(opening)
        ):
            text = text[:-1].rstrip()
    return text
