"""To which side a register's unit belongs: where a mechanism is in force, or where it is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from plumbline.loop.closure.models import Mechanism
from plumbline.org.models import Unit
from plumbline.org.queries import normal_name, units_by_name


class Counted(Protocol):
    """What the engine counts of one supervised unit in one month."""

    @property
    def supervised(self) -> str: ...
    @property
    def month(self) -> date | None: ...
    @property
    def facts(self) -> int: ...
    @property
    def flagged(self) -> int: ...


@dataclass(frozen=True)
class Placed:
    """Facts and flagged facts by month and side.

    Attributes:
        sums: (month, in the units concerned?) -> (facts, flagged).
        undated: facts whose month is not known.
        unplaced: facts of units that the workbench does not know.
    """

    sums: Mapping[tuple[date, bool], tuple[int, int]]
    undated: int
    unplaced: int


def concerned(mechanism: Mechanism) -> set[int]:
    """Identifiers of the units in which it is in force: those named and all below, or those of its region."""
    named = list(mechanism.units.values_list("path", flat=True))
    units = Unit.objects.values_list("pk", "path", "region")
    if named:
        return {pk for pk, path, _ in units if any(path.startswith(each) for each in named if each)}
    region = mechanism.region.rstrip("0")  # a city's code ends in zeros, its counties' do not
    return {pk for pk, _, code in units if code.startswith(region)}


def placed(mechanism: Mechanism, counted: Iterable[Counted]) -> Placed:
    """Each count on its side; one whose unit or month is not known, on neither."""
    by_name, inside = units_by_name(), concerned(mechanism)
    sums: defaultdict[tuple[date, bool], tuple[int, int]] = defaultdict(lambda: (0, 0))
    undated = unplaced = 0
    for each in counted:
        unit = by_name.get(normal_name(each.supervised)) if each.supervised else None
        if unit is None:
            unplaced += each.facts
        elif each.month is None:
            undated += each.facts
        else:
            place = (each.month, unit in inside)
            facts, flagged = sums[place]
            sums[place] = (facts + each.facts, flagged + each.flagged)
    return Placed(dict(sums), undated, unplaced)
