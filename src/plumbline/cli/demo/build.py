"""Builds the fictional city: a workspace whose inbox twenty departments have filled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from plumbline.cli.demo import (
    benefits,
    custody,
    deaths,
    dibao,
    farmland,
    honours,
    invoices,
    leases,
    market,
    medical,
    pensions,
    procurement,
    staff,
    vehicles,
)
from plumbline.cli.demo.city import City
from plumbline.cli.demo.foundation import lay_foundation
from plumbline.cli.demo.people import draw_people
from plumbline.cli.demo.truth import Truth

#: Each simulates its registers, judges them by its rules, and delivers them. Deaths and custody
#: come first, since the other stories are told about the living, the dead and the held.
THEMES: tuple[ModuleType, ...] = (
    *(deaths, custody, honours, benefits, dibao, pensions, staff, medical, market, procurement),
    *(farmland, vehicles, invoices, leases),
)

AS_OF = "2025-12-31"
SMALLEST = 20_000


class CityReport(NamedTuple):
    """What was built.

    Attributes:
        people: inhabitants since 2010.
        rows: dataset -> rows delivered.
        files: files in the inbox.
        bytes: their size.
        warnings: true collisions of all models.
        questions: pairs of number and name that do not fit together.
        traps: lawful or undecidable look-alikes.
        quarantined: dataset -> rows that cannot be used.
    """

    people: int
    rows: dict[str, int]
    files: int
    bytes: int
    warnings: int
    questions: int
    traps: int
    quarantined: dict[str, int]


def build_city(
    directory: Path,
    people: int = 100_000,
    seed: int = 1,
    *,
    progress: Callable[[str], None] | None = None,
) -> CityReport:
    """Write plumbline.toml, country.yml, inbox/ and truth.json into `directory`.

    The same arguments give the same files, byte for byte.

    Args:
        directory: made if absent; an inbox that stands there is replaced.
        people: inhabitants, at least 20,000, so that every story finds its cast.
        seed: another number, another city.
        progress: told the name of each register before it is written.
    """
    if people < SMALLEST:
        raise ValueError(f"a city of {people} people is too small; {SMALLEST} are needed")
    inbox = directory / "inbox"
    if inbox.exists():
        shutil.rmtree(inbox)
    inbox.mkdir(parents=True)
    lay_foundation(directory)
    city = City(draw_people(people, seed), seed, inbox, Truth(people, seed, AS_OF))
    for theme in THEMES:
        theme.simulate(city)
    for theme in THEMES:
        if progress:
            progress(theme.__name__.rpartition(".")[2])
        theme.judge(city)
        theme.deliver(city)
    city.truth.write(directory / "truth.json")
    return _report(city)


def _report(city: City) -> CityReport:
    files: Sequence[Path] = [path for path in city.inbox.rglob("*") if path.is_file()]
    truth = city.truth
    return CityReport(
        people=len(city.people),
        rows=dict(city.delivered),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        warnings=len(truth.warnings),
        questions=len(truth.questions),
        traps=len(truth.traps),
        quarantined={name: sum(counts.values()) for name, counts in truth.quarantined.items()},
    )
